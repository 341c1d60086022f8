"""Restarts of runtime or kubelet that a value waits for: leave, drain, grant, and back in service.

``spec.restart`` of a node's state is the whole memory: a phase is written before what it stands
for is done. Draining -> Granted -> none; a drain that takes too long is Blocked: the node goes
back into service and is tried again later. Granted without a drain where that is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from ..kinds.meta import (
    ALLOWED,
    BLOCKED,
    DRAINING,
    GRANTED,
    NEVER,
    NODE_TUNING,
    RESTARTS,
)
from ..kinds.node import Cordon
from ..kinds.node_tuning_state import Restart, Waiting
from .drain import Drain, drain
from .elapsed import passed
from .fleet import Fleet
from .observed import Observed
from .verdict import RESTART, Verdict
from .writes import CordonNode, EvictPod, UncordonNode

OWN = f"{NODE_TUNING}/"
# The units that whole layers are about; other units' own directives name them.
LAYER_OF = {"docker.service": "docker_daemon", "kubelet.service": "kubelet"}
NEEDING = ("docker_daemon", "kubelet", "slices", "units")


def owners(one: Verdict) -> frozenset[str]:
    """The tunings whose values wait for a restart on this node."""
    if one.state is None:
        return frozenset()
    waiting = [wait for wait in one.state.status.waiting if wait.what == RESTART]
    return frozenset(name for wait in waiting for name in _owners(one, wait))


def _owners(one: Verdict, wait: Waiting) -> set[str]:
    given = one.content.provenance.items()
    prefixes = [f"units|{wait.unit}|", f"{LAYER_OF.get(wait.unit, '?')}|"]
    found = {name for key, name in given if key.startswith(tuple(prefixes))}
    # A unit that no value names: anything that can need a restart may have caused it.
    return found or {name for key, name in given if key.split("|", 1)[0] in NEEDING}


def leave(fleet: Fleet, one: Verdict) -> str:
    """What all owners allow: one that says Never is not overruled by another.

    A tuning that is not there any more, and left its values behind, allows nothing.
    """
    words = [_word(fleet, one, name) for name in owners(one)]
    return min(words, key=RESTARTS.index, default=NEVER)


def _word(fleet: Fleet, one: Verdict, name: str) -> str:
    judged = fleet.tunings.get(name)
    if judged is None or not judged.enforced or one.content.source(name) is None:
        return NEVER
    return judged.tuning.restart if judged.tuning.restart in RESTARTS else NEVER


def outstanding(fleet: Fleet, one: Verdict) -> bool:
    """Whether a restart that may be done has not been done."""
    return one.restart_waits and leave(fleet, one) != NEVER


def candidates(fleet: Fleet) -> list[Verdict]:
    """Nodes on which a restart may begin, as far as the node itself is concerned."""
    return [
        one
        for one in fleet.nodes.values()
        if one.restart_waits
        and one.reachable
        and one.current
        and one.node.cordon is None
        and not one.care
        and _may_begin(fleet, one)
        and outstanding(fleet, one)
    ]


def _may_begin(fleet: Fleet, one: Verdict) -> bool:
    restart = one.state.spec.restart if one.state is not None else None
    if restart is None:
        return True
    again = passed(restart.since, fleet.settings.drain.retry_after, fleet.now)
    return restart.phase == BLOCKED and again


@dataclass(frozen=True)
class Step:
    """What is next for a node: ``before`` its state is written, ``restart`` in it, and ``after``.

    ``told``: reason and message of an event, if the phase changes.
    """

    restart: Restart | None = None
    before: tuple[UncordonNode, ...] = ()
    after: tuple[CordonNode | EvictPod, ...] = ()
    told: tuple[str, str] | None = None


def step(observed: Observed, fleet: Fleet, one: Verdict, begins: bool) -> Step:
    """The next step of a node's restart; ``begins``: budgets have admitted it just now."""
    restart = one.state.spec.restart if one.state is not None else None
    if begins:
        return _begin(fleet, one)
    if restart is None or restart.phase == BLOCKED:
        return Step(_unless_over(fleet, one, restart), _freed(one))
    if _over(fleet, one, restart):
        return Step(None, _freed(one), told=("RestartEnded", "the node is back in service"))
    if restart.phase == GRANTED:
        return Step(restart)
    return _draining(observed, fleet, one, restart)


def _begin(fleet: Fleet, one: Verdict) -> Step:
    before = one.node.unschedulable
    if leave(fleet, one) == ALLOWED:
        return Step(
            Restart(GRANTED, fleet.now, before), told=("RestartGranted", "services may restart")
        )
    cordon = _cordon(one, fleet.now, before)
    return Step(
        Restart(DRAINING, fleet.now, before),
        after=(cordon,),
        told=("Draining", "cordoned and drained before a restart"),
    )


def _cordon(one: Verdict, now: datetime, before: bool) -> CordonNode:
    by = OWN + min(owners(one), default="")
    return CordonNode(one.name, one.node.uid, Cordon(by, before, now))


def _over(fleet: Fleet, one: Verdict, restart: Restart) -> bool:
    """Whether it is done, or not allowed any more; a node on which it failed stays out."""
    if one.pending:
        return False
    if one.restart_waits:
        return leave(fleet, one) == NEVER
    return restart.phase != GRANTED or not one.failed


def _unless_over(fleet: Fleet, one: Verdict, restart: Restart | None) -> Restart | None:
    return None if restart is None or _over(fleet, one, restart) else restart


def _freed(one: Verdict) -> tuple[UncordonNode, ...]:
    """Back into service, if it was a restart of ours that took it out."""
    cordon = one.node.cordon
    if cordon is None or not cordon.by.startswith(OWN):
        return ()
    return (UncordonNode(one.name, one.node.uid, not cordon.unschedulable_before),)


def _draining(observed: Observed, fleet: Fleet, one: Verdict, restart: Restart) -> Step:
    if one.node.cordon is None:
        return Step(restart, after=(_cordon(one, restart.since, restart.unschedulable_before),))
    if leave(fleet, one) == ALLOWED:
        return _granted(restart, fleet.now)
    pods = observed.pods.get(one.name)
    if pods is None:
        return Step(restart)
    options = fleet.settings.drain
    found = drain(one.name, pods, options, observed.refusals, observed.resting)
    if found.done:
        return _granted(restart, fleet.now)
    if passed(restart.since, options.timeout, fleet.now):
        blocked = Restart(BLOCKED, fleet.now, restart.unschedulable_before)
        return Step(blocked, _freed(one), told=("DrainBlocked", found.text()))
    return Step(restart, after=tuple(_evictions(one, found)))


def _granted(restart: Restart, now: datetime) -> Step:
    return Step(
        replace(restart, phase=GRANTED, since=now), told=("RestartGranted", "the node is drained")
    )


def _evictions(one: Verdict, found: Drain) -> Iterable[EvictPod]:
    return (EvictPod(one.name, pod.namespace, pod.name, pod.uid) for pod in found.asked)
