# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a unit starts: its command line with variables put in, from the files alone (no systemctl).

systemd.service(5), systemd.exec(5).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from ..findings import NOWHERE, Place
from ..formats import text, unit_file
from ..host.machine import Host

Reader = Callable[[str], Optional[bytes]]

# Earlier directories hide files of the same name in later ones (systemd.unit(5)).
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
SHELL_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """The words of a unit's last ExecStart=, where it stands, and whether it has an ExecReload=."""

    words: Tuple[str, ...] = ()
    place: Place = NOWHERE
    can_reload: bool = False


def unit_files(host: Host, unit: str) -> List[Tuple[str, bytes]]:
    """A unit's file and its drop-ins as (path, content), in the order in which systemd reads."""
    files = []
    for folder in UNIT_FOLDERS:
        data = host.files.read(f"{folder}/{unit}")
        if data is not None:
            files.append((f"{folder}/{unit}", data))
            break
    drop_ins: Dict[str, str] = {}
    for folder in UNIT_FOLDERS:
        for name in host.files.names(f"{folder}/{unit}.d"):
            if name.endswith(".conf"):
                drop_ins.setdefault(name, f"{folder}/{unit}.d/{name}")
    for name in sorted(drop_ins):
        data = host.files.read(drop_ins[name])
        if data is not None:
            files.append((drop_ins[name], data))
    return files


def command(files: Iterable[Tuple[str, bytes]], read_file: Reader) -> Command:
    """The last ExecStart=, with Environment= and EnvironmentFile= put in.

    An empty assignment forgets the earlier ones.
    """
    line = ""
    place = NOWHERE
    settings: List[str] = []
    sources: List[str] = []
    can_reload = False
    for path, data in files:
        for entry in unit_file.parse(data).entries:
            if entry.section != "Service":
                continue
            if entry.key == "ExecStart":
                line, place = entry.value, Place(path, entry.line)
            elif entry.key == "ExecReload":
                can_reload = bool(entry.value)
            elif entry.key == "Environment":
                settings = [*settings, entry.value] if entry.value else []
            elif entry.key == "EnvironmentFile":
                sources = [*sources, entry.value] if entry.value else []
    variables: Dict[str, str] = {}
    for setting in settings:
        for word in split(setting):
            name, _equals, value = word.partition("=")
            variables[name] = value
    for source in sources:
        # settings from files win over those of the unit; "-" allows the file to be absent
        variables.update(assignments(read_file(source.lstrip("-")) or b""))
    return Command(tuple(expanded(line, variables)), place, can_reload)


def expanded(line: str, variables: Mapping[str, str]) -> List[str]:
    """The words of a command line, with ``$NAME`` split into words and ``${NAME}`` put in place."""

    def put(match: re.Match[str]) -> str:
        return "$" if match.group() == "$$" else variables.get(match.group(1), "")

    words: List[str] = []
    for word in split(line):
        if word.startswith("$") and not word.startswith(("$$", "${")):
            words.extend(split(variables.get(word[1:], "")))
        else:
            words.append(VARIABLE.sub(put, word))
    return words


def assignments(data: bytes) -> Dict[str, str]:
    """``NAME=value`` lines of a shell or environment file; quotes removed, earlier names put in."""
    found: Dict[str, str] = {}
    for line in _logical_lines(data):
        match = ASSIGNMENT.fullmatch(line)
        if match is not None:
            value = " ".join(split(match.group(2)))
            found[match.group(1)] = SHELL_VARIABLE.sub(
                lambda name: found.get(name.group(1) or name.group(2), ""), value
            )
    return found


def _logical_lines(data: bytes) -> List[str]:
    lines: List[str] = []
    joined = ""
    for line in text.split(data):
        part = line.text.strip()
        if not joined and part.startswith(("#", ";")):
            continue
        if part.endswith("\\"):
            joined += part[:-1] + " "
            continue
        lines.append(joined + part)
        joined = ""
    return [*lines, joined] if joined else lines


def line_of(data: bytes, name: str) -> Optional[int]:
    numbers = [
        line.number
        for line in text.split(data)
        if re.match(rf"\s*(export\s+)?{name}=", line.text) is not None
    ]
    return numbers[-1] if numbers else None


def split(words: str) -> List[str]:
    """The words of a line, quotes removed; at blanks alone where the quotes do not match."""
    try:
        return shlex.split(words)
    except ValueError:
        return words.split()
