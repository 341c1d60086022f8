"""What a NodeTuning says of itself: counts, a bounded list of problems, and conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..kinds import conditions
from ..kinds.conditions import FALSE, TRUE, Condition
from ..kinds.meta import BLOCKED, NODE_TUNING
from ..kinds.node_tuning import (
    MAX_CONFLICTS,
    MAX_PROBLEM_NODES,
    Conflict,
    Counts,
    NodeTuning,
    ProblemNode,
    TuningStatus,
)
from ..kinds.times import format_time
from . import windows
from .fleet import Fleet
from .judged import Judged
from .rollout import BY_USER, FAILURE_THRESHOLD, PAUSED, WINDOW_CLOSED, Course, lacks, soaked
from .verdict import Verdict
from .writes import NORMAL, WARNING, RecordEvent, SetTuningStatus, Write

VALID = "Valid"
READY = "Ready"
PROGRESSING = "Progressing"
CONFLICT = "Conflict"
# Longest message of a condition; the API allows 32768, people read less.
MESSAGE = 2048
# Changes of these are worth telling; the others follow from them.
TOLD = (VALID, PAUSED, CONFLICT, READY)
REPORTING = "the tuning gives nodes nothing in mode Report; see NodeTuningState.status.preview"


def writes(fleet: Fleet, course: Course) -> list[Write]:
    """The new status, if it differs, and an event for each condition that turned."""
    judged = course.judged
    if judged is None:
        return []
    tuning = judged.tuning
    status = of(fleet, course, judged)
    if status == tuning.status:
        return []
    found: list[Write] = [SetTuningStatus(tuning.name, tuning.uid, tuning.resource_version, status)]
    for condition in status.conditions:
        before = conditions.find(tuning.status.conditions, condition.type)
        if condition.type in TOLD and _turned(before, condition):
            found.append(_event(tuning, condition))
    return found


def of(fleet: Fleet, course: Course, judged: Judged) -> TuningStatus:
    """The status as it is to be; times of conditions that have not turned are kept."""
    tuning = judged.tuning
    nodes = fleet.verdicts(sorted(fleet.matched[tuning.name]))
    conflicts, conflicted = _conflicts(fleet, judged)
    counts = _counts(judged, nodes, conflicted)
    wanted = (
        _valid(judged),
        _ready(course, judged, counts),
        _progressing(fleet, course, judged, counts),
        _paused(fleet, course, judged),
        _conflict(conflicts),
    )
    dated = conditions.carried(
        tuning.status.conditions,
        [_generation(one, tuning.generation) for one in wanted],
        fleet.now,
    )
    return TuningStatus(
        tuning.generation,
        tuning.revision,
        counts,
        conflicts[:MAX_CONFLICTS],
        _problems(fleet, judged, nodes)[:MAX_PROBLEM_NODES],
        dated,
    )


def _generation(one: Condition, generation: int) -> Condition:
    message = one.message if len(one.message) <= MESSAGE else one.message[: MESSAGE - 3] + "..."
    return Condition(one.type, one.status, one.reason, message, None, generation)


def _counts(judged: Judged, nodes: list[Verdict], conflicted: int) -> Counts:
    """Each node is one of current, updating, failed, waiting; the rest are properties beside."""
    if not judged.enforced:
        going = sum(one.content.source(judged.name) is not None for one in nodes)
        return Counts(matched=len(nodes), waiting=going)
    updating = sum(one.moving for one in nodes)
    failed = sum(_failed(judged, one) for one in nodes)
    current = sum(_current(judged, one) for one in nodes)
    return Counts(
        matched=len(nodes),
        current=current,
        updating=updating,
        waiting=len(nodes) - current - updating - failed,
        failed=failed,
        drifted=sum(one.drifted for one in nodes),
        unavailable=sum(one.out for one in nodes),
        conflicted=conflicted,
    )


def _failed(judged: Judged, one: Verdict) -> bool:
    has = one.content.source(judged.name) is not None
    return has and one.failed and not one.moving


def _current(judged: Judged, one: Verdict) -> bool:
    return one.current and not one.moving and one.has(judged.tuning)


def _problems(fleet: Fleet, judged: Judged, nodes: list[Verdict]) -> tuple[ProblemNode, ...]:
    """Failed nodes first, then those that drift, then those that cannot be reached."""
    found: list[tuple[int, ProblemNode]] = []
    for one in nodes:
        if _failed(judged, one):
            found.append((0, ProblemNode(one.name, one.failure, one.message)))
        elif one.phase == BLOCKED:
            found.append((1, ProblemNode(one.name, "DrainBlocked", "back in service, tried later")))
        elif one.drifted:
            found.append((2, ProblemNode(one.name, "Drifted", "see its NodeTuningState")))
        elif not one.node.ready and lacks(fleet, judged, one):
            found.append((3, ProblemNode(one.name, "NotReady", "waits until the node is Ready")))
    return tuple(one for _rank, one in sorted(found, key=lambda pair: (pair[0], pair[1].name)))


def _conflicts(fleet: Fleet, judged: Judged) -> tuple[tuple[Conflict, ...], int]:
    """With whom, over what; and on how many nodes. Both sides find the same."""
    groups = Counter(fleet.groups[name] for name in fleet.matched[judged.name])
    told = {group: group.conflicts.get(judged.name, ()) for group in groups}
    found = {(one.key, one.other): one for conflicts in told.values() for one in conflicts}
    nodes = sum(count for group, count in groups.items() if told[group])
    return tuple(found[key] for key in sorted(found)), nodes


def _valid(judged: Judged) -> Condition:
    if judged.valid:
        return Condition(VALID, TRUE, "Valid", "")
    return Condition(VALID, FALSE, "InvalidTuning", "; ".join(judged.problems))


def _ready(course: Course, judged: Judged, counts: Counts) -> Condition:
    share = _share(counts)
    settled = counts.current == counts.matched and not course.leaving
    left = f"{len(course.leaving)} nodes still have its values"
    rows = (
        (judged.tuning.deleting, FALSE, "Restoring", left),
        (not judged.valid, FALSE, "InvalidTuning", "nodes keep what they have of it"),
        (judged.tuning.reports_only and not course.leaving, TRUE, "Reporting", REPORTING),
        (judged.tuning.reports_only, FALSE, "Restoring", left),
        (course.paused == FAILURE_THRESHOLD or counts.failed > 0, FALSE, "Failed", share),
        (settled, TRUE, "AllCurrent", share),
        (bool(course.held) and not counts.updating, FALSE, "Paused", share),
        (True, FALSE, "Progressing", share),
    )
    return _first(READY, rows)


def _first(kind: str, rows: Iterable[tuple[bool, str, str, str]]) -> Condition:
    """The first row that applies, as a condition."""
    return next(Condition(kind, word, why, text) for applies, word, why, text in rows if applies)


def _share(counts: Counts) -> str:
    if not counts.matched:
        return "it selects no node"
    text = f"{counts.current} of {counts.matched} nodes are current"
    return f"{text}, {counts.failed} failed" if counts.failed else text


def _progressing(fleet: Fleet, course: Course, judged: Judged, counts: Counts) -> Condition:
    """Whether nodes are being changed, or what the next one waits for."""
    restoring = bool(course.leaving) and not course.todo
    ready = any(course.may_have(one) for one in course.todo)
    rows = (
        (restoring, TRUE, "Restoring", "nodes get their own values back"),
        (counts.updating > 0, TRUE, "RollingOut", "nodes are being changed"),
        (not course.todo, FALSE, "Complete", ""),
        (bool(course.held), FALSE, "Paused", "see the condition Paused"),
        (course.canaries_left is not None, TRUE, "CanarySoaking", "the first must prove it"),
        (_soaking(fleet, course, judged), TRUE, "Soaking", "the last nodes must prove it"),
        (not ready, FALSE, "NodesNotReady", "no node that lacks it is Ready"),
        (True, FALSE, "BudgetUsed", "too many nodes are out of service"),
    )
    return _first(PROGRESSING, rows)


def _soaking(fleet: Fleet, course: Course, judged: Judged) -> bool:
    told = (one for one in fleet.verdicts(fleet.matched[course.name]) if one.told_by(course.name))
    return any(
        one.current and one.has(judged.tuning) and not soaked(fleet, judged, one) for one in told
    )


def _paused(fleet: Fleet, course: Course, judged: Judged) -> Condition:
    waits = bool(course.todo) or bool(course.leaving)
    if course.paused == BY_USER:
        return Condition(PAUSED, TRUE, BY_USER, "rollout.paused is true")
    if course.paused == FAILURE_THRESHOLD:
        return Condition(PAUSED, TRUE, FAILURE_THRESHOLD, _why(course))
    if waits and not judged.open:
        opening = windows.next_opening(judged.tuning.rollout.windows, fleet.now)
        until = f" until {format_time(opening)}" if opening is not None else ""
        return Condition(PAUSED, TRUE, WINDOW_CLOSED, f"no window is open{until}")
    return Condition(PAUSED, FALSE, "NotPaused", "")


def _why(course: Course) -> str:
    remedy = "change the tuning, or raise rollout.retry to go on with it"
    first = [f"{one.name}: {one.failure} {one.message}".strip() for one in course.failures[:3]]
    return "; ".join([*first, remedy])


def _conflict(conflicts: tuple[Conflict, ...]) -> Condition:
    if not conflicts:
        return Condition(CONFLICT, FALSE, "NoConflict", "")
    first = [f"{one.key} with {one.other}" for one in conflicts[:5]]
    more = f" and {len(conflicts) - 5} more" if len(conflicts) > 5 else ""
    message = f"left as it was: {', '.join(first)}{more}; give one of them another priority"
    return Condition(CONFLICT, TRUE, "EqualPriority", message)


def _turned(before: Condition | None, now: Condition) -> bool:
    if before is None:
        return now.status == (FALSE if now.type == VALID else TRUE)
    return (before.status, before.reason) != (now.status, now.reason)


def _event(tuning: NodeTuning, condition: Condition) -> RecordEvent:
    bad = (condition.type, condition.status) in {(VALID, FALSE), (CONFLICT, TRUE)}
    bad = bad or condition.reason in ("Failed", FAILURE_THRESHOLD)
    kind = WARNING if bad else NORMAL
    message = condition.message[:1000] or condition.reason
    return RecordEvent(NODE_TUNING, tuning.name, tuning.uid, kind, condition.reason, message)
