# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading levels from trees of plain files: which are watched, and what counts as gone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Dict, List, NoReturn, Optional

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import (
    Gauges,
    Level,
    holds,
)
from ansible_collections.limitwise.host.plugins.module_utils.relief.tree import (
    MOST_INSIDE,
    look,
)
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.relief.node import (
    BURST,
    GROUPS,
    ID,
    KUBE,
    POD,
    put,
)


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that starts a process fails at once."""

    def refuse(*_args: object, **_words: object) -> NoReturn:
        raise AssertionError("a process was started")

    for name in ("fork", "posix_spawn", "system", "execve"):
        monkeypatch.setattr(os, name, refuse)


def by_what(rows: List[Level]) -> Dict[str, Level]:
    return {row.what: row for row in rows}


def test_a_container_without_a_limit_of_its_own_is_left_out(
    node: Host, clock: Clock, tmp_path: Path
) -> None:
    put(tmp_path, f"{POD}/cri-containerd-{ID}.scope/pids.max", "max\n")
    put(tmp_path, f"{POD}/pids.max", "max\n")
    found = Gauges(node, clock).read().of("pod")
    assert [(row.group, row.limit, row.used) for row in found] == [
        (POD[len(GROUPS):], None, 590)
    ]


def test_host_kubepods_and_pods_are_watched_unasked(node: Host, clock: Clock) -> None:
    found = Gauges(node, clock).read()
    assert found.at == 100.0
    rows = {row.what: (row.level, row.subject, row.limit, row.used) for row in found.rows}
    pod = POD[len(GROUPS):]
    assert rows == {
        "kernel.threads-max": ("host", "", 2000, 900),
        "kernel.pid_max": ("host", "", 4000, 900),
        "/kubepods.slice": ("kubepods", "", 1500, 600),
        BURST[len(GROUPS):]: ("kubepods", "", None, 600),
        pod: ("pod", "11-22", 1000, 590),
        f"{pod}/cri-containerd-{ID}.scope": ("pod", "11-22", 700, 580),
    }
    assert {row.source for row in found.of("pod", "11-22")} == {
        f"/{POD}/pids.max", f"/{POD}/cri-containerd-{ID}.scope/pids.max"
    }


@pytest.mark.parametrize(("name", "groups"), [
    ("student.slice", ["/student.slice"]),
    ("student-lab.slice", ["/student.slice/student-lab.slice", "/student.slice"]),
    ("web.service", ["/system.slice/web.service", "/system.slice"]),
    ("/system.slice/web.service", ["/system.slice/web.service", "/system.slice"]),
    ("odd.service", ["/student.slice/odd.service", "/student.slice"]),
    ("nowhere.service", []),
    ("nowhere.slice", []),
])
def test_a_named_one_is_found_with_the_slices_around_it(
    node: Host, clock: Clock, tmp_path: Path, name: str, groups: List[str]
) -> None:
    put(tmp_path, f"{GROUPS}/student.slice/odd.service/pids.current", "3\n")
    put(tmp_path, f"{GROUPS}/student.slice/odd.service/pids.max", "max\n")
    found = Gauges(node, clock).read([name])
    assert [row.group for row in found.rows if row.level == "slice"] == groups


def test_a_cgroup_that_a_user_has_made_is_not_taken_for_the_unit(
    node: Host, clock: Clock, tmp_path: Path
) -> None:
    made = f"{GROUPS}/user.slice/user-1001.slice/user@1001.service/app.slice/odd.service"
    put(tmp_path, f"{made}/pids.current", "3\n")
    put(tmp_path, f"{made}/pids.max", "3\n")
    assert Gauges(node, clock).read(["odd.service"]).of("slice") == ()


def test_pods_come_and_go(node: Host, clock: Clock, tmp_path: Path) -> None:
    gauges = Gauges(node, clock)
    gauges.read()
    shutil.rmtree(tmp_path / POD)
    other = f"{KUBE}/kubepods-pod77.slice"
    put(tmp_path, f"{other}/pids.current", "5\n")
    put(tmp_path, f"{other}/pids.max", "50\n")
    assert gauges.read().of("pod") == ()
    clock.now += 1.0
    assert [row.subject for row in gauges.read().of("pod")] == ["77"]


def test_a_kubelet_in_a_slice_of_its_own_and_the_other_driver(
    node: Host, clock: Clock, tmp_path: Path
) -> None:
    os.rename(tmp_path / KUBE, tmp_path / GROUPS / "kubepods")
    inner = f"{GROUPS}/kubelet.slice/kubelet-kubepods.slice"
    put(tmp_path, f"{inner}/pids.current", "5\n")
    put(tmp_path, f"{inner}/pids.max", "50\n")
    groups = {row.group for row in Gauges(node, clock).read().of("kubepods")}
    assert groups >= {"/kubepods", "/kubelet.slice/kubelet-kubepods.slice"}


def test_version_1(node: Host, clock: Clock, tmp_path: Path) -> None:
    os.remove(tmp_path / GROUPS / "cgroup.controllers")
    base = f"{GROUPS}/pids/kubepods/pod12-34"
    for path, used, limit in ((base, "7", "64"), (os.path.dirname(base), "9", "900")):
        put(tmp_path, f"{path}/pids.current", used)
        put(tmp_path, f"{path}/pids.max", limit)
    found = Gauges(node, clock).read()
    assert [(row.source, row.limit) for row in found.rows if row.group] == [
        ("/sys/fs/cgroup/pids/kubepods/pids.max", 900),
        ("/sys/fs/cgroup/pids/kubepods/pod12-34/pids.max", 64),
    ]


def test_no_cgroups_and_no_system(node: Host, clock: Clock, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / GROUPS)
    gauges = Gauges(node, clock)
    assert [row.level for row in gauges.read(["x.slice"]).rows] == ["host", "host"]
    assert look(gauges).groups == ()
    os.remove(tmp_path / "proc/loadavg")
    with pytest.raises(HostError, match="no /proc"):
        gauges.read()


@pytest.mark.parametrize(("pid_max", "threads", "orphans", "percent"), [
    # far: every thread is taken to have an id from 300 on
    (32768, 900, 0, 3),
    # near: each is looked at; those below 300 leave room
    (1000, 500, 0, 50),
    (1000, 650, 0, 65),
    (1000, 900, 0, 90),
    # ids that groups of dead leaders hold count
    (1000, 650, 50, 70),
])
def test_pid_max_is_judged_by_what_it_still_gives(
    node: Host, clock: Clock, tmp_path: Path, pid_max: int, threads: int, orphans: int,
    percent: int,
) -> None:
    put(tmp_path, "proc/sys/kernel/pid_max", f"{pid_max}\n")
    put(tmp_path, "proc/loadavg", f"0 0 0 1/{threads} 5\n")
    for pid in range(1, threads + 1):
        group = 5000 + pid if pid <= orphans else pid
        stat = f"{pid} (x) S 1 {group} {pid} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5"
        put(tmp_path, f"proc/{pid}/stat", stat)
    row = by_what(list(Gauges(node, clock).read().rows))["kernel.pid_max"]
    assert abs(row.percent - percent) <= 1


@pytest.mark.parametrize(("release", "level"), [("6.13.2", "host"), ("6.14.0", "namespace")])
def test_pid_max_of_another_namespace_is_not_the_host_s(
    node: Host, clock: Clock, tmp_path: Path, release: str, level: str
) -> None:
    os.remove(tmp_path / "proc/self/ns/pid")
    os.symlink("pid:[4026532001]", tmp_path / "proc/self/ns/pid")
    put(tmp_path, "proc/sys/kernel/osrelease", release + "\n")
    row = by_what(list(Gauges(node, clock).read().rows))["kernel.pid_max"]
    assert row.level == level


def test_refused_forks_are_read_where_it_is_full(node: Host, tmp_path: Path) -> None:
    put(tmp_path, f"{GROUPS}/student.slice/pids.events", "max 7\n")
    assert Gauges(node).read(["student.slice"]).of("slice")[0].refused == 0
    put(tmp_path, f"{GROUPS}/student.slice/pids.current", "199\n")
    assert Gauges(node).read(["student.slice"]).of("slice")[0].refused == 7


def test_what_holds_what() -> None:
    def level(group: str, source: str = "") -> Level:
        return Level("slice", "pids", "", group, 1, 0, 1, 0, source or group)

    host, outer, inner = level("", "h"), level("/a.slice"), level("/a.slice/a-b.slice")
    other = level("/a.slicex")
    assert holds(host, outer)
    assert holds(outer, inner)
    for one, two in ((inner, outer), (outer, outer), (outer, host), (host, host), (outer, other)):
        assert not holds(one, two)


@pytest.mark.parametrize(("limit", "used", "percent"), [
    (None, 5, 0), (0, 0, 100), (100, 50, 50), (100, 130, 100), (3, 2, 66),
])
def test_percent(limit: Optional[int], used: int, percent: int) -> None:
    headroom = None if limit is None else max(0, limit - used)
    assert Level("slice", "pids", "", "/a", limit, used, headroom, 0, "/a").percent == percent


def test_who_makes_thousands_of_cgroups_hides_nobody(node: Host, tmp_path: Path) -> None:
    user = f"{GROUPS}/a.slice/a-user.service"
    put(tmp_path, f"{user}/pids.current", "900\n")
    for number in range(MOST_INSIDE + 50):
        put(tmp_path, f"{user}/g{number}/pids.current", "3\n")
    groups = {group.path: group.tasks for group in look(Gauges(node)).groups}
    assert groups["/a.slice/a-user.service"] == 900
    assert groups["/system.slice/web.service"] == 90
    assert sum(path.startswith("/a.slice/a-user.service/") for path in groups) == MOST_INSIDE


def test_a_look_at_all_cgroups(node: Host, tmp_path: Path) -> None:
    put(tmp_path, f"{GROUPS}/system.slice/web.service/pids.events", "max 3\n")
    put(tmp_path, f"{GROUPS}/system.slice/idle.service/pids.current", "0\n")
    put(tmp_path, f"{GROUPS}/no-controller.slice/inner.slice/pids.current", "4\n")
    groups = {group.path: (group.tasks, group.refused) for group in look(Gauges(node)).groups}
    assert groups["/system.slice/web.service"] == (90, 3)
    assert groups[f"{POD[len(GROUPS):]}/cri-containerd-{ID}.scope"] == (580, 0)
    assert groups["/no-controller.slice/inner.slice"] == (4, 0)
    assert "/system.slice/idle.service" not in groups
