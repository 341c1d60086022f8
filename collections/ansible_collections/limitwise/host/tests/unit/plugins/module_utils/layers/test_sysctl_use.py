# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Present use of each ceiling, read from a /proc made for the test."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.sysctl import lookup
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.use import (
    READERS,
    present_use,
)

KEY_USERS = """\
    0:    70 69/69 60/1000000 1200/25000000
 1000:     3 3/3 190/200 5000/20000
 1001:     3 3/3 20/200 19000/20000
"""
SOCKSTAT = "sockets: used 200\nTCP: inuse 9 orphan 3 tw 17 alloc 12 mem 4\nUDP: inuse 2 mem 1\n"
ARP = "entries  allocs\n0000001a  00000001\n0000001a  00000002\n"
PROC = {
    "loadavg": "0.00 0.01 0.05 3/1234 9999\n",
    "key-users": KEY_USERS,
    "net/sockstat": SOCKSTAT,
    "net/stat/arp_cache": ARP,
    "sysvipc/shm": "key shmid\n0 1\n0 2\n",
    "sysvipc/msg": "key msqid\n",
    "sys/fs/file-nr": "2048\t0\t9223372036854775807\n",
    "sys/fs/aio-nr": "128\n",
    "sys/kernel/pty/nr": "4\n",
    "sys/net/netfilter/nf_conntrack_count": "321\n",
    "10/status": "Name:\ta\nUid:\t1000\t1000\t1000\t1000\n",
    "10/fdinfo/3": "pos:\t0\nflags:\t0\ninotify wd:1 ino:2\ninotify wd:2 ino:3\n",
    "10/fdinfo/4": "pos:\t0\ntfd:        3 events:       19\n",
    "10/maps": "a\nb\nc\n",
    "11/status": "Name:\tb\nUid:\t1000\t1000\t1000\t1000\n",
    "11/fdinfo/3": "pos:\t0\ninotify wd:1 ino:2\n",
    "11/maps": "a\n",
    "12/status": "Name:\tc\nUid:\t0\t0\t0\t0\n",
    "12/fdinfo/3": "pos:\t0\ninotify wd:1 ino:2\n",
}


def host_with(root: Path, proc: Dict[str, str]) -> Host:
    for name, text in proc.items():
        path = root / "proc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Host.mounted(str(root))


@pytest.mark.parametrize(
    ("path", "used"),
    [
        ("kernel/threads-max", 1234),
        ("kernel/pid_max", 1534),  # 300 PIDs are not used again
        ("kernel/pty/max", 4),
        ("kernel/keys/maxkeys", 190),
        ("kernel/keys/maxbytes", 19000),
        ("kernel/keys/root_maxkeys", 60),
        ("kernel/keys/root_maxbytes", 1200),
        ("kernel/shmmni", 2),
        ("kernel/msgmni", 0),
        ("vm/max_map_count", 3),
        ("fs/file-max", 2048),
        ("fs/aio-max-nr", 128),
        ("fs/inotify/max_user_watches", 3),
        ("fs/epoll/max_user_watches", 1),
        ("net/netfilter/nf_conntrack_max", 321),
        ("net/ipv4/neigh/default/gc_thresh3", 26),
        ("net/ipv4/tcp_max_orphans", 3),
        ("net/ipv4/tcp_max_tw_buckets", 17),
        ("vm/swappiness", None),
    ],
)
def test_use_of(tmp_path: Path, path: str, used: Optional[int]) -> None:
    assert present_use(host_with(tmp_path, PROC), path) == used


def test_inotify_instances_are_counted_by_user(tmp_path: Path) -> None:
    host = host_with(tmp_path, PROC)
    for pid, numbers in (("10", "34"), ("11", "3"), ("12", "3")):
        folder = tmp_path / "proc" / pid / "fd"
        folder.mkdir()
        for number in numbers:
            (folder / number).symlink_to("anon_inode:inotify")
        (folder / "0").symlink_to("/dev/null")
    assert present_use(host, "fs/inotify/max_user_instances") == 3


def test_an_empty_proc_has_no_answer_or_none_in_use(tmp_path: Path) -> None:
    host = host_with(tmp_path, {"x": ""})
    assert {path: use for path in READERS if (use := present_use(host, path))} == {}


def test_an_image_uses_nothing(tmp_path: Path) -> None:
    host_with(tmp_path, PROC)
    assert present_use(Host.image(str(tmp_path)), "kernel/threads-max") is None


def test_every_key_that_has_a_reader_is_in_the_catalogue() -> None:
    assert [path for path in READERS if lookup(path) is None] == []


def test_the_machine_that_runs_the_test_has_threads_and_files() -> None:
    live = Host.live()
    assert (present_use(live, "kernel/threads-max") or 0) > 0
    assert (present_use(live, "fs/file-max") or 0) > 0
    assert (present_use(live, "vm/max_map_count") or 0) > 0
