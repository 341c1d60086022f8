# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values are raised to what: the tight one, and those that would bind next.

To raise one ceiling and leave the next is the classic false fix (AKS #2279: pid_max was raised, and
the node hit the pids.max of kubepods that had been made from it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, FrozenSet, List, Mapping, Optional, Tuple

from ..ceilings.ceiling import HOST, KUBEPODS, PIDS, POD, SLICE, THREADS
from .levels import Level, Levels, holds

LEAST_ROOM = 256  # what a raise gives at least
NEAR = 25  # points of percent below the mark from where a ceiling under the tight one binds next
# PID_MAX_LIMIT of a 64-bit kernel (include/linux/threads.h); pids.max takes no more than that.
MOST_IDS = 4194304
MOST_THREADS = 0x3FFFFFFF  # FUTEX_TID_MASK: threads-max takes no more (kernel/fork.c)


@dataclass(frozen=True)
class Leave:
    """What relief may do. ``at``: percent gone at which a ceiling is raised. ``most``: how far, by
    threads, pids, kubepods, slice, pod; what is not named is not raised. ``cap``: whether a culprit
    that is no pod is held.
    """

    at: int = 95
    most: Mapping[str, int] = field(default_factory=dict)
    cap: bool = True


@dataclass(frozen=True)
class Raise:
    """One value to raise. ``source``: its file; ``group``: its cgroup, empty for a sysctl;
    ``what``: how reports call it.
    """

    what: str
    source: str
    group: str
    before: int
    after: int


@dataclass(frozen=True)
class Plan:
    """``raises``: outermost first. ``spent``: tight, and no further raise is allowed."""

    raises: Tuple[Raise, ...] = ()
    spent: Tuple[Level, ...] = ()


def plan(levels: Levels, leave: Leave, capped: FrozenSet[str] = frozenset()) -> Plan:
    """What to raise now; ``capped``: cgroups that are held on purpose."""
    finite = [row for row in levels.rows if row.limit is not None and row.group not in capped]
    after: Dict[str, int] = {}
    spent: List[Level] = []
    for row in finite:
        if row.percent < leave.at:
            continue
        wanted = _within(row, row.gone + max(LEAST_ROOM, row.gone), leave)
        if wanted is None:
            spent.append(row)
            continue
        room = wanted - row.gone
        for other in (row, *_next(row, room, finite, leave)):
            higher = _within(other, other.gone + room, leave)
            if higher is not None:
                after[other.source] = max(higher, after.get(other.source, 0))
    raises = [
        Raise(row.what, row.source, row.group, row.limit or 0, after[row.source])
        for row in finite if row.source in after
    ]
    raises.sort(key=lambda one: (one.group.count("/"), one.source))
    return Plan(tuple(raises), tuple(spent))


def top(row: Level, leave: Leave) -> Optional[int]:
    """The highest value that is allowed for a ceiling; None: it is not to be raised."""
    if row.level == HOST:
        name = row.resource
    elif row.level in (KUBEPODS, SLICE, POD):
        name = row.level
    else:
        return None
    most = leave.most.get(name)
    if most is None:
        return None
    return min(most, MOST_THREADS if row.resource == THREADS else MOST_IDS)


def _within(row: Level, wanted: int, leave: Leave) -> Optional[int]:
    """So much of what is wanted as is allowed; None when that is no raise."""
    most = top(row, leave)
    if most is None or row.limit is None or min(most, wanted) <= row.limit:
        return None
    return min(most, wanted)


def _next(row: Level, room: int, rows: List[Level], leave: Leave) -> List[Level]:
    """Those that would be hit before the new room is used up.

    All that hold the same tasks; and of those inside, the ones that are near themselves. A pod's
    own limit is there to hold the pod: it is raised for its own sake only.
    """
    found = []
    for other in rows:
        if other.source == row.source or (other.headroom or 0) >= room:
            continue
        same_tasks = holds(other, row) or (not other.group and not row.group)
        inside = holds(row, other) and other.level != POD
        if same_tasks or (inside and other.percent >= leave.at - NEAR):
            found.append(other)
    return found


__all__ = ["PIDS", "Leave", "Plan", "Raise", "plan", "top"]
