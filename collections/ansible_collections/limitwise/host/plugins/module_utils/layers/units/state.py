# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loaded units as they are now: systemd's own figures beside what cgroup files and processes have.

One ``systemctl show`` tells all units; its round trip also means that systemd has worked off the
cgroup changes that an earlier command queued, so the files are read after it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ...catalogue.limits import ITEMS
from ...catalogue.unit_table import DIRECTIVES
from ...findings import HostError
from ...host.machine import Host
from . import values as unit_values

CGROUP = "/sys/fs/cgroup"
UNIFIED = CGROUP + "/cgroup.controllers"
PIDS_V1 = CGROUP + "/pids"

READ_BACK = (
    "TasksMax", "MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax", "MemorySwapMax",
    "MemoryZSwapMax", "CPUQuota", "CPUWeight", "IOWeight", "AllowedCPUs", "AllowedMemoryNodes",
)
ATTRIBUTES: Dict[str, str] = {
    directive.name: directive.cgroup_file
    for directive in DIRECTIVES
    if directive.name in READ_BACK and directive.cgroup_file is not None
}
"""The directives that have a cgroup v2 attribute to themselves, and which."""

RLIMITS: Dict[str, str] = {
    "Limit" + item.rlimit[len("RLIMIT_"):]: item.proc_label
    for item in ITEMS
    if item.rlimit is not None and item.proc_label is not None
}
"""Limit directives and their rows in /proc/PID/limits."""

FACTS = (
    "Id", "Names", "LoadState", "ActiveState", "NeedDaemonReload", "Slice", "ControlGroup",
    "MainPID",
)
FIGURES = (*ATTRIBUTES, *RLIMITS, "OOMPolicy", "OOMScoreAdjust")
SHOWN = (
    *FACTS, *(name for directive in FIGURES for name in unit_values.properties(directive)),
)


@dataclass(frozen=True)
class Unit:
    """A unit that systemd has loaded; all values spelled as a unit file would.

    ``figures`` is what systemd believes and gives to a new start, ``enforced`` what the kernel has
    (cgroup attributes; the main process's rlimits), ``used`` the present use by directive.
    ``cgroup`` is the folder of its cgroup, None while it has none, and ``attributes`` what its
    files hold, by directive, as the kernel spells it. ``parent`` is its slice.
    ``stale``: its files have changed since systemd read them.
    """

    name: str
    aliases: Tuple[str, ...] = ()
    loaded: str = "loaded"
    active: bool = False
    stale: bool = False
    parent: str = ""
    pid: int = 0
    cgroup: Optional[str] = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    enforced: Mapping[str, str] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Manager:
    """systemd itself: its major version, its default for TasksMax=; None where unknown."""

    version: Optional[int] = None
    default_tasks: Optional[str] = None


UNKNOWN_MANAGER = Manager()


def read_units(host: Host, patterns: Iterable[str]) -> Dict[str, Unit]:
    """The loaded units that match, by name; none for an image."""
    wanted = sorted(set(patterns))
    if not wanted or not host.running:
        return {}
    argv = ["systemctl", "show", "--property=" + ",".join(SHOWN), "--", *wanted]
    units = (_unit(host, block) for block in blocks(host.must(argv).out))
    return {unit.name: unit for unit in units if unit.name}


def read_manager(host: Host) -> Manager:
    """The version and defaults of the host's systemd."""
    if not host.running:
        return Manager()
    argv = ["systemctl", "show", "--property=Version,DefaultTasksMax"]
    shown = next(iter(blocks(host.must(argv).out)), {})
    version = re.search("[0-9]+", shown.get("Version", ""))
    return Manager(int(version.group()) if version else None, shown.get("DefaultTasksMax"))


def blocks(text: str) -> List[Dict[str, str]]:
    """The output of ``systemctl show``: an empty line parts two units."""
    found: List[Dict[str, str]] = []
    for part in text.split("\n\n"):
        shown = {}
        for line in part.splitlines():
            name, equals, value = line.partition("=")
            if equals:
                shown[name] = value
        if shown:
            found.append(shown)
    return found


