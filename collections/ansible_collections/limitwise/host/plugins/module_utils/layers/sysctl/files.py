# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sysctl files a boot reads, in which order, and whose assignment of a key wins.

Each applier has one function: the same files mean different things to each. Sources: sysctl.d(5),
src/sysctl/sysctl.c and src/basic/conf-files.c of systemd; sysctl(8), SYSTEM FILE PRECEDENCE, and
src/sysctl.c of procps-ng 4.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Callable, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from ...acts import FileImage
from ...catalogue.rules import sysctl as rules
from ...findings import Finding, Place
from ...formats.sysctl_conf import Entry, parse
from ...host.machine import Host

DIRECTORIES = (
    "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
)
MAIN_FILE = "/etc/sysctl.conf"
LINK_LIMIT = 40


@dataclass(frozen=True)
class ConfFile:
    """A file where an applier finds it. ``real``: the plain file behind links; ``image``: of that.

    The image is None where there is nothing to read (a link to /dev/null, a dangling link).
    """

    path: str
    real: str
    image: Optional[FileImage]

    @property
    def data(self) -> bytes:
        return self.image.data if self.image is not None else b""


@dataclass(frozen=True)
class Given:
    """What the files say of a key, and where; a value of None: the line takes the key out."""

    value: Optional[str]
    file: str
    line: int
    column: int

    @property
    def place(self) -> Place:
        return Place(self.file, self.line, self.column)


@dataclass(frozen=True)
class Assigned:
    """Every key that an applier sets; ``excluded`` keys are left alone by patterns."""

    explicit: Mapping[str, Given]
    patterns: Tuple[Tuple[str, Given], ...] = ()
    excluded: FrozenSet[str] = frozenset()

    def of(self, path: str) -> Optional[Given]:
        """What a key gets, or None when no file says anything of it."""
        found = self.explicit.get(path)
        if found is not None or path in self.excluded:
            return found
        for pattern, given in reversed(self.patterns):
            if _matches(pattern, path):
                return given
        return None


NOTHING_ASSIGNED = Assigned({})


def read(host: Host) -> Tuple[ConfFile, ...]:
    """Every file that any applier may read, directories in their order of priority."""
    paths = [
        f"{folder}/{name}"
        for folder in DIRECTORIES
        for name in host.files.names(folder)
        if name.endswith(".conf") and not name.startswith(".")
    ]
    found = []
    for path in [*paths, MAIN_FILE]:
        real = _behind_links(host, path)
        if host.files.is_directory(real):
            continue
        image = None if real.startswith("/dev/") else host.files.image(real)
        if image is not None or path != MAIN_FILE:
            found.append(ConfFile(path, real, image))
    return tuple(found)


def _behind_links(host: Host, path: str) -> str:
    for _link in range(LINK_LIMIT):
        target = host.files.link(path)
        if target is None:
            break
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return path


def in_order(files: Sequence[ConfFile]) -> List[ConfFile]:
    """The files of the directories as all appliers sort them: by name, one of each name."""
    first: Dict[str, ConfFile] = {}
    for file in files:
        if file.path != MAIN_FILE:
            first.setdefault(posixpath.basename(file.path), file)
    return [first[name] for name in sorted(first)]


def systemd_sysctl(files: Sequence[ConfFile]) -> Assigned:
    """The boot of a systemd host: sysctl.d only; a later ``-key`` undoes an assignment."""
    explicit: Dict[str, Given] = {}
    patterns: List[Tuple[str, Given]] = []
    for file in in_order(files):
        for entry in parse(file.data).entries:
            given = _given(file, entry)
            if entry.glob and not entry.exclude:
                patterns.append((entry.path, given))
            else:
                explicit[entry.path] = given
    return Assigned(explicit, tuple(patterns))


def procps(files: Sequence[ConfFile]) -> Assigned:
    """``sysctl --system``: sysctl.d, then /etc/sysctl.conf; ``-key`` only shields from patterns."""
    main = [file for file in files if file.path == MAIN_FILE]
    explicit: Dict[str, Given] = {}
    patterns: List[Tuple[str, Given]] = []
    excluded: Set[str] = set()
    for file in [*in_order(files), *main]:
        for entry in parse(file.data).entries:
            given = _given(file, entry)
            if entry.exclude:
                excluded.add(entry.path)
            elif entry.glob:
                patterns.append((entry.path, given))
            else:
                explicit[entry.path] = given
    return Assigned(explicit, tuple(patterns), frozenset(excluded))


def no_applier(files: Sequence[ConfFile]) -> Assigned:
    """A host that reads none of these files when it boots."""
    return NOTHING_ASSIGNED


Applier = Callable[[Sequence[ConfFile]], Assigned]


def not_read(files: Sequence[ConfFile], applier: Applier) -> List[Finding]:
    """A finding for an /etc/sysctl.conf with assignments that the boot never looks at."""
    main = [file for file in files if file.path == MAIN_FILE and parse(file.data).entries]
    others = [file for file in files if file.path != MAIN_FILE]
    if not main or applier is not systemd_sysctl:
        return []
    if any(file.real == main[0].real for file in in_order(others)):
        return []
    return [rules.NOT_READ.at(Place(main[0].path))]


def with_content(
    files: Sequence[ConfFile], real: str, image: Optional[FileImage]
) -> Tuple[ConfFile, ...]:
    """The files as they would be with this one written (None: removed)."""
    changed = [
        replace(file, image=image) if file.real == real else file
        for file in files
        if image is not None or file.real != real
    ]
    if image is not None and all(file.real != real for file in files):
        changed.insert(0, ConfFile(real, real, image))
    return tuple(changed)


def _given(file: ConfFile, entry: Entry) -> Given:
    return Given(None if entry.exclude else entry.value, file.real, entry.line, entry.column)


def _matches(pattern: str, path: str) -> bool:
    """glob(7) on a path: a star stays within one component."""
    wanted, parts = pattern.split("/"), path.split("/")
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))
