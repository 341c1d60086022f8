# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit files by key: section and directive, with the directives that add up as one value."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from .text import BLANKS, FormatError, Line, Revision, refuse_control
from .unit_file import Document, Entry, is_comment, is_continued, parse
from .unit_lists import is_list


def _assignments(document: Document) -> Dict[str, List[Entry]]:
    found: Dict[str, List[Entry]] = {}
    for entry in document.entries:
        # No directive has a slash; with one, two keys could look the same.
        if "/" not in entry.key:
            found.setdefault(f"{entry.section}/{entry.key}", []).append(entry)
    return found


def _effective(entries: List[Entry]) -> List[Entry]:
    if not is_list(entries[-1].key):
        return entries[-1:]
    resets = [position for position, entry in enumerate(entries) if not entry.value]
    return entries[resets[-1] :] if resets else entries


def values(data: bytes) -> Dict[str, str]:
    """The value of every key; an empty assignment that starts a list anew is its first line."""
    found = _assignments(parse(data))
    return {
        key: "\n".join(entry.value for entry in _effective(entries))
        for key, entries in found.items()
    }


def places(data: bytes) -> Dict[str, Tuple[int, int]]:
    """Line and column of every key's last assignment."""
    found = _assignments(parse(data))
    return {key: (entries[-1].line, entries[-1].column) for key, entries in found.items()}


def normal(key: str, value: str) -> str:
    """The value itself; FormatError where no line can hold it or the key is not Section/Name."""
    _section, slash, name = key.rpartition("/")
    if not (slash and name):
        raise FormatError(f"{key!r} is not a section and a directive: write 'Slice/TasksMax'")
    refuse_control(f"the key {key!r}", key)
    for item in value.split("\n") if is_list(name) else [value]:
        refuse_control(f"the value of {key}", item)
        if is_continued(item):
            raise FormatError(f"the value of {key} ends in a backslash, which joins lines")
        if item.strip(BLANKS) != item:
            raise FormatError(f"systemd trims the value of {key}: {item!r}")
    return value


def write(data: bytes, changes: Mapping[str, Optional[str]]) -> bytes:
    """The text with these values: in the lines that were effective, else at the section's end."""
    document = parse(data)
    if document.stopped_at is not None:
        raise FormatError(
            "broken section header: systemd reads nothing from here on", document.stopped_at, 1
        )
    assignments = _assignments(document)
    revision = Revision()
    new: Dict[str, List[str]] = {}
    for key, value in changes.items():
        section, _slash, name = key.rpartition("/")
        old = assignments.get(key, [])
        if value is None:
            _drop(document, old, revision)
        elif old:
            _rewrite(document, old, value.split("\n"), revision)
        else:
            lines = new.setdefault(section, [])
            lines.extend(f"{name}={item}" for item in value.split("\n"))
    for section, texts in new.items():
        _insert(document, section, texts, revision)
    return revision.apply(document.lines)


def _rewrite(document: Document, old: List[Entry], items: List[str], revision: Revision) -> None:
    """Give the entries of one key these values in order: more follow the last, fewer drop."""
    effective = _effective(old)
    if is_list(old[0].key) and items[0]:
        # Nothing starts the list anew any more, so what was before the start would count again.
        _drop(document, old[: -len(effective)], revision)
    _drop(document, effective[len(items) :], revision)
    kept = effective[: len(items)]
    for entry, item in zip(kept[:-1], items):
        if item != entry.value:
            _replace(document, entry, [item], revision)
    rest = items[len(kept) - 1 :]
    if rest != [kept[-1].value]:
        _replace(document, kept[-1], rest, revision)


def _drop(document: Document, entries: List[Entry], revision: Revision) -> None:
    for entry in entries:
        _replace(document, entry, [], revision)


def _replace(document: Document, entry: Entry, items: List[str], revision: Revision) -> None:
    """Put assignments of these values where the entry stands; comments inside it stay."""
    lines = document.lines[entry.line - 1 : entry.last_line]
    prefix = _prefix(lines[0], entry)
    for line in lines:
        if not is_comment(line.text):
            revision.texts[line.number] = None
    if items:
        revision.texts[entry.line] = prefix + items[0]
        revision.add(entry.line, [prefix + item for item in items[1:]])


def _prefix(line: Line, entry: Entry) -> str:
    """What stands before the value, indentation and blanks round '=' kept."""
    if entry.value_column is None:
        return f"{entry.key}="
    return line.text[: entry.value_column - 1]


def _insert(document: Document, section: str, texts: List[str], revision: Revision) -> None:
    ends = [item.last_line for item in document.entries if item.section == section]
    ends += [header.last_line for header in document.sections if header.name == section]
    if ends:
        after = max(ends)
        revision.add(after, [*_separator(document, after), *texts])
        return
    last = len(document.lines)
    blank = [""] if last and document.lines[-1].text.strip(BLANKS) else []
    revision.add(last, [*blank, f"[{section}]", *texts])


def _separator(document: Document, number: int) -> List[str]:
    """An empty line where the line before would swallow the new one: it ends in a backslash."""
    return [""] if is_continued(document.lines[number - 1].text) else []
