# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls below fs/ that are limits.

Ranges: fs/ and ipc/mq_sysctl.c of Linux 7.1, Documentation/admin-guide/sysctl/fs.rst.
"""

from __future__ import annotations

from typing import Tuple

from .sysctl_key import NEW_OBJECTS, NEW_PROCESSES, SysctlKey, exact, floor

_INT_MAX = 2**31 - 1

FS: Tuple[SysctlKey, ...] = (
    floor(
        "fs/file-max",
        "open files of the whole host",
        kind="ulong",
        high=2**63 - 1,
        sane_low=1024,
        used_by="file_max",
    ),
    floor(
        "fs/nr_open",
        "highest RLIMIT_NOFILE that can be set",
        kind="uint",
        low=64,
        high=2147483584,
        sane_low=524288,
        effect=NEW_PROCESSES,
        used_by="nofile",
    ),
    exact(
        "fs/file-nr",
        "open files, free ones, and their limit",
        kind="ulongs",
        arity=3,
        read_only=True,
    ),
    exact("fs/inode-nr", "inodes and free inodes", kind="ints", arity=2, read_only=True),
    exact("fs/inode-state", "inode counts", kind="ints", arity=7, read_only=True),
    exact("fs/dentry-state", "directory entry counts", kind="ints", arity=6, read_only=True),
    floor(
        "fs/inotify/max_user_instances",
        "inotify instances of a user",
        kind="ulong",
        low=0,
        high=_INT_MAX,
        used_by="inotify_instances",
    ),
    floor(
        "fs/inotify/max_user_watches",
        "inotify watches of a user",
        kind="ulong",
        low=0,
        high=_INT_MAX,
        used_by="inotify_watches",
    ),
    floor(
        "fs/inotify/max_queued_events",
        "events waiting in an inotify instance",
        low=0,
        effect=NEW_OBJECTS,
    ),
    floor(
        "fs/fanotify/max_user_groups",
        "fanotify groups of a user",
        kind="ulong",
        low=0,
        high=_INT_MAX,
        since="5.13",
    ),
    floor(
        "fs/fanotify/max_user_marks",
        "fanotify marks of a user",
        kind="ulong",
        low=0,
        high=_INT_MAX,
        since="5.13",
    ),
    floor(
        "fs/fanotify/max_queued_events",
        "events waiting in a fanotify group",
        low=0,
        effect=NEW_OBJECTS,
        since="5.13",
    ),
    exact(
        "fs/fanotify/watchdog_timeout",
        "seconds before a stuck listener is reported",
        low=0,
        unit="seconds",
    ),
    floor(
        "fs/epoll/max_user_watches", "epoll watches of a user", kind="ulong", low=0, high=2**63 - 1
    ),
    floor("fs/aio-max-nr", "asynchronous I/O requests of the host", kind="ulong", used_by="aio"),
    exact("fs/aio-nr", "asynchronous I/O requests set up", kind="ulong", read_only=True),
    floor(
        "fs/pipe-max-size",
        "bytes an unprivileged pipe may hold",
        kind="uint",
        low=1,
        high=1 << 31,
        sane_low=4096,
        unit="bytes",
    ),
    floor(
        "fs/pipe-user-pages-soft",
        "pipe pages of a user before pipes are small",
        kind="ulong",
        unit="pages",
        no_limit=0,
    ),
    floor(
        "fs/pipe-user-pages-hard", "pipe pages of a user", kind="ulong", unit="pages", no_limit=0
    ),
    floor("fs/mqueue/queues_max", "POSIX message queues of the host", sane_low=0),
    floor("fs/mqueue/msg_max", "messages of a POSIX queue", low=1, high=65536),
    floor(
        "fs/mqueue/msgsize_max", "bytes of a POSIX message", low=128, high=16 << 20, unit="bytes"
    ),
    exact("fs/mqueue/msg_default", "messages of a queue that asks nothing", low=1, high=65536),
    exact(
        "fs/mqueue/msgsize_default",
        "bytes of a message of a queue that asks nothing",
        low=128,
        high=16 << 20,
        unit="bytes",
    ),
    floor(
        "fs/mount-max",
        "mounts of one mount namespace",
        kind="uint",
        low=1,
        high=_INT_MAX,
        used_by="mounts",
    ),
    exact(
        "fs/lease-break-time", "seconds before a lease is taken away", sane_low=0, unit="seconds"
    ),
    floor(
        "fs/fuse/max_pages_limit",
        "pages of one FUSE request",
        kind="uint",
        low=1,
        high=65535,
        since="6.13",
    ),
    exact(
        "fs/fuse/default_request_timeout",
        "seconds a FUSE request may take",
        kind="uint",
        low=0,
        high=65535,
        since="6.15",
    ),
    exact(
        "fs/fuse/max_request_timeout",
        "most seconds a FUSE request may take",
        kind="uint",
        low=0,
        high=65535,
        since="6.15",
    ),
    floor("fs/super-max", "superblocks", until="2.4"),
    floor("fs/inode-max", "inodes", until="2.2"),
)
