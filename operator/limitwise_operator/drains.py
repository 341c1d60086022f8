"""The pods of nodes that are being drained: listed now and then, never watched or kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from .decide.writes import EvictPod, Write
from .effects.answers import ApiError, StoppedError
from .kinds.pod import Pod
from .metrics import Metrics

# Seconds between two looks at the pods of one node, and so between two tries to evict one of them.
EVERY = 5.0


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

    @property
    def busy(self) -> bool:
        """Whether any node was being drained at the last look."""
        return bool(self._listed)

    async def look(
        self, nodes: Iterable[str], now: float
    ) -> tuple[Mapping[str, tuple[Pod, ...]], Mapping[str, str]]:
        """The pods of those nodes whose turn it is to be listed, and all known refusals by uid."""
        draining = set(nodes)
        self._listed = {name: at for name, at in self._listed.items() if name in draining}
        if not draining:
            self._refusals.clear()
        due = [n for n in sorted(draining) if now - self._listed.get(n, -EVERY) >= EVERY]
        loop = asyncio.get_running_loop()
        lists = await asyncio.gather(
            *(loop.run_in_executor(self.workers, self._pods, name) for name in due)
        )
        self._listed.update(dict.fromkeys(due, now))
        self.metrics.gauge("eviction_blocked_pods", len(self._refusals))
        return {n: pods for n, pods in zip(due, lists, strict=True) if pods is not None}, dict(
            self._refusals
        )

    def took(self, writes: Sequence[Write], evictions: Iterable[tuple[str, str]]) -> None:
        """Learn from a node's writes which pods went and which were refused."""
        for uid, why in evictions:
            self.metrics.count("evictions_total", "refused" if why else "granted")
            if why:
                self._refusals[uid] = why
            else:
                self._refusals.pop(uid, None)
        for write in writes:
            if not isinstance(write, EvictPod):
                # The node's state moved: look at its pods at once when it drains.
                self._listed.pop(getattr(write, "node", ""), None)

    def _pods(self, node: str) -> tuple[Pod, ...] | None:
        try:
            return tuple(Pod.from_dict(body) for body in self.pods_of(node))
        except (ApiError, StoppedError):
            return None
