# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observing a host's sysctls, who applies them at boot, and reading back after a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils import lint
from ansible_collections.limitwise.host.plugins.module_utils.change import Change
from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import canonical
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.layer import SysctlLayer
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.state import (
    NOBODY,
    PROCPS,
    SYSTEMD,
    boot_applier,
    observe,
    root_in_ram,
    version,
)
from ansible_collections.limitwise.host.plugins.module_utils.perform import perform
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

SYSTEMD_IMAGE = {"usr/lib/systemd/systemd": ""}
ON_DISK = "proc proc proc rw 0 0\n/dev/sda1 / ext4 rw 0 0\n"


def build(root: Path, tree: Dict[str, str]) -> str:
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


def items(wanted: Dict[str, Any]) -> List[Item]:
    return [Item("sysctl", "", canonical(name), value) for name, value in wanted.items()]


RUNNING = {
    "run/systemd/system/x": "",
    "proc/1/mounts": ON_DISK,
    "proc/loadavg": "0.10 0.20 0.30 2/500 4242\n",
    "proc/sys/kernel/osrelease": "6.12.5-1-amd64\n",
    "proc/sys/kernel/threads-max": "10000\n",
    "proc/sys/vm/swappiness": "60\n",
    "proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t6291456\n",
    "etc/sysctl.conf": "vm.swappiness = 30\n",
}


@pytest.mark.parametrize(
    ("tree", "boot"),
    [
        (SYSTEMD_IMAGE, SYSTEMD),
        ({"lib/systemd/systemd": ""}, SYSTEMD),
        ({"etc/rcS.d/S09procps": ""}, PROCPS),
        ({"etc/rc2.d/S01procps": ""}, PROCPS),
        ({"etc/runlevels/boot/sysctl": ""}, PROCPS),
        ({"etc/rcS.d/K09procps": ""}, NOBODY),
        ({"etc/init.d/procps": ""}, NOBODY),
        ({}, NOBODY),
    ],
)
def test_who_applies_at_boot(tmp_path: Path, tree: Dict[str, str], boot: str) -> None:
    found, why = boot_applier(Host.image(build(tmp_path, tree)))
    assert found == boot
    assert bool(why) == (boot == NOBODY)


@pytest.mark.parametrize(
    ("mounts", "ram"),
    [
        (ON_DISK, False),
        ("rootfs / rootfs rw 0 0\n", True),
        ("rootfs / rootfs rw 0 0\n" + ON_DISK, False),
        ("tmpfs / tmpfs rw 0 0\n", True),
        ("tmpfs /run tmpfs rw 0 0\noverlay / overlay rw 0 0\n", False),
        ("broken\n", False),
        ("", False),
    ],
)
def test_a_root_in_ram(mounts: str, ram: bool) -> None:
    assert root_in_ram(mounts) is ram


