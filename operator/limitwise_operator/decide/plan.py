"""From what is observed to what is to be written: the whole of the operator's judgement.

Pure and repeatable: the same cluster gives the same writes, and a cluster in which they were made
gives none. Nothing is remembered between two plans but what the API has.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from ..kinds.meta import NODE_TUNING_STATE
from ..kinds.node_tuning_state import StateSpec
from . import finalizers, restart, rollout, startup_taint, status, wanted
from .budget import Budgets
from .expected import expected
from .fleet import Fleet, survey
from .observed import Observed
from .restart import Step
from .rollout import Course
from .verdict import Verdict
from .writes import (
    NORMAL,
    CreateState,
    DeleteState,
    RecordEvent,
    ReplaceStateSpec,
    Write,
)

NOBODY: frozenset[str] = frozenset()


def plan(observed: Observed) -> tuple[Write, ...]:
    """All writes that are due now, in the order in which they are to be made."""
    fleet = survey(observed)
    courses = _courses(fleet)
    on_nodes = _on_nodes(observed, fleet, courses)
    if on_nodes:
        # Statuses speak of the cluster as these writes leave it, or they would be out of date.
        after = survey(expected(observed, on_nodes))
        told = [line for course in _courses(after) for line in status.writes(after, course)]
    else:
        told = [line for course in courses for line in status.writes(fleet, course)]
    return (*finalizers.missing(fleet), *on_nodes, *told, *finalizers.done(fleet))


def _on_nodes(observed: Observed, fleet: Fleet, courses: list[Course]) -> list[Write]:
    """The writes about nodes and their states, node by node."""
    restarts = restart.candidates(fleet)
    busy = {name for one in restarts for name in restart.owners(one)}
    active = [one for one in courses if one.todo or one.leaving or one.name in busy]
    budgets = rollout.budgets_of(fleet, active)
    begun = {one.name for one in restarts if _begins(fleet, budgets, courses, one)}
    turns = rollout.turns(fleet, budgets, active)
    writes: list[Write] = []
    for one in fleet.nodes.values():
        writes += _of_node(observed, fleet, one, turns.get(one.name, NOBODY), one.name in begun)
    return [*writes, *startup_taint.removals(fleet)]


def _courses(fleet: Fleet) -> list[Course]:
    """Of all tunings, also of those that have gone, the most important first."""
    names = {*fleet.tunings, *fleet.holders}

    def rank(name: str) -> tuple[int, str]:
        judged = fleet.tunings.get(name)
        return (-judged.tuning.priority if judged is not None else 0, name)

    return [rollout.course(fleet, name) for name in sorted(names, key=rank)]


def _begins(fleet: Fleet, budgets: Budgets, courses: list[Course], one: Verdict) -> bool:
    """Whether a restart begins now: none of its owners is held, and the budgets have a place."""
    owners = restart.owners(one)
    asking = [course for course in courses if course.name in owners]
    if any(course.held for course in asking):
        return False
    pools = [
        (course.name, fleet.pool(one, course.judged.tuning)) for course in asking if course.judged
    ]
    return budgets.take(one.name, pools)


def _of_node(
    observed: Observed, fleet: Fleet, one: Verdict, turn: AbstractSet[str], begins: bool
) -> list[Write]:
    """The writes about one node, each only if those before it were made."""
    if not (turn or begins) and _untouched(observed, fleet, one):
        return []
    step = restart.step(observed, fleet, one, begins)
    spec = wanted.spec(fleet, one, turn)
    writes: list[Write] = [*step.before]
    former = observed.states.get(one.name)
    if former is not None and one.state is None:
        # A state that is on its way out is gone before another can be made.
        if former.deleting:
            return writes
        writes.append(DeleteState(one.name, former.uid))
    if spec is not None:
        writes += _state(one, replace(spec, restart=step.restart), step)
    return [*writes, *step.after]


def _untouched(observed: Observed, fleet: Fleet, one: Verdict) -> bool:
    """Whether nothing is under way on a node; true of nearly all, nearly always."""
    if one.node.cordon is not None or one.phase or fleet.groups[one.name].previewed:
        return False
    return one.content.preview is None and (
        one.state is not None or one.name not in observed.states
    )


def _state(one: Verdict, spec: StateSpec, step: Step) -> list[Write]:
    if one.state is None:
        return [CreateState(one.name, spec)]
    if spec == one.state.spec:
        return []
    state = one.state
    found: list[Write] = [ReplaceStateSpec(one.name, state.uid, state.resource_version, spec)]
    if step.told is not None:
        reason, message = step.told
        found.append(RecordEvent(NODE_TUNING_STATE, one.name, state.uid, NORMAL, reason, message))
    return found
