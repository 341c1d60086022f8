# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon that runs now: which process, since when, its flags, and what it says it has."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from ...host import docker_socket
from ...host.machine import Host
from . import flags as docker_flags
from .flags import Flag, Start

Settled = Callable[[Mapping[str, str]], bool]

PID_FILES = ("/var/run/docker.pid", "/run/docker.pid", "/run/dockerd.pid")
# Seconds. A daemon that has just been started or signalled needs a moment to answer with what is
# new; one that has had that moment is taken at its word.
FRESH = 30.0
# Where an init script keeps the process it has just started, which has no pid file of its own yet.
STARTING = "/var/run/docker-ssd.pid"
SETTLING = 5.0
PAUSE = 0.1
# What the daemon shows of keys that no file and no flag sets.
DEFAULTS = {
    "/live-restore": "false", "/log-driver": '"json-file"', "/debug": "false",
    "/default-runtime": '"runc"',
}
IN_SWARM = ("active", "pending", "locked")


@dataclass(frozen=True)
class Running:
    """One running dockerd.

    ``identity`` names this very process on this very boot. ``since`` is the time, in nanoseconds,
    at which it wrote its pid file, just after it had read daemon.json. ``shown`` are the values in
    force that it tells, by JSON pointer, as compact JSON; empty when it does not answer.
    """

    identity: str
    since: int
    pid_file: str = PID_FILES[0]
    flags: Tuple[Flag, ...] = ()
    by_systemd: bool = False
    shown: Mapping[str, str] = field(default_factory=dict)
    containers: Optional[int] = None
    cgroup_driver: str = ""
    swarm: bool = False
    version: str = ""


def observe(host: Host, start: Start, settled: Settled) -> Optional[Running]:
    """The dockerd of this host; None when none runs or the host is an image.

    Just after a start or a signal it is asked again until ``settled`` agrees with what it shows.
    """
    found = _process(host, start)
    begun = time.monotonic()
    while found is None and time.monotonic() - begun < FRESH and _is_starting(host):
        time.sleep(PAUSE)
        found = _process(host, start)
    if found is None:
        return None
    pid, since, pid_file = found
    flags = docker_flags.from_process(host.proc(f"{pid}/cmdline") or "")
    info = _info(host, since, _socket(flags), settled)
    return Running(
        f"{host.boot_id}:{pid}:{_start_ticks(host.proc(f'{pid}/stat') or '')}",
        since,
        pid_file,
        flags,
        f"/{docker_flags.UNIT}" in (host.proc(f"{pid}/cgroup") or ""),
        shown(info),
        _number(info.get("ContainersRunning")),
        str(info.get("CgroupDriver") or ""),
        _swarm(info),
        str(info.get("ServerVersion") or ""),
    )


def modified(host: Host, path: str) -> Optional[int]:
    """When a file was last written, in nanoseconds; None when it is absent."""
    try:
        return os.stat(host.files.locate(path)).st_mtime_ns
    except OSError:
        return None


def _process(host: Host, start: Start) -> Optional[Tuple[int, int, str]]:
    """dockerd's pid, when it wrote it down, and where; None unless that process is a dockerd."""
    if not host.running:
        return None
    named = start.value("pidfile")
    for path in (named,) if named else PID_FILES:
        data = host.files.read(path)
        since = modified(host, path)
        if data is None or since is None or not data.strip().isdigit():
            continue
        pid = int(data)
        if (host.proc(f"{pid}/comm") or "").strip() == "dockerd":
            return pid, since, path
    return None


def _is_starting(host: Host) -> bool:
    """Whether an init script has started dockerd within the last moments."""
    since = modified(host, STARTING)
    data = host.files.read(STARTING)
    if not host.running or since is None or data is None or not data.strip().isdigit():
        return False
    young = time.time() - since / 1e9 < FRESH
    return young and host.proc(f"{int(data)}/comm") is not None


def _start_ticks(stat: str) -> str:
    """Field 22 of /proc/PID/stat (proc(5)); the command before it may hold blanks."""
    fields = stat.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""


def _socket(flags: Tuple[Flag, ...]) -> Optional[str]:
    """Where the daemon answers; None for one that listens to the network only."""
    hosts = [flag.value for flag in flags if flag.name == "host"]
    for address in hosts:
        if address.startswith("unix://"):
            return address[len("unix://") :] or docker_socket.SOCKET
    if hosts and not any(address.startswith("fd://") for address in hosts):
        return None
    return docker_socket.SOCKET


def _info(
    host: Host, since: int, socket: Optional[str], settled: Settled
) -> Dict[str, Any]:
    if socket is None:
        return {}
    begun = time.monotonic()
    # The pid file's time is the wall clock's, which may have been set back since.
    fresh = min(FRESH, since / 1e9 + FRESH - time.time())
    while True:
        info = docker_socket.ask(host, "/info", path=socket)
        passed = time.monotonic() - begun
        # daemon.json may have given the daemon other addresses
        patience = fresh if host.files.exists(socket) else min(fresh, SETTLING)
        if info is None and passed >= patience:
            return {}
        if info is not None and (passed >= SETTLING or settled(shown(info))):
            return info
        time.sleep(PAUSE)


def shown(info: Mapping[str, Any]) -> Dict[str, str]:
    """The keys of daemon.json whose value in force the daemon tells (Engine API, GET /info)."""
    values: Dict[str, Any] = {}
    for pointer, field_name, kind in (
        ("/live-restore", "LiveRestoreEnabled", bool),
        ("/log-driver", "LoggingDriver", str),
        ("/debug", "Debug", bool),
        ("/default-runtime", "DefaultRuntime", str),
    ):
        if isinstance(info.get(field_name), kind):
            values[pointer] = info[field_name]
    pools = info.get("DefaultAddressPools")
    if isinstance(pools, list) and all(isinstance(pool, dict) for pool in pools):
        values["/default-address-pools"] = [
            {"base": pool.get("Base"), "size": pool.get("Size")} for pool in pools
        ]
    return {key: json.dumps(value, separators=(",", ":")) for key, value in values.items()}


def _number(value: Any) -> Optional[int]:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _swarm(info: Mapping[str, Any]) -> bool:
    swarm = info.get("Swarm")
    return isinstance(swarm, dict) and swarm.get("LocalNodeState") in IN_SWARM
