"""How often what is looked at: the outer levels at every tick, all pods at a pace they are worth.

A look at two thousand cgroups takes as long as two hundred looks at the outer levels. It gets a
share of a core: a small one while all is calm, more the nearer a ceiling is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import (
    POD,
    SLICE,
    Level,
    Levels,
)

CALM, NEAR, TIGHT = 0.001, 0.01, 0.2
"""Shares of a core that looks at all pods may take."""
NEAR_FROM = 70  # percent
LEAST = {CALM: 1.0, NEAR: 1.0, TIGHT: 0.25}  # seconds between two of them
# A pod that is watched fills up unseen for no longer, however many there are.
WATCHED = 30.0
# So long the outer levels are known by where they were found; a new slice is seen this late.
SEARCH = 60.0


Sampled = TypeVar("Sampled")


class Gauges(Protocol):
    """What is asked of the engine's gauges."""

    def read(self, watched: Sequence[str] = ()) -> Levels:
        """All levels."""

    def one(self, source: str, group: str) -> Level | None:
        """One level; None when it is gone."""


class Looks:
    """The levels of one host; made once. ``cost``: a clock of the CPU that this thread has had."""

    def __init__(
        self, gauges: Gauges, clock: Callable[[], float] = time.monotonic,
        cost: Callable[[], float] = time.thread_time,
    ) -> None:
        self._gauges, self._clock, self._cost = gauges, clock, cost
        self._outer: tuple[Level, ...] = ()
        self._named: tuple[str, ...] = ()
        self._full_pod = False
        # A look in an emergency takes many times as long as one of a calm node.
        self._took = {CALM: 0.0, NEAR: 0.0, TIGHT: 0.0}
        self._share = CALM
        self._looked: float | None = None

    def outer(self) -> Levels:
        """All but the pods, now; known ones only, until all is looked at."""
        again = (self._again(row) for row in self._outer)
        self._outer = tuple(row for row in again if row is not None)
        return Levels(self._clock(), self._outer)

    def all(self, named: Sequence[str]) -> Levels:
        """Everything, now."""
        began = self._cost()
        levels = self._gauges.read(named)
        self._outer = tuple(row for row in levels.rows if _is_outer(row, named))
        self._full_pod = any(row.level == POD and _near(row) for row in levels.rows)
        self._named, self._looked = tuple(named), levels.at
        self._took[self._share] = self._cost() - began
        return levels

    def with_cost(self, act: Callable[[], Sampled]) -> Sampled:
        """Something that is done as often as all is looked at, and has its part in the pace."""
        began = self._cost()
        try:
            return act()
        finally:
            self._took[self._share] += self._cost() - began

    @property
    def near(self) -> bool:
        """Whether a ceiling is so full that it is worth knowing who fills it."""
        return self._full_pod or any(map(_near, self._outer))

    def due(self, named: Sequence[str], pods: bool, tight: bool) -> bool:
        """Whether all is to be looked at again.

        ``pods``: whether they matter while all is calm; ``tight``: whether it is an emergency.
        """
        if self._looked is None or tuple(named) != self._named:
            return True
        self._share = share = TIGHT if tight else NEAR if self.near else CALM
        pause = max(LEAST[share], self._took[share] / share)
        if share == CALM:
            pause = min(pause, WATCHED) if pods else max(SEARCH, pause)
        return self._clock() - self._looked >= pause

    def _again(self, row: Level) -> Level | None:
        found = self._gauges.one(row.source, row.group)
        return replace(found, level=row.level, subject=row.subject) if found is not None else None


def _near(row: Level) -> bool:
    return row.percent >= NEAR_FROM


def _is_outer(row: Level, named: Sequence[str]) -> bool:
    """Slices between the host and the pods too, when they have a limit that could be hit."""
    if row.level == SLICE:
        return row.subject in named or row.limit is not None
    return row.level != POD
