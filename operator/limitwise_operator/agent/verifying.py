"""Whether a node is well again, by its own measurement over a time: a pure function of samples.

It begins to count when there is more headroom than asked for, by some points, and begins anew when
there is less; a node that does not get there in a bounded time has failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Level, Levels

from ..kinds.watch import HOST, Task

HYSTERESIS = 5
LEAST_PATIENCE = 60.0
# Headroom that no hysteresis may ask for: pid_max and threads never leave more.
MOST = 95


@dataclass(frozen=True)
class Verifying:
    """``calm``: since when there has been enough; ``least``: the least of that time, in percent.

    ``worst``: the row with the least headroom now.
    """

    task: Task
    began: float
    calm: float | None = None
    least: int = 100
    worst: Level | None = None


@dataclass(frozen=True)
class Verdict:
    """How it ended; ``message`` has the figures."""

    id: str
    well: bool
    message: str


def measured(known: Verifying, levels: Levels) -> Verifying:
    """After one more sample."""
    task = known.task
    rows = [row for row in _asked(task, levels) if row.limit is not None]
    worst = min(rows, key=left, default=None)
    least = left(worst) if worst is not None else 100
    if known.calm is None:
        enough = least >= max(task.headroom, min(MOST, task.headroom + HYSTERESIS))
        calm, lowest = (levels.at if enough else None), least
    else:
        enough = least >= task.headroom
        calm, lowest = (known.calm if enough else None), min(known.least, least)
    return replace(known, calm=calm, least=lowest, worst=worst)


def verdict(known: Verifying, now: float) -> Verdict | None:
    """How it ended, if it has."""
    task = known.task
    if known.calm is not None and now - known.calm >= task.seconds:
        text = f"at least {known.least} % left for {now - known.calm:.0f} s"
        return Verdict(task.id, True, text + _tightest(known.worst))
    if known.calm is None and now - known.began >= task.seconds + patience(task):
        text = f"not {task.headroom} % left for {task.seconds} s within {now - known.began:.0f} s"
        return Verdict(task.id, False, text + _tightest(known.worst))
    return None


def patience(task: Task) -> float:
    """How much longer than the time it asks for a node may take to become calm."""
    return max(LEAST_PATIENCE, 2.0 * task.seconds)


def left(row: Level) -> int:
    """Percent of its limit that is left, rounded down."""
    return max(0, (row.headroom or 0) * 100 // row.limit) if row.limit else 0


def _asked(task: Task, levels: Levels) -> Iterable[Level]:
    yield from levels.of(HOST)
    if task.level != HOST:
        yield from levels.of(task.level, task.subject)


def _tightest(row: Level | None) -> str:
    if row is None:
        return ""
    name = row.subject or row.what
    return f"; {row.level} {name}: {row.gone} of {row.limit}"
