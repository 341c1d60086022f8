# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the wanted limits of a tuning by themselves, without a host."""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterator, Sequence, Tuple

from ...catalogue import kinds
from ...catalogue import limits as catalogue
from ...catalogue.classes import REFUSED
from ...catalogue.rules import limits as rules
from ...catalogue.rules import tuning as tuning_rules
from ...findings import Finding
from ...tuning import Item
from .accounts import LOGINS_OF_ALL, LOGINS_OF_GROUP, source_of
from .effective import HARD, LOGINS, SOFT, UNTYPED, as_taken, kinds_of
from .lint import HIGHEST_NR_OPEN, shown
from .repair import type_meant
from .wanted import above


def check(items: Sequence[Item], allowed: FrozenSet[str]) -> Iterator[Finding]:
    """``allowed`` are items that are no limits (``chroot``) and that the host permits by name."""
    for item in items:
        kind, _blank, name = item.key.partition(" ")
        yield from _domain(item, name)
        yield from _item(item, kind, name, allowed)
    yield from _against_each_other(items)


def _domain(item: Item, name: str) -> Iterator[Finding]:
    domain = item.subject
    if source_of(domain) in (LOGINS_OF_GROUP, LOGINS_OF_ALL) and name != LOGINS:
        yield rules.LOGINS_ONLY.at(item.place, found=shown(domain))
        return
    if not domain or any(character in " \t#" for character in domain):
        yield tuning_rules.NO_WAY.at(item.place, layer="limits", found=domain, what="domain")
        return
    for problem in catalogue.check_domain(domain, name):
        yield rules.BAD_DOMAIN.at(
            item.place, found=shown(domain), suggestion=problem.suggestion, reason=problem.message,
            severity=problem.severity,
        )


def _item(item: Item, kind: str, name: str, allowed: FrozenSet[str]) -> Iterator[Finding]:
    entry = catalogue.lookup(name)
    if entry is None:
        yield rules.UNKNOWN_ITEM.at(
            item.place, found=shown(name), suggestion=catalogue.nearest_item(name)
        )
        return
    if not kinds_of(kind, name):
        yield rules.UNKNOWN_TYPE.at(item.place, found=shown(kind), suggestion=type_meant(kind))
    if entry.klass == REFUSED and name not in allowed:
        yield tuning_rules.NOT_A_LIMIT.at(
            item.place, layer="limits", found=name, reason=entry.doc
        )
        return
    if "#" in item.text:
        yield tuning_rules.NO_WAY.at(item.place, layer="limits", found=item.text, what=item.name)
        return
    for problem in catalogue.check_value(entry, item.text):
        is_read = as_taken(name, item.text) is not None
        rule = rules.MISREAD_VALUE if is_read else rules.REFUSED_VALUE
        yield rule.at(
            item.place, found=shown(item.text), suggestion=problem.suggestion, what=item.name,
            reason=problem.message,
        )
        return
    number = kinds.as_int(entry.kind, item.text)
    if name == "nofile" and number is not None and HIGHEST_NR_OPEN < number < kinds.INFINITY:
        yield rules.ABOVE_NR_OPEN.at(
            item.place, found=item.text, nr_open=f"{HIGHEST_NR_OPEN} at most",
            suggestion="unlimited",
        )


def _against_each_other(items: Sequence[Item]) -> Iterator[Finding]:
    by_key: Dict[Tuple[str, str], Item] = {(item.subject, item.key): item for item in items}
    for (domain, key), soft in by_key.items():
        kind, _blank, name = key.partition(" ")
        hard = by_key.get((domain, f"{HARD} {name}"))
        if kind != SOFT or hard is None:
            continue
        if name in UNTYPED:
            if soft.text != hard.text:
                yield tuning_rules.TWICE.at(
                    hard.place, layer="limits", found=hard.text, what=f"{domain} {name}",
                    first=soft.text, second=hard.text,
                )
        elif name != "nice" and above(name, soft.text, hard.text):
            yield rules.SOFT_ABOVE_HARD.at(
                soft.place, found=soft.text, what=name, hard=hard.text, where="in this tuning",
                suggestion=hard.text, severity="error",
            )
