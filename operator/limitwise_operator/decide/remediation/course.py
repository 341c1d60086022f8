"""How a NodeRemediation's status moves: steps begin and end, tries are counted, all with times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...kinds.node_remediation import PENDING, RemediationStatus, Step
from ...kinds.node_tuning_state import Restart
from ...kinds.watch import Task
from ..elapsed import passed
from ..writes import CordonNode, DeletePod, EvictPod, UncordonNode

# How a step can end.
DONE, SKIPPED, FAILED, TIMED_OUT = "Done", "Skipped", "Failed", "TimedOut"
MESSAGE = 1024

Act = CordonNode | UncordonNode | EvictPod | DeletePod


@dataclass(frozen=True)
class Told:
    """An event about the node."""

    type: str
    reason: str
    message: str


@dataclass(frozen=True)
class Turn:
    """What one look at a phase gives: the new status and, once that is written, what is done.

    ``before``: of the node, before its state is written; ``after``: of its pods, after that.
    ``on``: the phase has changed and the next may be looked at within the same plan.
    """

    status: RemediationStatus
    before: tuple[Act, ...] = ()
    after: tuple[Act, ...] = ()
    told: tuple[Told, ...] = ()
    task: Task | None = None
    restart: Restart | None = None
    on: bool = False


def entered(
    status: RemediationStatus, phase: str, now: datetime, message: str
) -> RemediationStatus:
    """A phase begins."""
    steps = (*status.steps, Step(phase, now))
    return replace(status, phase=phase, message=message[:MESSAGE], steps=steps)


def left(status: RemediationStatus, now: datetime, result: str, message: str) -> RemediationStatus:
    """The present step ends."""
    if not status.steps or status.steps[-1].end is not None:
        return status
    last = replace(status.steps[-1], end=now, result=result, message=message[:MESSAGE])
    return replace(status, steps=(*status.steps[:-1], last))


def moved(
    status: RemediationStatus, now: datetime, result: str, how: str, phase: str, message: str = ""
) -> RemediationStatus:
    """From one phase to the next: how the one ended, what the other waits for."""
    return entered(left(status, now, result, how), phase, now, message)


def ended(
    status: RemediationStatus, now: datetime, result: str, how: str, phase: str
) -> RemediationStatus:
    """The incident is over."""
    done = left(status, now, result, how)
    over = replace(done, phase=phase, message=how[:MESSAGE], ended=now)
    return replace(over, blocking="", not_before=None)


def saying(status: RemediationStatus, message: str) -> RemediationStatus:
    """The same phase, waiting for something else."""
    return replace(status, message=message[:MESSAGE])


def began(status: RemediationStatus) -> datetime:
    """When the present step began."""
    return status.steps[-1].start


def late(status: RemediationStatus, now: datetime, limit: timedelta) -> bool:
    """Whether the present step has taken longer than it may."""
    return passed(began(status), limit, now)


def rests(status: RemediationStatus, now: datetime) -> bool:
    """Whether the pause between two tries is still to be kept."""
    if status.not_before is None:
        return False
    return not passed(began(status), status.not_before - began(status), now)


def last_result(status: RemediationStatus, phase: str) -> str:
    """How the last step of a phase ended; empty if there was none."""
    found = [one.result for one in status.steps if one.phase == phase and one.end is not None]
    return found[-1] if found else ""


def again(
    status: RemediationStatus, now: datetime, how: str, pause: timedelta
) -> RemediationStatus:
    """The next try, after a rest."""
    message = f"try {status.try_number} failed: {how}"
    moved_on = moved(status, now, FAILED, how, PENDING, message)
    return replace(moved_on, try_number=status.try_number + 1, not_before=now + pause)
