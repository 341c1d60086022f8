# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our drop-ins hold: the values that are meant for a unit, and those it must repeat.

Of two drop-ins with the same name systemd reads only the more specific one: ``zz-limitwise.conf``
of ``user-1000.slice.d`` hides that of ``user-.slice.d``. So the specific file repeats every value
of the broader ones that it does not set itself. *Explicit* values are those somebody asked for,
*complete* ones are what stands in the files.
"""

from __future__ import annotations

from typing import Dict, Mapping, Optional

from . import name as unit_name

Values = Dict[str, str]
"""Section/Directive to value, as formats.keyed has a unit file."""


def explicit(files: Mapping[str, Mapping[str, str]]) -> Dict[str, Values]:
    """What was asked for, unit by unit; a value that is also the broader file's was repeated."""
    found: Dict[str, Values] = {}
    for name, values in files.items():
        inherited = _inherited(files, name)
        mine = {key: value for key, value in values.items() if inherited.get(key) != value}
        if mine:
            found[name] = mine
    return found


def complete(wanted: Mapping[str, Mapping[str, str]]) -> Dict[str, Values]:
    """The whole content of every file of ours; a unit without explicit values needs none."""
    return {
        name: {**_inherited(wanted, name), **values} for name, values in wanted.items() if values
    }


def _inherited(files: Mapping[str, Mapping[str, str]], name: str) -> Values:
    found: Values = {}
    for broad in reversed(unit_name.broader(name)):
        found.update(files.get(broad, {}))
    return found


def responsible(
    wanted: Mapping[str, Mapping[str, str]], name: str, key: str
) -> Optional[str]:
    """Whose value a unit gets from our drop-ins: its own, or that of the nearest broader one."""
    for candidate in (name, *unit_name.broader(name)):
        if key in wanted.get(candidate, {}):
            return candidate
    return None
