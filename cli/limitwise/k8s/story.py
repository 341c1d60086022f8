# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One remediation told as a log: what happened when, what it waits for, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Iterator, List, Optional, Tuple

from limitwise_operator.decide.quantity import QuantityError, duration
from limitwise_operator.kinds.node_remediation import (
    APPLYING,
    CORDONING,
    DRAINING,
    ESCALATED,
    EVICTING_CULPRIT,
    GAVE_BACK,
    PENDING,
    RELIEVING,
    SUCCEEDED,
    UNCORDONING,
    VERIFYING,
    NodeRemediation,
    Step,
)
from limitwise_operator.kinds.remediation_policy import (
    ALWAYS,
    DELETE_AFTER,
    NEVER,
    Drain,
    Steps,
)

from .ages import span
from .signs import accused, change, listed

SHORT = timedelta(minutes=1)
GRACE = timedelta(minutes=2)  # an operator that was replaced needs so long to go on
BLOCKED_LONG = timedelta(minutes=5)


@dataclass(frozen=True)
class Line:
    """One line of the log; ``lasted`` is None for a moment and for what goes on."""

    time: datetime
    phase: str
    text: str
    lasted: Optional[timedelta] = None


def log(one: NodeRemediation) -> Tuple[Line, ...]:
    """The lines in the order of their times, the trigger first."""
    return tuple(sorted(_lines(one), key=lambda line: line.time))


def _lines(one: NodeRemediation) -> Iterator[Line]:
    cause, status = one.spec.trigger, one.status
    where = f" at {cause.level} {cause.subject}".rstrip() if cause.level else ""
    said = f": {cause.message}" if cause.message else ""
    yield Line(cause.since, "Trigger", f"{cause.name}{where} holds{said}")
    began = status.started or one.created
    if began is not None:
        yield Line(began, "Started", f"by policy {one.spec.policy}")
    for step in status.steps:
        lasted = step.end - step.start if step.end else None
        yield Line(step.start, step.phase, _told(step), lasted)
    told = {step.phase for step in status.steps}
    if status.ended is not None and status.phase not in told:
        yield Line(status.ended, status.phase, status.message or _sum(one))


def _told(step: Step) -> str:
    parts = [part for part in (step.result, step.message) if part]
    return ": ".join(parts) if parts else ("" if step.end else "goes on")


def _sum(one: NodeRemediation) -> str:
    return f"{one.status.evicted} evicted" if one.status.evicted else ""


def facts(one: NodeRemediation) -> Tuple[Tuple[str, str], ...]:
    """What stands beside the log: culprit, relief, evictions, what blocks, the cordon."""
    status = one.status
    found: List[Tuple[str, str]] = []
    if status.culprit is not None:
        who = status.culprit
        name = f"{who.namespace}/{who.name}" if who.name else ""
        gone = ", evicted" if who.evicted else ""
        found.append(("culprit", accused(who.culprit, name) + gone))
    if status.raised:
        found.append(("raised", listed(map(change, status.raised))))
    if status.evicted:
        found.append(("evicted", str(status.evicted)))
    if status.blocking:
        found.append(("blocked by", status.blocking))
    if status.cordoned:
        before = ", as it was before by somebody else" if status.unschedulable_before else ""
        over = one.finished and status.phase != ESCALATED
        found.append(("was cordoned" if over else "cordoned", f"by us{before}"))
    return tuple(found)


def since(one: NodeRemediation) -> datetime:
    """When its present phase began."""
    same = [step.start for step in one.status.steps if step.phase == one.status.phase]
    return same[-1] if same else one.status.started or one.created or one.spec.trigger.since


def allowed(one: NodeRemediation) -> Optional[timedelta]:
    """How long its present phase may take by its policy; None for one that has ended."""
    steps, phase = one.spec.rules.steps, one.status.phase
    verify = steps.verify
    written = {
        RELIEVING: (steps.relieve_timeout, steps.drain.after),
        EVICTING_CULPRIT: (steps.culprit_timeout, steps.drain.after),
        DRAINING: _drained(steps.drain),
        APPLYING: (steps.apply_timeout,),
        VERIFYING: (verify.lasting, verify.timeout),
    }.get(phase)
    if written is not None:
        return sum((_span(text) for text in written), timedelta())
    return None if one.finished or phase == PENDING else SHORT


