"""The phases of a remediation: a table of what each looks at, does and leads to.

Everything is decided anew from the incident's status and the node as it is, so that a killed
operator goes on where it was. A phase is in the status before what it stands for is done, and doing
it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ...kinds.meta import ALLOWED, GRANTED
from ...kinds.meta import NEVER as NO_RESTART
from ...kinds.node_remediation import (
    APPLYING,
    CANCELLED,
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
    RemediationStatus,
)
from ...kinds.node_tuning_state import Restart
from ...kinds.remediation_policy import ALWAYS, GIVE_BACK, NEVER
from ...kinds.watch import APPLY, DONE, FAILED, HOST, VERIFY, Task
from .. import restart
from ..elapsed import passed
from ..writes import NORMAL, WARNING
from . import course, culprit, draining
from .admission import LAST, last_control_plane
from .course import Told, Turn
from .scene import Scene

# The agent's verification may take its whole time and must still be able to say so.
Look = Callable[[Scene], Turn]


def begin(scene: Scene) -> Turn:
    """The first phase, whichever has something to do."""
    status = RemediationStatus(
        started=scene.now, cordoned=scene.ours, unschedulable_before=scene.ours and scene.out_before
    )
    cause = scene.nr.spec.trigger
    told = Told(WARNING, "RemediationStarted", f"{cause.name}: {cause.message} ({scene.nr.name})")
    return Turn(course.entered(status, RELIEVING, scene.now, ""), told=(told,), on=True)


def pending(scene: Scene) -> Turn:
    """The rest between two tries."""
    status = scene.nr.status
    if course.rests(status, scene.now):
        return Turn(status)
    fresh = replace(status, not_before=None)
    return Turn(course.moved(fresh, scene.now, course.DONE, "", RELIEVING), on=True)


def relieving(scene: Scene) -> Turn:
    """Wait for what the agent raises by itself, if there is anything that it may raise."""
    status, now, pressure = scene.nr.status, scene.now, scene.pressure
    status = replace(status, raised=pressure.raised or status.raised)
    if not scene.rules.steps.relieve:
        return _to_culprit(scene, status, course.SKIPPED, "not asked for by the policy")
    if pressure.relieved is not None or pressure.raised:
        what = ", ".join(f"{one.what} {one.before} to {one.after}" for one in pressure.raised)
        turn = _to_culprit(scene, status, course.DONE, f"raised {what}" if what else "raised")
        return replace(turn, told=(Told(NORMAL, "Relieved", f"the agent raised {what}"[:512]),))
    waits = scene.by_ceiling and scene.rules.relief is not None and scene.silent is None
    if not waits or not scene.exhausted or pressure.spent:
        return _to_culprit(scene, status, course.SKIPPED, "nothing to raise")
    if course.late(status, now, scene.times.relieve):
        return _to_culprit(scene, status, course.TIMED_OUT, "the agent has raised nothing")
    return Turn(course.saying(status, "the agent is to raise what is tight"))


def _to_culprit(scene: Scene, status: RemediationStatus, result: str, how: str) -> Turn:
    return Turn(course.moved(status, scene.now, result, how, EVICTING_CULPRIT), on=True)


def evicting(scene: Scene) -> Turn:
    """The culprit first; then the question whether the others have to go at all."""
    status = scene.nr.status
    if status.steps[-1].end is None:
        turn = culprit.deal(scene)
        if turn.status.steps[-1].end is None:
            return turn
        return replace(turn, on=True)
    return _drain_or_not(scene, status)


def _drain_or_not(scene: Scene, status: RemediationStatus) -> Turn:
    """A drain only if it must be; ``after``: how long relief and culprit may take to show.

    What a unit or a user has taken no eviction gives back: no pod goes for it unless it is asked.
    """
    when, since = scene.rules.steps.drain.when, status.steps[-1].end or course.began(status)
    waits = restart.outstanding(scene.ward.fleet, scene.one)
    of_pods = not culprit.outside(status)
    helpless = of_pods and course.last_result(status, VERIFYING) == course.FAILED
    rows = (
        (when == ALWAYS, "the policy always drains"),
        (waits, "a value waits for a restart"),
        (helpless, "the last try did not help without"),
    )
    why = next((words for applies, words in rows if applies), "")
    if when == NEVER or not (why or (of_pods and scene.exhausted)):
        return _to_applying(scene, status, "")
    if not why and not passed(since, scene.times.after, scene.now):
        return Turn(course.saying(status, "waiting whether relief is enough"))
    return _to_cordoning(scene, status, why or "it is exhausted still")


def _to_cordoning(scene: Scene, status: RemediationStatus, why: str) -> Turn:
    return Turn(course.entered(status, CORDONING, scene.now, why), on=True)


def cordoning(scene: Scene) -> Turn:
    """Ours is written down before it is done; whoever cordoned before keeps his cordon."""
    status, node = scene.nr.status, scene.node
    if scene.ours:
        how = "it was out of service before" if status.unschedulable_before else "by us"
        return Turn(course.moved(status, scene.now, course.DONE, how, DRAINING), on=True)
    if node.cordon is not None:
        # Taken out for a restart that failed: its note stays, and so does it.
        how = f"out of service for {node.cordon.by}"
        found = replace(status, cordoned=False)
        return Turn(course.moved(found, scene.now, course.SKIPPED, how, DRAINING), on=True)
    if last_control_plane(scene.ward, scene.one):
        return _without_cordon(scene)
    before = node.unschedulable
    found = replace(status, cordoned=True, unschedulable_before=before)
    return Turn(found, before=(scene.cordon(before),))


def _without_cordon(scene: Scene) -> Turn:
    status, why = scene.nr.status, LAST
    if course.late(status, scene.now, scene.times.drain):
        return escalate(scene, status, f"not cordoned: {why}")
    return Turn(course.saying(status, why))


def drain(scene: Scene) -> Turn:
    """Pods leave by the eviction API, and what is in the way is named."""
    found = draining.look(scene)
    if found.done:
        how = f"{found.turn.status.evicted} pods were evicted"
        return _to_applying(scene, found.turn.status, how)
    if found.over == GIVE_BACK:
        how = f"the drain did not end in time: {found.turn.status.blocking}"
        told = Told(WARNING, "DrainBlocked", how)
        return replace(_giving(scene, found.turn.status, GAVE_BACK, how), told=(told,))
    if found.over:
        return escalate(scene, found.turn.status, found.why)
    return found.turn


def _to_applying(scene: Scene, status: RemediationStatus, how: str) -> Turn:
    cleared = replace(status, blocking="")
    return Turn(course.moved(cleared, scene.now, course.DONE, how, APPLYING), on=True)


def applying(scene: Scene) -> Turn:
    """The node's NodeTunings once more, and the restarts that they wait for."""
    status = scene.nr.status
    if not scene.rules.steps.apply or not scene.one.content.sources:
        return _to_verifying(scene, course.SKIPPED, "no NodeTuning says anything of it")
    task = Task(scene.task_id("apply"), APPLY)
    answer, granted = scene.answer(task.id), _grant(scene)
    if answer is not None and answer.state == FAILED:
        return failed(scene, status, f"not applied: {answer.message}")
    waits = scene.one.restart_waits and granted is not None
    if answer is not None and answer.state == DONE and not waits:
        return _to_verifying(scene, course.DONE, answer.message)
    if course.late(status, scene.now, scene.times.apply):
        what = "a restart was not done" if waits else "the agent has not answered"
        return failed(scene, status, f"not applied in time: {what}")
    return Turn(course.saying(status, "its NodeTunings are applied again"), task=task,
                restart=granted)  # fmt: skip


