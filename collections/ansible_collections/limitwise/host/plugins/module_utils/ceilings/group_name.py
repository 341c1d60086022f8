# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cgroup is, told from its path: slice, unit, kubepods, pod, container.

Names of both of the kubelet's and Docker's cgroup drivers: pkg/kubelet/cm (kubepods-burstable-
pod<uid>.slice, kubepods/burstable/pod<uid>), containerd's cri-containerd-<id>.scope, CRI-O's
crio-<id>.scope, Docker's docker-<id>.scope and docker/<id>, Podman's libpod-<id>.scope.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import List, Optional, Tuple

from .ceiling import CGROUP, CONTAINER, KUBEPODS, POD, SLICE, UNIT

UNIT_TYPES = (".service", ".scope", ".socket", ".mount", ".swap")
MANAGER = re.compile(r"user@\d+\.service")

PODS = re.compile(r"(?:.+-)?kubepods(?:-burstable|-besteffort)?\.slice|kubepods")
POD_SLICE = re.compile(r"(?:.+-)?kubepods(?:-burstable|-besteffort)?-pod([0-9A-Za-z_]+)\.slice")
POD_FOLDER = re.compile(r"pod([0-9A-Za-z-]+)")
CONTAINER_SCOPE = re.compile(
    r"(?:cri-containerd|crio|docker|libpod|nerdctl)-([0-9a-f]{12,64})\.scope"
)
CONTAINER_ID = re.compile(r"(?:.*:(?:cri-containerd|crio|docker):)?([0-9a-f]{64})")
CLASSES = ("burstable", "besteffort")

Name = Tuple[str, str]
"""Scope and subject."""


@lru_cache(maxsize=4096)
def name_of(path: str) -> Name:
    """The scope and subject of a cgroup; what has no name of its own is called by its path."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        return (CGROUP, "/")
    return _container(parts) or _pods(parts) or _unit(parts) or (CGROUP, "/".join(parts))


def _container(parts: List[str]) -> Optional[Name]:
    match = CONTAINER_SCOPE.fullmatch(parts[-1]) or CONTAINER_ID.fullmatch(parts[-1])
    return (CONTAINER, match.group(1)) if match else None


def _pods(parts: List[str]) -> Optional[Name]:
    last = parts[-1]
    slice_of = POD_SLICE.fullmatch(last)
    if slice_of:
        # a dash would part slices, so systemd's driver writes underscores
        return (POD, slice_of.group(1).replace("_", "-"))
    above = parts[-2] if len(parts) > 1 else ""
    inside = PODS.fullmatch(above) is not None or (above in CLASSES and "kubepods" in parts)
    folder = POD_FOLDER.fullmatch(last)
    if folder and inside:
        return (POD, folder.group(1))
    if PODS.fullmatch(last):
        return (KUBEPODS, last)
    return (KUBEPODS, f"kubepods/{last}") if inside and last in CLASSES else None


def _unit(parts: List[str]) -> Optional[Name]:
    """A unit of the system's manager by its name, one of a user's manager from ``user@`` on."""
    last = parts[-1]
    scope = SLICE if last.endswith(".slice") else UNIT if last.endswith(UNIT_TYPES) else None
    if scope is None:
        return None
    outer = [index for index, part in enumerate(parts[:-1]) if not part.endswith(".slice")]
    if not outer:
        return (scope, last)
    if MANAGER.fullmatch(parts[outer[0]]):
        return (scope, "/".join(parts[outer[0] :]))
    return None
