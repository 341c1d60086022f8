# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads and process ids of a host four times a second: counted closely only when near.

/proc/loadavg tells the threads. An id can also be held by a process group or session whose leader
is gone, and only a look at every process tells those: done when pid_max is near, and not often.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Optional, Set, Tuple

from ..ceilings import pid_numbers
from ..ceilings.ceiling import HOST, NAMESPACE
from ..ceilings.host_wide import FIRST_NAMESPACE, PID_MAX, ids
from ..findings import HostError, Place
from ..host import processes
from ..host.machine import Host
from .descriptors import Descriptors

THREADS = re.compile(r"\d+/(\d+)")
VERSION = re.compile(r"(\d+)\.(\d+)")
# pid: allow pid_max to be set per pid namespace (kernel/pid.c).
PER_NAMESPACE = (6, 14)
NEAR = 60  # percent of pid_max
PAUSE = 5.0  # seconds between two looks at every process


@dataclass(frozen=True)
class PidMax:
    """``level``: host, or namespace where pid_max is that of this process's own namespace."""

    level: str
    limit: int
    used: int
    free: int


class Numbers:
    """The host-wide counts of one host."""

    def __init__(
        self, host: Host, descriptors: Descriptors, clock: Callable[[], float]
    ) -> None:
        self._host, self._descriptors, self._clock = host, descriptors, clock
        self._proc = host.files.locate("/proc")
        self._first = host.files.link("/proc/self/ns/pid") in (FIRST_NAMESPACE, None)
        release = VERSION.match(host.sysctl("kernel/osrelease") or "")
        version: Tuple[int, ...] = tuple(map(int, release.groups())) if release else (0,)
        self._own = not self._first and version >= PER_NAMESPACE
        self._beside = 0
        self._looked: Optional[float] = None

    def sysctl(self, path: str) -> Optional[int]:
        """A number below /proc/sys; None when this kernel has none of that name."""
        text = (self._descriptors.read(f"{self._proc}/sys/{path}") or "").strip()
        return int(text) if text.isdigit() else None

    def threads(self) -> int:
        """Threads of the whole host, whoever may see them."""
        match = THREADS.search(self._descriptors.read(self._proc + "/loadavg") or "")
        if match is None:
            raise HostError("this is no running system: it has no /proc", place=Place(self._proc))
        return int(match.group(1))

    def pid_max(self, threads: int) -> Optional[PidMax]:
        """pid_max, the ids in use, and how many are left (see ceilings.pid_numbers)."""
        limit = self.sysctl(PID_MAX)
        if limit is None:
            return None
        if self._own:
            return self._of_namespace(limit)
        # at worst every thread has an id from 300 on; a look tells how far from that it is
        near = (pid_numbers.RESERVED + threads) * 100 >= limit * NEAR
        if near and self._first and self._due():
            self._beside = self._look()
        elif not near:
            self._beside = 0
        free = pid_numbers.free(limit, threads + self._beside)
        return PidMax(HOST, limit, threads + max(0, self._beside), free)

    def _look(self) -> int:
        """How many more ids from 300 on are taken than there are threads; often below 0."""
        held: Set[int] = set()
        threads = 0
        for process in processes.processes(self._host):
            threads += process.threads
            held.update((process.pid, process.group, process.session))
            if process.threads > 1:
                held.update(processes.tasks(self._host, process.pid))
        return pid_numbers.taken(held) - threads

    def _of_namespace(self, limit: int) -> PidMax:
        held = set(ids(self._host)) - {0}
        free = pid_numbers.free(limit, pid_numbers.taken(held))
        return PidMax(NAMESPACE, limit, len(held), free)

    def _due(self) -> bool:
        now = self._clock()
        if self._looked is not None and now - self._looked < PAUSE:
            return False
        self._looked = now
        return True
