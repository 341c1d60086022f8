# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet that runs now: which process, since when, how it was started, whether it is up."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence, Tuple

from ...host.machine import Host
from . import config
from . import start as kubelet_start
from .start import Start
from .values import number

GROUP = f"/sys/fs/cgroup/system.slice/{kubelet_start.UNIT}"
HEALTHZ_PORT = 10248
# Seconds. A kubelet that has just been started is given time to come up; how often it is looked at;
# how long one without a health port has to live to count as up; how long an exec may take.
PATIENCE = 60.0
PAUSE = 0.2
STEADY = 10.0
STARTING = 2.0
CONNECT = 2.0


@dataclass(frozen=True)
class Running:
    """One kubelet. ``identity`` names this very process on this very boot, ``unit`` its unit.

    ``since``: when it started (seconds since 1970). ``up``: it answers on its health port or, where
    it has none, has lived for a while.
    """

    identity: str
    since: float
    start: Start
    unit: str = ""
    up: bool = True

    @property
    def age(self) -> float:
        return time.time() - self.since


def observe(host: Host) -> Optional[Running]:
    """The kubelet of this host, given time to come up if it is young; None when none runs."""
    begun = time.monotonic()
    while True:
        running = look(host)
        passed = time.monotonic() - begun
        if running is None and (passed > STARTING or not _unit_has_processes(host)):
            return None
        if running is not None and (running.up or passed > PATIENCE):
            return running
        time.sleep(PAUSE)


def look(host: Host) -> Optional[Running]:
    """The kubelet as it is at this moment."""
    found = _process(host) if host.running else None
    if found is None:
        return None
    pid, unit = found
    ticks = _start_ticks(host.proc(f"{pid}/stat") or "")
    uptime = float((host.proc("uptime") or "0").split()[0])
    age = max(0.0, uptime - ticks / os.sysconf("SC_CLK_TCK"))
    start = kubelet_start.of_process(host.proc(f"{pid}/cmdline") or "", unit or "the kubelet")
    up = age > PATIENCE or _answers(config.effective(config.sources(host, start), start), age)
    return Running(f"{host.boot_id}:{pid}:{ticks}", time.time() - age, start, unit, up)


def _process(host: Host) -> Optional[Tuple[int, str]]:
    """The pid of the kubelet and its unit; one that a unit runs before any other.

    A kubelet inside a pod or container is another node's. The unit's own cgroup is looked into
    before all of /proc, which may be long.
    """
    members = (host.files.read(f"{GROUP}/cgroup.procs") or b"").decode("ascii", "replace").split()
    return _among(host, members) or _among(host, host.files.names("/proc"))


def _among(host: Host, pids: Sequence[str]) -> Optional[Tuple[int, str]]:
    others = []
    for name in pids:
        if not name.isdigit() or (host.proc(f"{name}/comm") or "").strip() != "kubelet":
            continue
        group = (host.proc(f"{name}/cgroup") or "").strip().rpartition(":")[2]
        if any(part in group for part in ("kubepods", "docker", "libpod", "containerd-")):
            continue
        unit = group.rpartition("/")[2]
        if unit.endswith(".service"):
            return int(name), unit
        others.append(int(name))
    return (min(others), "") if others else None


def _unit_has_processes(host: Host) -> bool:
    """Whether systemd is about to start it: the unit's cgroup is there, its program is not yet."""
    return host.running and host.files.exists(GROUP)


def _start_ticks(stat: str) -> int:
    """Field 22 of /proc/PID/stat (proc(5)); the command before it may hold blanks."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 else 0


def _answers(settings: Mapping[str, str], age: float) -> bool:
    """Whether it answers on its health port; any HTTP answer will do."""
    port = number(settings.get("/healthzPort"))
    port = HEALTHZ_PORT if port is None else port
    if port <= 0:
        return age > STEADY
    address = settings.get("/healthzBindAddress", "").strip('"')
    address = "127.0.0.1" if address in ("", "0.0.0.0", "::") else address  # noqa: S104 - a wildcard
    try:
        with socket.create_connection((address, port), CONNECT) as connection:
            connection.settimeout(CONNECT)
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return connection.recv(16).startswith(b"HTTP/")
    except OSError:
        return False
