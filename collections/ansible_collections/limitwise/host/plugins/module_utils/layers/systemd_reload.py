# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making systemd read its files again and put its figures into the cgroups that run.

A daemon-reload does both up to systemd 256. From 257 it reads the files and writes no cgroup until
a unit of the same slice starts; then it writes those of all units in that slice and in the slices
above it (unit_add_family_to_cgroup_realize_queue in src/core/cgroup.c; systemd issue 38112).
"""

from __future__ import annotations

from typing import Iterable, List

from ..acts import Poke

WRITES_LATE_SINCE = 257
RELOAD = ("systemctl", "daemon-reload")
# systemd answers it only after it has done what it was told before.
BARRIER = ("systemctl", "show", "--property=Version")


def reload(layer: str, slices: Iterable[str]) -> List[Poke]:
    """Reload, and start a program that does nothing in each of these slices.

    A full slice may refuse the program: what counts is what the cgroups say afterwards. No unit is
    named that may be gone when the run is rolled back.
    """
    starts = [
        Poke(
            layer, ("systemd-run", "--quiet", "--wait", "--collect", f"--slice={name}", "true"),
            required=False,
        )
        for name in sorted(set(slices))
    ]
    return [Poke(layer, RELOAD), *starts, Poke(layer, BARRIER)]
