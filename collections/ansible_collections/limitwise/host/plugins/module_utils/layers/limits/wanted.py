# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One limit that a tuning wants for a domain, and whether a value that is there will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from ...catalogue import kinds
from ...catalogue import limits as catalogue
from ...catalogue.classes import FLOOR
from ...policy import Policy
from ...tuning import Item
from .effective import kinds_of

Key = Tuple[str, str, str]
"""Domain, kind (soft, hard, or ``-`` for an item without both) and item."""


@dataclass(frozen=True)
class Wanted:
    """``is_floor``: more than this is fine, too."""

    item: Item
    domain: str
    kind: str
    name: str
    is_floor: bool

    @property
    def key(self) -> Key:
        return (self.domain, self.kind, self.name)

    @property
    def value(self) -> str:
        return self.item.text

    @property
    def what(self) -> str:
        return self.item.name


def wanted_of(items: Sequence[Item], policy: Policy) -> List[Wanted]:
    """The items of a checked tuning, each key once."""
    found: Dict[Key, Wanted] = {}
    for item in items:
        kind, _blank, name = item.key.partition(" ")
        entry = catalogue.lookup(name)
        is_floor = entry is not None and entry.klass == FLOOR
        lowered = {item.name, item.key, name} & set(policy.allow_lowering)
        one = Wanted(item, item.subject, kinds_of(kind, name)[0], name, is_floor and not lowered)
        found.setdefault(one.key, one)
    return list(found.values())


def satisfied(want: Wanted, value: str) -> bool:
    """Whether a value in force does for what is wanted."""
    if want.is_floor:
        return kinds.at_least(value_kind(want.name), value, want.value) is True
    return same(want.name, value, want.value)


def same(name: str, left: str, right: str) -> bool:
    """Whether two spellings of an item's value are one."""
    return kinds.same(value_kind(name), left, right)


def above(name: str, left: str, right: str) -> bool:
    """Whether one value of an item is above another; False where they cannot be compared."""
    mine, other = kinds.as_int(value_kind(name), left), kinds.as_int(value_kind(name), right)
    return mine is not None and other is not None and mine > other


def value_kind(name: str) -> str:
    """The kind of an item's values; ``text`` for an item that nobody knows."""
    entry = catalogue.lookup(name)
    return entry.kind if entry is not None else "text"
