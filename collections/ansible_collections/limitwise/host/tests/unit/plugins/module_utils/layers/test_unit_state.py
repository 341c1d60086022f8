# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loaded units: systemctl's output, cgroup files of both versions, a main process's limits."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.host.commands import Completed
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import LIVE, Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.units import state as unit_state

LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max processes             7000                 7000                 processes
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
Max realtime timeout      unlimited            unlimited            us
"""


class Scripted(Host):
    """A running host below a directory, whose systemctl says what the test wants."""

    def __init__(self, root: Path, said: str, files: Dict[str, str]) -> None:
        for path, text in files.items():
            place = root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        super().__init__(LIVE, str(root))
        self.said = said
        self.asked: List[Tuple[str, ...]] = []

    def must(self, argv: Sequence[str], *, timeout: float = 90.0) -> Completed:
        self.asked.append(tuple(argv))
        return Completed(tuple(argv), 0, self.said, "")


SHOWN = """Id=a.service
Names=b.service a.service
LoadState=loaded
ActiveState=active
NeedDaemonReload=no
Slice=system.slice
ControlGroup=/system.slice/a.service
MainPID=42
TasksMax=4915
CPUWeight=[not set]
CPUQuotaPerSecUSec=infinity
LimitNOFILE=524288
LimitNOFILESoft=1024
OOMPolicy=stop

Id=c.service
Names=c.service
LoadState=not-found
ActiveState=inactive
ControlGroup=
MainPID=0
"""
GROUP = "/sys/fs/cgroup/system.slice/a.service"


def test_a_unit_as_systemd_and_the_kernel_have_it(tmp_path: Path) -> None:
    host = Scripted(tmp_path, SHOWN, {
        "/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
        f"{GROUP}/pids.max": "100\n",
        f"{GROUP}/pids.current": "7\n",
        f"{GROUP}/cpu.max": "50000 100000\n",
        f"{GROUP}/memory.current": "9000\n",
        f"{GROUP}/memory.stat": "anon 1\nactive_file 3000\ninactive_file 1000\n",
        "/proc/42/limits": LIMITS,
        "/proc/42/oom_score_adj": "-900\n",
    })
    units = unit_state.read_units(host, ["c.service", "a.service", "a.service"])
    assert host.asked[0][3:] == ("--", "a.service", "c.service")
    unit = units["a.service"]
    assert (unit.aliases, unit.parent, unit.cgroup, unit.active) == (
        ("b.service", "a.service"), "system.slice", GROUP, True,
    )
    assert unit.figures["LimitNOFILE"] == "1024:524288"
    assert unit.enforced["TasksMax"] == "100"
    assert unit.enforced["CPUQuota"] == "50%"
    assert unit.attributes["CPUQuota"] == "50000 100000"
    assert unit.enforced["LimitNOFILE"] == "1024:524288"
    assert unit.enforced["LimitCPU"] == "infinity"
    assert unit.enforced["OOMScoreAdjust"] == "-900"
    assert unit.enforced["OOMPolicy"] == "stop"
    assert "MemoryMax" not in unit.enforced
    assert unit.used == {"TasksMax": 7, "MemoryMax": 5000, "MemoryHigh": 5000}
    assert (units["c.service"].active, units["c.service"].loaded) == (False, "not-found")


def test_pids_of_cgroup_version_1(tmp_path: Path) -> None:
    host = Scripted(tmp_path, SHOWN, {
        "/sys/fs/cgroup/pids/system.slice/a.service/pids.max": "max\n",
    })
    assert unit_state.read_units(host, ["a.service"])["a.service"].enforced["TasksMax"] == (
        "infinity"
    )
    assert unit_state.controllers(host) is None


def test_an_image_has_no_loaded_units(tmp_path: Path) -> None:
    host = Host.image(str(tmp_path))
    assert unit_state.read_units(host, ["a.service"]) == {}
    assert unit_state.read_manager(host) == unit_state.UNKNOWN_MANAGER
    assert unit_state.read_totals(host).tasks is None


@pytest.mark.parametrize(
    ("said", "version"),
    [("Version=257.13-1~deb13u1\n", 257), ("Version=systemd 239\n", 239), ("Version=\n", None)],
)
def test_version(tmp_path: Path, said: str, version: int) -> None:
    assert unit_state.read_manager(Scripted(tmp_path, said, {})).version == version


@pytest.mark.parametrize(
    ("files", "memory", "tasks"),
    [
        ({"/proc/meminfo": "MemTotal:   1000 kB\n", "/proc/sys/kernel/threads-max": "5000\n",
          "/proc/sys/kernel/pid_max": "4000\n"}, 1024000, 3999),
        ({"/proc/meminfo": "MemTotal:   1000 kB\n", "/sys/fs/cgroup/memory.max": "4096\n",
          "/sys/fs/cgroup/pids.max": "70\n", "/proc/sys/kernel/pid_max": "4000\n"}, 4096, 70),
        ({"/proc/meminfo": "MemTotal:   1000 kB\n", "/sys/fs/cgroup/memory.max": "max\n",
          "/sys/fs/cgroup/pids.max": "max\n"}, 1024000, None),
        ({}, None, None),
    ],
)
def test_totals(tmp_path: Path, files: Dict[str, str], memory: int, tasks: int) -> None:
    totals = unit_state.read_totals(Scripted(tmp_path, "", files))
    assert (totals.memory, totals.tasks) == (memory, tasks)
