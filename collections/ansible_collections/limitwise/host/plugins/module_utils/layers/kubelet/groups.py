# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cgroups of the pods: what each and all together may have of PIDs, and have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

from ...host.machine import Host

# By cgroup driver (systemd, cgroupfs) and version (2, 1).
PLACES = tuple(
    f"/sys/fs/cgroup{controller}/{name}"
    for controller in ("", "/pids")
    for name in ("kubepods.slice", "kubepods")
)
POD = re.compile(r"(?:kubepods(?:-burstable|-besteffort)?-)?pod([0-9a-f_-]{8,})(?:\.slice)?")
CLASSES = re.compile(r"(?:kubepods-)?(?:burstable|besteffort)(?:\.slice)?")
NO_LIMIT = "max"


@dataclass(frozen=True)
class Pod:
    """One pod's cgroup; ``limit`` is None where there is none."""

    uid: str
    limit: Optional[int]
    used: int


@dataclass(frozen=True)
class Kubepods:
    """The cgroup of all pods; ``path`` is empty when there is none (yet)."""

    path: str = ""
    limit: Optional[int] = None
    used: int = 0
    pods: Tuple[Pod, ...] = ()


def read(host: Host) -> Kubepods:
    """Every pod with its PIDs; pods that end meanwhile are left out."""
    if not host.running:
        return Kubepods()
    for path in PLACES:
        if host.files.read(f"{path}/pids.max") is not None:
            pods = tuple(sorted(_pods(host, path), key=lambda pod: pod.uid))
            used = _number(host, path, "pids.current") or 0
            return Kubepods(path, _limit(host, path), used, pods)
    return Kubepods()


def _pods(host: Host, path: str) -> Iterator[Pod]:
    for name in host.files.names(path):
        here = f"{path}/{name}"
        if CLASSES.fullmatch(name):
            yield from _pods(host, here)
            continue
        match = POD.fullmatch(name)
        used = _number(host, here, "pids.current") if match else None
        if match is not None and used is not None:
            yield Pod(match.group(1).replace("_", "-"), _limit(host, here), used)


def _limit(host: Host, path: str) -> Optional[int]:
    return _number(host, path, "pids.max")


def _number(host: Host, path: str, name: str) -> Optional[int]:
    text = (host.files.read(f"{path}/{name}") or b"").decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None
