"""Counts, percentages and durations as people write them: ``3``, ``"10%"``, ``30s``, ``4h``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError

PERCENT = re.compile(r"(100|[0-9]{1,2})%")
COUNT = re.compile(r"[0-9]{1,9}")
SPAN = re.compile(r"([0-9]{1,6})(s|m|h)")
SECONDS = {"s": 1, "m": 60, "h": 3600}


class QuantityError(InputError):
    """A text that is no amount or no duration."""


@dataclass(frozen=True)
class Amount:
    """So many, or so many of a hundred."""

    number: int
    percent: bool = False

    def of(self, total: int) -> int:
        """How many of ``total``: a percentage is rounded down, but one of more than 0 is >= 1."""
        if not self.percent:
            return self.number
        return max(1, self.number * total // 100) if self.number else 0


def amount(written: int | str) -> Amount:
    """``3``, ``"3"`` or ``"10%"``; QuantityError for anything else."""
    text = str(written)
    if COUNT.fullmatch(text):
        return Amount(int(text))
    if PERCENT.fullmatch(text):
        return Amount(int(text[:-1]), percent=True)
    raise QuantityError(f"{written!r} is no amount", remedy='a number, or a percentage like "10%"')


def duration(written: str) -> timedelta:
    """``30s``, ``10m``, ``4h``; QuantityError for anything else."""
    match = SPAN.fullmatch(written)
    if match is None:
        raise QuantityError(f"{written!r} is no duration", remedy="30s, 10m or 4h")
    return timedelta(seconds=int(match.group(1)) * SECONDS[match.group(2)])
