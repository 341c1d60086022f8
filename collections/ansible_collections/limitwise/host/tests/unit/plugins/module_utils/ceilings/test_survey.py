# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole survey over trees of plain files: what is read, what is counted, what is said of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Dict, List, NoReturn, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import (
    Ceiling,
    binding,
)
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.judge import judge
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.survey import (
    NOTHING,
    Asked,
    Survey,
    survey,
)
from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host

GROUPS = "sys/fs/cgroup"
STUDENTS = f"{GROUPS}/student.slice"
ID = "0123456789abcdef" * 4

FILES: Dict[str, str] = {
    "proc/loadavg": "0.1 0.2 0.3 2/420 999\n",
    "proc/meminfo": "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\n"
                    "SwapTotal:  100 kB\nSwapFree:  40 kB\n",
    "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n",
    "proc/sys/kernel/threads-max": "5000\n",
    "proc/sys/kernel/pid_max": "1000\n",
    "proc/sys/fs/file-nr": "640\t0\t1000\n",
    "proc/sys/fs/nr_open": "1048576\n",
    "proc/sys/fs/inotify/max_user_instances": "128\n",
    "proc/sys/fs/inotify/max_user_watches": "8192\n",
    f"{GROUPS}/cgroup.controllers": "cpu memory pids\n",
    f"{GROUPS}/system.slice/pids.max": "max\n",
    f"{GROUPS}/system.slice/ssh.service/pids.max": "60\n",
    f"{GROUPS}/system.slice/ssh.service/pids.current": "6\n",
    f"{STUDENTS}/pids.max": "512\n",
    f"{STUDENTS}/pids.current": "480\n",
    f"{STUDENTS}/memory.max": "1000000\n",
    f"{STUDENTS}/memory.high": "max\n",
    f"{STUDENTS}/memory.current": "900000\n",
    f"{STUDENTS}/memory.stat": "anon 100000\nactive_file 500000\ninactive_file 300000\n",
    f"{STUDENTS}/docker-{ID}.scope/pids.max": "4096\n",
    f"{STUDENTS}/docker-{ID}.scope/pids.current": "470\n",
}


@pytest.fixture(autouse=True)
def no_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """A survey that starts a process fails at once."""

    def refuse(*_args: object, **_words: object) -> NoReturn:
        raise AssertionError("a process was started")

    for name in ("fork", "posix_spawn", "system", "execve"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, FILES)
    process(tmp_path, 1)
    process(tmp_path, 250, threads=[250, 251])
    process(tmp_path, 400, threads=[400, 401, 402])
    # its leader is gone: process group 390 and session 380 keep their ids
    process(tmp_path, 500, group=390, session=380)
    return tmp_path


