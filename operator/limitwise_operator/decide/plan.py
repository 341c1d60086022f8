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
from .remediation import admission, care, history, told
from .remediation.admission import Ruling
from .remediation.care import Care
from .remediation.ward import Ward, ward
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
    courses, wards = _courses(fleet), ward(observed, fleet)
    budgets = _budgets(fleet, courses)
    ruling = admission.rule(wards, budgets)
    on_nodes = _on_nodes(fleet, courses, budgets, _cares(wards, ruling), wards)
    on_nodes += _aside(wards)
    if on_nodes:
        # Statuses speak of the cluster as these writes leave it, or they would be out of date.
        observed = expected(observed, on_nodes)
        fleet = survey(observed, fleet)
        courses, wards = _courses(fleet), ward(observed, fleet, wards)
        ruling = admission.rule(wards, _budgets(fleet, courses))
    said = [line for course in courses for line in status.writes(fleet, course)]
    said += told.writes(wards, ruling)
    held = (*finalizers.missing(fleet), *told.finalizers(wards))
    return (*held, *on_nodes, *said, *finalizers.done(fleet))


def _budgets(fleet: Fleet, courses: list[Course]) -> Budgets:
    """As they stand, of all tunings that want to change anything."""
    busy = {name for one in restart.candidates(fleet) for name in restart.owners(one)}
    active = [one for one in courses if one.todo or one.leaving or one.name in busy]
    return rollout.budgets_of(fleet, active)


def _cares(wards: Ward, ruling: Ruling) -> dict[str, Care]:
    """By node that is there, what remediation does about it."""
    found = {
        name: care.begun(wards, wards.fleet.nodes[name], policy, cause)
        for name, (policy, cause) in ruling.begins.items()
    }
    for name, one in wards.active.items():
        node = wards.fleet.nodes.get(name)
        if node is not None and node.care == one.name:
            found[name] = care.cared(wards, node, one)
    return found


def _aside(wards: Ward) -> list[Write]:
    """What is written about incidents that have no node in their hands."""
    writes: list[Write] = []
    for one in (*wards.active.values(), *wards.extra):
        node = wards.fleet.nodes.get(one.spec.node)
        if node is None or node.node.uid != one.spec.node_uid:
            done = care.orphaned(wards, one, "the node is gone")
        elif node.care != one.name:
            done = care.orphaned(wards, one, f"the node has {node.care or 'another'} already")
        else:
            continue
        writes += [*done.before, *done.after]
    for ended in wards.ended.values():
        for one in ended:
            writes += care.ended(wards, one)
    return [*writes, *history.pruned(wards)]


def _on_nodes(
    fleet: Fleet,
    courses: list[Course],
    budgets: Budgets,
    cares: dict[str, Care],
    wards: Ward,
) -> list[Write]:
    """The writes about nodes and their states, node by node."""
    restarts = [one for one in restart.candidates(fleet) if one.name not in cares]
    busy = {name for one in restarts for name in restart.owners(one)}
    active = [one for one in courses if one.todo or one.leaving or one.name in busy]
    begun = {one.name for one in restarts if _begins(fleet, budgets, courses, one)}
    turns = rollout.turns(fleet, budgets, active)
    writes: list[Write] = []
    for one in fleet.nodes.values():
        found = cares.get(one.name)
        if found is not None:
            writes += _in_care(fleet, wards, one, found)
        else:
            turn, begins = turns.get(one.name, NOBODY), one.name in begun
            writes += _of_node(fleet, wards, one, turn, begins)
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
    fleet: Fleet, wards: Ward, one: Verdict, turn: AbstractSet[str], begins: bool
) -> list[Write]:
    """The writes about one node, each only if those before it were made."""
    observed = wards.observed
    if not (turn or begins) and _untouched(wards, fleet, one):
        return []
    step = restart.step(observed, fleet, one, begins)
    spec = _spec(wards, one, wanted.spec(fleet, one, turn))
    writes: list[Write] = [*step.before, *care.freed(wards, one)]
    former = observed.states.get(one.name)
    if former is not None and one.state is None:
        # A state that is on its way out is gone before another can be made.
        if former.deleting:
            return writes
        writes.append(DeleteState(one.name, former.uid))
    if spec is not None:
        writes += _state(one, replace(spec, restart=step.restart), step)
    return [*writes, *step.after]


def _in_care(fleet: Fleet, wards: Ward, one: Verdict, found: Care) -> list[Write]:
    """A node in remediation: its content stays as it is, all else is the incident's."""
    former = wards.observed.states.get(one.name)
    state: list[Write] = []
    if former is None or not former.deleting:
        if former is not None and one.state is None:
            state.append(DeleteState(one.name, former.uid))
        base = _spec(wards, one, wanted.spec(fleet, one))
        spec = base if base is not None else StateSpec(one.node.uid, one.content)
        # A task that has been answered stays until the end: to take it away would be a write more.
        answered = one.state.spec.task if one.state is not None and found.incident else None
        task = found.task or answered
        spec = replace(spec, restart=found.restart, incident=found.incident, task=task)
        state += _state(one, spec, Step())
    return [*found.before, *state, *found.after]


def _spec(wards: Ward, one: Verdict, spec: StateSpec | None) -> StateSpec | None:
    """The spec with what policies want watched; an agent without tunings has only that."""
    watch = wards.watch(one.name, spec.content if spec is not None else one.content)
    if spec is None:
        return StateSpec(one.node.uid, one.content, watch=watch) if watch is not None else None
    return replace(spec, watch=watch)


def _untouched(wards: Ward, fleet: Fleet, one: Verdict) -> bool:
    """Whether nothing is under way on a node; true of nearly all, nearly always."""
    if one.node.cordon is not None or one.phase or fleet.groups[one.name].previewed:
        return False
    watch = wards.watch(one.name, one.content)
    if one.state is None:
        return watch is None and one.name not in wards.observed.states
    spec = one.state.spec
    same = spec.watch == watch and not spec.incident and spec.task is None
    return same and one.content.preview is None


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
