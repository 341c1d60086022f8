# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checking the wanted sysctls by the catalogue alone, before any host is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Optional, Sequence

from ...catalogue import sysctl as catalogue
from ...catalogue.classes import REFUSED
from ...catalogue.problem import ERROR
from ...catalogue.rules import sysctl as rules
from ...catalogue.rules import tuning as tuning_rules
from ...catalogue.sysctl_key import SysctlKey
from ...findings import Finding
from ...formats.sysctl_conf import GLOB, canonical, dotted
from ...tuning import Item
from .names import known, removed, suggested
from .values import same


@dataclass(frozen=True)
class Wanted:
    """One wanted value: the path to write, the catalogue's entry (None: not in it), the item."""

    path: str
    key: Optional[SysctlKey]
    item: Item

    @property
    def text(self) -> str:
        return self.item.text.strip()

    @property
    def name(self) -> str:
        return dotted(self.path)


def resolved(items: Sequence[Item]) -> List[Wanted]:
    """The items by their own path below /proc/sys: another name of a key becomes its right one."""
    found = []
    for item in items:
        key = known(item.key)
        found.append(Wanted(key.path if key is not None else item.key, key, item))
    return found


def check(items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
    """Every wrong name and value; ``allowed`` are names that the host permits, in any spelling."""
    permitted = frozenset(canonical(name) for name in allowed)
    wanted = resolved(items)
    found = [finding for one in wanted for finding in _check_one(one, permitted)]
    return [*found, *_twice(wanted), *_pairs(wanted)]


def _check_one(wanted: Wanted, permitted: FrozenSet[str]) -> List[Finding]:
    key, place, name = wanted.key, wanted.item.place, wanted.name
    if GLOB.search(wanted.item.key):
        return [rules.PATTERN.at(place, found=name)]
    if wanted.path in permitted or wanted.item.key in permitted:
        return []
    if key is None:
        return [rules.UNKNOWN_KEY.at(place, found=name, suggestion=suggested(wanted.path))]
    if key.klass == REFUSED:
        return [tuning_rules.NOT_A_LIMIT.at(place, layer="sysctl", found=name, reason=key.doc)]
    if key.read_only:
        return [rules.READ_ONLY_KEY.at(place, found=name)]
    found = [removed(key, name, place)] if key.until is not None else []
    for problem in catalogue.check(key, wanted.text):
        rule = rules.BAD_VALUE if problem.severity == ERROR else rules.ODD_VALUE
        found.append(
            rule.at(
                place, found=wanted.text, suggestion=problem.suggestion, what=name,
                problem=problem.message,
            )
        )
    return found


def _twice(wanted: Sequence[Wanted]) -> List[Finding]:
    """Two names of one key with different values (two spellings of one name: tuning.twice)."""
    first: Dict[str, Wanted] = {}
    found = []
    for one in wanted:
        earlier = first.setdefault(one.path, one)
        if earlier.item.key != one.item.key and not same(one.key, earlier.text, one.text):
            found.append(
                tuning_rules.TWICE.at(
                    one.item.place, layer="sysctl", found=one.text, what=one.item.name,
                    first=earlier.text, second=one.text,
                )
            )
    return found


def _pairs(wanted: Sequence[Wanted]) -> List[Finding]:
    """A key and its counterpart: the kernel drops the one when the other is written."""
    paths = {one.path: index for index, one in enumerate(wanted)}
    found = []
    for index, one in enumerate(wanted):
        other = one.key.counterpart if one.key is not None else None
        if other is not None and paths.get(other, index) < index:
            found.append(
                rules.BOTH_OF_PAIR.at(one.item.place, found=one.name, other=dotted(other))
            )
    return found
