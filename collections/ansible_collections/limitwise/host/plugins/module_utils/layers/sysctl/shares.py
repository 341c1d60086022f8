# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares of the thread and PID ceilings: bringing running cgroups up to date after a change.

systemd's DefaultTasksMax=15% and every TasksMax= in percent are of the smaller of
kernel.threads-max and kernel.pid_max; a reload computes them anew (systemd_reload.py).
"""

from __future__ import annotations

from typing import Iterator, Tuple

from ...host.machine import Host

SHARED_OUT = ("kernel/threads-max", "kernel/pid_max")
CGROUPS, PIDS_OF_V1 = "/sys/fs/cgroup", "/sys/fs/cgroup/pids"


def slices(host: Host) -> Tuple[str, ...]:
    """The running slices in which a unit has a number of its own: of each branch the innermost."""
    unified = host.files.exists(f"{CGROUPS}/cgroup.controllers")
    return tuple(_limited(host, CGROUPS if unified else PIDS_OF_V1))


def _limited(host: Host, folder: str) -> Iterator[str]:
    for name in host.files.names(folder):
        if not name.endswith(".slice"):
            continue
        inner = list(_limited(host, f"{folder}/{name}"))
        yield from inner
        if not inner and any(
            _has_number(host, f"{folder}/{name}/{unit}")
            for unit in host.files.names(f"{folder}/{name}")
            if "." in unit
        ):
            yield name


def _has_number(host: Host, folder: str) -> bool:
    return (host.files.read(f"{folder}/pids.max") or b"").strip().isdigit()
