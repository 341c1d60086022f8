"""One node as it stands: what it was last told, how far it is, and what hinders it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..kinds.conditions import FALSE
from ..kinds.meta import DRAINING, GRANTED
from ..kinds.node import Node
from ..kinds.node_tuning import NodeTuning, same_content
from ..kinds.node_tuning_state import (
    APPLIED,
    DRIFTED,
    ENDED_BADLY,
    NOTHING,
    NodeTuningState,
)
from ..kinds.state_content import Content
from .judged import DEFAULT_DEADLINE

RESTART = "restart"
AGENT_SILENT = "AgentSilent"
RESTART_SILENT = "RestartSilent"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A node and its state. ``state`` is None also when it is of a former node of that name.

    ``pending``: told something that its agent has not seen to its end. ``silent``: for longer than
    the deadline. ``failure``: the reason for which it ended badly, ``message`` what was said.
    ``proven``: the present content was in force at least once, ``since`` when. ``care``: the
    unfinished NodeRemediation that has it in hand.
    """

    node: Node
    state: NodeTuningState | None = None
    pending: bool = False
    silent: bool = False
    failure: str = ""
    message: str = ""
    proven: bool = False
    since: datetime | None = None
    drifted: bool = False
    drift_since: datetime | None = None
    restart_waits: bool = False
    phase: str = ""
    care: str = ""
    told: NodeTuningState | None = None
    """The state that this was made of, be it of a former node."""

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def content(self) -> Content:
        return self.state.spec.content if self.state is not None else NOTHING

    @property
    def moving(self) -> bool:
        """In change by us right now; a silent agent is no change any more, but a failure."""
        return (self.pending and not self.silent) or self.restarting

    @property
    def busy(self) -> bool:
        """In change by us, or in remediation."""
        return self.moving or bool(self.care)

    @property
    def restarting(self) -> bool:
        """Being drained for a restart, or at it."""
        return self.phase in (DRAINING, GRANTED)

    @property
    def failed(self) -> bool:
        return self.silent or bool(self.failure)

    @property
    def current(self) -> bool:
        """What it was last told is in force."""
        return self.proven and not self.pending and not self.failed

    @property
    def out(self) -> bool:
        """Out of service for reasons that are not ours."""
        return not self.node.ready or self.node.deleting or self.node.cordoned_by_others

    @property
    def reachable(self) -> bool:
        """Whether telling it something makes sense."""
        return self.node.ready and not self.node.deleting

    def has(self, tuning: NodeTuning) -> bool:
        """Whether it was told the tuning's present content, be it under an older retry."""
        source = self.content.source(tuning.name)
        return source is not None and same_content(source.revision, tuning)

    def at(self, tuning: NodeTuning) -> bool:
        """Whether it was told exactly the tuning's present revision."""
        source = self.content.source(tuning.name)
        return source is not None and source.revision == tuning.revision

    def failed_for(self, tuning: NodeTuning) -> bool:
        """Whether the present revision failed here, and this tuning is among those to blame.

        What was in force once and fails later is trouble of the node, unless a restart was ours.
        """
        if not self.failed or not self.at(tuning) or not self.told_by(tuning.name):
            return False
        return not self.proven or self.phase == GRANTED

    def told_by(self, tuning: str) -> bool:
        """Whether it was this tuning's turn when the node was last told something."""
        go = self.state.spec.go_ahead if self.state is not None else None
        return go is not None and (not go.tunings or tuning in go.tunings)

    def soaked(self, tuning: NodeTuning, soak: timedelta, now: datetime) -> bool:
        """Whether the tuning's content has proved itself here: in force for so long, no drift."""
        if not self.current or self.since is None or not self.has(tuning):
            return False
        end = self.since + soak
        # Drift that began later than the soak is another's doing: the change itself had held.
        held = not self.drifted or (self.drift_since is not None and self.drift_since > end)
        return now >= end and held


def verdict(
    node: Node,
    state: NodeTuningState | None,
    deadlines: Mapping[str, timedelta],
    now: datetime,
    care: str = "",
) -> Verdict:
    """``deadlines``: progressDeadline by tuning; the longest of those told now counts."""
    if state is None or state.spec.node_uid != node.uid or state.deleting:
        return Verdict(node, care=care, told=state)
    spec, status = state.spec, state.status
    go = spec.go_ahead
    pending = go is not None and status.observed_revision != spec.revision
    phase = spec.restart.phase if spec.restart is not None else ""
    told = [deadlines[name] for name in go.tunings if name in deadlines] if go else []
    deadline = max(told, default=DEFAULT_DEADLINE)
    silent = pending and go is not None and now - go.time > deadline
    if silent:
        failure, message = AGENT_SILENT, "its agent has not reported"
    else:
        failure, message = _ended(state, deadline, now) if go and not pending else ("", "")
    drift = status.condition(DRIFTED)
    return Verdict(
        node=node,
        state=state,
        pending=pending,
        silent=silent,
        failure=failure,
        message=message,
        proven=status.applied is not None and status.applied.revision == spec.revision,
        since=_since(state, deadline),
        drifted=drift is not None and drift.true,
        drift_since=drift.since if drift is not None else None,
        restart_waits=_waits(state),
        phase=phase,
        care=care,
        told=state,
    )


def _ended(state: NodeTuningState, deadline: timedelta, now: datetime) -> tuple[str, str]:
    """Why what the node was told is not in force, in a word and in a sentence; or nothing."""
    applied = state.status.condition(APPLIED)
    if applied is not None and applied.status == FALSE and applied.reason in ENDED_BADLY:
        return applied.reason, applied.message
    restart = state.spec.restart
    if restart is None or restart.phase != GRANTED or not _waits(state):
        return "", ""
    late = now - restart.since > deadline
    return (RESTART_SILENT, "the restart has not been done") if late else ("", "")


def _waits(state: NodeTuningState) -> bool:
    return any(one.what == RESTART for one in state.status.waiting)


def _since(state: NodeTuningState, deadline: timedelta) -> datetime | None:
    """Since when the content is in force. A node's clock may be off by years: ours bounds it."""
    applied, go = state.status.applied, state.spec.go_ahead
    time = applied.time if applied is not None else None
    if go is None:
        return time
    return min(max(time or go.time, go.time), go.time + deadline)
