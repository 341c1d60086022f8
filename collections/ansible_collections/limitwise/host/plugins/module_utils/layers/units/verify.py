# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading back the limits of units: what the kernel enforces and what the next boot will give."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Sequence

from ...catalogue.rules import run as rules
from ...change import NOTHING, RESTART, Change
from ...findings import Finding, Place
from ...tuning import Item
from ..base import Verdict
from . import name as unit_name
from .observe import State, counting, directive_of, in_force, live_text
from .own import Values
from .plan import Key, active_units, needing_restart, waiting
from .wanted import enough, key_of, units_of


def make_verdict(
    layer: str, state: State, items: Sequence[Item], changes: Sequence[Change]
) -> Verdict:
    """The changes as they came out, and every limit that is not as wanted, now or after a boot."""
    wanted = _expected(state, items)
    keys = [
        Key(item.subject, key_of(item), None, wanted[item.subject][key_of(item)]) for item in items
    ]
    found: List[Finding] = []
    for key in keys:
        found.extend(_not_persistent(layer, state, wanted, key))
        found.extend(_not_in_force(layer, state, wanted, key))
    found.extend(waiting(layer, state, wanted, keys, set()))
    return Verdict(tuple(_read_back(state, wanted, change) for change in changes), tuple(found))


def _expected(state: State, items: Sequence[Item]) -> Dict[str, Values]:
    """What our files hold; where that is not enough for the tuning, what it says."""
    expected = {name: dict(values) for name, values in state.held().items()}
    for item in items:
        values = expected.setdefault(item.subject, {})
        held = values.get(key_of(item))
        if held is None or not enough(directive_of(item.key), held, item.text):
            values[key_of(item)] = item.text
    return expected


def _not_persistent(
    layer: str, state: State, wanted: Dict[str, Values], key: Key
) -> List[Finding]:
    found = []
    for name in units_of(state, wanted, key.subject, key.key):
        counts = counting(state, name, key.directive)
        if counts is not None and enough(key.directive, counts.value, key.value or ""):
            continue
        path = unit_name.own_path(key.subject)
        place = Place(path) if counts is None else Place(counts.path, counts.line)
        found.append(
            rules.NOT_PERSISTENT.at(
                place, layer=layer, found="the default" if counts is None else counts.value,
                what=f"{name} {key.directive.name}", wanted=key.value,
            )
        )
    return found


def _not_in_force(
    layer: str, state: State, wanted: Dict[str, Values], key: Key
) -> List[Finding]:
    if key.directive.takes_effect == RESTART:
        return []
    found = []
    for unit in active_units(state, wanted, key):
        if in_force(state, unit, key.directive, key.value or "") is False:
            found.append(
                rules.NOT_IN_FORCE.at(
                    Place(unit.cgroup), layer=layer, found=unit.enforced[key.directive.name],
                    what=f"{unit.name} {key.directive.name}", wanted=key.value,
                )
            )
    return found


def _read_back(state: State, wanted: Dict[str, Values], change: Change) -> Change:
    directive = directive_of(change.key)
    section = unit_name.section_of(change.subject)
    key = Key(change.subject, f"{section}/{change.key}", None, change.after)
    counts = counting(state, change.subject, directive)
    waits = needing_restart(state, wanted, key)
    return replace(
        change,
        runtime=live_text(state, change.subject, directive, change.after or ""),
        persistent=None if counts is None else counts.value,
        takes_effect=RESTART if waits else NOTHING,
        line=counts.line if counts is not None and counts.path == change.file else None,
    )