def test_sysctl_conf_that_the_boot_does_not_read(tmp_path: Path) -> None:
    tree = {**SYSTEMD_IMAGE, "etc/sysctl.conf": "vm.swappiness = 10\n", "etc/sysctl.d/a.conf": ""}
    host = Host.image(build(tmp_path, tree))

    def linted() -> List[Tuple[str, str, Any]]:
        found = [
            finding
            for source in lint.sources_of(host)
            for finding in lint.lint(source, lambda data, name: ({}, {}))
        ]
        return [(one.code, one.severity, one.place.file) for one in found]

    assert linted() == [("LW215", "info", "/etc/sysctl.conf")]
    (tmp_path / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    assert linted() == []


def test_a_root_in_ram_keeps_nothing_whatever_applies_it(tmp_path: Path) -> None:
    tree = {**RUNNING, "proc/1/mounts": "rootfs / rootfs rw 0 0\n"}
    assert boot_applier(Host.mounted(build(tmp_path, tree)))[0] == NOBODY


@pytest.mark.parametrize(
    ("release", "numbers"),
    [("6.1.0-18-amd64", (6, 1, 0)), ("7.2", (7, 2)), ("", ()), ("weird", ())],
)
def test_version(release: str, numbers: Tuple[int, ...]) -> None:
    assert version(release) == numbers


def test_an_image_has_files_and_no_values(tmp_path: Path) -> None:
    root = build(tmp_path, {**SYSTEMD_IMAGE, **RUNNING})
    state = observe(Host.image(root), items({"vm.swappiness": 10}), None)
    assert (state.running, state.boot, state.keys, state.kernel) == (False, SYSTEMD, {}, ())
    assert [file.path for file in state.files] == ["/etc/sysctl.conf"]


def test_what_is_read_of_a_running_host(tmp_path: Path) -> None:
    root = build(tmp_path, {**RUNNING, "etc/sysctl.d/zz-limitwise.conf": "vm.max_map_count = 1\n"})
    wanted = items({"kernel.threads-max": 5000, "vm.swapiness": 1, "net.ipv4.tcp_rmem": "1 2 3"})
    state = observe(Host.mounted(root), wanted, None)
    assert state.kernel == (6, 12, 5)
    assert state.ours == {"vm/max_map_count": "1"}
    threads, typo = state.keys["kernel/threads-max"], state.keys["vm/swapiness"]
    assert (threads.value, threads.exists, threads.used) == ("10000", True, 500)
    assert (typo.exists, typo.near) == (False, "vm.swappiness")
    assert state.keys["net/ipv4/tcp_rmem"].value == "4096\t131072\t6291456"
    assert not state.keys["vm/max_map_count"].exists


def test_use_is_counted_only_where_a_value_could_fall(tmp_path: Path) -> None:
    host = Host.mounted(build(tmp_path, RUNNING))
    for value, used in ((5000, 500), (10000, None), (20000, None)):
        state = observe(host, items({"kernel.threads-max": value}), None)
        assert state.keys["kernel/threads-max"].used == used


@pytest.mark.parametrize("root", ["sys/fs/cgroup", "sys/fs/cgroup/pids"])
def test_the_slices_that_share_out_threads(tmp_path: Path, root: str) -> None:
    tree = {
        f"{root}/init.scope/pids.max": "452\n",
        f"{root}/system.slice/pids.max": "max\n",
        f"{root}/system.slice/ssh.service/pids.max": "452\n",
        f"{root}/user.slice/user-0.slice/pids.max": "995\n",
        f"{root}/user.slice/user-0.slice/session-1.scope/pids.max": "max\n",
        f"{root}/docker.slice/docker-one.slice/docker-1.scope/pids.max": "452\n",
        f"{root}/docker.slice/docker-2.scope/pids.max": "452\n",
        f"{root}/free.slice/a.service/pids.max": "max\n",
        f"{root}/free.slice/plain/pids.max": "7\n",
    }
    if root == "sys/fs/cgroup":
        tree["sys/fs/cgroup/cgroup.controllers"] = "pids\n"
    host = Host.mounted(build(tmp_path, {**RUNNING, **tree}))
    threads, other = items({"kernel.threads-max": 20000}), items({"vm.swappiness": 10})
    assert observe(host, threads, None).slices == ("docker-one.slice", "system.slice", "user.slice")
    assert observe(host, other, None).slices == ()


def test_a_value_that_nobody_may_write(tmp_path: Path) -> None:
    host = Host.mounted(build(tmp_path, RUNNING))
    (tmp_path / "proc/sys/vm/swappiness").chmod(0o444)
    assert not observe(host, items({"vm.swappiness": 1}), None).keys["vm/swappiness"].writable


def test_a_link_in_place_of_our_file_stops_the_run(tmp_path: Path) -> None:
    host = Host.mounted(build(tmp_path, {**RUNNING, "etc/sysctl.d/other.conf": ""}))
    (tmp_path / "etc/sysctl.d/zz-limitwise.conf").symlink_to("other.conf")
    with pytest.raises(HostError, match="symbolic link"):
        SysctlLayer().observe(host, [])


def test_no_proc_no_layer(tmp_path: Path) -> None:
    layer = SysctlLayer()
    assert layer.lacking(Host.mounted(build(tmp_path, {"etc/x": ""}))) is not None
    assert layer.lacking(Host.image(str(tmp_path))) is None
    assert layer.lacking(Host.mounted(build(tmp_path, RUNNING))) is None


# --- reading back -------------------------------------------------------------------------------

WANTED = {"vm.swappiness": 10, "net.ipv4.tcp_rmem": "4096 131072 33554432"}


def test_after_a_run_everything_is_as_wanted(tmp_path: Path) -> None:
    host, layer = Host.mounted(build(tmp_path, RUNNING)), SysctlLayer()
    (tmp_path / "etc/sysctl.d").mkdir()
    wanted = items(WANTED)
    made = layer.plan(layer.observe(host, wanted), wanted, Context())
    perform(host, made.acts)
    verdict = layer.verify(layer.observe(host, wanted), wanted, made.changes)
    assert verdict.findings == ()
    told = {one.key: (one.before, one.after, one.runtime, one.persistent, one.line)
            for one in verdict.changes}
    assert told == {
        "vm.swappiness": ("60", "10", "10", "10", 3),
        "net.ipv4.tcp_rmem": ("4096\t131072\t6291456", WANTED["net.ipv4.tcp_rmem"],
                              WANTED["net.ipv4.tcp_rmem"], WANTED["net.ipv4.tcp_rmem"], 4),
    }
    assert layer.plan(layer.observe(host, wanted), wanted, Context()).acts == ()


def test_what_is_not_as_wanted_is_named(tmp_path: Path) -> None:
    tree = {**RUNNING, "etc/sysctl.d/50-a.conf": "\nnet.ipv4.tcp_rmem = 1 2 3\n"}
    host, layer, wanted = Host.mounted(build(tmp_path, tree)), SysctlLayer(), items(WANTED)
    verdict = layer.verify(layer.observe(host, wanted), wanted, ())
    assert [(one.code, str(one.place)) for one in verdict.findings] == [
        ("LW603", ""), ("LW604", ""), ("LW603", ""), ("LW604", "/etc/sysctl.d/50-a.conf:2:1"),
    ]
    assert "kernel's default" in verdict.findings[1].message


def test_a_boot_script_is_read_back_too(tmp_path: Path) -> None:
    tree = {**RUNNING, "proc/1/mounts": "rootfs / rootfs rw 0 0\n", "boot/go": "#!/bin/bash\n"}
    host = Host.mounted(build(tmp_path, tree))
    layer, wanted = SysctlLayer().configured(Policy(boot_script="/boot/go")), items(WANTED)
    made = layer.plan(layer.observe(host, wanted), wanted, Context())
    assert made.findings == ()
    perform(host, made.acts)
    assert not (tmp_path / "etc/sysctl.d").exists()
    verdict = layer.verify(layer.observe(host, wanted), wanted, made.changes)
    assert verdict.findings == ()
    assert [(one.persistent, one.file, one.line) for one in verdict.changes] == [
        ("10", "/boot/go", 3), ("4096 131072 33554432", "/boot/go", 4),
    ]
    without = SysctlLayer()
    blind = without.verify(without.observe(host, wanted), wanted, ())
    assert [one.code for one in blind.findings] == ["LW604", "LW604"]


# --- what a rollback asks -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "before", "used"),
    [
        ("kernel.threads-max", "520", 500),  # would fall below use and margin
        ("kernel.threads-max", "600", None),  # enough room
        ("kernel.threads-max", "10000", None),  # nothing falls
        ("kernel.threads-max", None, None),
        ("vm.swappiness", "1", None),  # no use
        ("kernel.absent", "1", None),
    ],
)
def test_in_use_above(tmp_path: Path, key: str, before: Any, used: Any) -> None:
    host, layer = Host.mounted(build(tmp_path, RUNNING)), SysctlLayer()
    change = Change("sysctl", "", key, before, "10000", file="/etc/x.conf")
    assert layer.in_use_above(host, change) == used
    assert layer.file_key(change) == ("/etc/x.conf", canonical(key))
