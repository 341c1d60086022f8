# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flags dockerd is started with: a key that stands in a flag too keeps it from starting."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ...findings import NOWHERE, Place
from ...formats import text, unit_file
from ...host.machine import Host

Reader = Callable[[str], Optional[bytes]]

UNIT = "docker.service"
# Earlier directories hide files of the same name in later ones (systemd.unit(5)).
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
INIT_SCRIPTS = ("/etc/init.d/docker", "/etc/rc.d/rc.docker")
INIT_DEFAULTS = ("/etc/default/docker", "/etc/conf.d/docker", "/etc/sysconfig/docker")
# What the init scripts of Docker and of the distributions hand to dockerd.
INIT_VARIABLES = ("DOCKER_OPTS", "OPTIONS")

# dockerd's own short flags (cmd/dockerd/docker.go, config.go, options.go of moby).
SHORT = {
    "b": "bridge", "D": "debug", "G": "group", "g": "graph", "H": "host", "l": "log-level",
    "p": "pidfile", "r": "restart", "s": "storage-driver", "v": "version",
}
SHORT_SWITCHES = frozenset("Drv")

VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
SHELL_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
# A value may look like a flag only when it is a negative number (--oom-score-adjust -500).
NEGATIVE = re.compile(r"-[0-9]")


@dataclass(frozen=True)
class Flag:
    """One flag by its long name; ``value`` is empty for a switch; ``place`` is where it stands."""

    name: str
    value: str
    place: Place = NOWHERE

    def __str__(self) -> str:
        return f"--{self.name}={self.value}" if self.value else f"--{self.name}"


@dataclass(frozen=True)
class Start:
    """How dockerd is started: by which unit or script, with which flags, and if it can reload.

    ``by``: ``docker.service``, the path of an init script, or empty when neither is known.
    """

    by: str = ""
    flags: Tuple[Flag, ...] = ()
    can_reload: bool = False

    def value(self, name: str) -> Optional[str]:
        """The value of the last flag of a name; None when it is not given."""
        values = [flag.value for flag in self.flags if flag.name == name]
        return values[-1] if values else None


def read(host: Host) -> Start:
    """How this host starts dockerd: its unit with every drop-in, or its init script."""
    if host.has_systemd:
        files = unit_files(host)
        return from_unit(files, host.files.read) if files else Start()
    for script in INIT_SCRIPTS:
        if host.files.exists(script):
            return Start(script, from_defaults(host.files.read), True)
    return Start()


# --- the unit ------------------------------------------------------------------------------------


def unit_files(host: Host) -> List[Tuple[str, bytes]]:
    """The unit's file and its drop-ins as (path, content), in the order in which systemd reads."""
    files = []
    for folder in UNIT_FOLDERS:
        data = host.files.read(f"{folder}/{UNIT}")
        if data is not None:
            files.append((f"{folder}/{UNIT}", data))
            break
    drop_ins: Dict[str, str] = {}
    for folder in UNIT_FOLDERS:
        for name in host.files.names(f"{folder}/{UNIT}.d"):
            if name.endswith(".conf"):
                drop_ins.setdefault(name, f"{folder}/{UNIT}.d/{name}")
    for name in sorted(drop_ins):
        data = host.files.read(drop_ins[name])
        if data is not None:
            files.append((drop_ins[name], data))
    return files


def from_unit(files: Iterable[Tuple[str, bytes]], read_file: Reader) -> Start:
    """The flags of the last ExecStart=, with Environment= and EnvironmentFile= put in.

    An empty assignment forgets the earlier ones (systemd.service(5), systemd.exec(5)).
    """
    command = ""
    place = NOWHERE
    settings: List[str] = []
    sources: List[str] = []
    can_reload = False
    for path, data in files:
        for entry in unit_file.parse(data).entries:
            if entry.section != "Service":
                continue
            if entry.key == "ExecStart":
                command, place = entry.value, Place(path, entry.line)
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
    return Start(UNIT, parse(expanded(command, variables), place), can_reload)


def expanded(command: str, variables: Mapping[str, str]) -> List[str]:
    """The words of a command line, with ``$NAME`` split into words and ``${NAME}`` put in place."""

    def put(match: re.Match[str]) -> str:
        return "$" if match.group() == "$$" else variables.get(match.group(1), "")

    words: List[str] = []
    for word in split(command):
        if word.startswith("$") and not word.startswith(("$$", "${")):
            words.extend(split(variables.get(word[1:], "")))
        else:
            words.append(VARIABLE.sub(put, word))
    return words


# --- the init script -----------------------------------------------------------------------------


def from_defaults(read_file: Reader) -> Tuple[Flag, ...]:
    """The flags in the defaults file of an init script, as the shell would read them."""
    for path in INIT_DEFAULTS:
        data = read_file(path)
        if data is None:
            continue
        variables = assignments(data)
        for name in INIT_VARIABLES:
            if variables.get(name):
                place = Place(path, _line_of(data, name))
                return parse(["dockerd", *split(variables[name])], place)
    return ()


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


def _line_of(data: bytes, name: str) -> Optional[int]:
    numbers = [
        line.number
        for line in text.split(data)
        if re.match(rf"\s*(export\s+)?{name}=", line.text) is not None
    ]
    return numbers[-1] if numbers else None


# --- words and flags -----------------------------------------------------------------------------


def split(words: str) -> List[str]:
    """The words of a line, quotes removed; at blanks alone where the quotes do not match."""
    try:
        return shlex.split(words)
    except ValueError:
        return words.split()


def from_process(command_line: str) -> Tuple[Flag, ...]:
    """The flags of a running dockerd, from its /proc/PID/cmdline."""
    return parse(command_line.rstrip("\0").split("\0"), NOWHERE)


def parse(words: Sequence[str], place: Place) -> Tuple[Flag, ...]:
    """The flags behind the word ``dockerd`` of a command line; none when dockerd is not in it.

    dockerd takes no arguments besides flags, so a word that is no flag is the value of the flag
    before it.
    """
    names = [word.lstrip("@-:+!").rpartition("/")[2] for word in words]
    if "dockerd" not in names:
        return ()
    flags: List[Flag] = []
    for word in words[names.index("dockerd") + 1 :]:
        if word.startswith("--") and word[2:3] not in ("", "="):
            name, _equals, value = word[2:].partition("=")
            flags.append(Flag(name, value, place))
        elif word.startswith("-") and len(word) > 1 and not NEGATIVE.match(word):
            flags.extend(_short(word[1:], place))
        elif flags and not flags[-1].value:
            flags[-1] = Flag(flags[-1].name, word, place)
    return tuple(flags)


def _short(letters: str, place: Place) -> List[Flag]:
    """``-D``, ``-Hfd://``, ``-l=info``, ``-Dl`` as long flags."""
    flags: List[Flag] = []
    while letters:
        first, rest = letters[0], letters[1:]
        name = SHORT.get(first, first)
        if first not in SHORT_SWITCHES or rest.startswith("="):
            return [*flags, Flag(name, rest[1:] if rest.startswith("=") else rest, place)]
        flags.append(Flag(name, "", place))
        letters = rest
    return flags
