# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""limits.conf and limits.d files: four fields a line, read as pam_limits reads them.

Source: limits.conf(5) and Linux-PAM's modules/pam_limits/pam_limits.c.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import List, Tuple, Union

from .text import Line, join, split

# C's isspace without the newline: pam_limits trims with it, but parts fields at blanks and tabs.
SPACES = " \t\v\f\r"
FIELD = re.compile(r"[^ \t]+")
LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True)
class Entry:
    """One limit as written, letter case kept; the value is the whole rest before a comment."""

    line: int
    domain: str
    type: str
    item: str
    value: str
    domain_column: int
    type_column: int
    item_column: int
    value_column: int


@dataclass(frozen=True)
class NoLimits:
    """``user -``: pam_limits sets nothing for that user and reads no further in this file."""

    line: int
    domain: str
    domain_column: int


@dataclass(frozen=True)
class Rejected:
    """A line with too few fields, which pam_limits skips; ``columns`` are those of ``fields``."""

    line: int
    text: str
    fields: Tuple[str, ...]
    columns: Tuple[int, ...]


@dataclass(frozen=True)
class Document:
    """A whole file: all its lines, its limits, its no-limits lines, and the skipped ones."""

    lines: Tuple[Line, ...]
    entries: Tuple[Entry, ...]
    no_limits: Tuple[NoLimits, ...]
    rejected: Tuple[Rejected, ...]


def parse(data: bytes) -> Document:
    """Every line of a file's bytes; nothing is an error, what cannot be used is ``rejected``."""
    lines = split(data)
    entries: List[Entry] = []
    no_limits: List[NoLimits] = []
    rejected: List[Rejected] = []
    for line in lines:
        text = line.text.partition("#")[0].rstrip(SPACES)
        if not text:
            continue
        found = _read(line, text)
        if isinstance(found, Entry):
            entries.append(found)
        elif isinstance(found, NoLimits):
            no_limits.append(found)
        else:
            rejected.append(found)
    return Document(lines, tuple(entries), tuple(no_limits), tuple(rejected))


def _read(line: Line, text: str) -> Union[Entry, NoLimits, Rejected]:
    fields: List[str] = []
    columns: List[int] = []
    position = len(text) - len(text.lstrip(SPACES))
    for match in FIELD.finditer(text, position):
        fields.append(match.group())
        columns.append(match.start() + 1)
        position = match.end()
        if len(fields) == 3:
            break
    value = text[position:].lstrip(SPACES)
    if len(fields) == 3 and value:
        return Entry(line.number, fields[0], fields[1], fields[2], value,
                     columns[0], columns[1], columns[2], len(text) - len(value) + 1)  # fmt: skip
    if len(fields) == 2 and fields[1].startswith("-"):
        return NoLimits(line.number, fields[0], columns[0])
    return Rejected(line.number, line.text, tuple(fields), tuple(columns))


def lowered(word: str) -> str:
    """A type, item or value as pam_limits compares it: ASCII letters in lower case."""
    return word.translate(LOWER)


def render(document: Document) -> bytes:
    """The bytes the document was parsed from."""
    return join(document.lines)
