# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kubelet is started: its flags, from its process or, when it does not run, its unit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Sequence

from ...findings import NOWHERE, Place
from ...host.machine import Host
from ..unit_start import command, unit_files

UNIT = "kubelet.service"
# Flags that set what a tuning may set, with what they set (cmd/kubelet/app/options/options.go).
SCALARS = {"pod-max-pids": "/podPidsLimit", "max-pods": "/maxPods"}
MAPS = {
    "system-reserved": "/systemReserved",
    "kube-reserved": "/kubeReserved",
    "eviction-hard": "/evictionHard",
}


@dataclass(frozen=True)
class Start:
    """``flags`` by their long names; ``by``: the unit, or the process where no unit is known."""

    by: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)
    place: Place = NOWHERE

    @property
    def config(self) -> Optional[str]:
        return self._path("config")

    @property
    def drop_ins(self) -> Optional[str]:
        return self._path("config-dir")

    def _path(self, name: str) -> Optional[str]:
        path = self.flags.get(name, "")
        return path.rstrip("/") if path.startswith("/") else None

    def setting(self, pointer: str) -> Optional[str]:
        """The flag that sets the key at a pointer, or the map that it is in; as it was given."""
        for name, sets in (*SCALARS.items(), *MAPS.items()):
            if name in self.flags and (pointer == sets or pointer.startswith(sets + "/")):
                return f"--{name}={self.flags[name]}"
        return None

    def values(self) -> Dict[str, Optional[str]]:
        """What the flags set, as compact JSON by pointer; None for a whole map they replace."""
        found: Dict[str, Optional[str]] = {}
        for name, pointer in SCALARS.items():
            if name in self.flags:
                found[pointer] = self.flags[name]
        for name, pointer in MAPS.items():
            if name in self.flags:
                found[pointer] = None
                for key, value in _pairs(self.flags[name]):
                    found[f"{pointer}/{key}"] = json.dumps(value)
        return found


def _pairs(text: str) -> Sequence[Sequence[str]]:
    """``cpu=1,pid=300`` or ``pid.available<10%``."""
    pairs = [pair.replace("<", "=", 1).partition("=") for pair in text.split(",") if pair]
    return [(key.strip(), value.strip()) for key, _equals, value in pairs]


def of_process(command_line: str, by: str) -> Start:
    """The start of a running kubelet, from its /proc/PID/cmdline."""
    return Start(by, flags(command_line.rstrip("\0").split("\0")))


def of_unit(host: Host) -> Start:
    """How the unit starts the kubelet; empty when there is no such unit."""
    files = unit_files(host, UNIT)
    if not files:
        return Start()
    started = command(files, host.files.read)
    return Start(UNIT, flags(started.words), started.place)


def flags(words: Sequence[str]) -> Dict[str, str]:
    """The flags behind the word ``kubelet``; the last of a name counts, ``_`` is ``-`` in names."""
    names = [word.lstrip("@-:+!").rpartition("/")[2] for word in words]
    if "kubelet" not in names:
        return {}
    found: Dict[str, str] = {}
    last = ""
    for word in words[names.index("kubelet") + 1 :]:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            last = name.replace("_", "-")
            found[last] = value
            last = "" if equals else last
        elif last:
            found[last] = word
            last = ""
    return found