def _unit(host: Host, shown: Dict[str, str]) -> Unit:
    active = shown.get("ActiveState") in ("active", "reloading", "activating", "deactivating")
    group = shown.get("ControlGroup", "")
    pid = int(shown.get("MainPID", "0") or 0)
    figures = {}
    for directive in FIGURES:
        figure = unit_values.from_properties(directive, shown)
        if figure is not None:
            figures[directive] = figure
    folder = cgroup_folder(host, group) if active and group else None
    raw = attributes(host, folder)
    enforced = {
        name: unit_values.from_attribute(ATTRIBUTES[name], text) for name, text in raw.items()
    }
    enforced.update(_process(host, pid))
    if "OOMPolicy" in figures and active:
        # systemd itself acts on it, from the reload on
        enforced["OOMPolicy"] = figures["OOMPolicy"]
    return Unit(
        name=shown.get("Id", ""),
        aliases=tuple(shown.get("Names", "").split()),
        loaded=shown.get("LoadState", ""),
        active=active,
        stale=shown.get("NeedDaemonReload") == "yes",
        parent=shown.get("Slice", ""),
        pid=pid,
        cgroup=folder,
        attributes=raw,
        figures=figures,
        enforced=enforced,
        used=usage(host, folder),
    )


def cgroup_folder(host: Host, group: str) -> str:
    """Where a control group's files are: the unified hierarchy, or version 1's for pids."""
    base = CGROUP if host.files.exists(UNIFIED) else PIDS_V1
    return base + group.rstrip("/")


def attributes(host: Host, folder: Optional[str]) -> Dict[str, str]:
    """The attributes of a cgroup by directive; absent ones have no controller there."""
    found = {}
    for directive, attribute in ATTRIBUTES.items():
        text = _read(host, folder, attribute)
        if text is not None:
            found[directive] = text
    return found


def usage(host: Host, folder: Optional[str]) -> Dict[str, int]:
    """What a cgroup uses now: tasks, and the memory that the kernel cannot drop at once.

    The page cache of files counts as memory.current but is given back under pressure, so a cap
    below it hurts nobody.
    """
    found = {}
    tasks = _read(host, folder, "pids.current")
    if tasks is not None and tasks.isdigit():
        found["TasksMax"] = int(tasks)
    memory = _read(host, folder, "memory.current")
    if memory is not None and memory.isdigit():
        cache = 0
        for line in (_read(host, folder, "memory.stat") or "").splitlines():
            name, _blank, amount = line.partition(" ")
            if name in ("active_file", "inactive_file"):
                cache += int(amount)
        used = max(0, int(memory) - cache)
        found.update({"MemoryMax": used, "MemoryHigh": used})
    return found


def _read(host: Host, folder: Optional[str], attribute: str) -> Optional[str]:
    if folder is None:
        return None
    try:
        data = host.files.read(f"{folder}/{attribute}")
    except HostError:
        # the unit stopped while it was read: its cgroup answers ENODEV
        return None
    return None if data is None else data.decode("ascii", "replace").strip()


def _process(host: Host, pid: int) -> Dict[str, str]:
    """The rlimits and the OOM score of a main process."""
    if pid <= 0:
        return {}
    found = process_limits(host.proc(f"{pid}/limits") or "")
    score = host.proc(f"{pid}/oom_score_adj")
    if score is not None:
        found["OOMScoreAdjust"] = score.strip()
    return found


def process_limits(text: str) -> Dict[str, str]:
    """/proc/PID/limits as Limit directives: one number, or soft:hard."""
    found = {}
    for directive, label in RLIMITS.items():
        for line in text.splitlines():
            if line.startswith(label + " "):
                soft, hard = (_rlimit(word) for word in line[len(label):].split()[:2])
                found[directive] = soft if soft == hard else f"{soft}:{hard}"
    return found


def _rlimit(word: str) -> str:
    return unit_values.INFINITY if word == "unlimited" else word


def read_totals(host: Host) -> unit_values.Totals:
    """What percentages are parts of, as systemd counts it (src/basic/limits-util.c)."""
    if not host.running:
        return unit_values.UNKNOWN
    return unit_values.Totals(_memory(host), _tasks(host), os.sysconf("SC_PAGESIZE"))


def _memory(host: Host) -> Optional[int]:
    for line in (host.proc("meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            total = int(line.split()[1]) * 1024
            return _least([total, _number(_read(host, CGROUP, "memory.max"))])
    return None


def _tasks(host: Host) -> Optional[int]:
    pid_max = _number(host.sysctl("kernel/pid_max"))
    return _least([
        _number(host.sysctl("kernel/threads-max")),
        None if pid_max is None else pid_max - 1,
        _number(_read(host, CGROUP, "pids.max")),
    ])


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text is not None and text.strip().isdigit() else None


def _least(numbers: Sequence[Optional[int]]) -> Optional[int]:
    return min((one for one in numbers if one is not None), default=None)


def controllers(host: Host) -> Optional[Tuple[str, ...]]:
    """The controllers of the unified hierarchy; None where it is not the only one, or unknown."""
    if not host.running:
        return None
    data = host.files.read(UNIFIED)
    return None if data is None else tuple(data.decode("ascii", "replace").split())
