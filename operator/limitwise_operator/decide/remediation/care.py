"""What remediation writes about one node: the incident's next steps, in the order they are made."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...kinds import conditions
from ...kinds.conditions import FALSE, TRUE, Condition
from ...kinds.node_remediation import (
    APPLYING,
    CANCELLED,
    CORDONING,
    ENDED,
    ESCALATED,
    PENDING,
    RELIEVING,
    SUCCEEDED,
    UNCORDONING,
    VERIFYING,
    Cause,
    NodeRemediation,
    RemediationStatus,
)
from ...kinds.node_tuning_state import Restart
from ...kinds.times import format_time
from ...kinds.watch import Task
from ..verdict import Verdict
from ..writes import (
    AddRemediationFinalizer,
    CreateRemediation,
    Escalate,
    RecordEvent,
    RemoveRemediationFinalizer,
    SetRemediationStatus,
    UncordonNode,
    Write,
)
from . import course, phases
from .course import Act, Told, Turn
from .policy import Policy
from .scene import Scene
from .ward import Ward, cordoned_for, spec_of

TOLD = "Told"
MOST_TURNS = 12


@dataclass(frozen=True)
class Care:
    """``before`` the node's state is written and ``after`` it; what its spec says meanwhile.

    ``holds``: restarts are the remediation's to grant, not the planner's.
    """

    before: tuple[Write, ...] = ()
    after: tuple[Write, ...] = ()
    incident: str = ""
    task: Task | None = None
    restart: Restart | None = None
    holds: bool = False


def begun(ward: Ward, one: Verdict, policy: Policy, cause: Cause) -> Care:
    """A new incident, as far as it gets within one plan."""
    spec = spec_of(one, policy, cause)
    # Its uid is not known yet: what needs that is for the next plan.
    nr = NodeRemediation(spec.name, "", spec)
    care = _went(ward, one, nr)
    # Nothing comes between a node in trouble and its cordon but that the incident is on record:
    # the cordon has a note of its own, by which a status that never came is made good.
    acts = sorted(care.before, key=lambda write: not isinstance(write, Act))
    return replace(care, before=(CreateRemediation(one.name, spec), *acts))


def cared(ward: Ward, one: Verdict, nr: NodeRemediation) -> Care:
    """An unfinished incident of a node that is there."""
    held: list[Write] = []
    if not nr.held and not nr.deleting:
        held.append(AddRemediationFinalizer(one.name, nr.name, nr.resource_version, nr.finalizers))
    care = _went(ward, one, nr)
    return replace(care, before=(*held, *care.before))


def orphaned(ward: Ward, nr: NodeRemediation, why: str) -> Care:
    """An unfinished incident without a node to give back, or one too many."""
    status = nr.status if nr.status.steps else RemediationStatus(started=ward.now)
    done = course.ended(status, ward.now, CANCELLED, why, CANCELLED)
    return Care(_status(nr, replace(done, conditions=_conditions(ward, nr, done))), _let_go(nr))


def freed(ward: Ward, one: Verdict) -> tuple[UncordonNode, ...]:
    """A node back into service that no incident keeps out, or whose cordon somebody has undone."""
    name, node = cordoned_for(one), one.node
    if not name or node.cordon is None or one.care:
        return ()
    nr = ward.observed.remediations.get(name)
    kept = nr is not None and (not nr.finished or nr.status.phase == ESCALATED)
    if kept and node.unschedulable:
        return ()
    return (UncordonNode(node.name, node.uid, not node.cordon.unschedulable_before),)


def ended(ward: Ward, nr: NodeRemediation) -> tuple[Write, ...]:
    """What is still to be done about a finished incident: tell others, let it go."""
    writes: list[Write] = []
    told = conditions.find(nr.status.conditions, TOLD)
    if told is not None and not told.true:
        done = Condition(TOLD, TRUE, "Told", "", ward.now)
        others = tuple(each for each in nr.status.conditions if each.type != TOLD)
        escalate = Escalate(
            nr.spec.node,
            nr.spec.node_uid,
            nr.name,
            nr.uid,
            nr.spec.rules.escalation,
            _incident(nr),
        )
        status = replace(nr.status, conditions=(*others, done))
        writes += [escalate, *_status(nr, status)]
    return (*writes, *_let_go(nr))


def _let_go(nr: NodeRemediation) -> tuple[Write, ...]:
    if not nr.held:
        return ()
    return (
        RemoveRemediationFinalizer(nr.spec.node, nr.name, nr.resource_version, nr.finalizers),
    )


def _went(ward: Ward, one: Verdict, nr: NodeRemediation) -> Care:
    """Phase after phase, as long as each is over when it is looked at."""
    scene = Scene(ward, nr, one)
    turns = [_turn(scene)]
    while turns[-1].on and len(turns) < MOST_TURNS:
        scene = replace(scene, nr=replace(scene.nr, status=turns[-1].status))
        if not scene.nr.uid and scene.nr.status.phase in NEEDING_UID:
            turns.append(Turn(scene.nr.status))
        else:
            turns.append(phases.PHASES[scene.nr.status.phase](scene))
    return _written(ward, one, nr, turns)


# Phases whose acts are named by the incident's uid.
NEEDING_UID = (APPLYING, VERIFYING)


def _turn(scene: Scene) -> Turn:
    why = _unwanted(scene)
    if why and scene.nr.status.phase != UNCORDONING:
        nr = scene.nr
        if not nr.status.steps:
            status = RemediationStatus(started=scene.now)
            scene = replace(scene, nr=replace(nr, status=status))
        return phases.cancel(scene, why)
    return phases.PHASES[scene.nr.status.phase](scene)


def _unwanted(scene: Scene) -> str:
    """Why somebody wants it to end, or has undone it."""
    nr, node, ward = scene.nr, scene.node, scene.ward
    if nr.deleting:
        return "it was deleted"
    policy = ward.observed.policies.get(nr.spec.policy)
    if policy is None or policy.uid != nr.spec.policy_uid:
        return f"the policy {nr.spec.policy} is gone"
    if policy.deleting:
        return f"the policy {nr.spec.policy} was deleted"
    if scene.ours and not node.unschedulable:
        return "somebody has put the node back in service"
    cordoned = nr.status.cordoned and nr.status.phase not in (PENDING, RELIEVING, CORDONING)
    # Between two tries it is ours as well; before the first cordon it is not.
    if (cordoned or (nr.status.cordoned and nr.status.try_number > 1)) and not scene.ours:
        return "somebody has taken our cordon off the node"
    return ""


def _written(ward: Ward, one: Verdict, nr: NodeRemediation, turns: Iterable[Turn]) -> Care:
    turns = list(turns)
    last = turns[-1]
    status = replace(last.status, conditions=_conditions(ward, nr, last.status))
    finished = replace(nr, status=status).finished
    before: list[Write] = [*(_status(nr, status) if status != nr.status else ())]
    # Told as soon as it is written: were what follows refused, nobody would tell it again.
    before += [_event(one, event) for turn in turns for event in turn.told]
    before += [act for turn in turns for act in turn.before]
    after: list[Write] = [act for turn in turns for act in turn.after]
    if finished and nr.uid and not _tells(status):
        after += _let_go(nr)
    return Care(
        tuple(before),
        tuple(after),
        "" if finished else nr.name,
        last.task,
        last.restart if last.restart is not None else _kept(one, nr, status),
        holds=not finished,
    )


def _kept(one: Verdict, nr: NodeRemediation, status: RemediationStatus) -> Restart | None:
    """A restart that was under way before stays as it was; what we granted ends with the phase."""
    present = one.state.spec.restart if one.state is not None else None
    if nr.status.phase == APPLYING and status.phase != APPLYING:
        return None
    return present


def _tells(status: RemediationStatus) -> bool:
    """Whether others are still to be told of it."""
    told = conditions.find(status.conditions, TOLD)
    return told is not None and not told.true


def _conditions(
    ward: Ward, nr: NodeRemediation, status: RemediationStatus
) -> tuple[Condition, ...]:
    """Succeeded as medik8s and others read it; Escalated; Told while there is somebody to tell."""
    if status.phase not in ENDED:
        return status.conditions
    good = status.phase == SUCCEEDED
    bad = status.phase == ESCALATED
    wanted = [
        Condition("Succeeded", TRUE if good else FALSE, status.phase, status.message),
        Condition(ESCALATED, TRUE if bad else FALSE, status.phase, ""),
    ]
    escalation = nr.spec.rules.escalation
    if bad and (escalation.webhook or escalation.template):
        wanted.append(Condition(TOLD, FALSE, "ToTell", ""))
    return conditions.carried(status.conditions, wanted, ward.now)


def _status(nr: NodeRemediation, status: RemediationStatus) -> tuple[Write, ...]:
    return (SetRemediationStatus(nr.spec.node, nr.name, nr.resource_version, status),)


def _event(one: Verdict, told: Told) -> RecordEvent:
    return RecordEvent("Node", one.name, one.node.uid, told.type, told.reason, told.message)


def _incident(nr: NodeRemediation) -> str:
    """What a webhook is told: names and words, nothing that is secret."""
    body = {
        "remediation": nr.name,
        "uid": nr.uid,
        "node": nr.spec.node,
        "policy": nr.spec.policy,
        "trigger": nr.spec.trigger.to_dict(),
        "phase": nr.status.phase,
        "tries": nr.status.try_number,
        "message": nr.status.message,
        "started": format_time(nr.status.started) if nr.status.started else None,
        "ended": format_time(nr.status.ended) if nr.status.ended else None,
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":"))
