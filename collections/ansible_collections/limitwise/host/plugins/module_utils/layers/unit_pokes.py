# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that make systemd read its files again and put its figures into the cgroups.

A daemon-reload alone does it up to systemd 256. In 257 the reload reads the files and leaves
running cgroups as they are, until some unit of the same slice is started (systemd#38112). Setting
any property of a running unit makes systemd realize that unit and its siblings; an empty list of
markers is a property that changes nothing and leaves no file. It exists since 248.
"""

from __future__ import annotations

from typing import Iterable, List, Optional, Tuple

from ..acts import Poke

RELOAD = ("systemctl", "daemon-reload")
BARRIER = ("systemctl", "show", "--property=Version")
MARKERS_SINCE = 248


def reload_units(layer: str, units: Iterable[str], version: Optional[int]) -> List[Poke]:
    """Reload, and bring the cgroups of these running units and of their siblings up to date.

    The last command changes nothing: systemd answers it only after it has done the rest.
    """
    argvs: List[Tuple[str, ...]] = [RELOAD]
    if version is not None and version >= MARKERS_SINCE:
        for name in sorted(set(units)):
            argvs.append(("systemctl", "set-property", "--runtime", name, "Markers="))
    argvs.append(BARRIER)
    return [Poke(layer, argv) for argv in argvs]


def restart(layer: str, unit: str) -> Poke:
    """Start a running unit anew, so that its processes get their new limits."""
    return Poke(layer, ("systemctl", "try-restart", unit), "restart")
