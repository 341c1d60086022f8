# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML by key: as JSON is (keyed_json), a JSON pointer and compact JSON text for every leaf."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Tuple

from .json_text import compact, parse_value
from .keyed_json import leaves, path_of, pointer
from .yaml_edit import prune, set_value
from .yaml_text import parse


def values(data: bytes) -> Dict[str, str]:
    """Every leaf as compact JSON text; FormatError for YAML that cannot be edited safely."""
    root = parse(data).root
    return {pointer(path): compact(member.value) for path, member in leaves(root, ())}


def places(data: bytes) -> Dict[str, Tuple[int, int]]:
    """Line and column of every leaf's key."""
    document = parse(data)
    found = leaves(document.root, ())
    return {pointer(path): document.place(member.start) for path, member in found}


def write(data: bytes, changes: Mapping[str, Optional[str]]) -> bytes:
    """The text with these leaves; a map whose last leaf goes, goes with it."""
    for key, value in changes.items():
        if value is not None:
            data = set_value(data, path_of(key), parse_value(value))
    for key, value in changes.items():
        # A leaf that has just become a map, or was replaced with one, is gone already.
        if value is None and key in values(data):
            data = prune(data, path_of(key))
    return data
