"""What a remediation asks the agent to apply: once for each id, and answered whatever happens."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError
from limitwise_operator.agent import tasks
from limitwise_operator.agent.loop import BUSY, TROUBLES
from limitwise_operator.agent.outcome import APPLIED, FAILED, Outcome
from limitwise_operator.agent.status import Look
from limitwise_operator.kinds.meta import GRANTED
from unit.operator.agent.stage import CHANGE, STILL, Stage

APPLY = {"id": "nr/1/apply", "do": "Apply"}
AGAIN = {"id": "nr/2/apply", "do": "Apply"}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def answer(stage: Stage) -> tuple[Any, Any]:
    said = stage.status.get("task", {})
    return said.get("id"), said.get("state")


def ask(stage: Stage, task: dict[str, Any] | None = None, **more: Any) -> None:
    stage.want("r1", task=APPLY if task is None else task, **more)
    stage.turn()


def test_a_node_as_wanted_is_done_at_once_with_one_write(stage: Stage) -> None:
    stage.apply()
    writes = len(stage.api.writes)
    ask(stage)
    assert answer(stage) == ("nr/1/apply", "Done")
    assert tasks.AS_WANTED in stage.status["task"]["message"]
    assert len(stage.api.writes) == writes + 1
    assert len(stage.runs.orders) == 1


def test_a_node_without_a_tuning_has_nothing_to_apply(stage: Stage) -> None:
    stage.want("", {}, goAhead=None, task=APPLY)
    stage.turn()
    assert answer(stage) == ("nr/1/apply", "Done")
    assert stage.status["task"]["message"] == tasks.NOTHING
    assert stage.node.asked == []


def test_what_differs_is_applied_and_told_with_figures(stage: Stage) -> None:
    stage.apply()
    stage.node.looks = [Look((CHANGE,))]
    ask(stage)
    assert answer(stage) == ("nr/1/apply", "Running")
    stage.runs.end = Outcome(APPLIED, "run-2", (CHANGE,), (STILL,))
    stage.turn()
    assert answer(stage) == ("nr/1/apply", "Done")
    assert stage.status["task"]["message"] == "run run-2: 1 changed; waits for: restart ssh.service"


@pytest.mark.parametrize("end", [Outcome(FAILED, "run-2", message="no"), Outcome("refused")])
def test_a_run_that_fails_fails_the_task(stage: Stage, end: Outcome) -> None:
    stage.apply()
    stage.node.looks = [Look((CHANGE,))]
    ask(stage)
    stage.runs.end = end
    stage.turn()
    assert answer(stage) == ("nr/1/apply", "Failed")
    assert stage.status["task"]["message"]


def test_a_document_that_is_refused_fails_it(stage: Stage) -> None:
    stage.apply()
    stage.node.looks = [Look(message="no such key")]
    ask(stage)
    assert answer(stage) == ("nr/1/apply", "Failed")
    assert stage.status["task"]["message"] == "no such key"


def test_a_revision_whose_turn_comes_with_it_is_shown_applied_and_then_answered(
    stage: Stage,
) -> None:
    stage.node.looks = [Look((CHANGE,))]
    ask(stage)
    assert answer(stage) == (None, None)
    stage.runs.end = Outcome(APPLIED, "run-1", (CHANGE,))
    stage.turn()
    assert answer(stage) == ("nr/1/apply", "Done")


def test_a_revision_that_fails_fails_it_without_a_second_run(stage: Stage) -> None:
    stage.node.looks = [Look((CHANGE,))]
    ask(stage)
    stage.runs.end = Outcome(FAILED, "run-1", message="no")
    stage.turn()
    assert answer(stage) == ("nr/1/apply", "Failed")
    assert len(stage.runs.orders) == 1


@pytest.mark.parametrize("waiting", [True, False])
def test_a_restart_that_is_granted_is_done_with_it(stage: Stage, waiting: bool) -> None:
    stage.node.looks = [Look((CHANGE,))]
    stage.want("r1")
    stage.turn()
    stage.runs.end = Outcome(APPLIED, "run-1", (CHANGE,), (STILL,) if waiting else ())
    stage.turn()
    ask(stage, restart={"phase": GRANTED, "since": "t1"})
    assert len(stage.runs.orders) == (2 if waiting else 1)
    if waiting:
        assert stage.runs.orders[1].document["policy"]["restart"] == "if-needed"
        stage.runs.end = Outcome(APPLIED, "run-2", ())
        stage.turn()
    assert answer(stage) == ("nr/1/apply", "Done")


def test_an_agent_that_is_killed_meanwhile_goes_on(stage: Stage) -> None:
    stage.apply()
    stage.node.looks = [Look((CHANGE,))]
    ask(stage)
    stage.restart_agent()
    stage.node.killed = True
    stage.turn()
    assert len(stage.runs.orders) == 3
    stage.runs.end = Outcome(APPLIED, "run-3", (CHANGE,))
    stage.node.killed = False
    stage.turn()
    assert answer(stage) == ("nr/1/apply", "Done")
    stage.restart_agent()
    stage.turn()
    assert len(stage.runs.orders) == 3


def test_each_id_is_done_once_and_a_new_one_again(stage: Stage) -> None:
    stage.apply()
    for task in (APPLY, APPLY, AGAIN, AGAIN):
        ask(stage, task)
    assert answer(stage) == ("nr/2/apply", "Done")
    assert len(stage.node.asked) == 3


def test_a_run_for_a_task_that_was_taken_back_does_not_answer_the_next(stage: Stage) -> None:
    stage.apply()
    stage.node.looks = [Look((CHANGE,)), Look((CHANGE,))]
    ask(stage)
    ask(stage, AGAIN)
    stage.runs.end = Outcome(APPLIED, "run-2", (CHANGE,))
    stage.turn()
    assert answer(stage) == ("nr/2/apply", "Running")
    stage.runs.end = Outcome(APPLIED, "run-3", (CHANGE,))
    stage.turn()
    assert answer(stage) == ("nr/2/apply", "Done")


def test_a_host_that_cannot_be_asked_fails_it_after_some_tries(stage: Stage) -> None:
    stage.apply()
    stage.node.trouble = HostError("no")
    ask(stage)
    for _try in range(TROUBLES):
        stage.turn(BUSY * TROUBLES)
    assert answer(stage) == ("nr/1/apply", "Failed")
    assert stage.condition("Applied") == ("True", "Applied")