def _grant(scene: Scene) -> Restart | None:
    """Leave for restarts: where a NodeTuning allows them, drained where it asks for that."""
    state = scene.state
    present = state.spec.restart if state is not None else None
    if present is not None and present.phase == GRANTED:
        return present if scene.one.restart_waits else None
    leave = restart.leave(scene.ward.fleet, scene.one)
    drained = course.last_result(scene.nr.status, DRAINING) == course.DONE
    if not scene.one.restart_waits or leave == NO_RESTART:
        return None
    if leave == ALLOWED or drained:
        return Restart(GRANTED, scene.now, scene.nr.status.unschedulable_before)
    return None


def _to_verifying(scene: Scene, result: str, how: str) -> Turn:
    status = course.moved(scene.nr.status, scene.now, result, how, VERIFYING)
    return Turn(status, on=True)


def verifying(scene: Scene) -> Turn:
    """By the agent's own measurement and a trial, never by a condition that stays on."""
    status, rules = scene.nr.status, scene.rules.steps.verify
    cause = scene.nr.spec.trigger
    task = Task(
        scene.task_id("verify"),
        VERIFY,
        cause.level or HOST,
        cause.subject,
        round(scene.times.verify_for.total_seconds()),
        rules.headroom,
        rules.forks,
    )
    answer = scene.answer(task.id)
    if answer is not None and answer.state == FAILED:
        return failed(scene, status, f"not verified: {answer.message}")
    if answer is not None and answer.state == DONE and scene.node.ready:
        how = f"{answer.message}; {scene.kubelets_word}".removeprefix("; ")
        return _giving(scene, status, course.DONE, how)
    if course.late(status, scene.now, scene.times.verify):
        what = "the agent has not answered" if scene.node.ready else "the node is not Ready"
        return failed(scene, status, f"not verified in time: {what}")
    return Turn(course.saying(status, f"its agent verifies; {scene.kubelets_word}"), task=task)


