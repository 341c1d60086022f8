# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of each sysctl's ceiling is in use now."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Callable, Dict, Iterator, List, Optional, Tuple

from ...findings import HostError
from ...host.machine import Host
from ...margin import margin
from .logins import most_open_files

# PIDs below 300 are not used again after the first wrap (RESERVED_PIDS in kernel/pid.c).
RESERVED_PIDS = 300
NR_OPEN = "fs/nr_open"
# Equal is enough for those of which nothing is used up.
WITHOUT_MARGIN = (NR_OPEN,)
KEY_USER = re.compile(r"\s*(\d+):\s+\d+\s+\d+/\d+\s+(\d+)/\d+\s+(\d+)/\d+")


def present_use(host: Host, path: str) -> Optional[int]:
    """Use of the ceiling ``path`` in its own unit; None when it has none or cannot be asked."""
    reader = READERS.get(path)
    return reader(host) if reader is not None and host.running else None


def kept_above(path: str, used: int) -> int:
    """How far above its present use a ceiling must stay."""
    return 0 if path in WITHOUT_MARGIN else margin(used)


def tasks(host: Host) -> Optional[int]:
    """Threads of the whole host: the fourth field of /proc/loadavg (proc_loadavg(5))."""
    match = re.search(r"\d+/(\d+)", host.proc("loadavg") or "")
    return int(match.group(1)) if match else None


def pids(host: Host) -> Optional[int]:
    used = tasks(host)
    return used + RESERVED_PIDS if used is not None else None


def _field(path: str, index: int) -> Callable[[Host], Optional[int]]:
    """A reader of one number of a value below /proc/sys."""

    def read(host: Host) -> Optional[int]:
        fields = (host.sysctl(path) or "").split()
        return int(fields[index]) if len(fields) > index and fields[index].isdigit() else None

    return read


def _keys(group: int, root: bool) -> Callable[[Host], Optional[int]]:
    """A reader of /proc/key-users: the largest quota use of root, or of any other user."""

    def read(host: Host) -> Optional[int]:
        users = map(KEY_USER.match, (host.proc("key-users") or "").splitlines())
        used = [int(user.group(group)) for user in users if user and (user.group(1) == "0") == root]
        return max(used, default=0)

    return read


def _lines(path: str) -> Callable[[Host], Optional[int]]:
    """A reader of a table below /proc with one line of headings."""

    def read(host: Host) -> Optional[int]:
        text = host.proc(path)
        return max(0, len(text.splitlines()) - 1) if text is not None else None

    return read


def _socket_count(word: str) -> Callable[[Host], Optional[int]]:
    """A reader of the TCP line of /proc/net/sockstat: ``orphan``, ``tw``."""

    def read(host: Host) -> Optional[int]:
        match = re.search(rf"^TCP:.* {word} (\d+)", host.proc("net/sockstat") or "", re.MULTILINE)
        return int(match.group(1)) if match else None

    return read


def _neighbours(table: str) -> Callable[[Host], Optional[int]]:
    """A reader of a neighbour table's size: the first, hexadecimal column of its statistics."""

    def read(host: Host) -> Optional[int]:
        lines = (host.proc(f"net/stat/{table}") or "").splitlines()
        return int(lines[1].split()[0], 16) if len(lines) > 1 and lines[1].split() else None

    return read


# --- counted process by process: only when somebody asks ----------------------------------------


def _processes(host: Host) -> Iterator[str]:
    return (name for name in host.files.names("/proc") if name.isdigit())


def _read(host: Host, path: str) -> str:
    """A file of a process; empty when the process has ended meanwhile or may not be looked at."""
    try:
        return host.proc(path) or ""
    except HostError:
        return ""


def _entries(host: Host, path: str) -> Tuple[str, ...]:
    try:
        return host.files.names(path)
    except HostError:
        return ()


def _link(host: Host, path: str) -> str:
    try:
        return host.files.link(path) or ""
    except OSError:
        return ""


def _owner(host: Host, pid: str) -> str:
    match = re.search(r"^Uid:\s+(\d+)", _read(host, f"{pid}/status"), re.MULTILINE)
    return match.group(1) if match else ""


def _most(counts: Dict[str, int]) -> int:
    return max(counts.values(), default=0)


def _watched(word: str) -> Callable[[Host], Optional[int]]:
    """A reader of the most entries ``word`` (inotify watches, epoll targets) of any user."""

    def read(host: Host) -> Optional[int]:
        counts: Dict[str, int] = Counter()
        for pid in _processes(host):
            found = sum(
                _read(host, f"{pid}/fdinfo/{number}").count(f"\n{word}")
                for number in _entries(host, f"/proc/{pid}/fdinfo")
            )
            if found:
                counts[_owner(host, pid)] += found
        return _most(counts)

    return read


def inotify_instances(host: Host) -> Optional[int]:
    """The most inotify instances of any user."""
    counts: Dict[str, int] = Counter()
    for pid in _processes(host):
        links: List[str] = [
            _link(host, f"/proc/{pid}/fd/{number}") for number in _entries(host, f"/proc/{pid}/fd")
        ]
        found = sum(os.path.basename(link) == "anon_inode:inotify" for link in links)
        if found:
            counts[_owner(host, pid)] += found
    return _most(counts)


def mappings(host: Host) -> Optional[int]:
    """The most memory mappings of any process."""
    return max((_read(host, f"{pid}/maps").count("\n") for pid in _processes(host)), default=0)


INOTIFY_WATCHES = _watched("inotify wd:")
CONNECTIONS = _field("net/netfilter/nf_conntrack_count", 0)

READERS: Dict[str, Callable[[Host], Optional[int]]] = {
    "kernel/threads-max": tasks,
    "kernel/pid_max": pids,
    "kernel/pty/max": _field("kernel/pty/nr", 0),
    "kernel/keys/maxkeys": _keys(2, root=False),
    "kernel/keys/maxbytes": _keys(3, root=False),
    "kernel/keys/root_maxkeys": _keys(2, root=True),
    "kernel/keys/root_maxbytes": _keys(3, root=True),
    "kernel/shmmni": _lines("sysvipc/shm"),
    "kernel/msgmni": _lines("sysvipc/msg"),
    "vm/max_map_count": mappings,
    NR_OPEN: most_open_files,
    "fs/file-max": _field("fs/file-nr", 0),
    "fs/aio-max-nr": _field("fs/aio-nr", 0),
    "fs/inotify/max_user_watches": INOTIFY_WATCHES,
    "fs/inotify/max_user_instances": inotify_instances,
    "fs/epoll/max_user_watches": _watched("tfd:"),
    "user/max_inotify_watches": INOTIFY_WATCHES,
    "user/max_inotify_instances": inotify_instances,
    "net/netfilter/nf_conntrack_max": CONNECTIONS,
    "net/nf_conntrack_max": CONNECTIONS,
    "net/ipv4/neigh/default/gc_thresh3": _neighbours("arp_cache"),
    "net/ipv6/neigh/default/gc_thresh3": _neighbours("ndisc_cache"),
    "net/ipv4/tcp_max_orphans": _socket_count("orphan"),
    "net/ipv4/tcp_max_tw_buckets": _socket_count("tw"),
}
