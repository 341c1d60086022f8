# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a host as /proc lists them: one small read each, no fork."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Iterator, List

from .files import ABSENT, host_error
from .machine import Host

LARGEST = 4096
# A process may end between two system calls, or (hidepid, ptrace rules) not be ours to look at.
HIDDEN = (*ABSENT, errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class Process:
    """Fields of proc_pid_stat(5): its id, process group, session and number of threads."""

    pid: int
    group: int
    session: int
    threads: int


def pids(host: Host) -> List[int]:
    """The ids of all processes that this one may see."""
    return [int(name) for name in host.files.names("/proc") if name.isdigit()]


def processes(host: Host) -> Iterator[Process]:
    """Every process, zombies too; those that end meanwhile are left out."""
    proc = host.files.locate("/proc")
    for pid in pids(host):
        try:
            text = _read(f"{proc}/{pid}/stat")
        except OSError as error:
            if error.errno in HIDDEN:
                continue
            raise host_error(error, f"/proc/{pid}/stat", "read") from error
        # the name stands in brackets and may hold anything, brackets too
        fields = text[text.rfind(b")") + 2 :].split()
        if len(fields) > 17:
            yield Process(pid, int(fields[2]), int(fields[3]), int(fields[17]))


def tasks(host: Host, pid: int) -> List[int]:
    """The ids of a process's threads; none when it has ended."""
    return [int(name) for name in host.files.names(f"/proc/{pid}/task") if name.isdigit()]


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, LARGEST)
    finally:
        os.close(descriptor)
