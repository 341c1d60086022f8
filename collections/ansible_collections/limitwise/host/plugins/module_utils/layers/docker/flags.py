# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flags dockerd is started with: a key that stands in a flag too keeps it from starting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, List, Optional, Sequence, Tuple

from ...findings import NOWHERE, Place
from ...host.machine import Host
from .. import unit_start
from ..unit_start import Reader

UNIT = "docker.service"
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
        files = unit_start.unit_files(host, UNIT)
        return from_unit(files, host.files.read) if files else Start()
    for script in INIT_SCRIPTS:
        if host.files.exists(script):
            return Start(script, from_defaults(host.files.read), True)
    return Start()


# --- the unit ------------------------------------------------------------------------------------


def from_unit(files: Iterable[Tuple[str, bytes]], read_file: Reader) -> Start:
    """The flags of the last ExecStart=, with Environment= and EnvironmentFile= put in."""
    started = unit_start.command(files, read_file)
    return Start(UNIT, parse(started.words, started.place), started.can_reload)


# --- the init script -----------------------------------------------------------------------------


def from_defaults(read_file: Reader) -> Tuple[Flag, ...]:
    """The flags in the defaults file of an init script, as the shell would read them."""
    for path in INIT_DEFAULTS:
        data = read_file(path)
        if data is None:
            continue
        variables = unit_start.assignments(data)
        for name in INIT_VARIABLES:
            if variables.get(name):
                place = Place(path, unit_start.line_of(data, name))
                return parse(["dockerd", *unit_start.split(variables[name])], place)
    return ()


# --- words and flags -----------------------------------------------------------------------------


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
