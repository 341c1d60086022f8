"""Rollouts step by step: canary, soak, budgets, pools, failures, retries, windows, new nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.plan import plan
from rehearsal.cluster import Cluster
from rehearsal.objects import PID_MAX, drifted, tuning

OTHER = {"sysctl": {"kernel.pid_max": 222222}}
FREE: dict[str, Any] = {"canary": 0, "maxUnavailable": "100%", "soak": "0s"}


def test_canary_then_batches_that_soak() -> None:
    cluster = Cluster()
    cluster.put(canary=1, maxUnavailable="30%", soak="30s")
    first = cluster.operate()
    assert len(first) == 1
    assert cluster.operate() == []
    cluster.through(first)
    assert cluster.operate() == []
    assert cluster.condition("Progressing").reason == "CanarySoaking"
    cluster.world.tick(29)
    assert cluster.operate() == []
    cluster.world.tick(1)
    batch = cluster.operate()
    assert len(batch) == 3
    cluster.through(batch[:2])
    assert cluster.operate() == []
    cluster.world.tick(30)
    assert len(cluster.operate()) == 2


def test_the_order_is_each_tunings_own_and_stays() -> None:
    orders = {}
    for name in ("a", "b"):
        cluster = Cluster()
        cluster.put(name, canary=1, maxUnavailable=1, soak="0s")
        told: list[str] = []
        while len(told) < 10:
            step = cluster.operate()
            cluster.through(step)
            told += step
        orders[name] = told
    again = Cluster()
    again.put("a", canary=1, maxUnavailable=1, soak="0s")
    assert again.operate() == orders["a"][:1]
    assert orders["a"] != orders["b"]


@pytest.mark.parametrize(
    ("rollout", "whole", "first"),
    [
        ({"canary": 0, "maxUnavailable": "25%"}, "100%", 2),
        ({"canary": 0, "maxUnavailable": 4}, "100%", 4),
        ({"canary": 0, "maxUnavailable": "1%"}, "100%", 1),
        ({"canary": 0, "maxUnavailable": "100%"}, 3, 3),
        ({"canary": 0, "maxUnavailable": "100%"}, "20%", 2),
        ({"canary": "20%", "maxUnavailable": "100%"}, "100%", 2),
        ({"canary": 3, "maxUnavailable": 2}, "100%", 2),
        ({"canary": 0, "maxUnavailable": 1, "poolLabel": "pool"}, "100%", 2),
        ({"canary": 0, "maxUnavailable": "40%", "poolLabel": "pool"}, "100%", 4),
        ({"canary": 1, "maxUnavailable": 1, "poolLabel": "pool"}, "100%", 1),
        ({"paused": True}, "100%", 0),
        ({"windows": [{"cron": "0 3 * * *", "duration": "1h"}]}, "100%", 0),
        ({"windows": [{"cron": "0 20 * * *", "duration": "1h"}]}, "100%", 1),
    ],
)
def test_how_many_begin(rollout: dict[str, Any], whole: int | str, first: int) -> None:
    cluster = Cluster(whole=whole)
    cluster.put(**rollout)
    assert len(cluster.operate()) == first


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({"ready": False}, 0),
        ({"deleting": True}, 0),
        # Counted already, so that it may be tuned; no other may.
        ({"unschedulable": True}, 1),
    ],
)
def test_nodes_out_of_service_use_up_the_budget(fields: dict[str, Any], first: int) -> None:
    cluster = Cluster()
    cluster.put(canary=0, maxUnavailable=1)
    cluster.world.nodes["n3"] = replace(cluster.world.nodes["n3"], **fields)
    assert cluster.operate() == ["n3"][:first]


def test_a_failed_canary_stops_it_also_when_it_is_gone() -> None:
    cluster = Cluster()
    cluster.put(canary=1, maxUnavailable="100%")
    (canary,) = cluster.operate()
    cluster.world.agent(canary, ok=False)
    assert cluster.operate() == []
    assert cluster.condition("Paused").reason == "FailureThreshold"
    assert canary in cluster.condition("Paused").message
    assert cluster.condition("Ready").reason == "Failed"
    cluster.world.remove_node(canary)
    assert cluster.operate() == []
    assert cluster.condition("Paused").reason == "FailureThreshold"


def test_more_canaries_are_tried_below_the_threshold() -> None:
    cluster = Cluster()
    cluster.put(canary=1, maxUnavailable="100%", failureThreshold=2)
    (first,) = cluster.operate()
    cluster.world.agent(first, ok=False)
    (second,) = cluster.operate()
    cluster.world.agent(second, ok=False)
    assert cluster.operate() == []
    assert cluster.condition("Paused").true


def test_a_retry_goes_to_the_failed_and_leaves_the_good_alone() -> None:
    cluster = Cluster()
    cluster.put(canary=0, maxUnavailable="100%", soak="0s", failureThreshold=1)
    told = cluster.operate()
    cluster.through(told)
    cluster.world.agent("n4", ok=False)
    state = cluster.world.states["n4"]
    cluster.world.states["n4"] = replace(state, status=replace(state.status, applied=None))
    cluster.operate()
    assert cluster.condition("Paused").reason == "FailureThreshold"
    cluster.world.put_tuning(replace(cluster.of(), rollout=replace(cluster.of().rollout, retry=1)))
    assert cluster.operate() == ["n4"]
    cluster.through(["n4"])
    assert cluster.operate() == []
    assert cluster.condition("Ready").true


def test_new_content_supersedes_a_failed_one_beginning_with_the_failed_node() -> None:
    cluster = Cluster()
    cluster.put(canary=1, maxUnavailable=1)
    (canary,) = cluster.operate()
    cluster.world.agent(canary, ok=False)
    cluster.operate()
    cluster.put(document=OTHER, canary=1, maxUnavailable=1)
    assert cluster.operate() == [canary]
    assert not cluster.condition("Paused").true


def test_a_silent_agent_counts_as_failed_after_the_deadline() -> None:
    cluster = Cluster()
    cluster.put(canary=1, progressDeadline="5m")
    (canary,) = cluster.operate()
    cluster.world.tick(300)
    cluster.operate()
    assert not cluster.condition("Paused").true
    cluster.world.tick(1)
    cluster.operate()
    assert cluster.condition("Paused").reason == "FailureThreshold"
    assert cluster.of().status.problem_nodes[0].reason == "AgentSilent"
    assert cluster.of().status.problem_nodes[0].name == canary


def test_a_canary_that_drifts_while_it_soaks_has_not_proved_itself() -> None:
    cluster = Cluster()
    cluster.put(canary=1, maxUnavailable=1, soak="30s")
    (canary,) = cluster.operate()
    cluster.through([canary])
    world = cluster.world
    world.tick(10)
    world.states[canary] = drifted(world.states[canary], world.now)
    world.tick(60)
    assert cluster.operate() == []


def test_drift_long_after_holds_up_nobody() -> None:
    cluster = Cluster(3)
    cluster.put(canary=1, maxUnavailable=1, soak="30s")
    cluster.settle()
    world = cluster.world
    world.tick(3600)
    for name in world.states:
        world.states[name] = drifted(world.states[name], world.now)
    cluster.join("new")
    assert cluster.operate() == ["new"]
    assert cluster.of().status.nodes.drifted == 3


def test_new_nodes_come_at_once_after_the_canary_and_only_within_the_budget() -> None:
    cluster = Cluster(4)
    cluster.put(canary=1, maxUnavailable=2, soak="30s")
    cluster.settle()
    for name in ("x", "y", "z"):
        cluster.join(name)
    assert len(cluster.operate()) == 2


@pytest.mark.parametrize(("fresh", "told"), [(True, ["new"]), (False, [])])
def test_a_node_that_takes_no_pods_yet_needs_no_window(fresh: bool, told: list[str]) -> None:
    cluster = Cluster(2)
    cluster.put(**FREE)
    cluster.settle()
    window = {"cron": "0 3 * * *", "duration": "1h"}
    cluster.put(windows=[window], **FREE)
    cluster.join("new", startup_taint=fresh)
    assert cluster.operate() == told


def test_the_startup_taint_goes_when_the_node_is_at_its_target() -> None:
    cluster = Cluster(1)
    cluster.world.nodes["n0"] = replace(cluster.world.nodes["n0"], startup_taint=True)
    cluster.put(**FREE)
    cluster.operate()
    assert cluster.world.nodes["n0"].startup_taint
    cluster.through(["n0"])
    cluster.operate()
    assert not cluster.world.nodes["n0"].startup_taint


def test_a_paused_tuning_holds_the_startup_taint_and_an_invalid_one_does_not() -> None:
    for document, held in ((PID_MAX, True), ({"sysctl": {"kernel.pid_max": "many"}}, False)):
        cluster = Cluster(1)
        cluster.world.nodes["n0"] = replace(cluster.world.nodes["n0"], startup_taint=True)
        cluster.put(document=document, paused=True)
        cluster.operate()
        assert cluster.world.nodes["n0"].startup_taint is held


def test_another_tunings_failure_does_not_pause_this_one() -> None:
    cluster = Cluster(4)
    cluster.put("good", {"sysctl": {"vm.max_map_count": 262144}}, **FREE)
    cluster.settle()
    cluster.put("bad", PID_MAX, **FREE)
    cluster.operate()
    for name in cluster.world.nodes:
        cluster.world.agent(name, ok=False)
    cluster.operate()
    assert cluster.condition("Paused", "bad").true
    assert not cluster.condition("Paused", "good").true


def test_one_change_is_one_write_a_node() -> None:
    cluster = Cluster()
    cluster.put("a", **FREE)
    cluster.put("b", {"sysctl": {"vm.max_map_count": 262144}}, canary=1, maxUnavailable=2)
    cluster.settle()
    cluster.world.spec_writes.clear()
    cluster.put("a", OTHER, canary=2, maxUnavailable="30%")
    cluster.settle()
    told = [name for name, _spec in cluster.world.spec_writes]
    assert sorted(told) == sorted(cluster.world.nodes)


def test_two_tunings_share_a_new_nodes_write() -> None:
    cluster = Cluster(2)
    cluster.put("a", **FREE)
    cluster.put("b", {"sysctl": {"vm.max_map_count": 262144}}, **FREE)
    cluster.settle()
    cluster.join("new")
    assert cluster.operate() == ["new"]
    assert len(cluster.world.states["new"].spec.content.sources) == 2


def test_nothing_to_do_is_nothing_written() -> None:
    cluster = Cluster()
    cluster.put(**FREE)
    cluster.settle()
    cluster.world.tick(86400)
    cluster.belief.listed()
    assert plan(cluster.belief.observed()) == ()


def test_a_finalizer_comes_before_the_first_value() -> None:
    cluster = Cluster(1)
    cluster.world.put_tuning(replace(tuning("a"), finalizers=()))
    cluster.belief.listed()
    kinds = [type(write) for write in plan(cluster.belief.observed())]
    assert kinds.index(made.AddFinalizer) < kinds.index(made.CreateState)
