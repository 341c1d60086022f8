# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this very host says against wanted limits: too old, no controller, no such unit, bad mix."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

from ...catalogue.classes import CAP
from ...catalogue.problem import ERROR
from ...catalogue.rules import units as rules
from ...catalogue.unit_directives import check_value, lookup
from ...findings import WARNING, Finding, Place
from ...tuning import Item
from . import memory as unit_memory
from . import name as unit_name
from . import values as unit_values
from .files import Chain
from .observe import NOT_OURS, State, counting, directive_of
from .own import Values


def check_host(
    layer: str, state: State, wanted: Mapping[str, Values], items: Sequence[Item]
) -> List[Finding]:
    """Everything about the wanted limits that only the host itself can tell."""
    found: List[Finding] = []
    for item in items:
        found.extend(_too_new(state, item))
        found.extend(_no_controller(state, item))
    for subject in dict.fromkeys(item.subject for item in items):
        found.extend(_no_such_unit(layer, state, subject))
        found.extend(dropped_values(layer, state.chain(subject)))
        found.extend(_memory(layer, state, subject, wanted.get(subject, {})))
    return found


def _too_new(state: State, item: Item) -> List[Finding]:
    directive, version = directive_of(item.key), state.manager.version
    since = 252 if item.key == "CPUWeight" and item.text == "idle" else directive.since
    if version is None or since <= version:
        return []
    what = f"{item.key}={item.text}" if since != directive.since else item.key
    return [
        rules.TOO_NEW.at(
            item.place, layer=item.layer, found=str(version), what=what, since=since
        )
    ]


def _no_controller(state: State, item: Item) -> List[Finding]:
    directive = directive_of(item.key)
    present = state.controllers
    if present is None or directive.controller is None or directive.controller in present:
        return []
    severity = ERROR if directive.klass == CAP else WARNING
    return [
        rules.NO_CONTROLLER.at(
            item.place, layer=item.layer, severity=severity, found=directive.controller,
            what=item.name,
        )
    ]


def _no_such_unit(layer: str, state: State, subject: str) -> List[Finding]:
    """Slices and scopes come into being by their use, other units by a file."""
    unit = state.units.get(subject)
    made_by_use = subject.endswith((".slice", ".scope")) or unit_name.covers_many(subject)
    has_file = any(not source.dropin for source in state.chain(subject))
    if made_by_use or has_file or (unit is not None and unit.loaded != "not-found"):
        return []
    return [rules.NO_SUCH_UNIT.at(layer=layer, found=subject)]


def dropped_values(layer: str, chain: Chain) -> List[Finding]:
    """Limits in the administrator's files that systemd cannot read, so that they do not exist."""
    found = []
    for source in chain:
        if source.is_own or source.path.startswith(NOT_OURS):
            continue
        for setting in source.settings:
            directive = lookup(setting.key)
            if directive is None or setting.section not in directive.sections:
                continue
            for problem in check_value(directive, setting.value):
                if problem.severity == ERROR:
                    found.append(
                        rules.DROPPED.at(
                            Place(setting.path, setting.line), layer=layer, severity=WARNING,
                            found=setting.value, directive=setting.key, reason=problem.message,
                            suggestion=unit_values.right_value(directive, setting.value),
                        )
                    )
    return found


def _memory(layer: str, state: State, subject: str, values: Values) -> List[Finding]:
    """The memory settings that the unit ends up with, from whichever files.

    What the tuning alone says has been checked; a MemoryHigh of another file is a warning.
    """
    section = unit_name.section_of(subject)
    settings: Dict[str, str] = {}
    place = Place()
    for name in unit_memory.NAMES:
        counts = counting(state, subject, directive_of(name))
        value = values.get(f"{section}/{name}")
        if value is None and counts is not None:
            value = counts.value
            if name == "MemoryHigh":
                place = Place(counts.path, counts.line)
        if value is not None:
            settings[name] = value
    ours = all(f"{section}/{name}" in values for name in settings)
    if ours or not any(f"{section}/{name}" in values for name in settings):
        return []
    return [
        Finding(**{**vars(one), "severity": WARNING})
        for one in unit_memory.check(settings, subject, layer, place, totals=state.totals)
    ]
