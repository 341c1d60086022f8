# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd unit files and drop-ins: sections and assignments with their places.

Source: systemd.syntax(7) and systemd's src/shared/conf-parser.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, List, Optional, Tuple

from .text import BLANKS, Line, join, split

COMMENTS = "#;"
BYTE_ORDER_MARK = "\ufeff"
# A header with one of these makes systemd give up the whole file (string_is_safe).
UNSAFE = re.compile(r"[\x00-\x1f\x7f\"'\\]")
BROKEN_HEADER = "broken section header"


@dataclass(frozen=True)
class Section:
    """A section header; the same name may come again and then goes on."""

    line: int
    column: int
    name: str
    last_line: int


@dataclass(frozen=True)
class Entry:
    """One assignment. Continued lines are one: ``line`` is the first, ``last_line`` the last.

    ``value`` has a blank for each backslash that continued a line. ``value_column`` is None where
    the value does not begin on the entry's first line.
    """

    line: int
    column: int
    section: str
    key: str
    value: str
    value_column: Optional[int]
    last_line: int


@dataclass(frozen=True)
class Rejected:
    """A line that systemd skips, with the reason."""

    line: int
    column: int
    text: str
    reason: str


@dataclass(frozen=True)
class Document:
    """A whole file. ``stopped_at`` is the line of the broken header after which systemd stops."""

    lines: Tuple[Line, ...]
    sections: Tuple[Section, ...]
    entries: Tuple[Entry, ...]
    rejected: Tuple[Rejected, ...]
    stopped_at: Optional[int]


@dataclass(frozen=True)
class _Logical:
    """Physical lines that a backslash joins, with comments between them left out."""

    first: int
    last: int
    head: str
    text: str


def is_continued(text: str) -> bool:
    """Whether a line goes on in the next one: it ends in an odd number of backslashes."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def is_comment(text: str) -> bool:
    """Whether a line is a comment, which it also is between two lines that belong together."""
    return text.lstrip(BLANKS)[:1] in tuple(COMMENTS)


def parse(data: bytes) -> Document:
    """Every line of a file's bytes; nothing is an error, what systemd skips is ``rejected``."""
    lines = split(data)
    reader = _Reader()
    for logical in _logical(lines):
        reader.read(logical)
    return Document(
        lines,
        tuple(reader.sections),
        tuple(reader.entries),
        tuple(reader.rejected),
        reader.stopped_at,
    )


def _logical(lines: Tuple[Line, ...]) -> Iterator[_Logical]:
    pieces: List[str] = []
    first = last = 0
    for line in lines:
        text = line.text
        if line.number == 1 and text.startswith(BYTE_ORDER_MARK):
            # A blank keeps the columns right.
            text = " " + text[1:]
        if is_comment(text):
            continue
        if not pieces:
            first = line.number
        last = line.number
        continued = is_continued(text)
        pieces.append(text[:-1] + " " if continued else text)
        if not continued:
            yield _Logical(first, last, pieces[0], "".join(pieces))
            pieces = []
    if pieces:
        yield _Logical(first, last, pieces[0], "".join(pieces))


class _Reader:
    """Takes logical lines in their order and keeps what they mean."""

    def __init__(self) -> None:
        self.sections: List[Section] = []
        self.entries: List[Entry] = []
        self.rejected: List[Rejected] = []
        self.stopped_at: Optional[int] = None

    def read(self, logical: _Logical) -> None:
        text = logical.text.strip(BLANKS)
        if not text:
            return
        column = len(logical.head) - len(logical.head.lstrip(BLANKS)) + 1
        reason = self._objection(text)
        if reason:
            self.rejected.append(Rejected(logical.first, column, text, reason))
        elif text.startswith("["):
            self.sections.append(Section(logical.first, column, text[1:-1], logical.last))
        else:
            self.entries.append(_entry(logical, column, self.sections[-1].name))
        if reason == BROKEN_HEADER:
            self.stopped_at = logical.first

    def _objection(self, text: str) -> str:
        if self.stopped_at is not None:
            return f"not read after the broken section header in line {self.stopped_at}"
        if text.startswith("["):
            closed = len(text) > 1 and text.endswith("]")
            return "" if closed and not UNSAFE.search(text) else BROKEN_HEADER
        if not self.sections:
            return "assignment outside of a section"
        if "=" not in text:
            return "no '=' in this line"
        return "no name before '='" if text.startswith("=") else ""


def _entry(logical: _Logical, column: int, section: str) -> Entry:
    left, _equals, right = logical.text.partition("=")
    value = right.strip(BLANKS)
    value_start = len(left) + 1 + right.index(value)
    on_first_line = value_start <= len(logical.head.rstrip(BLANKS))
    return Entry(
        line=logical.first,
        column=column,
        section=section,
        key=left.strip(BLANKS),
        value=value,
        value_column=value_start + 1 if on_first_line else None,
        last_line=logical.last,
    )


def render(document: Document) -> bytes:
    """The bytes the document was parsed from."""
    return join(document.lines)
