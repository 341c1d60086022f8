# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as drift, layer by layer: live value, file value, the file whose word it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Dict, NoReturn, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.drift.deviation import Drift
from ansible_collections.limitwise.host.plugins.module_utils.drift.watch import observe
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

OWN_SYSCTL = "etc/sysctl.d/zz-limitwise.conf"
OWN_LIMITS = "etc/security/limits.d/zz-limitwise.conf"
SLICE = "etc/systemd/system/student.slice.d/zz-limitwise.conf"
WEB = "etc/systemd/system/web.service.d/zz-limitwise.conf"
GROUP = "sys/fs/cgroup/student.slice"
WEB_GROUP = "sys/fs/cgroup/system.slice/web.service"
DOCKER = '{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 65536, "Hard": %d}}}'

TUNING: Dict[str, Any] = {
    "sysctl": {
        "kernel.pid_max": 65536, "vm.swappiness": 10, "net.ipv4.tcp_rmem": "4096 131072 6291456",
    },
    "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}],
    "slices": {"student.slice": {"TasksMax": 500, "MemoryMax": "1G", "CPUQuota": "150%"}},
    "units": {"web.service": {"LimitNOFILE": 65536, "TasksMax": "infinity", "CPUWeight": 50}},
    "docker_daemon": {
        "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 65536, "Hard": 65536}},
    },
}
FILES = {
    "proc/sys/kernel/pid_max": "65536\n",
    "proc/sys/kernel/threads-max": "200000\n",
    "proc/sys/vm/swappiness": "10\n",
    "proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t6291456\n",
    "proc/meminfo": "MemTotal:        4096000 kB\n",
    "proc/1/mounts": "/dev/sda / ext4 rw 0 0\n",
    "run/systemd/system/.keep": "",
    "usr/bin/dockerd": "",
    OWN_SYSCTL: "kernel.pid_max = 65536\nvm.swappiness=10\nnet.ipv4.tcp_rmem=4096 131072 6291456\n",
    "etc/security/limits.conf": "",
    "etc/pam.d/sshd": "session required pam_limits.so\n",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    OWN_LIMITS: "* - nofile 65536\n",
    "etc/systemd/system/web.service": "[Service]\nExecStart=/bin/true\n",
    SLICE: "[Slice]\nTasksMax=500\nMemoryMax=1G\nCPUQuota=150%\n",
    WEB: "[Service]\nLimitNOFILE=65536\nTasksMax=infinity\nCPUWeight=50\n",
    "etc/docker/daemon.json": DOCKER % 65536,
    "sys/fs/cgroup/cgroup.controllers": "cpu io memory pids\n",
    f"{GROUP}/pids.max": "500\n",
    f"{GROUP}/memory.max": "1073741824\n",
    f"{GROUP}/cpu.max": "150000 100000\n",
    f"{WEB_GROUP}/pids.max": "max\n",
    f"{WEB_GROUP}/cpu.weight": "50\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host as the tuning wants it."""
    for name, text in FILES.items():
        put(tmp_path, name, text)
    return tmp_path


@pytest.fixture(autouse=True)
def no_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """An observation that starts a process fails at once."""

    def refuse(*_args: object, **_words: object) -> NoReturn:
        raise AssertionError("a process was started")

    for name in ("fork", "posix_spawn", "system", "execve"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)


def put(root: Path, name: str, text: Optional[str]) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is None:
        path.unlink()
    else:
        path.write_text(text)


def drifts(root: Path, tuning: Dict[str, Any]) -> Tuple[Drift, ...]:
    wanted, found = read(tuning)
    assert not found
    return observe(Host.mounted(str(root)), wanted)


def test_a_host_as_it_is_wanted_has_no_drift(root: Path) -> None:
    assert drifts(root, TUNING) == ()


@pytest.mark.parametrize(("file", "text", "key", "live", "value", "where"), [
    # somebody writes the sysctl; a floor only matters when it goes down
    ("proc/sys/kernel/pid_max", "32768\n", "kernel/pid_max", "32768", "65536", OWN_SYSCTL),
    ("proc/sys/vm/swappiness", "60\n", "vm/swappiness", "60", "10", OWN_SYSCTL),
    ("proc/sys/net/ipv4/tcp_rmem", "4096 131072 62914\n", "net/ipv4/tcp_rmem", "4096 131072 62914",
     "4096 131072 6291456", OWN_SYSCTL),
    # somebody adds a file that wins at the next boot
    ("etc/sysctl.d/zzz.conf", "vm.swappiness=60\n", "vm/swappiness", "10", "60",
     "etc/sysctl.d/zzz.conf"),
    (OWN_SYSCTL, "kernel.pid_max=65536\nnet.ipv4.tcp_rmem=4096 131072 6291456\n", "vm/swappiness",
     "10", None, None),
    # limits of logins have files alone; soft and hard are two keys
    (OWN_LIMITS, "* soft nofile 65536\n* hard nofile 4096\n", "hard nofile", None, "4096",
     OWN_LIMITS),
    # a slice: the cgroup by hand, a later drop-in, set-property
    (f"{GROUP}/pids.max", "64\n", "TasksMax", "64", "500", SLICE),
    (f"{GROUP}/pids.max", "max\n", "TasksMax", "infinity", "500", SLICE),
    (f"{GROUP}/memory.max", "1073737728\n", "MemoryMax", "1073737728", "1G", SLICE),
    (f"{GROUP}/cpu.max", "max 100000\n", "CPUQuota", "infinity", "150%", SLICE),
    ("etc/systemd/system/student.slice.d/zzz.conf", "[Slice]\nTasksMax=9\n", "TasksMax", "500", "9",
     "etc/systemd/system/student.slice.d/zzz.conf"),
    (f"{WEB_GROUP}/cpu.weight", "100\n", "CPUWeight", "100", "50", WEB),
    (f"{WEB_GROUP}/pids.max", "33\n", "TasksMax", "33", "infinity", WEB),
    ("etc/docker/daemon.json", DOCKER % 1024, "/default-ulimits/nofile/Hard", None, "1024",
     "etc/docker/daemon.json"),
])  # fmt: skip
def test_one_thing_that_changed_is_one_drift(
    root: Path, file: str, text: str, key: str, live: Optional[str], value: Optional[str],
    where: Optional[str],
) -> None:
    put(root, file, text)
    found = drifts(root, TUNING)
    assert [(one.key, one.live, one.file_value, one.file) for one in found] == [
        (key, live, value, where and f"/{where}")
    ]
    assert {one.writer for one in found} == {None}


@pytest.mark.parametrize(("file", "text"), [
    ("proc/sys/kernel/pid_max", "4194304\n"),
    ("etc/sysctl.d/zzz.conf", "kernel/pid_max=4194304\n"),
    ("etc/sysctl.d/10-early.conf", "vm.swappiness=60\n"),
    ("proc/sys/net/ipv4/tcp_rmem", "4096   131072\t6291456\n"),
    (OWN_LIMITS, "* - nofile 1048576\n"),
    (OWN_LIMITS, "* - nofile unlimited\n"),
    (SLICE, "[Slice]\nTasksMax=500\nMemoryMax=1024M\nCPUQuota=150.00%\n"),
    (WEB, "[Service]\nLimitNOFILE=infinity\nTasksMax=infinity\nCPUWeight=50\n"),
    (f"{GROUP}/cpu.max", "300000 200000\n"),
])
def test_more_than_a_floor_or_the_same_in_other_words_is_no_drift(
    root: Path, file: str, text: str
) -> None:
    put(root, file, text)
    assert drifts(root, TUNING) == ()


def test_what_may_be_lowered_must_be_exactly_as_wanted(root: Path) -> None:
    put(root, "proc/sys/kernel/pid_max", "4194304\n")
    put(root, WEB, "[Service]\nLimitNOFILE=99999\nTasksMax=infinity\nCPUWeight=50\n")
    policy = {"allow_lowering": ["kernel.pid_max", "LimitNOFILE"]}
    found = drifts(root, {**TUNING, "policy": policy})
    assert [(one.name, one.live, one.file_value) for one in found] == [
        ("kernel.pid_max", "4194304", "65536"), ("web.service LimitNOFILE", None, "99999"),
    ]


def test_the_file_that_says_what_is_in_force_is_named_as_the_writer(root: Path) -> None:
    put(root, "etc/sysctl.d/70-vendor.conf", "vm.swappiness = 0x3c\n")
    put(root, "proc/sys/vm/swappiness", "60\n")
    (found,) = drifts(root, TUNING)
    assert (found.file, found.writer) == (f"/{OWN_SYSCTL}", "/etc/sysctl.d/70-vendor.conf")


@pytest.mark.parametrize("folder", ["etc", "run"])
def test_set_property_leaves_a_file_that_names_it(root: Path, folder: str) -> None:
    ours = root / SLICE
    ours.rename(ours.with_name("40-ours.conf"))
    control = f"{folder}/systemd/system.control/student.slice.d/50-TasksMax.conf"
    put(root, control, "[Slice]\nTasksMax=7\n")
    put(root, f"{GROUP}/pids.max", "7\n")
    (found,) = drifts(root, TUNING)
    assert (found.live, found.file_value, found.file) == ("7", "7", f"/{control}")
    assert found.writer == "systemctl set-property"


def test_a_subject_that_covers_many_drifts_with_the_one_that_differs(root: Path) -> None:
    own = "etc/systemd/system/user-.slice.d/zz-limitwise.conf"
    put(root, own, "[Slice]\nTasksMax=400\n")
    for uid, tasks in ((1000, 400), (1001, 12)):
        put(root, f"sys/fs/cgroup/user.slice/user-{uid}.slice/pids.max", f"{tasks}\n")
    tuning = {"slices": {"user-.slice": {"TasksMax": 400}}}
    (found,) = drifts(root, tuning)
    assert (found.subject, found.live, found.file) == ("user-.slice", "12", f"/{own}")
    put(root, "sys/fs/cgroup/user.slice/user-1001.slice/pids.max", "400\n")
    assert drifts(root, tuning) == ()
    # a named user's own drop-in that says something else is another subject's business
    other = "etc/systemd/system/user-1001.slice.d/zzz.conf"
    put(root, other, "[Slice]\nTasksMax=3\n")
    (found,) = drifts(root, tuning)
    assert (found.file_value, found.file) == ("3", f"/{other}")


def test_a_unit_is_known_by_its_alias(root: Path) -> None:
    put(root, "usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd\n")
    (root / "etc/systemd/system/sshd.service").symlink_to("/usr/lib/systemd/system/ssh.service")
    own = "etc/systemd/system/sshd.service.d/zz-limitwise.conf"
    put(root, own, "[Service]\nTasksMax=100\n")
    put(root, "sys/fs/cgroup/system.slice/ssh.service/pids.max", "100\n")
    tuning = {"units": {"sshd.service": {"TasksMax": 100}}}
    assert drifts(root, tuning) == ()
    put(root, "sys/fs/cgroup/system.slice/ssh.service/pids.max", "50\n")
    (found,) = drifts(root, tuning)
    assert (found.live, found.file_value) == ("50", "100")


def test_percentages_are_judged_as_what_they_come_to(root: Path) -> None:
    tuning = {"slices": {"student.slice": {"TasksMax": "50%", "MemoryMax": "50%"}}}
    put(root, SLICE, "[Slice]\nTasksMax=50%\nMemoryMax=50%\n")
    put(root, f"{GROUP}/pids.max", "32767\n")
    put(root, f"{GROUP}/memory.max", f"{4096000 * 1024 // 2}\n")
    assert drifts(root, tuning) == ()
    # pid_max was raised, and the running cgroup keeps its share of the old one
    put(root, "proc/sys/kernel/pid_max", "131072\n")
    (found,) = drifts(root, tuning)
    assert (found.key, found.live, found.file_value) == ("TasksMax", "32767", "50%")


def test_layers_that_the_host_lacks_are_not_watched(root: Path) -> None:
    put(root, "usr/bin/dockerd", None)
    put(root, "etc/docker/daemon.json", None)
    (root / "run/systemd/system/.keep").unlink()
    (root / "run/systemd/system").rmdir()
    put(root, "etc/rcS.d/S01procps", "#!/bin/sh\n")
    assert drifts(root, TUNING) == ()


def test_a_broken_daemon_json_has_nothing_that_is_wanted(root: Path) -> None:
    put(root, "etc/docker/daemon.json", "{")
    found = drifts(root, TUNING)
    assert {one.layer for one in found} == {"docker_daemon"}
    assert {one.file_value for one in found} == {None}


def test_credentials_are_not_shown(root: Path) -> None:
    put(root, "etc/docker/daemon.json", '{"proxies": {"http-proxy": "http://a:other@h:1"}}')
    tuning = {"docker_daemon": {"proxies": {"http-proxy": "http://a:secret@h:1"}}}
    (found,) = drifts(root, tuning)
    assert "secret" not in str(found)
    assert "other" not in str(found)


def test_a_sysctl_that_the_kernel_does_not_have_cannot_have_changed(root: Path) -> None:
    tuning = {"sysctl": {"net.netfilter.nf_conntrack_max": 262144}}
    assert drifts(root, tuning) == ()
