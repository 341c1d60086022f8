"""What a NodeTuning says of itself: counts that add up, bounded lists, steady times, few events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from limitwise_operator.decide import writes as made
from limitwise_operator.kinds.conditions import FALSE, TRUE, Condition, carried
from rehearsal.cluster import Cluster
from rehearsal.objects import START, at

FREE: dict[str, Any] = {"canary": 0, "maxUnavailable": "100%", "soak": "0s"}


def test_counts_add_up_on_the_way() -> None:
    cluster = Cluster()
    cluster.put(canary=0, maxUnavailable=4, soak="1h", failureThreshold=9)
    told = cluster.operate()
    cluster.world.agent(told[0])
    cluster.world.agent(told[1], ok=False)
    cluster.operate()
    nodes = cluster.of().status.nodes
    assert (nodes.matched, nodes.current, nodes.updating, nodes.failed) == (10, 1, 2, 1)
    assert nodes.waiting == 6
    assert [one.name for one in cluster.of().status.problem_nodes] == [told[1]]
    assert "it said no" in cluster.of().status.problem_nodes[0].message


def test_lists_are_bounded() -> None:
    cluster = Cluster(50)
    cluster.put("a", {"sysctl": {"kernel.pid_max": 99999}}, failureThreshold="100%", **FREE)
    for name in cluster.operate():
        cluster.world.agent(name, ok=False)
    cluster.operate()
    assert len(cluster.of().status.problem_nodes) == 20
    assert cluster.of().status.nodes.failed == 50


@pytest.mark.parametrize(
    ("rollout", "kind", "reason"),
    [
        ({}, "Progressing", "RollingOut"),
        ({"paused": True}, "Paused", "ByUser"),
        ({"paused": True}, "Ready", "Paused"),
        ({"windows": [{"cron": "0 3 * * *", "duration": "1h"}]}, "Paused", "WindowClosed"),
        ({"soak": "a while"}, "Valid", "InvalidTuning"),
        ({"maxUnavailable": "lots"}, "Valid", "InvalidTuning"),
        ({"windows": [{"cron": "x", "duration": "1h"}]}, "Valid", "InvalidTuning"),
    ],
)
def test_reasons(rollout: dict[str, Any], kind: str, reason: str) -> None:
    cluster = Cluster(2)
    cluster.put(**rollout)
    cluster.operate()
    assert cluster.condition(kind).reason == reason


def test_why_nothing_moves() -> None:
    cluster = Cluster(2)
    cluster.put(canary=0, maxUnavailable=1)
    world = cluster.world
    world.nodes["n0"] = replace(world.nodes["n0"], ready=False)
    cluster.operate()
    assert cluster.condition("Progressing").reason == "BudgetUsed"
    world.nodes["n1"] = replace(world.nodes["n1"], ready=False)
    cluster.operate()
    assert cluster.condition("Progressing").reason == "NodesNotReady"
    assert {one.reason for one in cluster.of().status.problem_nodes} == {"NotReady"}


def test_nothing_selected_is_ready() -> None:
    cluster = Cluster(0)
    cluster.put()
    cluster.operate()
    assert cluster.condition("Ready").true
    assert cluster.condition("Ready").message == "it selects no node"
    assert cluster.of().status.nodes.matched == 0


def test_a_time_changes_with_the_status_only() -> None:
    before = carried((), [Condition("Ready", FALSE, "Progressing", "1 of 2")], START)
    same = carried(before, [Condition("Ready", FALSE, "Failed", "2 of 2")], at(60))
    other = carried(same, [Condition("Ready", TRUE, "AllCurrent")], at(90))
    assert [one.since for one in (*before, *same, *other)] == [START, START, at(90)]


def test_each_turn_is_told_once() -> None:
    cluster = Cluster(2)
    cluster.put(canary=0, maxUnavailable="100%", soak="0s")
    told: list[made.RecordEvent] = []
    for _pass in range(5):
        told += [one for one in cluster.writes() if isinstance(one, made.RecordEvent)]
        cluster.through(list(cluster.world.nodes))
    assert [one.reason for one in told] == ["AllCurrent"]


def test_bad_news_are_warnings() -> None:
    cluster = Cluster(1)
    cluster.put(document={"sysctl": {"kernel.pid_max": "many"}})
    (event,) = [one for one in cluster.writes() if isinstance(one, made.RecordEvent)]
    assert (event.type, event.reason) == ("Warning", "InvalidTuning")


def test_the_generation_and_the_revision_are_those_that_were_judged() -> None:
    cluster = Cluster(1)
    cluster.put()
    cluster.put(document={"sysctl": {"kernel.pid_max": 123456}})
    cluster.operate()
    status = cluster.of().status
    assert status.observed_generation == cluster.of().generation == 2
    assert status.revision == cluster.of().revision
    assert all(one.generation == 2 for one in status.conditions)
