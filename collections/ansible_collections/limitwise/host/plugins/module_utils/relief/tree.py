# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at the tasks of every cgroup: what a culprit is found by. Dear: only when it is near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

from .levels import Gauges, events, number
from .owner import owner

# Whoever may make cgroups (a user's manager, a privileged pod) can make any number of them.
MOST_INSIDE = 200
WORTH_ASKING = 16  # tasks below which nobody asks for refused forks


@dataclass(frozen=True)
class Group:
    """One cgroup: its tasks with all below it, and the forks refused as pids.events counts them."""

    path: str
    tasks: int
    refused: int = 0


@dataclass(frozen=True)
class Sample:
    """All cgroups at one moment of the gauges' clock."""

    at: float
    groups: Tuple[Group, ...]


def look(gauges: Gauges) -> Sample:
    """Every cgroup that has tasks; none on a host without the pids controller.

    Inside a pod, a unit or a user's slice no more than so many: what is left out counts in it.
    """
    return Sample(gauges.clock(), tuple(_below(gauges, "", None)) if gauges.root else ())


def _below(gauges: Gauges, path: str, places: Optional[Iterator[int]]) -> Iterator[Group]:
    """``places``: how many more may be looked at; None: outside of all that answer for others."""
    base = gauges.root + path
    tasks = number(gauges.descriptors.read(base + "/pids.current"))
    if tasks == 0:
        return
    if tasks is not None and path:
        refused = 0
        if tasks >= WORTH_ASKING:
            refused = events(gauges.descriptors.read(base + "/pids.events"))
        yield Group(path, tasks, refused)
    if places is None and owner(path) == path:
        places = iter(range(MOST_INSIDE))
    for name in gauges.descriptors.names(base):
        if places is not None and next(places, None) is None:
            return
        yield from _below(gauges, f"{path}/{name}", places)