def failed(scene: Scene, status: RemediationStatus, how: str) -> Turn:
    """The next try after a rest, twice as long each time; or others are told."""
    times, tries = scene.times, scene.rules.retries.tries
    if status.try_number >= tries:
        return escalate(scene, status, f"{how}; tried {status.try_number} times")
    pause = min(times.pause * 2 ** min(status.try_number - 1, 20), times.longest)
    return Turn(course.again(status, scene.now, how, pause))


def escalate(scene: Scene, status: RemediationStatus, how: str) -> Turn:
    """Nothing helps: people and others are told, and the node stays out if the policy says so."""
    if scene.rules.escalation.node == GIVE_BACK and status.cordoned:
        return _giving(scene, status, ESCALATED, how)
    return over(scene, course.ended(status, scene.now, ESCALATED, how, ESCALATED))


def cancel(scene: Scene, how: str) -> Turn:
    """Somebody wants it to end: what is ours is given back."""
    status = scene.nr.status
    if scene.ours:
        return _giving(scene, status, CANCELLED, how)
    return over(scene, course.ended(status, scene.now, CANCELLED, how, CANCELLED))


def _giving(scene: Scene, status: RemediationStatus, result: str, how: str) -> Turn:
    """The last phase, which every way back into service goes through."""
    return Turn(course.moved(status, scene.now, result, how, UNCORDONING), on=True)


def uncordoning(scene: Scene) -> Turn:
    """Only what we cordoned; how it ends is the result of the step before."""
    status = scene.nr.status
    if scene.ours:
        return Turn(status, before=(scene.uncordon(),))
    before = status.steps[-2] if len(status.steps) > 1 else status.steps[-1]
    phase = before.result if before.result in (GAVE_BACK, ESCALATED, CANCELLED) else SUCCEEDED
    kept = "it stays out of service, as it was before" if scene.node.unschedulable else ""
    done = course.left(status, scene.now, course.DONE, kept or "in service")
    well = f"the node is well: {before.message}".removesuffix(": ")
    how = well if phase == SUCCEEDED else before.message
    return over(scene, course.ended(done, scene.now, "", how, phase))


def over(scene: Scene, status: RemediationStatus) -> Turn:
    """The end, told."""
    reasons = {
        SUCCEEDED: (NORMAL, "Remediated"),
        GAVE_BACK: (WARNING, "GaveBack"),
        ESCALATED: (WARNING, "Escalated"),
        CANCELLED: (NORMAL, "Cancelled"),
    }
    kind, reason = reasons[status.phase]
    return Turn(status, told=(Told(kind, reason, status.message or "the node is well"),))


PHASES: Mapping[str, Look] = {
    "": begin,
    PENDING: pending,
    RELIEVING: relieving,
    EVICTING_CULPRIT: evicting,
    CORDONING: cordoning,
    DRAINING: drain,
    APPLYING: applying,
    VERIFYING: verifying,
    UNCORDONING: uncordoning,
}
"""What each phase is; those that are not here have ended."""
