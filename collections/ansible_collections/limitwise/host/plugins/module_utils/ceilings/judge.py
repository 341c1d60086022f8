# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a host's ceilings: nearly used up, refused already, out of reach."""

from __future__ import annotations

from typing import Dict, Iterator, List, Sequence, Tuple

from ..catalogue.rules import ceilings as rules
from ..findings import ERROR, WARNING, Finding, Place, in_order
from .advice import amount, called, remedy, what
from .ceiling import (
    CONTAINER,
    MEMORY_HIGH,
    PIDS,
    POD,
    SLICE,
    SWAP,
    UNIT,
    Ceiling,
    above,
    binding,
    tightest,
)
from .groups import Event
from .survey import Survey

WARNED, FULL = 80, 95
MOST_NAMED = 3


def judge(survey: Survey) -> Tuple[Finding, ...]:
    """The findings about a survey, in the order of their files."""
    found: List[Finding] = []
    found.extend(map(_nearly, _worth_a_word(survey.ceilings)))
    for event in survey.events:
        found.extend(_happened(event, survey.ceilings))
    found.extend(_out_of_reach(survey.ceilings))
    return in_order(found)


def _worth_a_word(ceilings: Sequence[Ceiling]) -> List[Ceiling]:
    """The full ones that are hit first: to raise another one would change nothing.

    Nothing fails at a memory.high, nor at a full swap while there is memory.
    """
    return [
        one for one in tightest(ceilings, WARNED)
        if one.binding and one.resource not in (MEMORY_HIGH, SWAP)
    ]


def _nearly(ceiling: Ceiling) -> Finding:
    full = (ceiling.percent or 0) >= FULL
    return rules.NEARLY_EXHAUSTED.at(
        Place(ceiling.source), severity=ERROR if full else WARNING,
        found=str(ceiling.used), what=what(ceiling), used=amount(ceiling, ceiling.used),
        limit=amount(ceiling, ceiling.limit), headroom=amount(ceiling, ceiling.headroom),
        remedy=remedy(ceiling),
    )


def _happened(event: Event, ceilings: Sequence[Ceiling]) -> Iterator[Finding]:
    place, name = Place(event.source), called(event.scope, event.subject)
    own = {one.resource: one for one in ceilings if one.group == event.group}
    count = str(event.count)
    if event.what == "forks" and event.own:
        yield rules.FORKS_REFUSED.at(
            place, found=count, what=name,
            remedy=remedy(own[PIDS]) if PIDS in own else "it has no limit any more",
        )
    elif event.what == "forks":
        first = binding((one for one in ceilings if one.group), event.group)
        yield rules.FORKS_FAILED_IN.at(
            place, found=count, what=name, binding=what(first) if first else "none of them",
        )
    elif event.what == "memory" and "memory" in own:
        yield rules.OUT_OF_MEMORY.at(place, found=count, what=name, remedy=remedy(own["memory"]))
    elif event.what == "throttled" and MEMORY_HIGH in own:
        ceiling = own[MEMORY_HIGH]
        if (ceiling.percent or 0) >= FULL:
            yield rules.THROTTLED.at(place, found=count, what=name, remedy=remedy(ceiling))


def _out_of_reach(ceilings: Sequence[Ceiling]) -> Iterator[Finding]:
    """Task limits that somebody set above that of a cgroup around them, named once for each."""
    limits: Dict[str, Ceiling] = {
        one.group: one for one in ceilings if one.resource == PIDS and one.group
    }
    inside: Dict[str, List[Ceiling]] = {}
    for one in limits.values():
        if one.scope not in (SLICE, UNIT, POD, CONTAINER):
            continue
        outer = [limits[group] for group in above(one.group)[1:] if group in limits]
        lowest = min(outer, key=lambda each: each.limit, default=None)
        if lowest is not None and lowest.limit < one.limit:
            inside.setdefault(lowest.group, []).append(one)
    for group, hidden in inside.items():
        hidden.sort(key=lambda each: (-each.limit, each.group))
        names = ", ".join(called(one.scope, one.subject) for one in hidden[:MOST_NAMED])
        if len(hidden) > MOST_NAMED:
            names += f" and {len(hidden) - MOST_NAMED} more"
        outer_one = limits[group]
        yield rules.FALSE_FIX.at(
            Place(outer_one.source), found=str(hidden[0].limit), what=names,
            outer=called(outer_one.scope, outer_one.subject), limit=outer_one.limit,
        )
