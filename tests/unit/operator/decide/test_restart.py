"""Restarts: leave, drain, grant, back in service; and who may not be disturbed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.observed import DrainOptions, Settings
from limitwise_operator.kinds.node import Cordon
from limitwise_operator.kinds.pod import Pod
from rehearsal.cluster import Cluster
from rehearsal.objects import tuning

FREE: dict[str, Any] = {"canary": 0, "maxUnavailable": "100%", "soak": "0s"}
DOCKER = {"docker_daemon": {"live-restore": True}}
WEB = Pod("apps", "web", "u1", "n0", "ReplicaSet")


def waiting(restart: str, nodes: int = 1, **rollout: Any) -> Cluster:
    """Nodes whose Docker waits for a restart."""
    cluster = Cluster(nodes)
    cluster.world.pods["n0"] = [WEB]
    cluster.world.put_tuning(
        tuning("a", DOCKER, rollout={**FREE, **rollout}, disruption={"restart": restart})
    )
    cluster.through(cluster.operate())
    return cluster


def phase(cluster: Cluster, name: str = "n0") -> str:
    restart = cluster.world.states[name].spec.restart
    return restart.phase if restart is not None else ""


def test_never_is_never() -> None:
    cluster = waiting("Never")
    assert cluster.operate() == []
    assert cluster.condition("Ready").true


def test_allowed_is_granted_without_a_drain() -> None:
    cluster = waiting("Allowed")
    cluster.operate()
    assert phase(cluster) == "Granted"
    assert not cluster.world.nodes["n0"].unschedulable
    assert not cluster.condition("Ready").true
    cluster.through(["n0"])
    cluster.settle()
    assert phase(cluster) == ""
    assert cluster.world.pods["n0"] == [WEB]
    assert cluster.condition("Ready").true


def test_after_a_drain() -> None:
    cluster = waiting("AfterDrain")
    kinds = [type(write) for write in cluster.writes()]
    # The phase is written before anything is done.
    assert kinds.index(made.ReplaceStateSpec) < kinds.index(made.CordonNode)
    node = cluster.world.nodes["n0"]
    assert (phase(cluster), node.unschedulable, node.drain_taint) == ("Draining", True, True)
    assert node.cordon == Cordon("NodeTuning/a", False, cluster.world.now)
    cluster.operate()
    assert cluster.world.pods["n0"] == []
    cluster.operate()
    assert phase(cluster) == "Granted"
    cluster.through(["n0"])
    kinds = [type(write) for write in cluster.writes()]
    # In service again first, then the place in the budget is free.
    assert kinds.index(made.UncordonNode) < kinds.index(made.ReplaceStateSpec)
    node = cluster.world.nodes["n0"]
    assert (phase(cluster), node.unschedulable, node.cordon) == ("", False, None)


def test_an_administrators_cordon_stays() -> None:
    cluster = waiting("AfterDrain")
    cluster.world.nodes["n0"] = replace(cluster.world.nodes["n0"], unschedulable=True)
    cluster.operate()
    assert phase(cluster) == "Draining"
    cluster.operate()
    cluster.operate()
    cluster.through(["n0"])
    cluster.settle()
    node = cluster.world.nodes["n0"]
    assert (phase(cluster), node.unschedulable, node.cordon) == ("", True, None)


def test_an_administrators_uncordon_is_not_undone() -> None:
    cluster = waiting("AfterDrain")
    cluster.operate()
    cluster.world.nodes["n0"] = replace(cluster.world.nodes["n0"], unschedulable=False)
    assert not [one for one in cluster.writes() if isinstance(one, made.CordonNode)]


def test_another_makers_cordon_is_let_be() -> None:
    cluster = waiting("AfterDrain")
    theirs = Cordon("Other/x", False, None)
    world = cluster.world
    world.nodes["n0"] = replace(world.nodes["n0"], unschedulable=True, cordon=theirs)
    assert cluster.operate() == []
    assert world.nodes["n0"].cordon == theirs


def test_a_drain_that_does_not_end_is_given_up_and_tried_again() -> None:
    cluster = waiting("AfterDrain")
    world = cluster.world
    options = DrainOptions(timeout=timedelta(minutes=5), retry_after=timedelta(minutes=20))
    world.settings = Settings(drain=options)
    world.pods["n0"] = [replace(WEB, controller="")]
    cluster.operate()
    world.tick(299)
    assert cluster.operate() == []
    world.tick(2)
    events = [one for one in cluster.writes() if isinstance(one, made.RecordEvent)]
    assert any(one.reason == "DrainBlocked" and "apps/web" in one.message for one in events)
    assert phase(cluster) == "Blocked"
    assert not world.nodes["n0"].unschedulable
    world.tick(1199)
    assert cluster.operate() == []
    world.tick(1)
    cluster.operate()
    assert phase(cluster) == "Draining"


def test_a_blocked_node_holds_up_nobody() -> None:
    cluster = waiting("AfterDrain", nodes=2, maxUnavailable=1)
    world = cluster.world
    world.pods = {name: [replace(WEB, node=name, controller="")] for name in world.nodes}
    first = next(iter(world.states))
    cluster.operate()
    world.tick(1801)
    cluster.operate()
    assert phase(cluster, first) == "Blocked"
    assert len(world.states) == 1
    cluster.operate()
    assert len(world.states) == 2


def test_restarts_are_within_the_budgets() -> None:
    cluster = waiting("Allowed", nodes=4)
    one = cluster.of()
    cluster.world.put_tuning(replace(one, rollout=replace(one.rollout, max_unavailable=2)))
    cluster.operate()
    assert sum(phase(cluster, name) == "Granted" for name in cluster.world.nodes) == 2
    assert cluster.operate() == []


@pytest.mark.parametrize(
    "rollout", [{"paused": True}, {"windows": [{"cron": "0 3 * * *", "duration": "1h"}]}]
)
def test_no_restart_begins_while_the_rollout_is_held(rollout: dict[str, Any]) -> None:
    cluster = waiting("Never")
    held = tuning("a", DOCKER, rollout={**FREE, **rollout}, disruption={"restart": "Allowed"})
    cluster.world.put_tuning(held)
    assert cluster.operate() == []


def test_a_tunings_never_is_not_overruled_by_another() -> None:
    cluster = waiting("Allowed")
    cluster.world.put_tuning(
        tuning("b", {"units": {"docker.service": {"TasksMax": "infinity"}}}, rollout=FREE)
    )
    cluster.through(cluster.operate())
    cluster.operate()
    assert phase(cluster) in ("", "Granted")
    cluster.operate()
    assert phase(cluster) == ""


def test_a_tuning_that_only_sets_sysctls_has_no_say() -> None:
    cluster = waiting("Allowed")
    cluster.put("b", {"sysctl": {"vm.max_map_count": 262144}}, **FREE)
    cluster.settle()
    assert cluster.world.restarted["n0"] == {"live-restore": True}


def test_leave_that_is_withdrawn_ends_the_drain() -> None:
    cluster = waiting("AfterDrain")
    cluster.operate()
    cluster.world.put_tuning(tuning("a", DOCKER, rollout=FREE))
    cluster.operate()
    assert phase(cluster) == ""
    assert not cluster.world.nodes["n0"].unschedulable


def test_a_failed_restart_stays_out_and_pauses_the_rollout() -> None:
    cluster = waiting("AfterDrain", nodes=1)
    cluster.operate()
    cluster.operate()
    cluster.operate()
    assert phase(cluster) == "Granted"
    cluster.world.agent("n0", ok=False)
    cluster.operate()
    assert cluster.world.nodes["n0"].unschedulable
    assert cluster.condition("Paused").reason == "FailureThreshold"


def test_a_forgotten_cordon_of_ours_is_taken_off() -> None:
    cluster = Cluster(1)
    ours = Cordon("NodeTuning/gone", False, None)
    world = cluster.world
    world.nodes["n0"] = replace(
        world.nodes["n0"], unschedulable=True, drain_taint=True, cordon=ours
    )
    cluster.operate()
    node = world.nodes["n0"]
    assert (node.unschedulable, node.drain_taint, node.cordon) == (False, False, None)
