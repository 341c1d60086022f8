# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a unit's settings come from: its fragment and drop-ins, in the order systemd reads them.

Drop-ins are sorted by file name across all directories. Of several with the same name only one is
read: that of the most specific folder in the first directory. So ``zz-limitwise.conf`` of
``user-1000.slice.d`` hides that of ``user-.slice.d``; see own.py for what follows from it.
Source: systemd.unit(5), src/shared/dropin.c of systemd 257; tried on systemd 252 and 257.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ...formats.unit_file import parse
from ...host.machine import Host
from . import name as unit_name

CONTROL = ("/etc/systemd/system.control", "/run/systemd/system.control")
"""Where ``systemctl set-property`` leaves its files."""

SEARCH = (
    *CONTROL,
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    unit_name.FOLDER,
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
"""The directories of units, the one that wins first."""


@dataclass(frozen=True)
class Setting:
    """One assignment in one file; lines count from 1."""

    section: str
    key: str
    value: str
    line: int
    last_line: int
    path: str


@dataclass(frozen=True)
class Source:
    """A file that systemd reads for a unit: its fragment or a drop-in, and its settings."""

    path: str
    dropin: bool
    settings: Tuple[Setting, ...]

    @property
    def is_own(self) -> bool:
        return self.dropin and os.path.basename(self.path) == unit_name.OWN

    @property
    def beats_own(self) -> bool:
        """Whether it is read after our drop-in, so that its settings win."""
        return self.dropin and os.path.basename(self.path) > unit_name.OWN


Chain = Tuple[Source, ...]


def read_source(path: str, data: bytes, *, dropin: bool) -> Source:
    """A file's bytes as a source; what systemd cannot read in it is left out."""
    settings = tuple(
        Setting(entry.section, entry.key, entry.value, entry.line, entry.last_line, path)
        for entry in parse(data).entries
    )
    return Source(path, dropin, settings)


class Directories:
    """The unit directories of one host, each listed once."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._listed: Dict[str, Tuple[str, ...]] = {
            folder: host.files.names(folder) for folder in SEARCH if not _is_link(host, folder)
        }
        self._read: Dict[Tuple[str, bool], Source] = {}

    def covered(self, subject: str) -> Tuple[str, ...]:
        """The units on disk that a subject covers besides itself: those with files or drop-ins."""
        found = set()
        for names in self._listed.values():
            for entry in names:
                name = entry[:-2] if entry.endswith(".d") else entry
                if name != subject and unit_name.covers(subject, name):
                    found.add(name)
        return tuple(sorted(found))

    def own(self) -> Tuple[str, ...]:
        """The units for which there is a drop-in of ours."""
        found = []
        for entry in self._listed[unit_name.FOLDER]:
            if entry.endswith(".d") and self._host.files.exists(
                f"{unit_name.FOLDER}/{entry}/{unit_name.OWN}"
            ):
                found.append(entry[:-2])
        return tuple(found)

    def chain(self, name: str, aliases: Sequence[str] = ()) -> Chain:
        """What systemd reads for a unit, in its order: what comes later wins."""
        names = (name, *(alias for alias in aliases if alias != name))
        found = [self._source(path, dropin=False) for path in self._fragment(name)]
        found.extend(self._source(path, dropin=True) for path in self._dropins(names))
        return tuple(source for source in found if source is not None)

    def _fragment(self, name: str) -> List[str]:
        templates = [wide for wide in unit_name.broader(name)[:1] if "@." in wide]
        for candidate in (name, *templates):
            for folder, names in self._listed.items():
                if candidate in names:
                    return [f"{folder}/{candidate}"]
        return []

    def _dropins(self, names: Tuple[str, ...]) -> List[str]:
        by_file: Dict[str, str] = {}
        wanted = unit_name.folders(names)
        kinds = {f"{unit_name.split(name)[1]}.d" for name in names}
        specific = [name for name in wanted if name not in kinds]
        general = [name for name in wanted if name in kinds]
        for group in (specific, general):
            for folder, listed in self._listed.items():
                for name in group:
                    if name in listed:
                        for file in self._host.files.names(f"{folder}/{name}"):
                            if file.endswith(".conf"):
                                by_file.setdefault(file, f"{folder}/{name}/{file}")
        return [by_file[file] for file in sorted(by_file)]

    def _source(self, path: str, *, dropin: bool) -> Optional[Source]:
        known = self._read.get((path, dropin))
        if known is None:
            data = self._host.files.read(path)
            if data is None:
                return None
            known = self._read[(path, dropin)] = read_source(path, data, dropin=dropin)
        return known


def _is_link(host: Host, folder: str) -> bool:
    """/lib is a link to /usr/lib on most systems: its files must not count twice."""
    return folder.startswith("/lib/") and host.files.link("/lib") is not None


def effective(
    chain: Chain, section: str, key: str, readable: Callable[[str], bool]
) -> Optional[Setting]:
    """The assignment that counts: the last one that systemd does not drop; None: the default."""
    winner: Optional[Setting] = None
    for source in chain:
        for setting in source.settings:
            if setting.section != section or setting.key != key:
                continue
            if not setting.value:
                winner = None
            elif readable(setting.value):
                winner = setting
    return winner


def without_own(chain: Chain) -> Chain:
    """What is left when our drop-ins are away."""
    return tuple(source for source in chain if not source.is_own)


def rivals(chain: Chain) -> Chain:
    """The drop-ins that are read after ours, the last one last."""
    return tuple(source for source in chain if source.beats_own)
