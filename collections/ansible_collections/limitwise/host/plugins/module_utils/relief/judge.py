# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which watched ceilings are tight, since when, and how long they will last; decided by values.

Hysteresis: what is tight stays so until it is clearly less, so that a trigger does not flap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Iterable, Mapping, Optional, Sequence, Tuple

from .levels import Level, Levels

CLEAR = 5  # points of percent below its mark at which a ceiling is no longer tight
CLEAR_TIME = 1.5  # times the time asked for, likewise
WINDOW = 10.0  # seconds over which a rate is taken
LEAST_WINDOW = 1.0  # a rate over less than this says nothing
LARGEST_WINDOW = 64  # samples kept of a ceiling

Samples = Tuple[Tuple[float, int], ...]
"""When, and how much of the limit was gone then."""


@dataclass(frozen=True)
class Ask:
    """A ceiling to judge, as the operator's Watched.

    ``level``, ``subject``: whose (no subject: any of that level). Tight when ``used_percent`` of
    the limit is gone, or when it will be gone ``within`` so many seconds (0: not asked for).
    ``lasting``: seconds after which it has fired.
    """

    id: str
    level: str
    subject: str = ""
    used_percent: int = 0
    within: float = 0.0
    lasting: float = 0.0


@dataclass(frozen=True)
class Tight:
    """A ceiling that is tight as asked. ``since``: of the clock of the samples. ``left``: seconds
    until it is used up at the present rate; None: never. ``fired``: it has lasted.
    """

    ask: Ask
    row: Level
    since: float
    left: Optional[float]
    fired: bool


@dataclass(frozen=True)
class Judged:
    """What is tight, and all that the next judgement needs to know."""

    tight: Tuple[Tight, ...] = ()
    samples: Mapping[str, Samples] = field(default_factory=dict)

    @property
    def fired(self) -> Tuple[Tight, ...]:
        return tuple(one for one in self.tight if one.fired)


def judge(before: Judged, asks: Iterable[Ask], levels: Levels) -> Judged:
    """The judgement of now, given that of a moment ago (``Judged()`` at the start).

    Of an ask without a subject the fullest ceiling of that level stands for all; it goes on being
    tight when another one of them has become so.
    """
    samples = {
        row.source: _extended(before.samples.get(row.source, ()), levels.at, row.gone)
        for row in levels.rows if row.limit is not None
    }
    known = {one.ask.id: one for one in before.tight}
    tight = []
    for ask in asks:
        found = _of_ask(ask, known.get(ask.id), levels, samples)
        if found is not None:
            tight.append(found)
    return Judged(tuple(tight), samples)


def seconds_left(samples: Samples, headroom: int) -> Optional[float]:
    """How long the headroom lasts at the rate of the samples; None when it does not shrink."""
    if len(samples) < 2:
        return None
    (first, before), (last, now) = samples[0], samples[-1]
    span = last - first
    if span < LEAST_WINDOW or now <= before:
        return None
    return headroom * span / (now - before)


def _of_ask(
    ask: Ask, known: Optional[Tight], levels: Levels, samples: Dict[str, Samples]
) -> Optional[Tight]:
    found: Optional[Tuple[Level, Optional[float]]] = None
    for row in _fullest_first(levels.of(ask.level, ask.subject)):
        left = seconds_left(samples[row.source], row.headroom or 0)
        if _holds(ask, row, left, known is not None):
            found = (row, left)
            break
    if found is None:
        return None
    since = known.since if known is not None else levels.at
    return Tight(ask, found[0], since, found[1], levels.at - since >= ask.lasting)


def _fullest_first(rows: Sequence[Level]) -> Sequence[Level]:
    finite = [row for row in rows if row.limit is not None]
    return sorted(finite, key=lambda row: (-row.percent, row.headroom or 0, row.source))


def _holds(ask: Ask, row: Level, left: Optional[float], already: bool) -> bool:
    mark = ask.used_percent - (CLEAR if already else 0)
    time = ask.within * (CLEAR_TIME if already else 1.0)
    by_use = ask.used_percent > 0 and row.percent >= mark
    return by_use or (ask.within > 0 and left is not None and left <= time)


def _extended(samples: Samples, at: float, gone: int) -> Samples:
    kept = tuple(one for one in samples[-LARGEST_WINDOW + 1 :] if at - one[0] <= WINDOW)
    return (*kept, (at, gone))
