"""What a remediation asks of the agent, once for each id, and how the status answers it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..kinds.node_tuning_state import StateStatus
from ..kinds.watch import APPLY, DONE, FAILED, RUNNING, VERIFY, Task, TaskEnd
from .outcome import Outcome

SAID = 1000  # characters of a message
NOTHING = "nothing to apply: no tuning has had its turn on this node"
AS_WANTED = "nothing to change: all is as the tuning says"


def open_task(task: Task | None, status: StateStatus) -> Task | None:
    """The task that is still to be answered; one that was answered is never done again."""
    if task is None or not task.id:
        return None
    said = status.task
    over = said is not None and said.id == task.id and said.state in (DONE, FAILED)
    return None if over else task


def to_apply(task: Task | None, status: StateStatus) -> bool:
    """Whether an Apply is to be answered."""
    found = open_task(task, status)
    return found is not None and found.do == APPLY


def to_verify(task: Task | None, status: StateStatus) -> Task | None:
    """The Verify that is to be answered."""
    found = open_task(task, status)
    return found if found is not None and found.do == VERIFY else None


def running(status: StateStatus, task: Task, now: datetime) -> StateStatus:
    """It is under way; told once."""
    said = status.task
    if said is not None and (said.id, said.state) == (task.id, RUNNING):
        return status
    return replace(status, task=TaskEnd(task.id, RUNNING, "", now))


def answered(
    status: StateStatus, task: Task, well: bool, message: str, now: datetime
) -> StateStatus:
    """It has ended."""
    return replace(
        status, task=TaskEnd(task.id, DONE if well else FAILED, message[:SAID], now)
    )


def of_run(end: Outcome, status: StateStatus) -> str:
    """What is said of an Apply's run: its figures, or why it failed, and what still waits."""
    if not end.ok:
        return end.message or f"the run ended as {end.state}"
    told = f"run {end.run_id}: {len(end.changes)} changed" if end.run_id else AS_WANTED
    left = ", ".join(sorted({f"{one.what} {one.unit}".strip() for one in status.waiting}))
    return f"{told}; waits for: {left}" if left else told
