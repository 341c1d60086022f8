# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging: marks, rates, how long it lasts, and that nothing flaps."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.relief.judge import (
    CLEAR,
    Ask,
    Judged,
    judge,
    seconds_left,
)
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Level, Levels

BY_USE = Ask("p/full", "host", used_percent=80)


def row(used: int, limit: Optional[int] = 100, level: str = "host", subject: str = "") -> Level:
    headroom = None if limit is None else max(0, limit - used)
    source = f"/{level}/{subject}"
    return Level(level, "pids", subject, "", limit, used, headroom, 0, source)


def course(ask: Ask, used: Sequence[int], step: float = 1.0) -> List[Judged]:
    """The judgements of a level whose use takes this course."""
    found = [Judged()]
    for number, each in enumerate(used):
        found.append(judge(found[-1], [ask], Levels(number * step, (row(each),))))
    return found[1:]


@pytest.mark.parametrize(("used", "tight"), [
    ([79], [False]),
    ([80], [True]),
    ([80, 76, 75], [True, True, True]),
    ([80, 74], [True, False]),
    ([80, 74, 79, 80], [True, False, False, True]),
])
def test_a_mark_is_left_only_by_more_than_the_hysteresis(
    used: List[int], tight: List[bool]
) -> None:
    assert [bool(one.tight) for one in course(BY_USE, used)] == tight


def test_a_level_fires_when_it_has_lasted_and_not_again_from_the_start() -> None:
    ask = Ask("p/full", "host", used_percent=80, lasting=2.0)
    fired = [bool(one.fired) for one in course(ask, [85, 90, 78, 90, 70, 90])]
    assert fired == [False, False, True, True, False, False]


@pytest.mark.parametrize(("samples", "headroom", "left"), [
    ([], 10, None),
    ([(0.0, 5)], 10, None),
    ([(0.0, 5), (0.5, 9)], 10, None),
    ([(0.0, 5), (2.0, 5)], 10, None),
    ([(0.0, 9), (2.0, 5)], 10, None),
    ([(0.0, 0), (1.0, 4), (2.0, 10)], 20, 4.0),
])
def test_time_until_it_is_used_up(
    samples: Sequence[Tuple[float, int]], headroom: int, left: Optional[float]
) -> None:
    assert seconds_left(tuple(samples), headroom) == left


def test_a_steady_leak_is_seen_long_before_the_mark() -> None:
    ask = Ask("p/soon", "host", within=10.0)
    found = course(ask, [10, 15, 20, 30, 40, 50, 60])
    assert [bool(one.tight) for one in found] == [False, False, False, False, True, True, True]
    assert found[-1].tight[0].left == pytest.approx(40 / 50 * 6)


def test_without_a_subject_the_fullest_of_a_level_stands_for_all() -> None:
    ask = Ask("p/pod", "pod", used_percent=80)
    rows = (row(85, level="pod", subject="a"), row(90, level="pod", subject="b"))
    first = judge(Judged(), [ask], Levels(0.0, rows))
    assert first.tight[0].row.subject == "b"
    one_left = judge(first, [ask], Levels(1.0, rows[:1]))
    assert (one_left.tight[0].row.subject, one_left.tight[0].since) == ("a", 0.0)
    assert judge(one_left, [ask], Levels(2.0, ())).tight == ()


@pytest.mark.parametrize("rows", [
    (), (row(50, None),), (row(99, level="slice", subject="other.slice"),),
])
def test_what_has_no_limit_or_was_not_asked_for_is_never_tight(rows: Tuple[Level, ...]) -> None:
    asks = [BY_USE, Ask("p/slice", "slice", "student.slice", 80, within=60)]
    assert judge(Judged(), asks, Levels(0.0, rows)).tight == ()


@given(st.lists(st.integers(0, 120), min_size=1, max_size=60))
def test_any_course_keeps_to_the_mark_and_the_hysteresis(used: List[int]) -> None:
    tight = False
    for each, found in zip(used, course(BY_USE, used)):
        percent = min(100, each)
        tight = percent >= 80 - CLEAR if tight else percent >= 80
        assert bool(found.tight) == tight
    assert len(found.samples["/host/"]) <= 11


@given(st.lists(st.sampled_from([76, 79, 81, 90]), min_size=2, max_size=40))
def test_flapping_within_the_hysteresis_is_one_emergency(used: List[int]) -> None:
    found = course(BY_USE, [85, *used])
    assert {one.tight[0].since for one in found} == {0.0}
