# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several ceilings is hit first, what a cgroup can have at most, and pid_max's arithmetic.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.ceilings import pid_numbers
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import (
    Ceiling,
    above,
    binding,
    effective,
    marked,
    simple,
    tightest,
)

THREADS = simple("threads", "host", "", 1000, 400, "threads-max")
PID_MAX = Ceiling("pids", "host", "", 1000, 400, 300, "pid_max")


def tasks(group: str, limit: int, used: int) -> Ceiling:
    return simple("pids", "cgroup", group, limit, used, f"{group}/pids.max", group)


@pytest.mark.parametrize(("ceilings", "group", "source"), [
    # threads-max high, pid_max low: the classic false fix
    ([THREADS, PID_MAX], "", "pid_max"),
    ([THREADS, PID_MAX], "/a", "pid_max"),
    # a slice holds all units inside it, whatever they are allowed
    ([THREADS, tasks("/s", 512, 500), tasks("/s/u", 4000, 20)], "/s/u", "/s/pids.max"),
    ([THREADS, tasks("/s", 512, 100), tasks("/s/u", 40, 20)], "/s/u", "/s/u/pids.max"),
    # others' cgroups, and names that merely begin alike, hold nobody
    ([THREADS, tasks("/s/u", 40, 40)], "/s", "threads-max"),
    ([THREADS, tasks("/s/u", 40, 40)], "/s/up", "threads-max"),
    # of equal headroom the lower limit is named
    ([tasks("/s", 500, 400), tasks("/s/u", 200, 100)], "/s/u", "/s/u/pids.max"),
    # a user's and a process's ceilings are nobody else's
    ([THREADS, simple("threads", "process", "17", 10, 10, "limits")], "", "threads-max"),
])
def test_the_binding_one_is_hit_first(
    ceilings: List[Ceiling], group: str, source: str
) -> None:
    first = binding(ceilings, group)
    assert first is not None
    assert first.source == source


@pytest.mark.parametrize(("group", "resource", "limit"), [
    ("/s/u", "pids", 512), ("/s", "pids", 512), ("/t", "pids", 999), ("/s/u", "memory", None),
])
def test_what_a_cgroup_can_have_is_the_least_of_all_around_it(
    group: str, resource: str, limit: Optional[int]
) -> None:
    ceilings = [THREADS, PID_MAX, tasks("/s", 512, 1), tasks("/s/u", 4000, 1)]
    assert effective(ceilings, group, resource) == limit


LIMITS = st.integers(1, 1000)
GROUPS = st.sampled_from(["/a", "/a/b", "/a/b/c", "/d", "/d/e"])
CEILINGS = st.lists(st.builds(tasks, GROUPS, LIMITS, LIMITS), unique_by=lambda one: one.group)


@given(CEILINGS, st.builds(simple, st.just("threads"), st.just("host"), st.just(""), LIMITS, LIMITS,
                           st.just("threads-max")))
def test_marks_say_the_same_as_asking_one_by_one(found: List[Ceiling], host: Ceiling) -> None:
    ceilings = [host, *found]
    for plain, shown in zip(ceilings, marked(ceilings)):
        assert shown.binding == (binding(ceilings, plain.group) is plain)
    for group in ("/a/b/c", "/d/e"):
        first = binding(ceilings, group)
        over = [one for one in ceilings if one.group in (*above(group), "")]
        assert first is not None
        assert first.headroom == min(one.headroom for one in over if one.headroom is not None)


@given(CEILINGS, st.integers(0, 100))
def test_the_tightest_come_first_and_none_is_below_the_mark(
    ceilings: List[Ceiling], least: int
) -> None:
    percents = [one.percent for one in tightest(ceilings, least)]
    assert percents == sorted(percents, key=lambda percent: -(percent or 0))
    assert len(percents) == sum((one.percent or 0) >= least for one in ceilings)


@pytest.mark.parametrize(("limit", "headroom", "percent"), [
    (1000, 1000, 0), (1000, 501, 49), (1000, 500, 50), (1000, 11, 98), (1000, 0, 100),
    (0, 0, 100), (1000, None, None),
])
def test_percent_is_counted_from_the_headroom(
    limit: int, headroom: Optional[int], percent: Optional[int]
) -> None:
    assert Ceiling("pids", "host", "", limit, 1, headroom, "x").percent == percent


# --- pid_max -------------------------------------------------------------------------------------


class Numbers:
    """alloc_pid (kernel/pid.c) over idr_alloc_cyclic, for a namespace that has given out many."""

    def __init__(self, pid_max: int, used: List[int], cursor: int) -> None:
        self.pid_max, self.used, self.cursor = pid_max, set(used), cursor

    def alloc(self) -> bool:
        least = pid_numbers.RESERVED if self.cursor > pid_numbers.RESERVED else 1
        for number in (*range(self.cursor, self.pid_max), *range(least, self.pid_max)):
            if number not in self.used:
                self.used.add(number)
                self.cursor = number + 1
                return True
        return False


@given(
    st.integers(301, 420).flatmap(
        lambda top: st.tuples(
            st.just(top), st.lists(st.integers(1, top - 1)), st.integers(301, top)
        )
    )
)
def test_as_many_ids_are_left_as_the_kernel_gives(case: Tuple[int, List[int], int]) -> None:
    pid_max, used, cursor = case
    numbers, given_out = Numbers(pid_max, used, cursor), 0
    while numbers.alloc():
        given_out += 1
    assert pid_numbers.free(pid_max, pid_numbers.taken(used)) == given_out


@pytest.mark.parametrize(("pid_max", "used", "threads", "left"), [
    # seen in the lab: pid_max 1000 refuses at about 769 tasks, of which some have low ids
    (1000, [*range(1, 70), *range(300, 1000)], None, 0),
    (1000, [*range(1, 70)], None, 700),
    (32768, [1, 2, 300, 301, 301, 0], None, 32466),
    # threads that this process may not see have ids as well
    (1000, [1, 2], 500, 499),
    (1000, [1, 2], 100, 700),
    (301, [300], None, 0),
    (400, [*range(300, 399), 5000], None, 0),
])
def test_free_ids(pid_max: int, used: List[int], threads: Optional[int], left: int) -> None:
    assert pid_numbers.free(pid_max, pid_numbers.taken(used, threads)) == left
