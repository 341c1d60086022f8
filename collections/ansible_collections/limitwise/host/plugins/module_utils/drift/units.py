# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of slices and units: their cgroup's files now, and the drop-in that counts at a reload.

systemd itself is not asked: that would take a process or a bus, and the files are the truth.
"""

from __future__ import annotations

import os
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

from ..catalogue.unit_directive import Directive
from ..ceilings.ceiling import KUBEPODS, POD
from ..ceilings.group_name import name_of
from ..host.cgroups import hierarchy
from ..host.machine import Host
from ..layers.units import name as unit_name
from ..layers.units import values as unit_values
from ..layers.units.files import CONTROL, SEARCH, Directories
from ..layers.units.observe import State, counting, directive_of, in_force
from ..layers.units.state import ATTRIBUTES, Unit, attributes, read_totals
from ..layers.units.wanted import enough, key_of, units_of
from ..policy import Policy
from ..tuning import Item
from .deviation import Drift, of_item

SET_PROPERTY = "systemctl set-property"


def drifts(host: Host, items: Sequence[Item], policy: Policy) -> Iterator[Drift]:
    """The limits of units that are not as wanted, in a cgroup or in the files.

    A subject that covers many drifts once, with the values of the first unit that differs. Limits
    that only a new process gets (LimitNOFILE) are judged by their files.
    """
    state = _observe(host, items)
    wanted = _wanted(items)
    for item in items:
        directive = directive_of(item.key)
        names = units_of(state, wanted, item.subject, key_of(item))
        counted = {name: counting(state, name, directive) for name in names}
        file_wrong = [
            name for name, setting in counted.items()
            if setting is None or not _enough(directive, setting.value, item, policy)
        ]
        live_wrong = [
            unit for unit in state.active(item.subject)
            if unit.name in names and in_force(state, unit, directive, item.text) is False
        ]
        if not file_wrong and not live_wrong:
            continue
        shown = live_wrong or [unit for unit in state.active(item.subject) if unit.name in names]
        live = next((unit.enforced.get(item.key) for unit in shown), None)
        setting = counted[(file_wrong or [unit.name for unit in live_wrong])[0]]
        path = setting.path if setting is not None else None
        yield of_item(
            item, live, setting.value if setting is not None else None, path,
            SET_PROPERTY if path is not None and path.startswith(CONTROL) else None,
        )


def _enough(directive: Directive, have: str, item: Item, policy: Policy) -> bool:
    """Whether a file's value will do; a floor that may be lowered has to be as it is wanted."""
    if {item.key, item.name} & set(policy.allow_lowering):
        return unit_values.same(directive.kind, have, item.text, unit_values.UNKNOWN)
    return enough(directive, have, item.text)


def _wanted(items: Sequence[Item]) -> Dict[str, Dict[str, str]]:
    wanted: Dict[str, Dict[str, str]] = {}
    for item in items:
        wanted.setdefault(item.subject, {})[key_of(item)] = item.text
    return wanted


def _observe(host: Host, items: Sequence[Item]) -> State:
    """What a plan's observation has, as far as files tell it."""
    directories = Directories(host)
    subjects = sorted({item.subject for item in items})
    running = _groups(host, subjects)
    covered: Dict[str, Tuple[str, ...]] = {}
    chains = {}
    loaded: Dict[str, Unit] = {}
    for subject in subjects:
        real = _real_name(host, subject)
        covered[subject] = (real,) if not unit_name.covers_many(subject) else tuple(sorted(
            name for name in {*directories.covered(subject), *running}
            if name != subject and unit_name.covers(subject, name)
            and not unit_name.covers_many(name)
        ))
        for name in (subject, *covered[subject]):
            chains[name] = directories.chain(name, (real,) if name == subject != real else ())
            if name in running and name not in loaded:
                loaded[name] = _unit(host, name, running[name])
        if real != subject:
            chains[real] = chains[subject]
    return State(
        host.running, chains=chains, covered=covered, units=loaded, totals=read_totals(host)
    )


def _unit(host: Host, name: str, folder: str) -> Unit:
    raw = attributes(host, folder)
    enforced = {
        directive: unit_values.from_attribute(ATTRIBUTES[directive], text)
        for directive, text in raw.items()
    }
    return Unit(name, (name,), active=True, cgroup=folder, attributes=raw, enforced=enforced)


def _real_name(host: Host, subject: str) -> str:
    """The name behind an alias: a link in a unit directory to a file of another name."""
    for folder in SEARCH:
        target = host.files.link(f"{folder}/{subject}")
        name = os.path.basename(target) if target is not None else subject
        if name != subject and unit_name.split(name)[1] == unit_name.split(subject)[1]:
            return name
    return subject


def _groups(host: Host, subjects: Sequence[str]) -> Mapping[str, str]:
    """The folders of running units: systemd's own are nowhere but below slices."""
    top = hierarchy(host)
    found: Dict[str, str] = {}
    waiting: List[str] = [top] if top is not None else []
    while waiting:
        folder = waiting.pop()
        for name in host.files.names(folder):
            # no attribute of a cgroup ends as a unit does
            if unit_name.section_of(name):
                found[name] = f"{folder}/{name}"
                if name.endswith(".slice") and _may_hold(name, subjects):
                    waiting.append(found[name])
    return found


def _may_hold(name: str, subjects: Sequence[str]) -> bool:
    """Whether one of the subjects, or a unit it covers, can run inside a slice.

    A slice's name tells where it is (``a-b.slice`` in ``a.slice``), that of another unit does not;
    but in the kubelet's slices, a great many, there are only slices and containers.
    """
    stem = unit_name.split(name)[0]
    for subject in subjects:
        own, kind = unit_name.split(subject)
        if kind != "slice":
            if name_of("/" + name)[0] not in (KUBEPODS, POD):
                return True
        elif own.startswith(stem + "-") or (own.endswith("-") and stem.startswith(own)):
            return True
    return False
