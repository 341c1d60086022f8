# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One view of every format: a text as keys with values, for merging and rolling back by key.

- `sysctl_conf`: the key is the path below /proc/sys; the last assignment is the value.
- `limits_conf`: the key is `domain type item` (`-` stays `-`); the last line has the value.
- `unit_file`: the key is `Section/Directive`; the last assignment is the value. Of a directive
  that adds up it is every assignment since the last empty one, joined by newlines; the empty
  one is its first line, since a drop-in with it means something else than one without.
- `json_text`: the key is the JSON pointer (RFC 6901) of a leaf, and lists and empty objects are
  leaves; the value is compact JSON text.
- `yaml_text`: as `json_text`, for the plain YAML that configuration files are written in.

Only what reads back as it was asked for is ever written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Mapping, Optional, Tuple

from . import keyed_json, keyed_limits, keyed_sysctl, keyed_unit, keyed_yaml
from .text import FormatError

Key = str
Place = Tuple[int, int]


@dataclass(frozen=True)
class _Format:
    """What a format has to know: reading, the form of a value, and writing what differs."""

    values: Callable[[bytes], Dict[Key, str]]
    places: Callable[[bytes], Dict[Key, Place]]
    normal: Callable[[Key, str], str]
    write: Callable[[bytes, Mapping[Key, Optional[str]]], bytes]
    settled: Callable[[Mapping[Key, str]], Dict[Key, str]] = dict


_FORMATS: Dict[str, _Format] = {
    "sysctl_conf": _Format(
        keyed_sysctl.values, keyed_sysctl.places, keyed_sysctl.normal, keyed_sysctl.write
    ),
    "limits_conf": _Format(
        keyed_limits.values, keyed_limits.places, keyed_limits.normal, keyed_limits.write
    ),
    "unit_file": _Format(keyed_unit.values, keyed_unit.places, keyed_unit.normal, keyed_unit.write),
    "json_text": _Format(
        keyed_json.values,
        keyed_json.places,
        keyed_json.normal,
        keyed_json.write,
        keyed_json.settled,
    ),
    "yaml_text": _Format(
        keyed_yaml.values,
        keyed_yaml.places,
        keyed_json.normal,
        keyed_yaml.write,
        keyed_json.settled,
    ),
}
FORMATS = tuple(_FORMATS)


def values(fmt: str, data: bytes) -> Dict[Key, str]:
    """The effective value of every key, in the text's order; FormatError for a broken text."""
    return _FORMATS[fmt].values(data)


def places(fmt: str, data: bytes) -> Dict[Key, Place]:
    """Line and column (from 1) of every key's effective assignment; FormatError as `values`."""
    return _FORMATS[fmt].places(data)


def edit(fmt: str, data: bytes, changes: Mapping[Key, Optional[str]]) -> bytes:
    """The text with these values; None removes a key, and one that is absent may be removed too.

    Lines of other keys stay byte for byte, and so does the whole text when nothing differs.
    FormatError for what the format cannot express: `values` of the result has every key as asked.
    """
    form = _FORMATS[fmt]
    now = form.values(data)
    merged: Dict[Key, str] = dict(now)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif now.get(key) != value:
            merged[key] = form.normal(key, value)
    wanted = form.settled(merged)
    needed: Dict[Key, Optional[str]] = {key: None for key in now if key not in wanted}
    needed.update({key: value for key, value in wanted.items() if now.get(key) != value})
    if not needed:
        return data
    result = form.write(data, needed)
    _prove(form.values(result), wanted)
    return result


def _prove(got: Mapping[Key, str], wanted: Mapping[Key, str]) -> None:
    for key in [*wanted, *got]:
        if got.get(key) != wanted.get(key):
            raise FormatError(
                f"{key!r} would read back as {got.get(key)!r} instead of {wanted.get(key)!r}"
            )
