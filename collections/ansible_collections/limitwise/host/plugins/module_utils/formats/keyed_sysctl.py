# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sysctl.conf by key: the path below /proc/sys."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from .sysctl_conf import Document, Entry, canonical, dotted, parse
from .text import FormatError, Revision, refuse_control


def _effective(document: Document) -> Dict[str, Entry]:
    found: Dict[str, Entry] = {}
    for entry in document.entries:
        if entry.exclude:
            # systemd-sysctl lets a later "-key" take the place of an assignment.
            found.pop(entry.path, None)
        else:
            found[entry.path] = entry
    return found


def values(data: bytes) -> Dict[str, str]:
    """The last assignment of every key; none for one that is excluded after it."""
    return {path: entry.value for path, entry in _effective(parse(data)).items()}


def places(data: bytes) -> Dict[str, Tuple[int, int]]:
    """Line and column of the key in its last assignment."""
    return {path: (entry.line, entry.column) for path, entry in _effective(parse(data)).items()}


def normal(key: str, value: str) -> str:
    """The value itself; FormatError where a line cannot hold it or the key is no path."""
    refuse_control(f"the key {key!r}", key)
    refuse_control(f"the value of {key}", value)
    # Nothing right below /proc/sys has a dot in its name: that is a key in its dotted spelling.
    if not key or "." in key.split("/", 1)[0] or canonical(dotted(key)) != key:
        raise FormatError(f"{key!r} is no path below /proc/sys; write {canonical(key)!r}")
    return value


def write(data: bytes, changes: Mapping[str, Optional[str]]) -> bytes:
    """The text with these values, each in the line that was effective, or in a new last one."""
    document = parse(data)
    effective = _effective(document)
    revision = Revision()
    new: List[str] = []
    for entry in document.entries:
        if not entry.exclude and changes.get(entry.path, "") is None:
            revision.texts[entry.line] = None
    for path, value in changes.items():
        if value is None:
            continue
        old = effective.get(path)
        if old is None:
            new.append(f"{dotted(path)} = {value}")
        else:
            text = document.lines[old.line - 1].text
            revision.texts[old.line] = text[: old.value_column - 1] + value
    if new:
        revision.add(len(document.lines), new)
    return revision.apply(document.lines)
