"""The loop over a played node and API: what is done, told, and kept through trouble."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    HostError,
    InputError,
    LockedError,
)
from limitwise_operator.agent.loop import BUSY, TROUBLES
from limitwise_operator.agent.marks import PAUSE
from limitwise_operator.agent.outcome import APPLIED, FAILED, NEVER_RAN, Outcome
from limitwise_operator.agent.status import Look
from limitwise_operator.effects.answers import UnreachableError
from unit.operator.agent.stage import CHANGE, DRIFT, PIDS, STILL, Stage
from unit.operator.agent.test_marks import Ceiling as PlayedCeiling


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_plan_and_result_are_one_write_each(stage: Stage) -> None:
    stage.apply()
    assert [write.get("observedRevision") for write in stage.api.writes] == [None, "r1"]
    assert stage.api.writes[0]["plan"]["revision"] == "r1"
    assert stage.status["applied"]["runId"] == "run-r1"
    for _turn in range(10):
        stage.turn(60)
    assert len(stage.api.writes) == 2


def test_a_node_that_is_as_wanted_needs_no_run_and_one_write(stage: Stage) -> None:
    stage.want("r1")
    stage.turn()
    assert stage.runs.orders == []
    assert len(stage.api.writes) == 1
    assert stage.status["applied"]["runId"] == "last"


def test_a_killed_run_is_completed_even_where_nothing_differs(stage: Stage) -> None:
    stage.node.killed = True
    stage.want("r1")
    stage.turn()
    assert len(stage.runs.orders) == 1


def test_a_deleted_tuning_gives_back_every_layer_that_holds_something(stage: Stage) -> None:
    stage.apply()
    stage.node.held, stage.node.looks = ("sysctl", "limits"), [Look((CHANGE,))]
    stage.want("r2", {})
    stage.turn()
    assert stage.runs.orders[-1].document == {"sysctl": {}, "limits": []}


def test_a_plan_that_cannot_be_told_is_not_applied(stage: Stage) -> None:
    stage.api.refusals = [UnreachableError("PATCH", 0, "NoAnswer", "")] * 2
    stage.node.looks = [Look((CHANGE,))]
    stage.want("r1")
    stage.turn()
    assert stage.runs.orders == []
    wait = stage.turn(2.0)
    assert stage.runs.orders == []
    stage.turn(wait + 5.0)
    assert len(stage.runs.orders) == 1


def test_a_result_that_cannot_be_told_is_told_later(stage: Stage) -> None:
    stage.node.looks = [Look((CHANGE,))]
    stage.want("r1")
    stage.turn()
    stage.api.refusals = [UnreachableError("PATCH", 0, "NoAnswer", "")] * 3
    stage.runs.end = Outcome(APPLIED, "run", (CHANGE,))
    for _turn in range(4):
        stage.turn(10)
    assert stage.status["observedRevision"] == "r1"
    assert len(stage.runs.orders) == 1


def test_a_new_spec_in_between_is_a_conflict_and_then_obeyed(stage: Stage) -> None:
    stage.node.looks = [Look((CHANGE,)), Look((CHANGE,))]
    stage.want("r1")
    stage.api.spec("r2")  # written, and not yet seen by the watch
    stage.turn()
    stage.turn(0.1)
    assert [order.document for order in stage.runs.orders] == [PIDS]
    assert stage.status["plan"]["revision"] == "r2"


def test_what_an_old_watch_says_is_not_believed(stage: Stage) -> None:
    old = stage.api.spec("r1")
    stage.loop.see(old)
    stage.turn()
    stage.loop.see(old)
    stage.turn(60)
    assert len(stage.api.writes) == 1


def test_a_killed_agent_applies_what_it_has_shown(stage: Stage) -> None:
    stage.node.looks = [Look((CHANGE,))]
    stage.want("r1")
    stage.turn()
    stage.restart_agent()
    stage.turn()
    assert len(stage.runs.orders) == 2
    assert len(stage.api.writes) == 1


def test_a_restarted_agent_with_nothing_to_do_does_nothing(stage: Stage) -> None:
    stage.apply()
    writes, asked = len(stage.api.writes), len(stage.node.asked)
    stage.restart_agent()
    stage.turn()
    stage.turn(60)
    assert (len(stage.api.writes), len(stage.node.asked)) == (writes, asked)
    assert len(stage.runs.orders) == 1


def test_drift_is_told_put_back_and_told_again(stage: Stage) -> None:
    stage.apply()
    stage.node.drifts = (DRIFT,)
    stage.turn(60)
    assert len(stage.runs.orders) == 2
    assert stage.condition("Drifted") == ("True", "Drifted")
    stage.node.drifts, stage.runs.end = (), Outcome(APPLIED, "run-2", (CHANGE,))
    stage.turn()
    assert stage.condition("Drifted") == ("False", "AsWanted")
    assert len(stage.api.writes) == 4


def test_a_steady_writer_is_answered_ever_more_seldom(stage: Stage) -> None:
    stage.apply()
    stage.node.drifts = (DRIFT,)
    for _turn in range(120):
        stage.runs.end = Outcome(APPLIED, "again", (CHANGE,))
        stage.turn(30)
    assert 2 < len(stage.runs.orders) < 10


def test_drift_that_cannot_be_put_back_does_not_fail_the_node(stage: Stage) -> None:
    stage.apply()
    stage.node.drifts = (DRIFT,)
    stage.turn(60)
    stage.runs.end = Outcome(FAILED, "run-2", (), (), "no")
    stage.turn()
    assert stage.condition("Applied")[0] == "True"
    assert stage.condition("Drifted")[0] == "True"


def test_without_go_ahead_drift_is_only_told(stage: Stage) -> None:
    stage.apply()
    stage.node.drifts = (DRIFT,)
    stage.want("r1", goAhead={"revision": "r0", "time": "2026-11-22T20:30:00Z"})
    stage.turn(60)
    assert len(stage.runs.orders) == 1
    assert stage.condition("Drifted")[0] == "True"


def test_a_boot_is_verified_and_what_it_lost_applied(stage: Stage) -> None:
    stage.apply()
    stage.node.boot_id, stage.node.looks = "boot-2", [Look((CHANGE,))]
    stage.restart_agent()
    stage.turn()
    assert len(stage.runs.orders) == 2
    stage.runs.end = Outcome(APPLIED, "run-2", (CHANGE,))
    stage.turn()
    assert stage.status["bootID"] == "boot-2"


def test_a_boot_that_lost_nothing_costs_one_write(stage: Stage) -> None:
    stage.apply()
    stage.node.boot_id = "boot-2"
    stage.restart_agent()
    stage.turn()
    assert (len(stage.runs.orders), len(stage.api.writes)) == (1, 3)
    assert stage.status["bootID"] == "boot-2"


@pytest.mark.parametrize("trouble", [LockedError("another run"), HostError("cannot fork")])
def test_a_host_that_is_busy_is_asked_again_and_not_failed(
    stage: Stage, trouble: HostError
) -> None:
    stage.want("r1")
    stage.node.trouble = trouble
    stage.turn()
    assert "observedRevision" not in (stage.status or {})
    stage.node.trouble = None
    stage.turn(BUSY)
    assert stage.status["observedRevision"] == "r1"
    assert stage.condition("Applied") == ("True", "Applied")


def test_trouble_that_does_not_end_is_told(stage: Stage) -> None:
    stage.want("r1")
    stage.node.trouble = HostError("cannot fork")
    for count in range(1, TROUBLES + 1):
        stage.turn(BUSY * count)
    assert stage.condition("Applied") == ("False", "Failed")
    stage.node.trouble = None
    stage.turn(3600)
    assert stage.condition("Applied") == ("True", "Applied")


def test_a_run_that_never_ran_is_tried_again_before_it_is_told(stage: Stage) -> None:
    stage.node.looks = [Look((CHANGE,))]
    stage.want("r1")
    stage.turn()
    for count in range(1, TROUBLES + 1):
        assert "observedRevision" not in stage.status
        stage.runs.end = Outcome(NEVER_RAN, message="no memory")
        stage.turn()
        stage.turn(BUSY * count)
    assert stage.condition("Applied") == ("False", "Failed")
    assert len(stage.runs.orders) == TROUBLES


@pytest.mark.parametrize(
    ("trouble", "state"),
    [(InputError("a key that is a mark"), "Refused"), (OSError("no process"), "Failed")],
)
def test_a_run_that_cannot_begin_is_told_and_no_endless_loop(
    stage: Stage, trouble: Exception, state: str
) -> None:
    stage.node.looks = [Look((CHANGE,))]
    stage.runs.trouble = trouble
    stage.want("r1")
    for count in range(1, TROUBLES + 1):
        stage.turn(BUSY * count)
    assert stage.condition("Applied") == ("False", state)
    assert len(stage.runs.orders) <= TROUBLES


def test_drift_that_cannot_even_be_tried_is_no_endless_loop(stage: Stage) -> None:
    stage.apply()
    stage.node.drifts = (DRIFT,)
    stage.runs.trouble = InputError("a key that is a mark")
    for _turn in range(10):
        stage.turn(30)
    assert len(stage.runs.orders) < 8
    assert stage.condition("Applied")[0] == "True"


def test_a_failed_revision_is_tried_again_much_later(stage: Stage) -> None:
    stage.node.looks = [Look((CHANGE,)), Look((CHANGE,))]
    stage.want("r1")
    stage.turn()
    stage.runs.end = Outcome(FAILED, "run", (), (), "kernel says no")
    stage.turn()
    assert stage.condition("Applied") == ("False", "Failed")
    stage.turn(60)
    assert len(stage.runs.orders) == 1
    stage.turn(600)
    stage.runs.end = Outcome(APPLIED, "run-2", (CHANGE,))
    stage.turn()
    assert stage.condition("Applied") == ("True", "Applied")


def test_a_granted_restart_is_used_once(stage: Stage) -> None:
    stage.apply()
    stage.node.drifts = ()
    stage.loop.reporting.status = replace(stage.loop.reporting.status)
    stage.node.looks = [Look((CHANGE,))]
    stage.want("r2")
    stage.turn()
    stage.runs.end = Outcome(APPLIED, "run-2", (CHANGE,), (STILL,))
    stage.turn()
    assert stage.status["waiting"][0]["unit"] == "ssh.service"
    assert stage.condition("RestartNeeded")[0] == "True"
    stage.want("r2", restart={"phase": "Granted", "since": "2026-11-22T20:31:00Z"})
    stage.turn()
    assert stage.runs.orders[-1].document["policy"] == {"restart": "if-needed"}
    stage.runs.end = Outcome(APPLIED, "run-3", (), (STILL,))
    stage.turn()
    count = len(stage.runs.orders)
    stage.turn(60)
    assert len(stage.runs.orders) == count


def test_a_restart_done_by_somebody_else_is_seen(stage: Stage) -> None:
    stage.node.looks = [Look((CHANGE,))]
    stage.want("r1")
    stage.turn()
    stage.runs.end = Outcome(APPLIED, "run", (CHANGE,), (STILL,))
    stage.turn()
    assert stage.status["waiting"]
    stage.turn(301)
    assert stage.status["waiting"] == []
    assert len(stage.runs.orders) == 1


def test_without_an_object_nothing_is_touched(stage: Stage) -> None:
    stage.apply()
    stage.node.drifts = (DRIFT,)
    stage.loop.see(None)
    stage.turn(60)
    assert len(stage.runs.orders) == 1


def test_an_object_that_went_while_it_was_written_is_gone(stage: Stage) -> None:
    stage.want("r1")
    stage.api.body = None
    stage.turn()
    assert stage.loop.reporting.body is None


def test_ceilings_are_told_seldom_and_exhaustion_at_once(stage: Stage) -> None:
    stage.apply()
    writes = len(stage.api.writes)
    stage.node.full = (PlayedCeiling("a", 55),)
    stage.turn(60)
    stage.node.full = (PlayedCeiling("a", 75),)
    stage.turn(60)
    assert len(stage.api.writes) == writes + 1
    stage.node.full = (PlayedCeiling("a", 99),)
    stage.turn(60)
    assert stage.status["ceilings"][0]["mark"] == 99
    stage.node.full = ()
    stage.turn(60)
    assert len(stage.api.writes) == writes + 2
    stage.turn(PAUSE)
    assert stage.status["ceilings"] == []


def test_stopping_waits_for_a_run_that_ends(stage: Stage) -> None:
    stage.node.looks = [Look((CHANGE,))]
    stage.want("r1")
    stage.turn()
    stage.runs.end = Outcome(APPLIED, "run", (CHANGE,))
    stage.loop.stop()
    assert stage.status["observedRevision"] == "r1"
