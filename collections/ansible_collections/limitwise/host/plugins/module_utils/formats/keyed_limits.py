# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""limits.conf by key: domain, type and item, of which pam_limits lowers the last two."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from .limits_conf import Document, Entry, lowered, parse
from .text import FormatError, Revision, refuse_control


def _key(entry: Entry) -> str:
    return f"{entry.domain} {lowered(entry.type)} {lowered(entry.item)}"


def _effective(document: Document) -> Dict[str, Entry]:
    return {_key(entry): entry for entry in document.entries}


def values(data: bytes) -> Dict[str, str]:
    """The value of every key's last line, letter case kept."""
    return {key: entry.value for key, entry in _effective(parse(data)).items()}


def places(data: bytes) -> Dict[str, Tuple[int, int]]:
    """Line and column of the domain in every key's last line."""
    found = _effective(parse(data))
    return {key: (entry.line, entry.domain_column) for key, entry in found.items()}


def normal(key: str, value: str) -> str:
    """The value itself; FormatError where a line cannot hold it or the key is not three words."""
    refuse_control(f"the key {key!r}", key)
    refuse_control(f"the value of {key}", value)
    if len(key.split(" ")) != 3:
        raise FormatError(f"{key!r} is not a domain, a type and an item with a blank between each")
    if "#" in key + value:
        raise FormatError(f"'#' begins a comment in limits.conf: {key!r} cannot be {value!r}")
    if not value:
        raise FormatError(f"the value of {key} is empty, and such a line is skipped")
    return value


def write(data: bytes, changes: Mapping[str, Optional[str]]) -> bytes:
    """The text with these values, each in the line that was effective, or in a new last one."""
    document = parse(data)
    effective = _effective(document)
    revision = Revision()
    new: List[str] = []
    for entry in document.entries:
        if changes.get(_key(entry), "") is None:
            revision.texts[entry.line] = None
    for key, value in changes.items():
        if value is None:
            continue
        old = effective.get(key)
        if old is None:
            new.append(f"{key} {value}")
        else:
            text = document.lines[old.line - 1].text
            start = old.value_column - 1
            revision.texts[old.line] = text[:start] + value + text[start + len(old.value) :]
    if new:
        revision.add(len(document.lines), new)
    return revision.apply(document.lines)
