# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""inotify instances and watches of each user, counted process by process: only when asked for.

Source: inotify(7), proc_pid_fdinfo(5). The kernel counts per user, and a user namespace (a
container) has limits of its own besides (user.max_inotify_*), which are not read here.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Dict, Iterator, Tuple

from ..findings import HostError
from ..host import processes
from ..host.machine import Host
from .ceiling import INOTIFY_INSTANCES, INOTIFY_WATCHES, USER, Ceiling, simple

INSTANCE = "anon_inode:inotify"
WATCH = "inotify wd:"
FILES = {
    INOTIFY_INSTANCES: "fs/inotify/max_user_instances",
    INOTIFY_WATCHES: "fs/inotify/max_user_watches",
}
OWNER = re.compile(r"^Uid:\s+(\d+)", re.MULTILINE)


def read_users(host: Host) -> Iterator[Ceiling]:
    """Both ceilings of every user who has an inotify instance; subjects are numeric user ids.

    An instance shared by processes of one user (after a fork) counts once for each.
    """
    counted = count(host)
    for resource, path in FILES.items():
        limit = (host.sysctl(path) or "").strip()
        if not limit.isdigit():
            continue
        for uid, used in sorted(counted[resource].items(), key=lambda one: int(one[0])):
            yield simple(resource, USER, uid, int(limit), used, f"/proc/sys/{path}")


def count(host: Host) -> Dict[str, Dict[str, int]]:
    """Instances and watches by user; processes that may not be looked at are left out."""
    found: Dict[str, Dict[str, int]] = {resource: Counter() for resource in FILES}
    for pid in processes.pids(host):
        try:
            instances, watches = _of_process(host, pid)
            status = host.proc(f"{pid}/status") or "" if instances else ""
        except (HostError, OSError):
            continue
        owner = OWNER.search(status)
        if owner is not None:
            found[INOTIFY_INSTANCES][owner.group(1)] += instances
            found[INOTIFY_WATCHES][owner.group(1)] += watches
    return found


def _of_process(host: Host, pid: int) -> Tuple[int, int]:
    instances = watches = 0
    for descriptor in host.files.names(f"/proc/{pid}/fd"):
        if host.files.link(f"/proc/{pid}/fd/{descriptor}") == INSTANCE:
            instances += 1
            watches += (host.proc(f"{pid}/fdinfo/{descriptor}") or "").count(WATCH)
    return instances, watches