def put(root: Path, files: Dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def process(
    root: Path, pid: int, threads: Optional[List[int]] = None, group: int = 0, session: int = 0
) -> None:
    """A process as far as these tests look at it; its name is made to confuse."""
    tasks = threads or [pid]
    fields = f"S 0 {group} {session} 0 -1 0 0 0 0 0 0 0 0 0 20 0 {len(tasks)} 0 5"
    put(root, {
        f"proc/{pid}/stat": f"{pid} (a) R 9 9 (b) {fields}\n",
        **{f"proc/{pid}/task/{task}/comm": "x\n" for task in tasks},
    })


def read(root: Path, asked: Asked = NOTHING) -> Survey:
    return survey(Host.mounted(str(root)), asked)


def numbers(found: Survey, source: str) -> Tuple[int, Optional[int], Optional[int], bool]:
    (one,) = [each for each in found.ceilings if each.source.endswith(source)]
    return (one.limit, one.used, one.headroom, one.binding)


def scoped(found: Survey) -> List[Tuple[str, str, str]]:
    return [(one.resource, one.scope, one.subject) for one in found.ceilings]


def test_every_finite_limit_is_a_ceiling(root: Path) -> None:
    assert scoped(read(root)) == [
        ("threads", "host", ""),
        ("pids", "host", ""),
        ("files", "host", ""),
        ("open_files", "host", ""),
        ("memory", "host", ""),
        ("swap", "host", ""),
        ("pids", "slice", "student.slice"),
        ("memory", "slice", "student.slice"),
        ("pids", "container", ID),
        ("pids", "unit", "ssh.service"),
    ]


@pytest.mark.parametrize(("source", "expected"), [
    ("kernel/threads-max", (5000, 420, 4580, False)),
    # 300 to 999, less 400, 401, 402, 500, 390 and 380; the kernel's count knows 420 threads, of
    # which 121 at least have high ids
    ("kernel/pid_max", (1000, 9, 579, True)),
    ("fs/file-max", (1000, 640, 360, True)),
    ("fs/nr_open", (1048576, None, None, False)),
    ("student.slice/pids.max", (512, 480, 32, True)),
    # the file cache is given back under pressure
    ("student.slice/memory.max", (1000000, 100000, 900000, False)),
    (f"docker-{ID}.scope/pids.max", (4096, 470, 3626, False)),
    ("ssh.service/pids.max", (60, 6, 54, True)),
])
def test_numbers(
    root: Path, source: str, expected: Tuple[int, Optional[int], Optional[int], bool]
) -> None:
    found = read(root)
    assert numbers(found, source) == expected


def test_host_memory_is_what_is_available(root: Path) -> None:
    memory, swap = (one for one in read(root).ceilings if one.source == "/proc/meminfo")
    assert (memory.limit, memory.used) == (1000 * 1024, 750 * 1024)
    assert (swap.limit, swap.used) == (100 * 1024, 60 * 1024)


def test_a_container_binds_at_the_slice_around_it(root: Path) -> None:
    found = read(root)
    first = binding(found.ceilings, f"/student.slice/docker-{ID}.scope")
    assert first is not None
    assert first.subject == "student.slice"


def test_ids_of_another_pid_namespace_are_not_counted_in(root: Path) -> None:
    (root / "proc/self/ns").mkdir()
    (root / "proc/self/ns/pid").symlink_to("pid:[4026532999]")
    found = read(root)
    (one,) = [each for each in found.ceilings if each.source.endswith("pid_max")]
    assert (one.scope, one.headroom) == ("namespace", 694)


def test_nobody_has_set_a_limit_of_files(root: Path) -> None:
    put(root, {"proc/sys/fs/file-nr": "640\t0\t9223372036854775807\n"})
    assert ("files", "host", "") not in scoped(read(root))


def test_an_old_cgroup_hierarchy_has_its_tasks_at_least(root: Path) -> None:
    (root / GROUPS / "cgroup.controllers").unlink()
    (root / GROUPS / "student.slice/memory.max").unlink()
    put(root, {
        f"{GROUPS}/pids/docker/{ID}/pids.max": "2048\n",
        f"{GROUPS}/pids/docker/{ID}/pids.current": "2047\n",
        f"{GROUPS}/pids/docker/{ID}/pids.events": "max 12\n",
    })
    found = read(root)
    assert [one for one in scoped(found) if one[1] != "host"] == [("pids", "container", ID)]
    assert numbers(found, f"{ID}/pids.max") == (2048, 2047, 1, True)
    assert codes(found) == [("LW701", "error"), ("LW703", "warning")]


def test_cgroups_that_end_meanwhile_are_left_out(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed after their names were read: as a folder, and as the first file to be read."""
    opened = os.open

    def vanishing(path: str, flags: int, mode: int = 0o777, **words: int) -> int:
        if path in ("ssh.service", "pids.current"):
            raise FileNotFoundError(2, "No such file or directory")
        return opened(path, flags, mode, **words)

    monkeypatch.setattr(os, "open", vanishing)
    found = [(one.subject, one.used) for one in read(root).ceilings if one.resource == "pids"]
    assert found == [("", 9), ("student.slice", None), (ID, None)]


@pytest.mark.parametrize("name", ["student.slice", "pids.max"])
def test_a_tree_that_may_not_be_read_is_an_error_with_place(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    opened = os.open

    def refusing(path: str, flags: int, mode: int = 0o777, **words: int) -> int:
        if path == name:
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, mode, **words)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(HostError, match="run as root"):
        read(root)


def test_an_image_has_no_ceilings(root: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for host in (Host.image(str(root)), Host.mounted(str(empty))):
        with pytest.raises(HostError, match="no running system"):
            survey(host)


# --- what is asked for ---------------------------------------------------------------------------


def test_inotify_is_counted_by_user(root: Path) -> None:
    for pid, uid, watches in ((400, 1000, 3), (500, 1000, 2), (250, 33, 1)):
        put(root, {
            f"proc/{pid}/status": f"Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n",
            f"proc/{pid}/fdinfo/5": "pos:\t0\n" + "inotify wd:1 ino:2\n" * watches,
        })
        (root / f"proc/{pid}/fd").mkdir()
        (root / f"proc/{pid}/fd/5").symlink_to("anon_inode:inotify")
        (root / f"proc/{pid}/fd/6").symlink_to("/dev/null")
    found = [one for one in read(root, Asked(users=True)).ceilings if one.scope == "user"]
    assert [(one.resource, one.subject, one.limit, one.used) for one in found] == [
        ("inotify_instances", "33", 128, 1), ("inotify_instances", "1000", 128, 2),
        ("inotify_watches", "33", 8192, 1), ("inotify_watches", "1000", 8192, 5),
    ]
    assert all(one.binding for one in found)


LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max processes             {processes:<20} unlimited            processes
Max open files            {files:<20} 524288               files
"""


@pytest.mark.parametrize(("uid", "capabilities", "processes", "expected"), [
    (1000, "0000000000000000", "64", [("open_files", 1024, 2), ("threads", 64, 3)]),
    (1000, "0000000001000000", "64", [("open_files", 1024, 2)]),
    (1000, "0000000000200000", "64", [("open_files", 1024, 2)]),
    (1000, "0000000000000000", "unlimited", [("open_files", 1024, 2)]),
    (0, "0000000000000000", "64", [("open_files", 1024, 2)]),
])
def test_rlimits_of_a_process(
    root: Path, uid: int, capabilities: str, processes: str, expected: List[Tuple[str, int, int]]
) -> None:
    put(root, {
        "proc/400/limits": LIMITS.format(processes=processes, files=1024),
        "proc/400/status": f"Uid:\t{uid}\t0\t0\t0\nCapEff:\t{capabilities}\n",
        "proc/400/fd/0": "",
        "proc/400/fd/1": "",
        "proc/500/status": "Uid:\t77\t77\t77\t77\n",
    })
    asked = read(root, Asked(processes=(400, 31337)))
    found = [one for one in asked.ceilings if one.scope == "process"]
    assert [(one.resource, one.limit, one.used) for one in found] == expected
    assert {one.subject for one in found} == {"400"}


# --- events in both kernels' meanings ------------------------------------------------------------


def codes(found: Survey) -> List[Tuple[str, str]]:
    return sorted(
        (one.code, one.severity) for one in judge(found) if one.code != "LW706"
    )


EVENTS = f"{GROUPS}/student.slice/pids.events"
LEAF = f"{GROUPS}/student.slice/docker-{ID}.scope/pids.events"


@pytest.mark.parametrize(("files", "expected"), [
    # up to 6.10: the forking cgroup counts, the slice that refused says 0
    ({EVENTS: "max 0\n", LEAF: "max 2\n"}, [("forks", "container", 2, False)]),
    # from 6.11 on: the cgroup whose limit it was, and all around it; the local file tells
    ({EVENTS: "max 2\n", f"{EVENTS}.local": "max 2\n", LEAF: "max 0\n", f"{LEAF}.local": "max 0\n"},
     [("forks", "slice", 2, True)]),
    ({EVENTS: "max 5\n", f"{EVENTS}.local": "max 0\n", LEAF: "max 5\n", f"{LEAF}.local": "max 5\n"},
     [("forks", "container", 5, True)]),
    # the old meaning on a new kernel, by a mount option
    ({EVENTS: "max 0\n", f"{EVENTS}.local": "max 0\n", LEAF: "max 2\n", f"{LEAF}.local": "max 2\n",
      "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw,pids_localevents 0 0\n"},
     [("forks", "container", 2, False)]),
    ({}, []),
    # memory: counted where the limit is, by the local file; before 5.2 by the only one
    ({f"{STUDENTS}/memory.events": "oom 9\n", f"{STUDENTS}/memory.events.local": "high 0\noom 3\n"},
     [("memory", "slice", 3, True)]),
    ({f"{STUDENTS}/memory.events": "low 0\nhigh 4\noom 3\noom_kill 2\n"},
     [("memory", "slice", 3, True), ("throttled", "slice", 4, True)]),
])
def test_events_are_told_by_whose_limit_it_was(
    root: Path, files: Dict[str, str], expected: List[Tuple[str, str, int, bool]]
) -> None:
    put(root, files)
    assert [
        (one.what, one.scope, one.count, one.own) for one in read(root).events
    ] == expected


# --- findings ------------------------------------------------------------------------------------


def test_what_is_nearly_used_up_is_said_of_the_one_that_binds(root: Path) -> None:
    said = {one.code: one for one in judge(read(root))}
    full = said["LW701"]
    assert full.place.file == "/sys/fs/cgroup/student.slice/pids.max"
    assert full.message == (
        "student.slice TasksMax: 480 of 512 in use, 32 left; "
        "raise TasksMax of student.slice (layer slices)"
    )
    assert full.severity == "warning"
    out_of_reach = said["LW706"]
    assert "container 0123456789ab allows 4096" in out_of_reach.message
    put(root, {f"{STUDENTS}/pids.current": "500\n"})
    assert codes(read(root)) == [("LW701", "error")]


@pytest.mark.parametrize(("files", "expected"), [
    ({f"{STUDENTS}/pids.current": "100\n"}, []),
    ({"proc/sys/kernel/pid_max": "600\n", f"{STUDENTS}/pids.current": "100\n"}, []),
    ({"proc/sys/kernel/pid_max": "430\n", f"{STUDENTS}/pids.current": "100\n"},
     [("LW701", "error")]),
    ({f"{STUDENTS}/pids.current": "100\n", f"{STUDENTS}/pids.events": "max 1\n",
      f"{STUDENTS}/pids.events.local": "max 1\n"}, [("LW702", "warning")]),
    ({f"{STUDENTS}/pids.current": "100\n", f"{STUDENTS}/memory.events.local": "oom 1\n"},
     [("LW704", "warning")]),
    # throttled once upon a time is nothing; held there now is the band in which nothing is killed
    ({f"{STUDENTS}/pids.current": "100\n", f"{STUDENTS}/memory.events.local": "high 8\n",
      f"{STUDENTS}/memory.high": "500000\n"}, []),
    ({f"{STUDENTS}/pids.current": "100\n", f"{STUDENTS}/memory.events.local": "high 8\n",
      f"{STUDENTS}/memory.high": "100000\n"}, [("LW705", "warning")]),
])
def test_findings(root: Path, files: Dict[str, str], expected: List[Tuple[str, str]]) -> None:
    put(root, files)
    assert codes(read(root)) == expected


def test_every_ceiling_has_words_and_a_remedy(root: Path) -> None:
    """Full ceilings of every scope and resource, one after the other; a full swap is none."""
    for one in read(root).ceilings:
        if one.resource == "swap":
            continue
        full = Ceiling(one.resource, one.scope, one.subject, 10, 10, 0, one.source, True, one.group)
        (finding,) = [each for each in judge(Survey((full,))) if each.code == "LW701"]
        assert finding.severity == "error"
        assert finding.message.count(";") == 1
