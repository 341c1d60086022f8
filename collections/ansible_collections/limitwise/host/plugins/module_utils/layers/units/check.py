# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue alone says about the wanted limits of units: names, directives, values."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Optional, Sequence

from ...catalogue import unit_directives as catalogue
from ...catalogue.problem import ERROR
from ...catalogue.rules import tuning as tuning_rules
from ...catalogue.rules import units as rules
from ...findings import Finding
from ...tuning import Item
from . import memory as unit_memory
from . import name as unit_name
from . import values as unit_values

OWN_LAYER = {True: "slices", False: "units"}


def check_items(items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
    """Everything wrong with the items of a layer; ``allowed`` as in layers.base."""
    found: List[Finding] = []
    subjects: Dict[str, List[Item]] = {}
    for item in items:
        subjects.setdefault(item.subject, []).append(item)
    for subject, group in subjects.items():
        wrong = _check_name(subject, group[0])
        found.extend(wrong)
        if not wrong:
            for item in group:
                found.extend(_check_item(item, allowed))
            found.extend(_check_memory(subject, group))
    return found


def _check_name(subject: str, item: Item) -> List[Finding]:
    objection = unit_name.objection(subject)
    if objection is not None:
        reason, suggestion = objection
        return [
            rules.BAD_NAME.at(
                item.place, layer=item.layer, found=subject, suggestion=suggestion, reason=reason
            )
        ]
    right = OWN_LAYER[subject.endswith(".slice")]
    if right != item.layer:
        return [
            rules.WRONG_LAYER.at(item.place, layer=item.layer, found=subject, suggestion=right)
        ]
    return []


def is_allowed(item: Item, allowed: FrozenSet[str]) -> bool:
    """Whether the host itself permits the directive, for all units or for this one."""
    return item.key in allowed or f"{item.subject} {item.key}" in allowed


def _check_item(item: Item, allowed: FrozenSet[str]) -> List[Finding]:
    section = unit_name.section_of(item.subject)
    directive = catalogue.lookup(item.key)
    if not catalogue.is_known(section, item.key) or item.key.startswith("X-"):
        return [_misplaced(item, section)]
    if directive is not None and directive.replacement is not None:
        return [
            rules.DEPRECATED.at(
                item.place, layer=item.layer, severity=ERROR, found=item.key,
                suggestion=directive.replacement,
            )
        ]
    if directive is None:
        if is_allowed(item, allowed):
            return []
        return [
            tuning_rules.NOT_A_LIMIT.at(
                item.place, layer=item.layer, found=f"{item.subject} {item.key}",
                reason=catalogue.refusal(item.key),
            )
        ]
    if not item.text:
        return [_dropped(item, "it is empty", None)]
    return [
        _dropped(item, problem.message, unit_values.right_value(directive, item.text))
        for problem in catalogue.check_value(directive, item.text)
    ]


def _dropped(item: Item, reason: str, suggestion: Optional[str]) -> Finding:
    return rules.DROPPED.at(
        item.place, layer=item.layer, found=item.text, suggestion=suggestion,
        directive=f"{item.subject} {item.key}", reason=reason,
    )


def _misplaced(item: Item, section: str) -> Finding:
    """An unknown directive, or one of other sections."""
    if catalogue.sections_of(item.key):
        return rules.WRONG_SECTION.at(
            item.place, layer=item.layer, found=item.key, section=section
        )
    return rules.UNKNOWN_DIRECTIVE.at(
        item.place, layer=item.layer, found=item.key, section=section,
        suggestion=catalogue.nearest_directive(section, item.key),
    )


def _check_memory(subject: str, items: Sequence[Item]) -> List[Finding]:
    settings = {item.key: item.text for item in items}
    high = next((item for item in items if item.key == "MemoryHigh"), items[0])
    return unit_memory.check(settings, subject, high.layer, high.place, whole=False)
