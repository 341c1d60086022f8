"""What the loop orders in an emergency and tells of it, over a played relieving thread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.relief.book import RAISED, Kept
from ansible_collections.limitwise.host.plugins.module_utils.relief.trial import Trial
from limitwise_operator.agent.emergency import Emergency
from limitwise_operator.agent.pressing import Orders
from limitwise_operator.agent.verifying import Verdict
from limitwise_operator.kinds.watch import (
    CALM,
    KUBEPODS,
    Fired,
    Pressure,
    Raised,
    Relief,
    Watch,
    Watched,
)
from unit.operator.agent.stage import PIDS, Stage

WATCH: dict[str, Any] = {
    "ceilings": [{"id": "p/full", "level": "kubepods", "usedPercent": 90, "forSeconds": 2}],
    "relief": {"at": 95, "most": {"kubepods": 4000}},
}
THEN = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
TIGHT = Pressure(
    (Fired("p/full", THEN, KUBEPODS, "", 1000, 960),),
    (Raised("/kubepods.slice", "1000", "1920"),), relieved=THEN,
)
VERIFY = {"id": "nr/1/verify", "do": "Verify", "level": "kubepods", "seconds": 30, "forks": 4}


class Played:
    """A relieving thread that says what the test says."""

    def __init__(self) -> None:
        self.pressure: Pressure | None = None
        self.verdict: Verdict | None = None
        self.kept: tuple[Kept, ...] = ()
        self.orders: list[Orders] = []

    def order(self, orders: Orders) -> None:
        if not self.orders or self.orders[-1] != orders:
            self.orders.append(orders)


class Set:
    """A stage whose loop is relieved by a played thread."""

    def __init__(self) -> None:
        self.stage, self.relieves = Stage(), Played()
        self.started = 4
        self._join()

    def _join(self) -> None:
        self.stage.loop.seeing.emergency = Emergency(self.relieves, self._trial)

    def _trial(self, asked: int) -> Trial:
        return Trial(asked, self.started, "" if self.started == asked else "no more")

    def restart(self) -> None:
        self.stage.restart_agent()
        self.relieves = Played()
        self._join()

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = self.stage.status.get("task", {})
        return found


@pytest.fixture
def scene() -> Set:
    return Set()


def test_what_the_object_wants_is_ordered(scene: Set) -> None:
    scene.stage.apply(watch=WATCH, incident="nr-1")
    orders = scene.relieves.orders[-1]
    watched = Watched("p/full", KUBEPODS, used_percent=90, lasting=2.0)
    assert orders.watch == Watch((watched,), Relief(95, (("kubepods", 4000),)))
    assert (orders.incident, orders.verify, orders.tuning) == ("nr-1", None, PIDS)


def test_nothing_is_ordered_before_the_object_is_known_and_all_ends_with_it(scene: Set) -> None:
    scene.stage.turn()
    assert scene.relieves.orders == []
    scene.stage.want("r1", watch=WATCH)
    scene.stage.turn()
    scene.stage.loop.see(None)
    assert scene.relieves.orders[-1] == Orders()


def test_a_tuning_that_is_not_in_force_holds_nothing_up(scene: Set) -> None:
    scene.stage.want("r1", watch=WATCH, goAhead=None)
    scene.stage.turn()
    assert scene.relieves.orders[-1].tuning == {}


def test_pressure_is_told_when_it_changes_and_calm_is_no_field(scene: Set) -> None:
    scene.stage.apply(watch=WATCH)
    writes = len(scene.stage.api.writes)
    scene.relieves.pressure = TIGHT
    for _turn in range(5):
        scene.stage.turn(1.0)
    assert len(scene.stage.api.writes) == writes + 1
    assert scene.stage.status["pressure"]["fired"][0]["used"] == 960
    scene.relieves.pressure = CALM
    scene.stage.turn(1.0)
    assert "pressure" not in scene.stage.status
    assert len(scene.stage.api.writes) == writes + 2


def test_pressure_is_told_while_a_run_is_under_way(scene: Set) -> None:
    scene.stage.apply(watch=WATCH)
    scene.stage.node.drifts = ({"layer": "sysctl", "key": "kernel.pid_max", "wanted": "2"},)
    scene.stage.turn(60.0)
    assert scene.stage.loop.underway is not None
    scene.relieves.pressure = TIGHT
    scene.stage.turn(1.0)
    assert scene.stage.status["pressure"]["raised"][0]["after"] == "1920"


def test_a_killed_agent_keeps_what_was_told_until_it_has_looked(scene: Set) -> None:
    scene.stage.apply(watch=WATCH)
    scene.relieves.pressure = TIGHT
    scene.stage.turn(1.0)
    scene.restart()
    scene.stage.turn(1.0)
    assert scene.relieves.orders[-1].before == TIGHT
    assert scene.stage.status["pressure"]["fired"]


def test_what_an_agent_told_ends_with_the_watch(scene: Set) -> None:
    scene.stage.apply(watch=WATCH)
    scene.relieves.pressure = TIGHT
    scene.stage.turn(1.0)
    scene.restart()
    scene.stage.want("r1")
    scene.stage.turn(1.0)
    assert "pressure" not in scene.stage.status


@pytest.mark.parametrize(
    ("verdict", "started", "state", "message"),
    [
        (Verdict("nr/1/verify", True, "well"), 4, "Done", "well; 4 of 4 tasks started at once"),
        (
            Verdict("nr/1/verify", True, "well"), 3, "Failed",
            "well; 3 of 4 tasks started at once: no more",
        ),
        (Verdict("nr/1/verify", False, "full"), 4, "Failed", "full"),
    ],
)
def test_a_verify_is_measured_tried_and_answered_once(
    scene: Set, verdict: Verdict, started: int, state: str, message: str
) -> None:
    scene.started = started
    scene.stage.apply(watch=WATCH, task=VERIFY, incident="nr-1")
    assert (scene.said["id"], scene.said["state"]) == ("nr/1/verify", "Running")
    assert scene.relieves.orders[-1].verify is not None
    scene.relieves.verdict = replace(verdict, id="nr/0/verify")
    scene.stage.turn(1.0)
    assert scene.said["state"] == "Running"
    scene.relieves.verdict = verdict
    scene.stage.turn(1.0)
    assert (scene.said["state"], scene.said["message"]) == (state, message)
    scene.stage.turn(1.0)
    assert scene.relieves.orders[-1].verify is None
    writes = len(scene.stage.api.writes)
    scene.restart()
    scene.stage.turn(1.0)
    assert len(scene.stage.api.writes) == writes


def test_a_verify_on_a_node_without_tunings(scene: Set) -> None:
    scene.stage.want("", {}, goAhead=None, watch=WATCH, task={**VERIFY, "forks": 0})
    scene.stage.turn()
    scene.relieves.verdict = Verdict("nr/1/verify", True, "well")
    scene.stage.turn()
    assert (scene.said["state"], scene.said["message"]) == ("Done", "well")


def test_a_raised_cgroup_is_no_drift(scene: Set) -> None:
    scene.stage.apply(watch=WATCH)
    drift = {"layer": "slices", "subject": "kubepods.slice", "key": "TasksMax", "wanted": "1000"}
    other = {**drift, "subject": "user.slice"}
    group = "/kubepods.slice"
    source = f"/sys/fs/cgroup{group}/pids.max"
    scene.relieves.kept = (Kept(group, source, group, RAISED, "1000", "1920"),)
    scene.stage.node.drifts = (drift,)
    scene.stage.turn(60.0)
    assert scene.stage.condition("Drifted") == ("False", "AsWanted")
    scene.stage.node.drifts = (drift, other)
    scene.stage.turn(60.0)
    assert [row["subject"] for row in scene.stage.status["drift"]] == ["user.slice"]
