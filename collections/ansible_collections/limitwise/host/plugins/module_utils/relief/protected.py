# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is never capped nor named as a culprit: what people log in by, and what runs the node."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import FrozenSet, Optional

from ..ceilings.ceiling import above
from ..host.machine import Host

UNITS = re.compile(
    r"(?:ssh|sshd|dropbear)(?:@.*)?\.(?:service|socket)|sshd?-.*\.slice|system-sshd?\.slice"
    r"|init\.scope|systemd-.*|dbus(?:-broker)?\.service|dbus\.socket|polkit\.service"
    r"|(?:serial-)?getty@.*\.service|elogind\.service"
    r"|(?:containerd|docker|crio|cri-o|cri-docker|podman)\.(?:service|socket)"
    r"|(?:kubelet|k3s|k3s-agent|rke2-server|rke2-agent|etcd)\.service|limitwise.*"
)
SLICES = frozenset({"/", "/system.slice", "/user.slice", "/machine.slice"})


@dataclass(frozen=True)
class Protected:
    """``own``: the cgroup of this process, empty when unknown. ``pods``: uids of pods that the node
    cannot do without (static ones, priority from 2000000000 on), this process's own among them.
    """

    own: str = ""
    pods: FrozenSet[str] = frozenset()

    def group(self, path: str) -> bool:
        """Whether a cgroup, or what is around this process, is not to be touched."""
        if path in SLICES or path in above(self.own)[:-1]:
            return True
        return any(UNITS.fullmatch(part) for part in path.split("/") if part)


def own_group(host: Host) -> str:
    """The cgroup of this process (cgroups(7)); empty when a namespace of its own hides it."""
    for line in (host.proc("self/cgroup") or "").splitlines():
        _number, _colon, rest = line.partition(":")
        controllers, _colon, path = rest.partition(":")
        if controllers == "" or "pids" in controllers.split(","):
            return "" if path == "/" or path.startswith("/..") else path
    return ""


def protected(host: Host, pods: Optional[FrozenSet[str]] = None) -> Protected:
    """What is protected on a host; ``pods``: see :class:`Protected`."""
    return Protected(own_group(host), pods or frozenset())
