"""How a run ended, from Ansible's events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from limitwise_operator.agent.outcome import (
    APPLIED,
    FAILED,
    NEVER_RAN,
    REFUSED,
    Outcome,
    from_dict,
    of_events,
)

CHANGE = {"layer": "sysctl", "subject": "", "key": "kernel.pid_max"}
ERROR = {"code": "LW227", "severity": "error", "message": "nobody applies sysctls"}
TUNE = "limitwise.host.tune"


def event(kind: str, action: str, **result: Any) -> dict[str, Any]:
    return {"event": kind, "event_data": {"task_action": action, "res": result}}


def shown(**result: Any) -> dict[str, Any]:
    return event("runner_on_ok", "ansible.builtin.debug", limitwise_result=result)


FULL = {"run_id": "r", "changes": [CHANGE], "findings": [], "skipped": []}


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ([shown(**FULL)], Outcome(APPLIED, "r", (CHANGE,))),
        (
            [{"event": "runner_on_skipped", "event_data": {"task_action": TUNE}}, shown(**FULL)],
            Outcome(APPLIED, "r", (CHANGE,)),
        ),
        (
            [event("runner_on_failed", TUNE, msg="no", run_id=None, changes=[CHANGE],
                   findings=[ERROR])],
            Outcome(REFUSED, None, (), (ERROR,), "no"),
        ),
        (
            [event("runner_on_failed", TUNE, msg="no", run_id="r", changes=[], findings=[ERROR])],
            Outcome(FAILED, "r", (), (ERROR,), "no"),
        ),
        (
            [event("runner_on_failed", TUNE, msg="locked", run_id=None, changes=[], findings=[])],
            Outcome(FAILED, None, (), (), "locked"),
        ),
        (
            [event("runner_on_failed", TUNE, msg="MODULE FAILURE")],
            Outcome(NEVER_RAN, message="MODULE FAILURE"),
        ),
        (
            [event("runner_on_unreachable", "ansible.builtin.setup", msg="gone")],
            Outcome(NEVER_RAN, message="gone"),
        ),
    ],
)
def test_the_end_of_a_run(events: list[dict[str, Any]], wanted: Outcome) -> None:
    found = of_events(events)
    assert found == wanted
    assert found.ok == (found.state == APPLIED)
    assert from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_without_an_answer_ansibles_own_words_are_told() -> None:
    assert "no such role" in of_events([{"event": "playbook_on_start"}], "no such role").message
