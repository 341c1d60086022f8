# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of single processes: open files, and the threads of their user (prlimit(2))."""

from __future__ import annotations

import re
from typing import Iterator, Optional, Pattern, Sequence

from ..host import processes
from ..host.machine import Host
from .ceiling import OPEN_FILES, PROCESS, THREADS, Ceiling, simple

FILES_ROW = re.compile(r"^Max open files +(\d+)", re.MULTILINE)
PROCESSES_ROW = re.compile(r"^Max processes +(\d+)", re.MULTILINE)
USER = re.compile(r"^Uid:\s+(\d+)\s+(\d+)", re.MULTILINE)
CAPABILITIES = re.compile(r"^CapEff:\s+([0-9a-f]+)", re.MULTILINE)
# CAP_SYS_ADMIN and CAP_SYS_RESOURCE: whoever has one of them is not held by RLIMIT_NPROC.
EXEMPT = 1 << 21 | 1 << 24


def read_processes(host: Host, pids: Sequence[int]) -> Iterator[Ceiling]:
    """The soft limits of these processes; of one that has ended, nothing.

    RLIMIT_NPROC counts every thread of the real user: finding that out reads all processes.
    """
    for pid in pids:
        limits = host.proc(f"{pid}/limits")
        if limits is None:
            continue
        source = f"/proc/{pid}/limits"
        files = _row(FILES_ROW, limits)
        if files is not None:
            used = len(host.files.names(f"/proc/{pid}/fd"))
            yield simple(OPEN_FILES, PROCESS, str(pid), files, used, source)
        threads = _row(PROCESSES_ROW, limits)
        user = _held_user(host.proc(f"{pid}/status") or "")
        if threads is not None and user is not None:
            used = _threads_of(host, user)
            yield simple(THREADS, PROCESS, str(pid), threads, used, source)


def _row(row: Pattern[str], limits: str) -> Optional[int]:
    match = row.search(limits)
    return int(match.group(1)) if match else None


def _held_user(status: str) -> Optional[str]:
    """The real user, if RLIMIT_NPROC holds it: root and the capable are exempt (fork(2))."""
    user, capabilities = USER.search(status), CAPABILITIES.search(status)
    if user is None or user.group(1) == "0":
        return None
    if capabilities is not None and int(capabilities.group(1), 16) & EXEMPT:
        return None
    return user.group(1)


def _threads_of(host: Host, uid: str) -> int:
    count = 0
    for process in processes.processes(host):
        user = USER.search(host.proc(f"{process.pid}/status") or "")
        if user is not None and user.group(1) == uid:
            count += process.threads
    return count
