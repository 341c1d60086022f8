"""The culprit dealt with first: a pod is evicted by name, what is no pod is capped by the agent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ...kinds.node_remediation import CulpritPod, RemediationStatus
from ...kinds.pod import CRITICAL, Pod
from ...kinds.watch import CULPRIT_POD, Culprit
from ..writes import NORMAL, WARNING, EvictPod
from . import course
from .course import Told, Turn
from .scene import Scene

# How long an agent may take to name one while a ceiling is tight.
NAMING = timedelta(seconds=5)


def deal(scene: Scene) -> Turn:
    """The step ends when the culprit is gone, held, out of our reach, or not to be found."""
    status, now = scene.nr.status, scene.now
    if not scene.rules.steps.culprit:
        return _done(scene, status, course.SKIPPED, "")
    named = scene.pressure.culprit or (status.culprit.culprit if status.culprit else None)
    if named is None:
        return _unknown(scene, status)
    if named.kind != CULPRIT_POD:
        return _held(scene, status, named)
    if scene.pods is not None:
        return _pod(scene, status, named, scene.pods)
    if course.late(status, now, scene.times.culprit):
        return _done(scene, status, course.TIMED_OUT, "the node's pods are not to be listed")
    return Turn(course.saying(status, "looking for the culprit among the node's pods"))


def outside(status: RemediationStatus) -> bool:
    """Whether the culprit is known, and no pod."""
    return status.culprit is not None and status.culprit.culprit.kind != CULPRIT_POD


def _unknown(scene: Scene, status: RemediationStatus) -> Turn:
    """The agent may be about to name one, relieved or not: it needs two looks at what grows."""
    tight = (scene.by_ceiling and scene.exhausted) or bool(scene.pressure.raised)
    looks = tight and scene.silent is None
    if looks and not course.late(status, scene.now, min(NAMING, scene.times.culprit)):
        return Turn(course.saying(status, "the agent looks for the culprit"))
    return _done(scene, status, course.SKIPPED, "nobody stands out")


def _held(scene: Scene, status: RemediationStatus, named: Culprit) -> Turn:
    """A unit or slice, which no API evicts."""
    how = f"{named.subject} has {named.tasks} tasks"
    how += " and is held at its size" if named.capped else ""
    told = (Told(WARNING, "CulpritCapped", how),) if named.capped else ()
    found = replace(status, culprit=CulpritPod(named, name=named.subject[:253]))
    return replace(_done(scene, found, course.DONE, how), told=told)


def _pod(scene: Scene, status: RemediationStatus, named: Culprit, pods: tuple[Pod, ...]) -> Turn:
    pod = next((one for one in pods if one.uid == named.subject), None)
    known = status.culprit
    if pod is None or pod.finished:
        if known is not None and known.culprit.subject == named.subject and known.name:
            return _gone(scene, status, replace(known, evicted=True))
        return _done(scene, status, course.SKIPPED, f"the pod {named.subject} is gone")
    found = CulpritPod(named, pod.namespace, pod.name, pod.terminating)
    marked = replace(status, culprit=found)
    if reason := _spared(pod, scene):
        return _done(scene, marked, course.SKIPPED, f"{pod.path} {reason}")
    if course.late(status, scene.now, scene.times.culprit):
        why = scene.ward.observed.refusals.get(pod.uid, "it is still there")
        return _done(scene, marked, course.TIMED_OUT, f"{pod.path}: {why}")
    return _asked(scene, marked, pod)


def _asked(scene: Scene, marked: RemediationStatus, pod: Pod) -> Turn:
    """Ask for its eviction, as often as the server says."""
    if pod.terminating:
        return Turn(course.saying(marked, f"{pod.path} is terminating"))
    why = scene.ward.observed.refusals.get(pod.uid, "")
    marked = replace(marked, blocking=f"{pod.path}: {why}"[: course.MESSAGE] if why else "")
    waiting = course.saying(marked, f"{pod.path} takes the tasks and is evicted")
    if pod.uid in scene.ward.observed.resting:
        return Turn(waiting)
    grace = scene.rules.steps.drain.grace
    evict = EvictPod(scene.one.name, pod.namespace, pod.name, pod.uid, grace)
    return Turn(waiting, after=(evict,))


def _spared(pod: Pod, scene: Scene) -> str:
    """Why a pod is not evicted even so."""
    if pod.mirror:
        return "is a static pod of the node"
    if pod.priority >= CRITICAL:
        return "is critical and stays"
    opted = [name for name in scene.rules.steps.drain.opt_out if name in pod.opted_out]
    return f"has opted out ({opted[0]}: false)" if opted else ""


def _gone(scene: Scene, status: RemediationStatus, known: CulpritPod) -> Turn:
    how = f"{known.namespace}/{known.name}, which had {known.culprit.tasks} tasks, is gone"
    found = replace(status, culprit=known, blocking="", evicted=max(1, status.evicted))
    told = Told(NORMAL, "CulpritEvicted", how)
    return replace(_done(scene, found, course.DONE, how), told=(told,))


def _done(scene: Scene, status: RemediationStatus, result: str, how: str) -> Turn:
    return Turn(replace(course.left(status, scene.now, result, how), message=how))
