"""Draining a node: which pods to evict, which to wait for, and which are in the way.

Judged anew from the node's present pods each time, by uid: a pod of the same name that came back
elsewhere is another pod. Used for restarts and for remediation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from ..kinds.pod import Pod
from .observed import DrainOptions

# Evictions that are asked for by one look at a node's pods; another look follows at once.
AT_ONCE = 10
DAEMON_SET = "DaemonSet"
NOBODY_MAKES_IT_AGAIN = "has no controller that would make it again"
HAS_LOCAL_DATA = "has local data in an emptyDir"


@dataclass(frozen=True)
class Drain:
    """``evict``: to be asked for now, the least important first; ``waiting``: on their way out;
    ``blocked``: pods that may not be evicted at all, each with the reason in words; ``refused``:
    those of ``evict`` that the API refused the last time, with its reason; ``resting``: uids of
    those of them that are not to be asked for yet.
    """

    evict: tuple[Pod, ...] = ()
    waiting: tuple[Pod, ...] = ()
    blocked: tuple[tuple[Pod, str], ...] = ()
    refused: tuple[tuple[Pod, str], ...] = ()
    resting: frozenset[str] = frozenset()

    @property
    def asked(self) -> tuple[Pod, ...]:
        """Those of ``evict`` to be asked for now: some of many, so that no other node waits."""
        ready = (pod for pod in self.evict if pod.uid not in self.resting)
        return tuple(islice(ready, AT_ONCE))

    @property
    def hindrance(self) -> str:
        """The first pod in the way, and why; empty when all are on their way."""
        if self.blocked:
            pod, why = self.blocked[0]
            return f"{pod.path} {why}"
        if self.refused:
            pod, why = self.refused[0]
            return f"{pod.path}: {why}"
        return ""

    @property
    def done(self) -> bool:
        """Whether nothing is left that has to go."""
        return not (self.evict or self.waiting or self.blocked)

    def text(self, most: int = 3) -> str:
        """What it waits for, the first few by name."""
        named = [f"{pod.path} {why}" for pod, why in self.blocked]
        named += [f"{pod.path} is not to be evicted yet: {why}" for pod, why in self.refused]
        named += [f"{pod.path} is terminating" for pod in self.waiting]
        fresh = len(self.evict) - len(self.refused)
        named += [f"{fresh} pods are to be evicted"] if fresh else []
        more = f" and {len(named) - most} more" if len(named) > most else ""
        return "; ".join(named[:most]) + more


def drain(
    node: str,
    pods: Iterable[Pod],
    options: DrainOptions,
    refusals: Mapping[str, str],
    resting: frozenset[str] = frozenset(),
) -> Drain:
    """What to do next. ``refusals``: by uid, why the API refused to evict a pod the last time.

    A refused pod is asked for again each time that the pods are shown and it is not ``resting``.
    """
    evict, waiting = [], []
    blocked: list[tuple[Pod, str]] = []
    for pod in sorted(pods, key=lambda one: (one.priority, one.namespace, one.name)):
        if pod.node != node or stays(pod):
            continue
        why = _in_the_way(pod, options)
        if pod.terminating:
            waiting.append(pod)
        elif why:
            blocked.append((pod, why))
        else:
            evict.append(pod)
    refused = tuple((pod, refusals[pod.uid]) for pod in evict if pod.uid in refusals)
    return Drain(tuple(evict), tuple(waiting), tuple(blocked), refused, resting)


def stays(pod: Pod) -> bool:
    """Whether a pod belongs to the node (DaemonSet, static) or has ended: no drain minds it."""
    return pod.finished or pod.mirror or pod.controller == DAEMON_SET


def _in_the_way(pod: Pod, options: DrainOptions) -> str:
    if not pod.controller and not options.unmanaged:
        return NOBODY_MAKES_IT_AGAIN
    if pod.empty_dir and not options.empty_dir:
        return HAS_LOCAL_DATA
    opted = [name for name in options.opt_out if name in pod.opted_out]
    return f"has opted out ({opted[0]}: false)" if opted else ""
