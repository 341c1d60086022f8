# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing values of a sysctl: is one enough, and what lowers nothing."""

from __future__ import annotations

from typing import Optional, Tuple

from ...catalogue import kinds
from ...catalogue.classes import FLOOR
from ...catalogue.sysctl_key import SysctlKey

Numbers = Tuple[int, ...]


def same(key: Optional[SysctlKey], one: str, other: str) -> bool:
    """Whether two spellings are one value; a key without catalogue entry compares word by word."""
    if one.split() == other.split():
        return True
    return key is not None and kinds.same(key.kind, one, other)


def only_raised(key: Optional[SysctlKey], lowering: bool) -> bool:
    """Whether more than wanted is as good: a floor that the policy does not let down."""
    return key is not None and key.klass == FLOOR and not lowering


def enough(key: Optional[SysctlKey], have: str, wanted: str, lowering: bool = False) -> bool:
    """Whether a value fulfils the wanted one: equal, or for a floor at or above it."""
    if same(key, have, wanted):
        return True
    return key is not None and only_raised(key, lowering) and _at_least(key, have, wanted)


def raised(key: Optional[SysctlKey], have: Optional[str], wanted: str) -> str:
    """The wanted value, but in no number below the one at hand; the spelling of the wanted one."""
    if have is None or key is None or _at_least(key, wanted, have):
        return wanted
    ours, theirs = numbers(key, wanted), numbers(key, have)
    if ours is None or theirs is None or len(ours) != len(theirs):
        return wanted
    return " ".join(str(max(pair, key=lambda one: _rank(key, one))) for pair in zip(ours, theirs))


def as_printed(key: Optional[SysctlKey], text: str) -> str:
    """The value as the kernel gives it back: decimal numbers, single blanks."""
    found = numbers(key, text) if key is not None else None
    return " ".join(map(str, found)) if found is not None else " ".join(text.split())


def lowers(key: Optional[SysctlKey], have: str, new: str) -> bool:
    """Whether a single number would become smaller."""
    if key is None:
        return False
    before, after = numbers(key, have), numbers(key, new)
    if before is None or after is None or len(before) != 1 or len(after) != 1:
        return False
    return _rank(key, after[0]) < _rank(key, before[0])


def numbers(key: SysctlKey, text: str) -> Optional[Numbers]:
    """The numbers of a value as the kernel reads it; None when it has none."""
    try:
        value = kinds.parse(key.kind, text)
    except kinds.ValueKindError:
        return None
    if isinstance(value, int):
        return (value,)
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        return value
    return None


def _at_least(key: SysctlKey, left: str, right: str) -> bool:
    mine, theirs = numbers(key, left), numbers(key, right)
    if mine is None or theirs is None or len(mine) != len(theirs):
        return False
    return all(_rank(key, one) >= _rank(key, other) for one, other in zip(mine, theirs))


def _rank(key: SysctlKey, number: int) -> float:
    return float("inf") if number == key.no_limit else number
