# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cgroup answers for the tasks of a cgroup: a pod, a user's slice, a unit."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Optional

from ..ceilings.ceiling import KUBEPODS, POD
from ..ceilings.group_name import name_of

# What Docker, Podman and LXC put their containers in where they make cgroups themselves.
HOLDERS = ("docker", "libpod_parent", "lxc")
USER = re.compile(r"user-[1-9][0-9]*\.slice")


@lru_cache(maxsize=4096)
def owner(path: str) -> Optional[str]:
    """The cgroup that answers for a cgroup: its pod, its user's slice, or its unit.

    None for slices that merely hold others. Root's slice is one of those: whoever mends a host logs
    in there, so that each of its sessions answers for itself.
    """
    parts = [part for part in path.split("/") if part]
    for end, part in enumerate(parts, 1):
        here = "/" + "/".join(parts[:end])
        scope = name_of(here)[0]
        user = end == 2 and parts[0] == "user.slice" and USER.fullmatch(part) is not None
        made_for = scope == KUBEPODS or (end == 1 and part in HOLDERS)
        holder = made_for or (part.endswith(".slice") and scope != POD and not user)
        if not holder:
            return here
    return None
