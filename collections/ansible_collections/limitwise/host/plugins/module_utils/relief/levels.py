# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full the watched levels are now: host, kubepods, pods, named slices and units.

Cheap enough for four times a second: a few small reads each, no fork, no command, no look into
processes unless pid_max is near. Sources: proc_loadavg(5), cgroup-v2.rst, kernel/pid.c.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, List, Optional, Sequence, Tuple

from ..ceilings.ceiling import (
    CONTAINER,
    HOST,
    KUBEPODS,
    PIDS,
    POD,
    SLICE,
    THREADS,
    above,
)
from ..ceilings.group_name import name_of
from ..host.cgroups import hierarchy
from ..host.machine import Host
from .descriptors import Descriptors
from .numbers import Numbers
from .places import Place, Places

SYS = "/proc/sys/"
THREADS_MAX = "kernel/threads-max"


@dataclass(frozen=True)
class Level:
    """One ceiling for tasks and how full it is.

    ``level``: host, namespace (pid_max of a PID namespace that is not the host's), kubepods, slice
    (units too) or pod (its containers too). ``resource``: threads or pids. ``subject``: the slice's
    or unit's name, the pod's uid; empty for host and kubepods. ``group``: its cgroup, empty for the
    host. ``limit`` None: none, and ``headroom`` then too. ``refused``: forks refused so far as
    pids.events counts them there. ``source``: the file of the limit, which also identifies it.
    """

    level: str
    resource: str
    subject: str
    group: str
    limit: Optional[int]
    used: int
    headroom: Optional[int]
    refused: int
    source: str

    @property
    def gone(self) -> int:
        """How much of the limit can no longer be had; more than is in use where it is pid_max."""
        if self.limit is None or self.headroom is None:
            return self.used
        return self.limit - self.headroom

    @property
    def percent(self) -> int:
        """How much of it is gone, 0 to 100, rounded down; 0 without a limit."""
        if self.limit is None:
            return 0
        if self.limit <= 0:
            return 100
        return max(0, min(100, self.gone * 100 // self.limit))

    @property
    def what(self) -> str:
        """What it is called in reports: ``kernel.pid_max``, or the cgroup's path."""
        return self.group or self.source[len(SYS) :].replace("/", ".")


@dataclass(frozen=True)
class Levels:
    """All watched levels at one moment; ``at`` is of a monotonic clock, in seconds."""

    at: float
    rows: Tuple[Level, ...]

    def of(self, level: str, subject: str = "") -> Tuple[Level, ...]:
        """Those of one level; without a subject all of them (whichever pod it is)."""
        return tuple(
            one for one in self.rows
            if one.level == level and (not subject or one.subject == subject)
        )


class Gauges:
    """Reads the levels of one host again and again; made once, before there is an emergency.

    ``top``: the hierarchy with the pids controller, ``root``: where that is for this process; empty
    when there is none. Not for several threads at once. HostError when the host has no /proc.
    """

    def __init__(
        self, host: Host, clock: Callable[[], float] = time.monotonic,
        descriptors: Optional[Descriptors] = None,
    ) -> None:
        self.host, self.clock = host, clock
        self.descriptors = descriptors or Descriptors()
        self.top = hierarchy(host) or ""
        self.root = host.files.locate(self.top) if self.top else ""
        self._places = Places(self.root, self.descriptors, clock)
        self._numbers = Numbers(host, self.descriptors, clock)

    def read(self, watched: Sequence[str] = ()) -> Levels:
        """The host, kubepods, every pod, and the slices and units of these names (or paths).

        Containers only where they have a limit of their own.
        """
        rows = self._host()
        if self.top:
            for place in self._places.find(watched):
                row = self._group(place)
                if row is not None:
                    rows.append(row)
        return Levels(self.clock(), tuple(rows))

    def one(self, source: str, group: str) -> Optional[Level]:
        """A single cgroup or sysctl as it is now, by the file of its limit; None: it is gone."""
        if not group:
            return next((row for row in self._host() if row.source == source), None)
        return self._group(Place(SLICE, group.rpartition("/")[2], group))

    def close(self) -> None:
        """Give the descriptors back."""
        self.descriptors.close()

    def _host(self) -> List[Level]:
        used = self._numbers.threads()
        rows = []
        limit = self._numbers.sysctl(THREADS_MAX)
        if limit is not None:
            rows.append(Level(
                HOST, THREADS, "", "", limit, used, max(0, limit - used), 0, SYS + THREADS_MAX
            ))
        number = self._numbers.pid_max(used)
        if number is not None:
            rows.append(Level(
                number.level, PIDS, "", "", number.limit, number.used, number.free, 0,
                SYS + "kernel/pid_max",
            ))
        return rows

    def _group(self, place: Place) -> Optional[Level]:
        base = self.root + place.group.rstrip("/")
        text = self.descriptors.read(base + "/pids.max")
        limit = number(text)
        if text is None or (limit is None and name_of(place.group)[0] == CONTAINER):
            # hundreds of containers have no limit of their own, and nothing to be told of
            return None
        used = number(self.descriptors.read(base + "/pids.current"))
        if used is None:
            return None
        refused = 0
        if limit is not None and used >= limit - limit // 8:
            refused = events(self.descriptors.read(base + "/pids.events"))
        headroom = None if limit is None else max(0, limit - used)
        subject = "" if place.level == KUBEPODS else place.subject
        return Level(
            place.level, PIDS, subject, place.group, limit, used, headroom, refused,
            f"{self.top}{place.group.rstrip('/')}/pids.max",
        )


def number(text: Optional[str]) -> Optional[int]:
    """A number of a file; None for ``max`` and for a file that is not there."""
    return int(text) if text is not None and text.isdigit() else None


def events(text: Optional[str]) -> int:
    """The count of pids.events: its only line is ``max N``."""
    words = (text or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def holds(outer: Level, inner: Level) -> bool:
    """Whether every task of ``inner`` counts in ``outer`` too: the host, or a cgroup around it."""
    if not outer.group:
        return bool(inner.group)
    return outer.group != inner.group and outer.group in above(inner.group)[:-1]


__all__ = [
    "HOST", "KUBEPODS", "POD", "SLICE", "Gauges", "Level", "Levels", "events", "holds", "number",
]
