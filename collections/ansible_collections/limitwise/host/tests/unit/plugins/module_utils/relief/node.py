# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node made of plain files consists of: kubepods, pods, slices and units, with processes."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

GROUPS = "sys/fs/cgroup"
KUBE = f"{GROUPS}/kubepods.slice"
BURST = f"{KUBE}/kubepods-burstable.slice"
POD = f"{BURST}/kubepods-burstable-pod11_22.slice"
ID = "ab" * 32
FILES: Dict[str, str] = {
    "proc/loadavg": "0.1 0.2 0.3 2/900 999\n",
    "proc/self/cgroup": "0::/system.slice/limitwise-guard.service\n",
    "proc/sys/kernel/threads-max": "2000\n",
    "proc/sys/kernel/pid_max": "4000\n",
    "proc/sys/kernel/osrelease": "6.12.0-own\n",
    "proc/sys/kernel/random/boot_id": "11111111-2222-3333-4444-555555555555\n",
    "var/lib/.keep": "",
    f"{GROUPS}/cgroup.controllers": "cpu memory pids\n",
}
TASKS = {
    # cgroup: (pids.current, pids.max)
    f"{GROUPS}/system.slice": ("120", "max"),
    f"{GROUPS}/system.slice/ssh.service": ("20", "60"),
    f"{GROUPS}/system.slice/web.service": ("90", "512"),
    f"{GROUPS}/student.slice": ("100", "200"),
    f"{GROUPS}/student.slice/student-lab.slice": ("80", "100"),
    KUBE: ("600", "1500"),
    BURST: ("600", "max"),
    POD: ("590", "1000"),
    f"{POD}/cri-containerd-{ID}.scope": ("580", "700"),
}


def put(root: Path, path: str, text: str) -> None:
    """Write one file of the node."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
