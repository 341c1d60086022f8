"""Ceilings are told when they cross a mark, and not when they waver about one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limitwise_operator.agent.marks import HYSTERESIS, MARKS, Row, mark_of, marked


@dataclass(frozen=True)
class Ceiling:
    """What is read of one."""

    subject: str
    percent: int | None
    resource: str = "pids"
    scope: str = "unit"
    limit: int = 1000

    @property
    def used(self) -> int | None:
        return None if self.percent is None else self.percent * 10


@pytest.mark.parametrize(
    ("percent", "before", "mark"),
    [
        (0, 0, 0), (49, 0, 0), (50, 0, 50), (69, 50, 50), (70, 50, 70), (66, 70, 70),
        (65, 70, 50), (46, 50, 50), (45, 50, 0), (100, 0, 99), (95, 99, 99), (94, 99, 95),
        (91, 95, 95), (90, 95, 90), (60, 99, 50), (86, 90, 90), (76, 90, 80), (75, 90, 70),
    ],
)
def test_a_mark_is_reached_at_once_and_left_five_points_below(
    percent: int, before: int, mark: int
) -> None:
    assert mark_of(percent, before) == mark


@given(st.lists(st.integers(0, 100), min_size=1), st.integers(1, HYSTERESIS - 1))
def test_wavering_by_less_than_the_hysteresis_changes_a_mark_only_upwards(
    bases: list[int], width: int
) -> None:
    for base in bases:
        mark, changes = mark_of(base), 0
        for step in range(20):
            new = mark_of(max(0, base - (step % 2) * width), mark)
            changes += new != mark
            mark = new
        assert changes == 0


@given(st.integers(0, 100), st.sampled_from((0, *MARKS)))
def test_a_mark_settles_at_once(percent: int, before: int) -> None:
    mark = mark_of(percent, before)
    assert mark_of(percent, mark) == mark


def rows(*ceilings: Ceiling) -> tuple[Row, ...]:
    return marked(ceilings, (), 10).rows


def test_rows_have_what_the_status_shows() -> None:
    assert rows(Ceiling("a.service", 72), Ceiling("b.service", 20), Ceiling("c", None)) == (
        {
            "resource": "pids", "scope": "unit", "subject": "a.service", "limit": 1000,
            "used": 720, "mark": 70,
        },
    )


def test_use_between_marks_changes_nothing() -> None:
    before = rows(Ceiling("a", 72), Ceiling("b", 55))
    found = marked([Ceiling("b", 58), Ceiling("a", 79)], before, 10)
    assert found.rows == before
    assert not found.changed


def test_exhaustion_is_urgent_once() -> None:
    before = rows(Ceiling("a", 96))
    found = marked([Ceiling("a", 99)], before, 10)
    assert (found.changed, found.urgent) == (True, True)
    assert not marked([Ceiling("a", 100)], found.rows, 10).changed


def test_what_has_gone_is_gone() -> None:
    found = marked([], rows(Ceiling("a", 96)), 10)
    assert (found.rows, found.changed, found.urgent) == ((), True, False)


def test_a_new_limit_is_told() -> None:
    before = rows(Ceiling("a", 72))
    assert marked([Ceiling("a", 72, limit=2000)], before, 10).changed


@given(
    st.dictionaries(st.integers(0, 40).map(str), st.integers(0, 100), max_size=40),
    st.integers(1, 10),
)
def test_the_list_is_bounded_and_stable(found: dict[str, int], limit: int) -> None:
    ceilings = [Ceiling(subject, percent) for subject, percent in found.items()]
    first = marked(ceilings, (), limit)
    assert len(first.rows) <= limit
    assert not marked(list(reversed(ceilings)), first.rows, limit).changed
    left_out = [mark_of(percent) for percent in found.values()]
    assert [row["mark"] for row in first.rows] == sorted(filter(None, left_out), reverse=True)[
        :limit
    ]
