"""The drain of a remediation: what is asked for now, what is in the way, when it is given up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ...kinds.node_remediation import RemediationStatus
from ...kinds.pod import Pod
from ...kinds.remediation_policy import DELETE_AFTER, KEEP_CORDONED
from ..drain import Drain, drain
from ..writes import WARNING, DeletePod, EvictPod
from . import course
from .course import Told, Turn
from .scene import Scene

DEAD = "the node is not Ready: without its kubelet no eviction takes effect"
# What deleted pods have to be gone.
LAST = timedelta(minutes=5)


@dataclass(frozen=True)
class Found:
    """``over``: what becomes of the node, as the policy says, because it takes too long."""

    turn: Turn
    done: bool = False
    over: str = ""
    why: str = ""


def look(scene: Scene) -> Found:
    """From the node's pods as they are; nothing is decided while they are not known."""
    status = scene.nr.status
    if not scene.node.ready:
        waiting = replace(course.saying(status, DEAD), blocking=DEAD)
        new = (Told(WARNING, "DrainBlocked", DEAD),) if status.blocking != DEAD else ()
        over = KEEP_CORDONED if course.late(status, scene.now, scene.times.drain) else ""
        return Found(Turn(waiting, told=new), over=over, why=DEAD)
    if scene.pods is None:
        return Found(Turn(course.saying(status, "pods are being evicted")))
    seen = scene.ward.observed
    found = drain(scene.one.name, scene.pods, scene.options, seen.refusals, seen.resting)
    status = _counted(scene, status)
    if found.done:
        return Found(Turn(status), done=True)
    status, hindered = _blocked(status, found)
    if course.late(status, scene.now, scene.times.drain):
        return _too_late(scene, status, found, hindered)
    grace = scene.rules.steps.drain.grace
    after = tuple(
        EvictPod(scene.one.name, pod.namespace, pod.name, pod.uid, grace) for pod in found.asked
    )
    return Found(Turn(course.saying(status, "pods are being evicted"), after=after, told=hindered))


def _counted(scene: Scene, status: RemediationStatus) -> RemediationStatus:
    granted = scene.ward.observed.granted.get(scene.one.name, 0)
    return replace(status, evicted=max(status.evicted, granted))


def _blocked(
    status: RemediationStatus, found: Drain
) -> tuple[RemediationStatus, tuple[Told, ...]]:
    """The first pod in the way, told once."""
    hindrance = found.hindrance[: course.MESSAGE]
    if hindrance == status.blocking:
        return status, ()
    told = (Told(WARNING, "DrainBlocked", hindrance),) if hindrance else ()
    return replace(status, blocking=hindrance), told


def _too_late(
    scene: Scene, status: RemediationStatus, found: Drain, told: tuple[Told, ...]
) -> Found:
    after = scene.rules.steps.drain.after_timeout
    why = f"the drain did not end in time: {found.text()}"
    if after != DELETE_AFTER or not scene.ward.fleet.settings.delete_pods:
        over = KEEP_CORDONED if after == DELETE_AFTER else after
        return Found(Turn(status), over=over, why=why)
    deadline = scene.times.drain + scene.times.delete_after
    if not course.late(status, scene.now, deadline):
        return Found(Turn(course.saying(status, f"{why}; they will be deleted"), told=told))
    if course.late(status, scene.now, deadline + LAST):
        return Found(Turn(status), over=KEEP_CORDONED, why=why)
    deleted = tuple(_delete(scene, pod) for pod in found.evict)
    return Found(Turn(course.saying(status, "pods are being deleted"), after=deleted, told=told))


def _delete(scene: Scene, pod: Pod) -> DeletePod:
    grace = scene.rules.steps.drain.grace
    return DeletePod(scene.one.name, pod.namespace, pod.name, pod.uid, grace)
