"""Windows: wall time that jumps and repeats, lengths in real time, months that never come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limitwise_operator.decide.windows import is_open, next_opening, problems
from limitwise_operator.kinds.node_tuning import Window

START = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def berlin(cron: str, duration: str = "1h") -> tuple[Window]:
    return (Window(cron, duration, "Europe/Berlin"),)


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        ((), "2026-07-01 12:00", True),
        (berlin("0 2 * * 6", "4h"), "2026-11-21 00:59:59", False),
        (berlin("0 2 * * 6", "4h"), "2026-11-21 01:00", True),
        (berlin("0 2 * * 6", "4h"), "2026-11-21 04:59:59", True),
        (berlin("0 2 * * 6", "4h"), "2026-11-21 05:00", False),
        (berlin("0 2 * * 6", "4h"), "2026-11-22 01:30", False),
        # In summer two in the morning comes an hour earlier.
        (berlin("0 2 * * *"), "2026-07-01 00:30", True),
        (berlin("0 2 * * *"), "2026-07-01 01:30", False),
        # Over midnight, and longer than a day.
        ((Window("0 23 * * *", "3h"),), "2026-07-02 01:59", True),
        ((Window("0 0 * * 6", "48h"),), "2026-11-22 23:59", True),
        ((Window("0 0 * * 6", "48h"),), "2026-11-23 00:00", False),
        # One of two is enough.
        ((Window("0 1 * * *", "1h"), Window("0 5 * * *", "1h")), "2026-07-01 05:30", True),
        # 29 March 2026: 02:00 to 03:00 does not exist; 02:30 is 03:30, at 01:30 UTC.
        (berlin("30 2 * * *"), "2026-03-29 01:29", False),
        (berlin("30 2 * * *"), "2026-03-29 01:30", True),
        (berlin("30 2 * * *"), "2026-03-29 02:30", False),
        # A window over the jump is as long as it says: 01:30 CET is 00:30 UTC.
        (berlin("30 1 * * *", "2h"), "2026-03-29 02:29", True),
        (berlin("30 1 * * *", "2h"), "2026-03-29 02:30", False),
        # 25 October 2026: 02:00 to 03:00 comes twice; 02:30 opens once, the first time.
        (berlin("30 2 * * *"), "2026-10-25 00:29", False),
        (berlin("30 2 * * *"), "2026-10-25 00:30", True),
        (berlin("30 2 * * *"), "2026-10-25 01:29", True),
        (berlin("30 2 * * *"), "2026-10-25 01:30", False),
        (berlin("30 1 * * *", "2h"), "2026-10-25 01:29", True),
        (berlin("30 1 * * *", "2h"), "2026-10-25 01:30", False),
    ],
)
def test_open(windows: tuple[Window, ...], now: str, expected: bool) -> None:
    assert is_open(windows, utc(now)) is expected


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        (berlin("30 2 * * *"), "2026-03-28 12:00", "2026-03-29 01:30"),
        (berlin("30 2 * * *"), "2026-03-29 01:30", "2026-03-30 00:30"),
        (berlin("30 2 * * *"), "2026-10-24 12:00", "2026-10-25 00:30"),
        (berlin("30 2 * * *"), "2026-10-25 00:30", "2026-10-26 01:30"),
        ((Window("0 5 * * *", "1h"), Window("0 3 * * *", "1h")), "2026-01-01 00:00",
         "2026-01-01 03:00"),
        ((Window("0 0 29 2 *", "1h"),), "2026-01-01 00:00", "2028-02-29 00:00"),
    ],
)  # fmt: skip
def test_next_opening(windows: tuple[Window, ...], now: str, expected: str) -> None:
    assert next_opening(windows, utc(now)) == utc(expected)


def test_without_windows_nothing_opens() -> None:
    assert next_opening((), utc("2026-01-01 00:00")) is None


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.sampled_from(["30 2 * * *", "0 */6 * * 1-5", "15 3 1 * *"]),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_the_next_opening_opens(moment: datetime, cron: str, zone: str) -> None:
    windows = (Window(cron, "10m", zone),)
    opening = next_opening(windows, moment)
    assert opening is not None
    assert opening > moment
    assert is_open(windows, opening)
    assert is_open(windows, opening + timedelta(minutes=10, microseconds=-1))
    assert not is_open(windows, opening - timedelta(microseconds=1))
    assert not is_open(windows, opening + timedelta(minutes=10))


@pytest.mark.parametrize(
    "window",
    [
        Window("0 2 30 2 *", "1h"),
        Window("* * *", "1h"),
        Window("@daily", "1h"),
        Window("0 0 0 1 1 *", "1h"),
        Window("99 0 * * *", "1h"),
        Window("0 0 * * *", "a while"),
        Window("0 0 * * *", "1h", "Mars/Olympus"),
        Window("0 0 * * *", "1h", "../../etc/passwd"),
        Window("0 0 * * *", "1h", ""),
    ],
)
def test_what_is_no_window(window: Window) -> None:
    found = problems((Window("0 2 * * *", "1h"), window), utc("2026-01-01 00:00"))
    assert len(found) == 1
    assert found[0].startswith("rollout.windows[1]: ")
