# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of Docker's settings: the file, the daemon, and what of the file is in force."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Sequence, Tuple

from ...acts import FileImage
from ...change import RELOAD
from ...formats import keyed
from ...formats.text import FormatError
from ...host.machine import Host
from ...tuning import Item
from ..unit_start import UNIT_FOLDERS
from . import (
    flags as docker_flags,
)
from . import (
    pools as docker_pools,
)
from . import (
    record as docker_record,
)
from . import (
    running as docker_running,
)
from .flags import UNIT, Start
from .keys import needs
from .pools import Route
from .record import FORMAT, RECORD, Record
from .running import Running

DAEMON_JSON = "/etc/docker/daemon.json"
CGROUP_PARENT = "/cgroup-parent"
POOLS = "/default-address-pools"
LIVE_RESTORE = "/live-restore"


@dataclass(frozen=True)
class DockerState:
    """``values``: the leaves of daemon.json, on ``lines``; ``broken``: why there are none.

    ``changed``: when the file was last written (nanoseconds). ``restart``, ``reload``: the commands
    that make the running daemon take over the file, empty where there is none.
    ``limited``: the wanted cgroup-parent slices, each with whether any file defines it.
    """

    path: str = DAEMON_JSON
    image: Optional[FileImage] = None
    values: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    broken: Optional[FormatError] = None
    changed: Optional[int] = None
    record: Record = field(default_factory=Record)
    record_image: Optional[FileImage] = None
    start: Start = field(default_factory=Start)
    running: Optional[Running] = None
    restart: Tuple[str, ...] = ()
    reload: Tuple[str, ...] = ()
    routes: Tuple[Route, ...] = ()
    limited: Mapping[str, bool] = field(default_factory=dict)
    has_systemd: bool = False


@dataclass(frozen=True)
class Known:
    """A value in force, as compact JSON; ``text`` is None where the key is unset."""

    text: Optional[str]


def observe(host: Host, items: Sequence[Item]) -> DockerState:
    """Read the file, the record, the daemon's start and the daemon itself."""
    start = docker_flags.read(host)
    path = start.value("config-file") or DAEMON_JSON
    image = host.files.image(path)
    data = image.data if image is not None else b""
    values: Dict[str, str] = {}
    lines: Dict[str, int] = {}
    broken = None
    try:
        values = keyed.values(FORMAT, data)
        lines = {key: place[0] for key, place in keyed.places(FORMAT, data).items()}
    except FormatError as error:
        broken = error
    changed = _last_change(host, path)
    running = docker_running.observe(host, start, _settled(values, start, changed))
    record_image = host.files.image(RECORD)
    return DockerState(
        path, image, values, lines, broken, changed, docker_record.read(record_image), record_image,
        start, running, restart_command(start, running), reload_command(host, start, running),
        docker_pools.routes(host.proc("net/route") or ""),
        {str(item.value): _defined(host, str(item.value)) for item in items
         if item.key == CGROUP_PARENT},
        host.has_systemd,
    )


def _last_change(host: Host, path: str) -> Optional[int]:
    """When the file was last written; None, for unknown, when its time is still to come."""
    changed = docker_running.modified(host, path)
    return changed if changed is not None and changed <= time.time_ns() else None


def _settled(
    values: Mapping[str, str], start: Start, changed: Optional[int]
) -> docker_running.Settled:
    """Whether the daemon shows what a file written a moment ago says of live-restore.

    A signal returns before dockerd has read the file. An older file is not waited for: a daemon
    that differs from it will go on to do so.
    """
    wanted = values.get(LIVE_RESTORE)
    young = changed is not None and time.time() - changed / 1e9 < docker_running.FRESH
    if wanted is None or not young or start.value("live-restore") is not None:
        return lambda shown: True
    return lambda shown: shown.get(LIVE_RESTORE) == wanted


def _defined(host: Host, name: str) -> bool:
    """Whether a unit file or a drop-in defines a unit."""
    folders = (*UNIT_FOLDERS, "/etc/systemd/system.control", "/run/systemd/system.control")
    return any(
        host.files.exists(f"{folder}/{name}") or host.files.names(f"{folder}/{name}.d")
        for folder in folders
    )


# --- making the daemon read its file -------------------------------------------------------------


def restart_command(start: Start, running: Optional[Running]) -> Tuple[str, ...]:
    """What restarts the running daemon, and does nothing to one that does not run."""
    if running is None:
        return ()
    if running.by_systemd:
        return ("systemctl", "try-restart", UNIT)
    return (start.by, "restart") if start.by.startswith("/") else ()


def reload_command(host: Host, start: Start, running: Optional[Running]) -> Tuple[str, ...]:
    """What makes the running daemon read its file again.

    Never a bare process id: the command is kept in the journal, and another process may have the
    id by the time of a rollback.
    """
    if running is None:
        return ()
    if running.by_systemd and start.can_reload:
        return ("systemctl", "try-reload-or-restart", UNIT)
    if host.which("start-stop-daemon") is not None:
        return (
            "start-stop-daemon", "--stop", "--oknodo", "--quiet", "--signal", "HUP",
            "--pidfile", running.pid_file, "--name", "dockerd",
        )
    if host.which("pkill") is not None:
        return ("pkill", "-HUP", "--pidfile", running.pid_file, "--exact", "dockerd")
    return ()


# --- what is in force ----------------------------------------------------------------------------


def read_by(running: Running, changed: Optional[int]) -> bool:
    """Whether the daemon started with the file as it is: it writes its pid file just after."""
    return changed is None or changed <= running.since


def accepted(state: DockerState) -> bool:
    """Whether the running daemon has read what others wrote in the file; so if none runs."""
    running = state.running
    if running is None or read_by(running, state.changed):
        return True
    return state.record.accepted and state.record.daemon == running.identity


def in_force(state: DockerState, pointer: str) -> Optional[Known]:
    """The value that the running daemon has; None when no daemon runs or nobody can tell."""
    running = state.running
    if running is None:
        return None
    if pointer in running.shown or (pointer == POOLS and running.shown):
        return Known(running.shown.get(pointer))
    recorded = state.record.in_force if state.record.daemon == running.identity else {}
    if pointer in recorded:
        return Known(recorded[pointer])
    if read_by(running, state.changed) or needs(pointer, "") == RELOAD:
        return Known(state.values.get(pointer))
    return None