def _drained(drain: Drain) -> Tuple[str, ...]:
    more = (drain.delete_after,) if drain.after_timeout == DELETE_AFTER else ()
    return (drain.timeout, *more)


def _span(written: str) -> timedelta:
    try:
        return duration(written)
    except QuantityError:
        return timedelta()


def stuck(one: NodeRemediation, at: datetime) -> Optional[str]:
    """Why it should have got on by now; None as long as all is in time."""
    status = one.status
    if one.finished:
        return None
    if status.phase == PENDING and status.not_before is not None:
        late = at - status.not_before
        return f"its next try was due {span(late)} ago" if late > GRACE else None
    limit, taken = allowed(one), at - since(one)
    if limit is None or taken <= limit + GRACE:
        return None
    return f"{status.phase or 'its start'} has taken {span(taken)} and may take {span(limit)}"


def blocked(one: NodeRemediation, at: datetime) -> bool:
    """Whether its drain has waited for the same pod for long enough to be looked at."""
    drains = one.status.phase == DRAINING and bool(one.status.blocking)
    return drains and at - since(one) >= BLOCKED_LONG


def comes_next(one: NodeRemediation, at: datetime) -> str:
    """What it waits for and what it will do then."""
    status, steps = one.status, one.spec.rules.steps
    if one.finished:
        return _ended(one)
    waits = {
        "": "the operator has not begun: Relieving comes first",
        PENDING: _pending(one, at),
        RELIEVING: "the agent raises ceilings; then " + _after_relief(steps),
        EVICTING_CULPRIT: "the culprit is being evicted or capped; then " + _drain_words(steps),
        CORDONING: "the node is being cordoned; then its pods are drained",
        DRAINING: _draining(one),
        APPLYING: "the agent applies the node's tuning again; then it verifies",
        VERIFYING: f"{steps.verify.headroom}% headroom for {steps.verify.lasting} on end and"
        f" {steps.verify.forks} forks; then the node is given back",
        UNCORDONING: "the node is being uncordoned; then it has succeeded",
    }.get(status.phase, f"the phase {status.phase!r} is not known here")
    limit = allowed(one)
    left = since(one) + limit - at if limit is not None else None
    if left is None:
        return waits
    return f"{waits} (at most {span(left)} more)" if left > timedelta() else f"{waits} (overdue)"


def _pending(one: NodeRemediation, at: datetime) -> str:
    when = one.status.not_before
    message = one.status.message or "something hinders it"
    if when is None:
        return f"waits: {message}"
    wait = f"in {span(when - at)}" if when > at else "now"
    return f"waits: {message}; try {one.status.try_number} {wait}"


def _after_relief(steps: Steps) -> str:
    if steps.culprit:
        return "the culprit is dealt with"
    return _drain_words(steps)


def _drain_words(steps: Steps) -> str:
    drain = steps.drain
    if drain.when == NEVER:
        return "no drain: the tuning is applied again"
    if drain.when == ALWAYS:
        return "the node is cordoned and drained"
    return f"a drain only if it is exhausted still {drain.after} later, or for a restart"


def _draining(one: NodeRemediation) -> str:
    drain = one.spec.rules.steps.drain
    late = f"{drain.after_timeout} after {drain.timeout}"
    if drain.after_timeout == DELETE_AFTER:
        late = f"pods are deleted {drain.delete_after} after the first {drain.timeout}"
    evicted = f"pods are being evicted, {one.status.evicted} so far"
    waits = f"; waits for {one.status.blocking}" if one.status.blocking else ""
    return f"{evicted}{waits}; then Applying, or {late}"


def _ended(one: NodeRemediation) -> str:
    cordoned = one.status.cordoned and not one.status.unschedulable_before
    return {
        SUCCEEDED: "nothing: it has succeeded",
        GAVE_BACK: "nothing: the node was given back as it is, and the same trouble is not tried"
        " again",
        ESCALATED: "nothing more by itself: a person is needed"
        + ("; the node stays cordoned" if cordoned else ""),
    }.get(one.status.phase, "nothing: it was cancelled and what was ours was given back")
