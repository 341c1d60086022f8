# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning: the tight one and those that are hit next, never above what is allowed."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Level, Levels
from ansible_collections.limitwise.host.plugins.module_utils.relief.plan import Leave, plan

GROUPS = "/sys/fs/cgroup"
KUBE = "/kubepods.slice"
POD = KUBE + "/kubepods-pod1.slice"
MOST = {"threads": 9000, "pids": 9000, "kubepods": 9000, "slice": 9000, "pod": 9000}


def threads(used: int, limit: int) -> Level:
    return Level("host", "threads", "", "", limit, used, max(0, limit - used), 0,
                 "/proc/sys/kernel/threads-max")


def pid_max(used: int, limit: int) -> Level:
    return Level("host", "pids", "", "", limit, used, max(0, limit - 300 - used), 0,
                 "/proc/sys/kernel/pid_max")


def group(path: str, used: int, limit: Optional[int], level: str = "slice") -> Level:
    headroom = None if limit is None else max(0, limit - used)
    return Level(level, "pids", path.rpartition("/")[2], path, limit, used, headroom, 0,
                 f"{GROUPS}{path}/pids.max")


def kubepods(used: int, limit: int) -> Level:
    return group(KUBE, used, limit, "kubepods")


def pod(used: int, limit: int) -> Level:
    return group(POD, used, limit, "pod")


CASES: List[Tuple[str, List[Level], Dict[str, int], Dict[str, int]]] = [
    ("calm", [threads(900, 1000), pid_max(500, 1000)], MOST, {}),
    ("threads-max alone", [threads(950, 1000), pid_max(950, 32768)], MOST,
     {"kernel.threads-max": 1900}),
    ("pid_max and what kubepods got from it (AKS #2279)",
     [threads(700, 9000), pid_max(660, 1000), kubepods(600, 700)], MOST,
     {"kernel.pid_max": 1920, KUBE: 1560}),
    ("pid_max counts what is reserved", [pid_max(650, 1000)], MOST, {"kernel.pid_max": 1900}),
    ("kubepods is far from it", [pid_max(660, 1000), kubepods(100, 700)], MOST,
     {"kernel.pid_max": 1920}),
    ("kubepods, and the host right behind it",
     [threads(800, 1000), pid_max(800, 9000), kubepods(700, 700)], MOST,
     {KUBE: 1400, "kernel.threads-max": 1500}),
    ("a pod, and all around it", [threads(400, 1000), kubepods(300, 310), pod(100, 100)], MOST,
     {POD: 356, KUBE: 600, }),
    ("a pod is not raised for the host's sake", [threads(990, 1000), pod(90, 100)], MOST,
     {"kernel.threads-max": 1980}),
    ("what is not named is not raised", [threads(990, 1000), kubepods(300, 310)],
     {"kubepods": 400}, {KUBE: 400}),
    ("as far as is allowed", [threads(990, 1000)], {"threads": 1010}, {"kernel.threads-max": 1010}),
    ("a slice and the slice around it",
     [group("/a.slice", 90, 100), group("/a.slice/a-b.slice", 49, 50)], MOST,
     {"/a.slice/a-b.slice": 305, "/a.slice": 346}),
    ("no limit", [group("/a.slice", 90, None)], MOST, {}),
    ("small ones get room", [group("/a.slice", 10, 10)], MOST, {"/a.slice": 266}),
]


@pytest.mark.parametrize(
    ("rows", "most", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_raised(rows: List[Level], most: Dict[str, int], wanted: Dict[str, int]) -> None:
    found = plan(Levels(0.0, tuple(rows)), Leave(95, most))
    assert {one.what: one.after for one in found.raises} == wanted


def test_what_can_go_no_further_is_spent() -> None:
    rows = (threads(1000, 1000), kubepods(600, 600), pod(90, 90))
    found = plan(Levels(0.0, rows), Leave(95, {"threads": 1000, "pod": 900}))
    assert [one.what for one in found.spent] == ["kernel.threads-max", KUBE]
    assert [one.what for one in found.raises] == [POD]


def test_what_is_capped_on_purpose_is_neither_raised_nor_spent() -> None:
    rows = (group("/a.slice", 50, 50),)
    found = plan(Levels(0.0, rows), Leave(95, MOST), frozenset({"/a.slice"}))
    assert (found.raises, found.spent) == ((), ())


def test_the_kernel_s_own_highest_values_are_kept() -> None:
    rows = (pid_max(4000000, 4100000), threads(0x3FFFFFFE, 0x3FFFFFFE))
    found = plan(Levels(0.0, rows), Leave(95, {"pids": 2**40, "threads": 2**40}))
    assert {one.what: one.after for one in found.raises} == {
        "kernel.pid_max": 4194304, "kernel.threads-max": 0x3FFFFFFF,
    }


def test_the_outermost_comes_first() -> None:
    rows = (pod(100, 100), kubepods(300, 300), threads(999, 1000))
    found = plan(Levels(0.0, rows), Leave(95, MOST))
    assert [one.what for one in found.raises] == ["kernel.threads-max", KUBE, POD]


numbers = st.tuples(st.integers(0, 5000), st.integers(1, 5000))


@given(numbers, numbers, numbers, numbers, st.integers(50, 100),
       st.dictionaries(st.sampled_from(sorted(MOST)), st.integers(1, 10000)))
def test_nothing_is_ever_lowered_nor_raised_above_what_is_allowed(
    host: Tuple[int, int], ids: Tuple[int, int], kube: Tuple[int, int], one: Tuple[int, int],
    at: int, most: Dict[str, int],
) -> None:
    rows = (threads(*host), pid_max(*ids), kubepods(*kube), pod(*one))
    found = plan(Levels(0.0, rows), Leave(at, most))
    names = {"kernel.threads-max": "threads", "kernel.pid_max": "pids", KUBE: "kubepods",
             POD: "pod"}
    for each in found.raises:
        assert each.before < each.after <= most[names[each.what]]
    raised = {each.source for each in found.raises}
    tight = {row.source for row in rows if row.percent >= at}
    assert tight <= raised | {row.source for row in found.spent}
    # nothing is raised where nothing is tight
    assert not raised or tight
