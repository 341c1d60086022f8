"""Maintenance windows: openings by cron in a place's wall time, lengths in real time.

Wall time is not monotonic. An opening in the hour that spring skips comes as long after the last
one as ever (02:30 is 03:30 that day); one in the hour that autumn repeats comes the first time. A
window that spans a change of the clocks is as long as it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from ..kinds.node_tuning import Window
from .quantity import QuantityError, duration

FIELDS = 5
REACH = timedelta(hours=3)
"""More than clocks are ever put forward or back at once (but for moves of the date line)."""


def is_open(windows: Sequence[Window], now: datetime) -> bool:
    """Whether changes may begin now; without windows they always may."""
    return not windows or any(_is_open(window, now) for window in windows)


def next_opening(windows: Sequence[Window], now: datetime) -> datetime | None:
    """When the next window opens after ``now`` (UTC); None without windows."""
    return min((_opening(window, now, forward=True) for window in windows), default=None)


def _is_open(window: Window, now: datetime) -> bool:
    return now - _opening(window, now, forward=False) < duration(window.duration)


def _opening(window: Window, now: datetime, *, forward: bool) -> datetime:
    """The last opening up to ``now``, or the first one after it."""
    # Openings are at whole minutes: within one minute the answer stays the same.
    return _found(window, now.astimezone(UTC).replace(second=0, microsecond=0), forward)


@lru_cache(maxsize=256)
def _found(window: Window, now: datetime, forward: bool) -> datetime:
    zone = ZoneInfo(window.time_zone)
    naive = now.astimezone(zone).replace(tzinfo=None, fold=0)
    # Steps on the wall clock, started on the other side of a change of the clocks if one is near.
    if (now - REACH).astimezone(zone).utcoffset() != (now + REACH).astimezone(zone).utcoffset():
        naive += -REACH if forward else REACH
    # What lies before a moment does not include it.
    openings = croniter(window.cron, naive if forward else naive + timedelta(minutes=1))
    while True:
        # fold=0: the first of two equal wall times, and the offset of before for a skipped one.
        wall = openings.get_next(datetime) if forward else openings.get_prev(datetime)
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment > now if forward else moment <= now:
            return moment


def problems(windows: Sequence[Window], now: datetime) -> tuple[str, ...]:
    """What is wrong with windows, in words."""
    found = []
    for index, window in enumerate(windows):
        try:
            _check(window, now)
        except (QuantityError, CroniterError, ZoneInfoNotFoundError, ValueError) as error:
            found.append(f"rollout.windows[{index}]: {error}")
    return tuple(found)


def _check(window: Window, now: datetime) -> None:
    duration(window.duration)
    if len(window.cron.split()) != FIELDS:
        raise ValueError(f"cron {window.cron!r} has not five fields")
    # A day that never comes (30 February) is noticed only by looking for it.
    _opening(window, now, forward=True)
