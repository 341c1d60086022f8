"""Which ceilings are worth an API write: those that crossed a mark, with hysteresis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MARKS = (50, 70, 80, 90, 95, 99)
EXHAUSTED = 99
HYSTERESIS = 5
# At most so often is a status written for ceilings alone; exhaustion is told at once.
PAUSE = 300.0

Row = Mapping[str, Any]
Key = tuple[str, str, str]


class Ceiling(Protocol):
    """What is read of the engine's Ceiling."""

    @property
    def resource(self) -> str:
        """threads, pids, memory, ..."""

    @property
    def scope(self) -> str:
        """host, unit, pod, ..."""

    @property
    def subject(self) -> str:
        """Whose it is; empty for the host."""

    @property
    def limit(self) -> int:
        """The limit."""

    @property
    def used(self) -> int | None:
        """What is in use."""

    @property
    def percent(self) -> int | None:
        """How much is gone."""


@dataclass(frozen=True)
class Marked:
    """The rows for the status, and how they differ from those before."""

    rows: tuple[Row, ...]
    changed: bool = False
    urgent: bool = False


def mark_of(percent: int, before: int = 0) -> int:
    """The mark that is reached; one that was reached is left only 5 points below it."""
    reached = max((mark for mark in MARKS if percent >= mark), default=0)
    if before > reached:
        kept = max((m for m in MARKS if m <= before and percent > m - HYSTERESIS), default=0)
        return max(reached, kept)
    return reached


def key_of(row: Row) -> Key:
    """What a row is about."""
    return (str(row.get("resource")), str(row.get("scope")), str(row.get("subject")))


def marked(ceilings: Iterable[Ceiling], before: Sequence[Row], limit: int) -> Marked:
    """At most ``limit`` rows, the highest marks first; equal to ``before`` while none is crossed.

    Of equals those that are shown already stay, so that a crowd at one mark does not rotate.
    """
    known = {key_of(row): row for row in before}
    found: dict[Key, Row] = {}
    for one in ceilings:
        if one.percent is None:
            continue
        key = (one.resource, one.scope, one.subject)
        old = known.get(key)
        mark = mark_of(one.percent, int(old["mark"]) if old is not None else 0)
        if not mark or (key in found and int(found[key]["mark"]) >= mark):
            continue
        if old is not None and mark == int(old["mark"]) and one.limit == old["limit"]:
            found[key] = old
        else:
            found[key] = {
                "resource": one.resource,
                "scope": one.scope,
                "subject": one.subject,
                "limit": one.limit,
                "used": one.used,
                "mark": mark,
            }
    ranked = sorted(found, key=lambda key: (-int(found[key]["mark"]), key not in known, key))
    rows = tuple(found[key] for key in ranked[:limit])
    if sorted(map(key_of, rows)) == sorted(known) and all(known[key_of(r)] == r for r in rows):
        return Marked(tuple(before))
    urgent = any(_rose(row, known.get(key_of(row))) for row in rows)
    return Marked(rows, True, urgent)


def _rose(row: Row, old: Row | None) -> bool:
    return int(row["mark"]) >= EXHAUSTED and (old is None or int(old["mark"]) < EXHAUSTED)
