"""The status after each thing that happened: bounded, and the same when nothing is new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from limitwise_operator.agent import outcome
from limitwise_operator.agent import status as say
from limitwise_operator.agent.outcome import Outcome
from limitwise_operator.agent.status import Look
from limitwise_operator.kinds.node_tuning_state import (
    MAX_CHANGES,
    MAX_DRIFT,
    MAX_FINDINGS,
    Applied,
    StateStatus,
    Waiting,
)

T0 = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
T1 = T0 + timedelta(minutes=5)
CHANGE = {
    "layer": "sysctl", "subject": "", "key": "kernel.pid_max", "before": "32768",
    "after": "4194304", "takes_effect": "none",
}
ERROR = {"code": "LW001", "severity": "error", "message": "wrong"}
DRIFT = {"layer": "sysctl", "subject": "", "key": "kernel.pid_max", "wanted": "2", "live": "1"}
DONE = Outcome(outcome.APPLIED, "run-1", (CHANGE,))


def conditions(status: StateStatus) -> dict[str, tuple[str, str]]:
    return {one.type: (one.status, one.reason) for one in status.conditions}


def applied(revision: str = "r1") -> StateStatus:
    return say.ended(StateStatus(), revision, DONE, "boot", T0)


def test_a_plan_is_shown_as_applying() -> None:
    status = say.planned(StateStatus(), "r1", Look((CHANGE,)), T0)
    assert status.plan is not None
    assert status.plan.to_dict()["changes"] == [
        {
            "layer": "sysctl", "subject": "", "key": "kernel.pid_max", "before": "32768",
            "after": "4194304", "takesEffect": "none",
        }
    ]
    assert conditions(status)["Applied"] == ("False", "Applying")
    assert status.observed_revision == ""


def test_a_good_end() -> None:
    status = applied()
    assert (status.observed_revision, status.boot_id) == ("r1", "boot")
    assert status.applied == Applied("r1", "run-1", T0)
    assert conditions(status) == {
        "Applied": ("True", "Applied"), "Drifted": ("False", "AsWanted"),
        "RestartNeeded": ("False", "NothingWaits"),
    }


def test_the_same_end_again_is_the_same_status() -> None:
    status = applied()
    assert say.ended(status, "r1", DONE, "boot", T1) == status
    assert say.ended(status, "r1", Outcome(outcome.APPLIED), "boot", T1) == status


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (outcome.REFUSED, "Refused"), (outcome.FAILED, "Failed"), (outcome.TIMEOUT, "Failed"),
        (outcome.NEVER_RAN, "Failed"),
    ],
)
def test_a_bad_end_keeps_what_was_applied(state: str, reason: str) -> None:
    end = Outcome(state, None, (), (ERROR,), "wrong")
    status = say.ended(applied("r1"), "r2", end, "boot", T1)
    assert status.observed_revision == "r2"
    assert status.applied == Applied("r1", "run-1", T0)
    assert conditions(status)["Applied"] == ("False", reason)
    assert status.findings == (ERROR,)


def test_drift_keeps_its_time() -> None:
    first = say.observed(applied(), (DRIFT,), (), T0)
    again = say.observed(first, ({**DRIFT, "live": "0"},), (), T1)
    assert first.drift[0]["since"] == again.drift[0]["since"] == "2026-11-22T20:30:00Z"
    assert conditions(again)["Drifted"] == ("True", "Drifted")
    gone = say.observed(again, (), (), T1)
    assert (gone.drift, conditions(gone)["Drifted"]) == ((), ("False", "AsWanted"))


def test_a_look_that_sees_nothing_new_says_nothing() -> None:
    status = say.observed(applied(), (DRIFT,), (), T0)
    assert say.observed(status, (DRIFT,), (), T1) == status
    assert say.began(status, T1).conditions == status.conditions


def test_drift_that_cannot_be_put_back_leaves_what_is_applied() -> None:
    drifted = say.observed(applied(), (DRIFT,), (), T0)
    end = Outcome(outcome.REFUSED, None, (), (ERROR,), "wrong")
    status = say.not_corrected(drifted, end, T1)
    assert conditions(status)["Applied"] == ("True", "Applied")
    assert conditions(status)["Drifted"][0] == "True"
    assert status.findings == (ERROR,)


WAITING = [
    (
        [{"code": "LW610", "layer": "units", "found": "restart",
          "message": "ssh.service LimitNOFILE takes effect at the next restart"}], [],
        (Waiting("restart", "ssh.service",
                 "ssh.service LimitNOFILE takes effect at the next restart"),),
    ),
    (
        [{"code": "LW610", "layer": "docker_daemon", "found": "restart of Docker",
          "message": "daemon.json cgroup-parent takes effect at the next restart of Docker"}], [],
        (Waiting("restart", "docker.service",
                 "daemon.json cgroup-parent takes effect at the next restart of Docker"),),
    ),
    ([{"code": "LW610", "layer": "docker_daemon", "found": "reload of Docker"}], [], ()),
    ([{"code": "LW609", "found": "restart"}], [], ()),
    (
        [], [{"layer": "sysctl", "subject": "", "key": "a.b", "takes_effect": "reboot"}],
        (Waiting("reboot", "", "a.b takes effect at the next reboot"),),
    ),
]


@pytest.mark.parametrize(("findings", "changes", "wanted"), WAITING)
def test_what_waits(
    findings: list[dict[str, Any]], changes: list[dict[str, Any]], wanted: tuple[Waiting, ...]
) -> None:
    assert say.waiting(findings, changes) == wanted


def test_what_waits_is_a_condition_until_it_does_not() -> None:
    findings, _changes, waits = WAITING[0]
    status = say.looked(applied(), Look(findings=tuple(findings)), "boot", T0)
    assert status.waiting == waits
    assert conditions(status)["RestartNeeded"] == ("True", "Restart")
    status = say.looked(status, Look(), "boot", T1)
    assert conditions(status)["RestartNeeded"] == ("False", "NothingWaits")


def test_a_preview_keeps_its_time_and_goes() -> None:
    first = say.previewed(applied(), "p1", Look((CHANGE,)), T0)
    assert say.previewed(first, "p1", Look((CHANGE,)), T1) == first
    assert conditions(first)["Previewed"] == ("True", "Planned")
    refused = say.previewed(first, "p2", Look(findings=(ERROR,)), T1)
    assert conditions(refused)["Previewed"] == ("False", "Refused")
    gone = say.without_preview(refused, T1)
    assert gone.preview is None
    assert "Previewed" not in conditions(gone)


def test_lists_are_bounded() -> None:
    many = tuple({**CHANGE, "key": str(number)} for number in range(MAX_CHANGES + 20))
    errors = tuple({**ERROR, "message": str(number)} for number in range(MAX_FINDINGS + 20))
    drifts = tuple({**DRIFT, "key": str(number)} for number in range(MAX_DRIFT + 20))
    status = say.planned(StateStatus(), "r1", Look(many, errors), T0)
    body = say.observed(status, drifts, (), T0).to_dict()
    assert (len(body["plan"]["changes"]), body["plan"]["more"]) == (MAX_CHANGES, 20)
    assert len(body["findings"]) == MAX_FINDINGS
    assert len(body["drift"]) == MAX_DRIFT


def test_errors_are_shown_first_and_each_once() -> None:
    hint = {"code": "LW009", "severity": "info", "message": "a hint"}
    assert say.finding_rows((hint, ERROR, hint)) == (ERROR, hint)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"file": "/etc/sysctl.d/zzz.conf", "line": 3}, "/etc/sysctl.d/zzz.conf:3: wins at boot"),
        ({"file": "/etc/sysctl.d/zzz.conf", "line": None}, "/etc/sysctl.d/zzz.conf: wins at boot"),
        ({"file": None, "line": None}, "wins at boot"),
        ({"file": "wins", "line": None}, "wins at boot"),
    ],
)
def test_a_finding_names_its_file(place: dict[str, Any], said: str) -> None:
    found = {"code": "LW001", "severity": "error", "message": "wins at boot", **place}
    (row,) = say.finding_rows((found,))
    assert row["message"] == said
    assert say.refusal(say.Look(findings=(found,))).message == said
