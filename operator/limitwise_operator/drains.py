"""The pods of nodes that are being drained: listed now and then, never watched or kept."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from .decide.drain import AT_ONCE
from .decide.writes import DeletePod, EvictPod, RecordEvent, SetRemediationStatus, Write
from .effects.answers import ApiError, StoppedError
from .effects.performing import Eviction
from .kinds.pod import Pod
from .metrics import Metrics

# Seconds between two looks at the pods of one node, and so between two tries to evict one of them.
EVERY = 5.0
# Nodes in one look: what follows from it is over soon, and a node that is new waits for no longer.
NODES = 32
# A refused pod is asked for again after at least this long, or what the server says, and a little
# more by chance, so that pods of one budget do not come together.
AGAIN, SPREAD = 5.0, 0.3


@dataclass(frozen=True)
class Seen:
    """Pods by node as just listed; why pods were refused, by uid; uids that are not to be asked
    for yet; by node, how many evictions were granted.
    """

    pods: Mapping[str, tuple[Pod, ...]]
    refusals: Mapping[str, str]
    resting: frozenset[str]
    granted: Mapping[str, int]


@dataclass
class Drains:
    """What is known of draining nodes: their pods as just listed, and why pods stayed.

    A node is shown once per listing; until the next one it is missing, so that no eviction is
    asked for twice by one look at its pods.
    """

    pods_of: Callable[[str], list[dict[str, Any]]]
    workers: Executor
    metrics: Metrics
    _listed: dict[str, float] = field(default_factory=dict)
    _refusals: dict[str, str] = field(default_factory=dict)
    _again: dict[str, float] = field(default_factory=dict)
    _granted: dict[str, set[str]] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """Whether any node was being drained at the last look."""
        return bool(self._listed)

    async def look(self, nodes: Iterable[str], now: float) -> Seen:
        """The pods of those nodes whose turn it is to be listed, and all that is known besides."""
        draining = set(nodes)
        self._listed = {name: at for name, at in self._listed.items() if name in draining}
        self._granted = {name: uids for name, uids in self._granted.items() if name in draining}
        if not draining:
            self._refusals.clear()
            self._again.clear()
        due = self._due(draining, now)
        loop = asyncio.get_running_loop()
        lists = await asyncio.gather(
            *(loop.run_in_executor(self.workers, self._pods, name) for name in due)
        )
        self._listed.update(dict.fromkeys(due, now))
        self.metrics.gauge("eviction_blocked_pods", len(self._refusals))
        self._again = {uid: at for uid, at in self._again.items() if at > now}
        return Seen(
            {n: pods for n, pods in zip(due, lists, strict=True) if pods is not None},
            dict(self._refusals),
            frozenset(self._again),
            {name: len(uids) for name, uids in self._granted.items()},
        )

    def _due(self, draining: set[str], now: float) -> list[str]:
        """Those that have not been looked at for longest, as many as one look may take."""
        since = {name: self._listed.get(name, -math.inf) for name in draining}
        found = [name for name, at in since.items() if now - at >= EVERY]
        return sorted(found, key=lambda name: (since[name], name))[:NODES]

    def took(self, writes: Sequence[Write], evictions: Sequence[Eviction], now: float) -> None:
        """Learn from a node's writes which pods went and which were refused."""
        nodes = {write.uid: write.node for write in writes if isinstance(write, EvictPod)}
        for one in evictions:
            self.metrics.count("evictions_total", "refused" if one.refused else "granted")
            if one.refused:
                if self._refusals.get(one.uid) != one.refused:
                    # What is in the way is told at once, not by the next listing.
                    self._listed.pop(nodes.get(one.uid, ""), None)
                self._refusals[one.uid] = one.refused
                rest = max(AGAIN, one.after) * (1 + SPREAD * random.random())  # noqa: S311
                self._again[one.uid] = now + rest
            else:
                self._refusals.pop(one.uid, None)
                self._granted.setdefault(nodes.get(one.uid, ""), set()).add(one.uid)
        granted = sum(not one.refused for one in evictions)
        if granted and len(nodes) >= AT_ONCE:
            # There may be more that wait: those that were asked for are seen to be on their way.
            for name in set(nodes.values()):
                self._listed.pop(name, None)
        for write in writes:
            if not isinstance(write, (EvictPod, DeletePod, RecordEvent, SetRemediationStatus)):
                # The node's state moved: look at its pods at once when it drains.
                self._listed.pop(getattr(write, "node", ""), None)

    def dropped(self, writes: Iterable[Write]) -> None:
        """These are not made after all: the next look shows the pods that they are about again."""
        for write in writes:
            if isinstance(write, (EvictPod, DeletePod)):
                self._listed.pop(write.node, None)

    def _pods(self, node: str) -> tuple[Pod, ...] | None:
        try:
            return tuple(Pod.from_dict(body) for body in self.pods_of(node))
        except (ApiError, StoppedError):
            return None
