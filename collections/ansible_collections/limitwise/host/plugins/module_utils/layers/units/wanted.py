# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values our drop-ins shall hold, and what in other files stands in their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ...catalogue import kinds
from ...catalogue.classes import FLOOR
from ...catalogue.rules import units as rules
from ...catalogue.unit_directive import Directive
from ...findings import Finding, Place
from ...tuning import Item
from ..base import Context
from . import name as unit_name
from . import own as unit_own
from . import values as unit_values
from .files import CONTROL, Chain, Setting, Source, without_own
from .observe import NOT_OURS, State, counting, directive_of, in_force, readable

Wanted = Dict[str, unit_own.Values]


def key_of(item: Item) -> str:
    """The item's key in a unit file, as formats.keyed names it."""
    return f"{unit_name.section_of(item.subject)}/{item.key}"


def wanted_values(state: State, items: Sequence[Item], context: Context) -> Wanted:
    """What each subject's drop-in shall say after the run, without what it merely repeats."""
    held = state.held()
    wanted: Wanted = {} if context.purge else {name: dict(has) for name, has in held.items()}
    asked = {(item.subject, item.key) for item in items}
    for item in items:
        values = wanted.setdefault(item.subject, {})
        value = _value(state, item, held.get(item.subject, {}).get(key_of(item)), asked, context)
        if value is None:
            values.pop(key_of(item), None)
        else:
            values[key_of(item)] = value
    return {name: values for name, values in wanted.items() if values}


def _value(
    state: State,
    item: Item,
    held: Optional[str],
    asked: AbstractSet[Tuple[str, str]],
    context: Context,
) -> Optional[str]:
    """The value that our file shall hold; None when others already see to it."""
    directive = directive_of(item.key)
    if directive.klass == FLOOR and not lowering_allowed(item, context):
        return _floor(state, item, directive, held)
    if held is not None and unit_values.same(
        directive.kind, held, item.text, unit_values.UNKNOWN
    ):
        return held
    broader = unit_name.broader(item.subject)
    hidden = any((name, item.key) in asked or name in state.own for name in broader)
    if held is None and not hidden and _settled(state, item, directive):
        return None
    return item.text


def lowering_allowed(item: Item, context: Context) -> bool:
    """Whether the policy names this floor among those that may go down."""
    return item.key in context.policy.allow_lowering or item.name in context.policy.allow_lowering


def _settled(state: State, item: Item, directive: Directive) -> bool:
    """Whether files and kernel already agree with a wanted value that our file does not hold."""
    for name in (item.subject, *state.covered.get(item.subject, ())):
        counts = counting(state, name, directive)
        if counts is None or not unit_values.same(
            directive.kind, counts.value, item.text, unit_values.UNKNOWN
        ):
            return False
    units = state.active(item.subject)
    return all(in_force(state, unit, directive, item.text) is not False for unit in units)


def _floor(
    state: State, item: Item, directive: Directive, held: Optional[str]
) -> Optional[str]:
    """The wanted floor, or what is held or in force if that is more: it must outlive the boot."""
    others = counting(state, item.subject, directive, without_own(state.chain(item.subject)))
    if held is None and others is not None and enough(directive, others.value, item.text):
        return None
    live = [unit.enforced.get(directive.name) for unit in state.active(item.subject)]
    value = item.text
    for other in (held, *live):
        if other is not None and kinds.at_least(directive.kind, other, other):
            value = unit_values.raised(directive.kind, value, other)
    return value


def enough(directive: Directive, have: str, wanted: str) -> bool:
    """Whether a value of a file gives what is wanted: as much for a floor, the same otherwise."""
    if directive.klass == FLOOR:
        return bool(kinds.at_least(directive.kind, have, wanted))
    return unit_values.same(directive.kind, have, wanted, unit_values.UNKNOWN)


# --- other files -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Obstacle:
    """An assignment in another file that says something else than our drop-in shall."""

    unit: str
    directive: str
    wanted: str
    setting: Setting
    wins: bool


def obstacles(
    state: State, wanted: Mapping[str, Mapping[str, str]], ignoring: AbstractSet[str] = frozenset()
) -> List[Obstacle]:
    """Every contradiction in other files but the ignored ones, those that would win marked."""
    found: Dict[Tuple[str, int], Obstacle] = {}
    for subject, values in wanted.items():
        for key, value in values.items():
            for unit in units_of(state, wanted, subject, key):
                for obstacle in _obstacles(state, unit, key, value, ignoring):
                    place = (obstacle.setting.path, obstacle.setting.line)
                    found.setdefault(place, obstacle)
    return list(found.values())


def units_of(
    state: State, wanted: Mapping[str, Mapping[str, str]], subject: str, key: str
) -> List[str]:
    """The units, the subject itself among them, that get this key from this subject's drop-in."""
    names = dict.fromkeys((subject, *state.covered.get(subject, ())))
    return [
        name for name in names if unit_own.responsible(wanted, name, key) in (subject, None)
    ]


def assignments(chain: Chain, key: str) -> Iterator[Tuple[Source, Setting]]:
    """Every assignment of a key in files that are not ours, in the order in which they are read."""
    section, _slash, name = key.partition("/")
    takes = readable(directive_of(name))
    for source in without_own(chain):
        for setting in source.settings:
            if (setting.section, setting.key) == (section, name) and (
                not setting.value or takes(setting.value)
            ):
                yield source, setting


def _obstacles(
    state: State, unit: str, key: str, value: str, ignoring: AbstractSet[str]
) -> Iterator[Obstacle]:
    directive = directive_of(key.partition("/")[2])
    winner: Optional[Setting] = None

    def loses(setting: Setting) -> bool:
        return bool(setting.value) and not enough(directive, setting.value, value)

    for source, setting in assignments(state.chain(unit), key):
        if source.path in ignoring:
            continue
        if source.beats_own:
            winner = setting
        elif not source.path.startswith(NOT_OURS) and loses(setting):
            yield Obstacle(unit, directive.name, value, setting, False)
    if winner is not None and not (winner.value and enough(directive, winner.value, value)):
        yield Obstacle(unit, directive.name, value, winner, True)


def taken_over(
    state: State, wanted: Mapping[str, Mapping[str, str]], files: Sequence[str]
) -> Dict[str, Tuple[Setting, ...]]:
    """The lines of these files that say something else than our drop-ins shall, by file."""
    found: Dict[str, Dict[int, Setting]] = {}
    for subject, values in wanted.items():
        for key, value in values.items():
            directive = directive_of(key.partition("/")[2])
            for unit in units_of(state, wanted, subject, key):
                for source, setting in assignments(state.chain(unit), key):
                    if source.path not in files or source.path not in state.files:
                        continue
                    if not (setting.value and enough(directive, setting.value, value)):
                        found.setdefault(source.path, {})[setting.line] = setting
    return {path: tuple(lines[line] for line in sorted(lines)) for path, lines in found.items()}


def report(obstacle: Obstacle, layer: str) -> Finding:
    """The finding for an assignment that contradicts ours."""
    setting = obstacle.setting
    place = Place(setting.path, setting.line)
    what = f"{obstacle.unit} {obstacle.directive}"
    if obstacle.wins:
        return rules.OVERRIDDEN.at(
            place, layer=layer, found=setting.value or "the default", what=what
        )
    rule = rules.LEFTOVER if setting.path.startswith(CONTROL) else rules.CONTRADICTED
    return rule.at(place, layer=layer, found=setting.value, what=what, wanted=obstacle.wanted)
