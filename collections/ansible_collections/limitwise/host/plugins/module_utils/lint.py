# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint: every kind of file that holds limits, how it is told by its name, and who checks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Tuple,
)

from . import engine
from .findings import Finding, InputError, Place
from .formats.text import join, split
from .host.machine import Host
from .layers.docker import lint as docker_lint
from .layers.limits import facts as limits_facts
from .layers.limits import lint as limits_lint
from .layers.sysctl import files as sysctl_files
from .layers.sysctl import lint as sysctl_lint
from .layers.sysctl import state as sysctl_state
from .layers.units import lint as unit_lint
from .suppress import kept
from .tuning import read

LIMITS, SYSCTL, DAEMON_JSON, SLICE, UNIT, TUNING = (
    "limits", "sysctl", "daemon-json", "slice", "unit", "tuning"
)
UNIT_SUFFIXES = "service|slice|scope|socket|mount|swap|timer|target|path|automount"
KINDS = (
    (re.compile(r"(^|/)limits\.conf$|(^|/)(security/)?limits\.d/[^/]*\.conf$"), LIMITS),
    (re.compile(r"(^|/)sysctl\.conf$|(^|/)sysctl\.d/[^/]*\.conf$"), SYSCTL),
    (re.compile(r"(^|/)daemon\.json$"), DAEMON_JSON),
    (re.compile(r"\.slice$|\.slice\.d/[^/]*\.conf$"), SLICE),
    (re.compile(rf"\.({UNIT_SUFFIXES})$|\.({UNIT_SUFFIXES})\.d/[^/]*\.conf$"), UNIT),
    (re.compile(r"\.(ya?ml|json)$"), TUNING),
)
UNIT_OF = re.compile(rf"(?:^|/)([^/]+\.(?:{UNIT_SUFFIXES}))(?:\.d/[^/]*\.conf)?$")

# Where a host keeps such files; the administrator's own places, not the vendor's.
PLACES = (
    ("/etc/security/limits.d", ".conf"),
    ("/etc/sysctl.d", ".conf"),
)
FILES = ("/etc/security/limits.conf", "/etc/sysctl.conf", "/etc/docker/daemon.json")
UNIT_FOLDERS = ("/etc/systemd/system", "/etc/systemd/system.control", "/run/systemd/system.control")

Parse = Callable[[bytes, str], Tuple[Any, Mapping[Tuple[str, ...], Place]]]


@dataclass(frozen=True)
class Source:
    """One file to lint. ``unit_name``: for fragments and drop-ins whose path does not tell it.

    ``host``: the one that reads it; without it nothing is guessed about accounts or versions.
    """

    name: str
    kind: str
    data: bytes
    unit_name: Optional[str] = None
    host: Optional[Host] = None


def kind_of(name: str) -> Optional[str]:
    """What a file is, by its name; None when the name does not tell."""
    for pattern, kind in KINDS:
        if pattern.search(name):
            return kind
    return None


def lint(source: Source, parse: Parse, ignored: Iterable[str] = ()) -> List[Finding]:
    """The findings of one file, less what its comments or ``ignored`` switch off.

    ``parse`` reads a tuning document (YAML is the caller's to read).
    """
    return kept(LINTS[source.kind](source, parse), source.data, ignored)


def _limits(source: Source, _parse: Parse) -> List[Finding]:
    facts = limits_facts.NO_FACTS if source.host is None else limits_facts.read_facts(source.host)
    return limits_lint.lint(source.data, source.name, facts)


def _sysctl(source: Source, _parse: Parse) -> List[Finding]:
    found = sysctl_lint.lint(source.data, source.name)
    if source.host is not None and source.name == sysctl_files.MAIN_FILE:
        found.extend(sysctl_state.unread(source.host))
    return found


def _unit(source: Source, _parse: Parse) -> List[Finding]:
    match = UNIT_OF.search(source.name)
    name = source.unit_name or (match.group(1) if match else None)
    if name is None and source.kind == SLICE:
        name = "unnamed.slice"
    return unit_lint.lint(source.data, source.name, name)


def _tuning(source: Source, parse: Parse) -> List[Finding]:
    document, places = parse(source.data, source.name)
    tuning, found = read(document, places=places, file=source.name, origin=source.name)
    return [*found, *engine.check(tuning)]


LINTS: Dict[str, Callable[[Source, Parse], List[Finding]]] = {
    LIMITS: _limits,
    SYSCTL: _sysctl,
    DAEMON_JSON: lambda source, _parse: docker_lint.lint(source.data, source.name),
    SLICE: _unit,
    UNIT: _unit,
    TUNING: _tuning,
}


def sources_of(host: Host) -> Iterator[Source]:
    """Every file of a host, or of an image, in which its administrators keep limits."""
    names = list(FILES)
    for folder, suffix in PLACES:
        names += [f"{folder}/{name}" for name in host.files.names(folder) if name.endswith(suffix)]
    for folder in UNIT_FOLDERS:
        names += _units_in(host, folder)
    for name in names:
        kind = kind_of(name)
        data = host.files.read(name) if kind is not None else None
        if kind is not None and data is not None:
            yield Source(name, kind, data, host=host)


def named(host: Host, names: Iterable[str]) -> Iterator[Source]:
    """These files of a host; InputError for one that is absent or whose kind nobody can tell."""
    for name in names:
        kind, data = kind_of(name), host.files.read(name)
        if data is None:
            raise InputError("there is no such file", place=Place(name))
        if kind is None:
            raise InputError("its name does not tell what it is", place=Place(name))
        yield Source(name, kind, data, host=host)


def _units_in(host: Host, folder: str) -> List[str]:
    found = []
    for name in host.files.names(folder):
        path = f"{folder}/{name}"
        if name.endswith(".d"):
            found += [f"{path}/{drop}" for drop in host.files.names(path) if drop.endswith(".conf")]
        elif host.files.link(path) is None and not host.files.is_directory(path):
            found.append(path)
    return [path for path in found if kind_of(path) in (SLICE, UNIT)]


def fixed(data: bytes, findings: Iterable[Finding]) -> Tuple[bytes, FrozenSet[int]]:
    """The file with every certain line put right, and the numbers of those lines.

    A line for which two findings know different right lines is left as it is.
    """
    right: Dict[int, List[str]] = {}
    for finding in findings:
        if finding.fixed_line is not None and finding.place.line is not None:
            right.setdefault(finding.place.line, []).append(finding.fixed_line)
    certain = {number: lines[0] for number, lines in right.items() if len(set(lines)) == 1}
    lines = [
        type(line)(line.number, certain.get(line.number, line.text), line.ending)
        for line in split(data)
    ]
    return join(lines), frozenset(certain)
