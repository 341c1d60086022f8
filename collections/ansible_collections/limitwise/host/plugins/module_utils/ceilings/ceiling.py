# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ceiling: one limit as the kernel enforces it now, and which of several is hit first.

All of it is computed from what was read (survey.py); nothing here looks at a host.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

# Resources.
THREADS = "threads"
PIDS = "pids"
MEMORY = "memory"
MEMORY_HIGH = "memory_high"
SWAP = "swap"
FILES = "files"
OPEN_FILES = "open_files"
INOTIFY_INSTANCES = "inotify_instances"
INOTIFY_WATCHES = "inotify_watches"

# Scopes; those from SLICE to CGROUP are all cgroups.
HOST = "host"
NAMESPACE = "namespace"
USER = "user"
PROCESS = "process"
SLICE = "slice"
UNIT = "unit"
KUBEPODS = "kubepods"
POD = "pod"
CONTAINER = "container"
CGROUP = "cgroup"

DIMENSIONS: Dict[str, str] = {
    THREADS: "tasks", PIDS: "tasks", MEMORY: "memory", MEMORY_HIGH: "memory", SWAP: "swap",
    FILES: "files", OPEN_FILES: "open_files", INOTIFY_INSTANCES: "inotify_instances",
    INOTIFY_WATCHES: "inotify_watches",
}
"""What each resource is about: a clone() fails at the lowest ceiling of the dimension tasks."""


@dataclass(frozen=True)
class Ceiling:
    """One finite limit. Memory is in bytes, everything else is counted.

    ``subject``: the unit, pod uid, container id, user or process id; empty for the host.
    ``used`` and ``headroom`` are None where finding them out was not asked for. ``source``: the
    file with the limit. ``binding``: of all ceilings that hold its subject in this dimension it is
    the one that is hit first. ``group``: the path of its cgroup; empty for all other scopes.
    """

    resource: str
    scope: str
    subject: str
    limit: int
    used: Optional[int]
    headroom: Optional[int]
    source: str
    binding: bool = False
    group: str = ""

    @property
    def dimension(self) -> str:
        return DIMENSIONS[self.resource]

    @property
    def percent(self) -> Optional[int]:
        """How much of the limit is gone, 0 to 100, rounded down: what marks are crossed by.

        Counted from the headroom: of pid_max more is gone than is in use.
        """
        if self.headroom is None:
            return None
        if self.limit <= 0:
            return 100
        return max(0, min(100, (self.limit - self.headroom) * 100 // self.limit))

    def as_dict(self) -> Dict[str, Any]:
        """The ceiling as the JSON contract has it."""
        return {
            "resource": self.resource,
            "scope": self.scope,
            "subject": self.subject,
            "limit": self.limit,
            "used": self.used,
            "headroom": self.headroom,
            "source": self.source,
            "binding": self.binding,
        }


def simple(
    resource: str, scope: str, subject: str, limit: int, used: Optional[int], source: str,
    group: str = "",
) -> Ceiling:
    """A ceiling whose headroom is the limit less the use, and never below 0."""
    headroom = None if used is None else max(0, limit - used)
    return Ceiling(resource, scope, subject, limit, used, headroom, source, group=group)


def above(group: str) -> Tuple[str, ...]:
    """The cgroup and its ancestors, itself first: ``/a/b`` gives ``/a/b``, ``/a``, ``/``."""
    found = []
    while group not in ("", "/"):
        found.append(group)
        group = around(group)
    return (*found, "/")


def over(ceilings: Iterable[Ceiling], group: str) -> List[Ceiling]:
    """All ceilings that hold the processes of a cgroup: the host's, its own, its ancestors'."""
    line = {*above(group), ""}
    return [
        one for one in ceilings
        if one.group in line and one.scope not in (USER, PROCESS)
    ]


def first_hit(ceilings: Iterable[Ceiling]) -> Optional[Ceiling]:
    """The one with the least headroom; of equals the lowest, then the outermost; None: unknown."""
    known = [
        (one.headroom, one.limit, len(one.group), one)
        for one in ceilings if one.headroom is not None
    ]
    return min(known, key=lambda each: each[:3])[3] if known else None


def binding(
    ceilings: Iterable[Ceiling], group: str, dimension: str = "tasks"
) -> Optional[Ceiling]:
    """The ceiling that the processes of a cgroup hit first; ``""`` is the host itself."""
    return first_hit(one for one in over(ceilings, group) if one.dimension == dimension)


def effective(ceilings: Iterable[Ceiling], group: str, resource: str) -> Optional[int]:
    """The lowest limit that holds a cgroup, whatever is in use; None: none.

    For ``pids`` threads-max counts too, and pid_max as the number of ids it gives (they begin with
    1). What systemd calls EffectiveTasksMax= and EffectiveMemoryMax=.
    """
    wanted = (THREADS, PIDS) if resource == PIDS else (resource,)
    limits = [
        one.limit - 1 if one.resource == PIDS and one.scope in (HOST, NAMESPACE) else one.limit
        for one in over(ceilings, group) if one.resource in wanted
    ]
    return min(limits, default=None)


def marked(ceilings: Sequence[Ceiling]) -> Tuple[Ceiling, ...]:
    """The same ceilings with ``binding`` set on those that their subject hits first."""
    own: Dict[Tuple[str, str], List[Ceiling]] = {}
    for one in ceilings:
        if one.scope not in (USER, PROCESS):
            own.setdefault((one.group, one.dimension), []).append(one)
    known: Dict[Tuple[str, str], Optional[Ceiling]] = {}

    def first(group: str, dimension: str) -> Optional[Ceiling]:
        place = (group, dimension)
        if place not in known:
            rivals = list(own.get(place, ()))
            outer = first(around(group), dimension) if group else None
            known[place] = first_hit([outer, *rivals] if outer is not None else rivals)
        return known[place]

    return tuple(
        replace(one, binding=True)
        if one.headroom is not None
        and (one.scope in (USER, PROCESS) or first(one.group, one.dimension) is one) else one
        for one in ceilings
    )


def around(group: str) -> str:
    """The cgroup that a cgroup is in; of the tree's root it is the host, ``""``."""
    if group == "/":
        return ""
    return group.rpartition("/")[0] or "/"


def tightest(ceilings: Iterable[Ceiling], at_least: int = 0) -> List[Ceiling]:
    """Those of which at least so many percent are gone, the fullest first."""
    known = [
        (percent, one) for one in ceilings for percent in [one.percent]
        if percent is not None and percent >= at_least
    ]
    known.sort(key=lambda each: (-each[0], each[1].headroom, each[1].source))
    return [one for _percent, one in known]


def ranked(ceilings: Iterable[Ceiling]) -> Tuple[Ceiling, ...]:
    """All of them, the fullest first and those whose use is not known last."""
    every = list(ceilings)
    return (*tightest(every), *(one for one in every if one.percent is None))
