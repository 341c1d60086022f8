"""Moments as objects carry them: RFC 3339 in UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_time(text: object) -> datetime | None:
    """The moment, aware and in UTC; None for anything that is none (also for None itself)."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


def format_time(moment: datetime) -> str:
    """``2026-11-22T20:30:00Z``; fractions of a second are cut off."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
