# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the slices and units layers look at before they plan: files, loaded units, totals."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from ...acts import FileImage
from ...catalogue import kinds
from ...catalogue.classes import EXACT, FLOOR
from ...catalogue.unit_directive import Directive
from ...catalogue.unit_directives import lookup
from ...host.machine import Host
from ...own_file import values
from . import name as unit_name
from . import own as unit_own
from . import values as unit_values
from .files import Chain, Directories, Setting, effective
from .state import (
    UNKNOWN_MANAGER,
    Manager,
    Unit,
    controllers,
    read_manager,
    read_totals,
    read_units,
)

FORM = "unit_file"
NOT_OURS = ("/usr/", "/lib/")
"""Directories of packages: what stands there is a default, nobody's contradiction."""


@dataclass(frozen=True)
class State:
    """One host as far as some units are concerned.

    ``own``: our drop-in of every subject, None where there is none. ``chains``: the files of every
    subject and of every unit it covers. ``covered``: the units of a subject (itself, unless it
    stands for others). ``units``: the loaded ones of them. ``files``: those files of the chains
    that belong to the host's administrator.
    """

    running: bool
    own: Mapping[str, Optional[FileImage]] = field(default_factory=dict)
    chains: Mapping[str, Chain] = field(default_factory=dict)
    covered: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    files: Mapping[str, FileImage] = field(default_factory=dict)
    totals: unit_values.Totals = unit_values.UNKNOWN
    manager: Manager = UNKNOWN_MANAGER
    controllers: Optional[Tuple[str, ...]] = None

    def held(self) -> Dict[str, unit_own.Values]:
        """What our drop-ins hold for each subject, without what they merely repeat."""
        return unit_own.explicit({name: values(image, FORM) for name, image in self.own.items()})

    def active(self, subject: str) -> List[Unit]:
        """The running units of a subject."""
        found = (self.units.get(name) for name in self.covered.get(subject, ()))
        return [unit for unit in found if unit is not None and unit.active]

    def chain(self, name: str) -> Chain:
        return self.chains.get(name, ())


def observe(host: Host, subjects: Iterable[str], is_ours: Callable[[str], bool]) -> State:
    """Read what concerns the subjects and every drop-in of ours for which ``is_ours`` holds."""
    directories = Directories(host)
    mine = (name for name in directories.own() if is_ours(name))
    wanted = sorted({*subjects, *(name for name in mine if unit_name.objection(name) is None)})
    units = read_units(host, [unit_name.pattern(name) for name in wanted])
    by_alias = {alias: unit for unit in units.values() for alias in (unit.name, *unit.aliases)}
    covered: Dict[str, Tuple[str, ...]] = {}
    chains: Dict[str, Chain] = {}
    loaded: Dict[str, Unit] = {}
    for subject in wanted:
        covered[subject] = _covered(subject, directories, units)
        for name in (subject, *covered[subject]):
            unit = by_alias.get(name)
            if unit is not None:
                loaded[name] = unit
            chains[name] = directories.chain(name, unit.aliases if unit is not None else ())
            if unit is not None:
                chains.setdefault(unit.name, chains[name])
    return State(
        running=host.running,
        own={name: host.files.image(unit_name.own_path(name)) for name in wanted},
        chains=chains,
        covered=covered,
        units=loaded,
        files=_files(host, chains),
        totals=read_totals(host),
        manager=read_manager(host) if wanted else UNKNOWN_MANAGER,
        controllers=controllers(host),
    )


def _covered(
    subject: str, directories: Directories, units: Mapping[str, Unit]
) -> Tuple[str, ...]:
    if not unit_name.covers_many(subject):
        return (subject,)
    running = [name for name in units if unit_name.covers(subject, name)]
    names = {*running, *directories.covered(subject)} - {subject}
    return tuple(sorted(name for name in names if not unit_name.covers_many(name)))


def _files(host: Host, chains: Mapping[str, Chain]) -> Dict[str, FileImage]:
    found: Dict[str, FileImage] = {}
    for chain in chains.values():
        for source in chain:
            if source.is_own or source.path in found or source.path.startswith(NOT_OURS):
                continue
            # a link (an alias, a masked unit) is no plain file that lines can be commented out in
            if host.files.link(source.path) is None:
                image = host.files.image(source.path)
                if image is not None:
                    found[source.path] = image
    return found


# --- what a state says about one limit ---------------------------------------------------------


def directive_of(name: str) -> Directive:
    """The catalogue's entry; for a directive that only the host allows, one of plain text."""
    return lookup(name) or Directive(name, "text", EXACT, 0)


def readable(directive: Directive) -> Callable[[str], bool]:
    """Whether systemd takes a text as the directive's value, as a function of the text."""
    return partial(unit_values.is_taken, directive)


def counting(
    state: State, name: str, directive: Directive, chain: Optional[Chain] = None
) -> Optional[Setting]:
    """The assignment that counts for a unit, of its own files or of the given ones."""
    files = state.chain(name) if chain is None else chain
    return effective(files, unit_name.section_of(name), directive.name, readable(directive))


def in_force(state: State, unit: Unit, directive: Directive, wanted: str) -> Optional[bool]:
    """Whether the kernel enforces a value for a unit; None where that cannot be read."""
    live = unit.enforced.get(directive.name)
    if live is None:
        return None
    if directive.klass == FLOOR:
        enough = kinds.at_least(directive.kind, live, wanted)
        return enough if enough is not None else live == wanted
    if unit_values.same(directive.kind, live, wanted, state.totals):
        return True
    # systemd's own arithmetic has the last word on what a percentage comes to
    counts = counting(state, unit.name, directive)
    settled = counts is not None and counts.value == wanted and not unit.stale
    return settled and "%" in wanted and live == unit.figures.get(directive.name)


def live_text(state: State, subject: str, directive: Directive, wanted: str) -> Optional[str]:
    """The value in force: that of the first running unit that differs, else of any; or None."""
    shown: Optional[str] = None
    for unit in state.active(subject):
        live = unit.enforced.get(directive.name)
        if live is not None and not in_force(state, unit, directive, wanted):
            return live
        shown = shown if live is None else live
    return shown
