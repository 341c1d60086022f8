"""What the agent does next: a pure function of what is wanted, said, seen and remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..kinds import fields
from ..kinds.fields import Body
from ..kinds.meta import GRANTED
from ..kinds.node_tuning_state import APPLIED, StateStatus
from ..kinds.state_content import preview_revision
from ..kinds.watch import Task, Watch
from . import tasks

RETRY_FIRST, RETRY_LONGEST = 600.0, 7200.0
CORRECT_FIRST, CORRECT_LONGEST = 60.0, 3600.0
# A correction that is older than this and held is forgotten: the next drift is put back at once.
CORRECTION_HELD = 3600.0
LOOK_AGAIN = 300.0
TASK = "task"  # why: a remediation asks


@dataclass(frozen=True)
class Wish:
    """The operator's half of the state, as far as the agent acts on it.

    ``go``: this revision's turn has come. ``restart``: since when a restart of services is
    granted, empty when it is not. The revision is taken as it is written: only equality counts.
    ``watch``, ``incident`` and ``task``: what remediation wants (see kinds.watch).
    """

    revision: str
    tuning: Mapping[str, Any]
    go: bool = False
    restart: str = ""
    preview: Mapping[str, Any] | None = None
    watch: Watch | None = None
    incident: str = ""
    task: Task | None = None

    @classmethod
    def of(cls, body: Body) -> Wish:
        """From the object as the API gives it; KindError for a field of a wrong type."""
        spec = fields.mapping(body, "spec")
        revision = fields.text(spec, "revision", where="spec")
        go = fields.text(fields.mapping(spec, "goAhead", "spec"), "revision")
        restart = fields.mapping(spec, "restart", "spec")
        granted = restart.get("phase") == GRANTED
        watch, task = fields.mapping(spec, "watch", "spec"), fields.mapping(spec, "task", "spec")
        return cls(
            revision,
            fields.mapping(spec, "tuning", "spec"),
            bool(revision) and go == revision,
            fields.text(restart, "since") if granted else "",
            fields.mapping(spec, "preview", "spec") if spec.get("preview") is not None else None,
            Watch.from_dict(watch) if watch else None,
            fields.text(spec, "incident", where="spec"),
            Task.from_dict(task) if task else None,
        )


@dataclass(frozen=True)
class Seen:
    """The node at this moment; ``now`` is in seconds on a clock that is never set."""

    boot_id: str
    drifted: bool
    now: float


@dataclass(frozen=True)
class Memory:
    """What only this process remembers; a new one begins with nothing of it.

    ``hold_until``: nothing is begun before, because the host was busy or could not be asked for
    the ``trouble``-th time. ``failures`` of the revision ``failed``, and when it may be tried
    again; ``corrections`` of
    drift that did not hold, the last at ``corrected``; ``restarted``: the grant that has been used;
    ``looked``: when the host was last asked what is still waiting; ``previewed``: the revision of
    the preview whose plan is known.
    """

    running: bool = False
    trouble: int = 0
    hold_until: float = 0.0
    failed: str = ""
    failures: int = 0
    retry_at: float = 0.0
    corrections: int = 0
    corrected: float = -CORRECTION_HELD
    restarted: str = ""
    looked: float = 0.0
    previewed: str = ""


class Act(Enum):
    """What to do: plan and show it; apply; look whether all is still as it was; plan a preview;
    answer a remediation that there is nothing to apply.
    """

    WAIT = "wait"
    PLAN = "plan"
    APPLY = "apply"
    VERIFY = "verify"
    PREVIEW = "preview"
    ANSWER = "answer"


@dataclass(frozen=True)
class Next:
    """``why`` is for logs and metrics."""

    act: Act
    why: str = ""


WAIT = Next(Act.WAIT)


def decide(wish: Wish | None, status: StateStatus, seen: Seen, memory: Memory) -> Next:
    """The next act. Without an object to obey (None) nothing is touched, whatever is in force.

    A revision is planned and shown, then applied when its turn has come. One that has been seen to
    its end is kept: what drifted, what a boot has lost, what failed and what a remediation asks for
    is put right by applying it again, which changes only what differs.
    """
    if wish is None or memory.running or seen.now < memory.hold_until:
        return WAIT
    new = wish.go and status.observed_revision != wish.revision
    if new:
        return _new(wish, status)
    if tasks.to_apply(wish.task, status):
        return _asked(wish, status, memory)
    if wish.go:
        found = _kept(wish, status, seen, memory)
        if found.act is not Act.WAIT:
            return found
    if wish.preview is not None and memory.previewed != preview_revision(wish.preview):
        return Next(Act.PREVIEW, "preview")
    return WAIT


def _new(wish: Wish, status: StateStatus) -> Next:
    shown = status.plan is not None and status.plan.revision == wish.revision
    return Next(Act.APPLY if shown else Act.PLAN, "tuning")


def _asked(wish: Wish, status: StateStatus, memory: Memory) -> Next:
    """For a remediation: at once, whatever the pauses are that a failure or a drift would have."""
    if not wish.go:
        return Next(Act.ANSWER, TASK)
    granted = wish.restart and wish.restart != memory.restarted and restart_waits(status)
    return Next(Act.APPLY if granted else Act.VERIFY, TASK)


def _kept(wish: Wish, status: StateStatus, seen: Seen, memory: Memory) -> Next:
    if not in_force(wish, status):
        due = seen.now >= retry_at(wish, memory)
        return Next(Act.VERIFY, "retry") if due or status.boot_id != seen.boot_id else WAIT
    if status.boot_id != seen.boot_id:
        return Next(Act.VERIFY, "boot")
    if wish.restart and wish.restart != memory.restarted and restart_waits(status):
        return Next(Act.APPLY, "restart")
    if seen.drifted and seen.now >= correct_at(memory):
        return Next(Act.APPLY, "drift")
    if status.waiting and seen.now >= memory.looked + LOOK_AGAIN:
        return Next(Act.VERIFY, "waiting")
    return WAIT


def in_force(wish: Wish, status: StateStatus) -> bool:
    """Whether the wanted revision was applied and is not taken back."""
    applied = status.condition(APPLIED)
    return (
        applied is not None
        and applied.true
        and status.applied is not None
        and status.applied.revision == wish.revision
    )


def restart_waits(status: StateStatus) -> bool:
    """Whether something waits for a restart (not for a reboot)."""
    return any(one.what == "restart" for one in status.waiting)


def retry_at(wish: Wish, memory: Memory) -> float:
    """When a revision that ended badly may be tried again; an agent that just began waits too."""
    return memory.retry_at if memory.failed == wish.revision else memory.looked + RETRY_FIRST


def retry_pause(failures: int) -> float:
    """Seconds to wait after so many failures of one revision."""
    return doubled(RETRY_FIRST, failures, RETRY_LONGEST)


def correct_at(memory: Memory) -> float:
    """When drift may be put back: at once the first time, ever later against a steady writer."""
    if not memory.corrections:
        return 0.0
    return memory.corrected + doubled(CORRECT_FIRST, memory.corrections, CORRECT_LONGEST)


def doubled(first: float, count: int, longest: float) -> float:
    """``first`` the first time, twice as much each further time, never above ``longest``."""
    return min(longest, first * float(2 ** min(max(0, count - 1), 30)))
