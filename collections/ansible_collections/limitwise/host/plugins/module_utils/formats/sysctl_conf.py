# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sysctl.conf and sysctl.d files: assignments with their places, and the two spellings of a key.

Sources: sysctl.d(5), systemd's src/sysctl/sysctl.c and src/basic/sysctl-util.c, sysctl.conf(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import List, Tuple, Union

from .text import BLANKS, Line, join, split

COMMENTS = "#;"
GLOB = re.compile(r"[*?\[]")
SEPARATOR = re.compile(r"[./]")
SWAP = str.maketrans("./", "/.")


@dataclass(frozen=True)
class Entry:
    """One line that says something about a key; columns count from 1.

    ``path`` is the key below /proc/sys with slashes. ``ignore_errors`` is systemd's ``-key = v``,
    ``exclude`` its ``-key`` without a value (globs leave that key alone), ``glob`` a pattern.
    """

    line: int
    column: int
    value_column: int
    raw_key: str
    path: str
    value: str
    ignore_errors: bool
    exclude: bool
    glob: bool


@dataclass(frozen=True)
class Rejected:
    """A line that is no assignment: every applier skips it, some without a word."""

    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Document:
    """A whole file: all its lines, what they assign, and what is no assignment."""

    lines: Tuple[Line, ...]
    entries: Tuple[Entry, ...]
    rejected: Tuple[Rejected, ...]


def canonical(raw: str) -> str:
    """The path below /proc/sys of a key in any spelling: ``net.ipv4.ip_forward`` with slashes.

    The first separator decides: after a dot, dots and slashes swap (sysctl.d(5)). Doubled
    slashes and ``..`` go, as on the way to the file, so one key has one path.
    """
    first = SEPARATOR.search(raw)
    swapped = raw.translate(SWAP) if first and first.group() == "." else raw
    parts: List[str] = []
    for part in swapped.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def dotted(path: str) -> str:
    """The usual spelling of a path: dots, with a slash for a dot inside a component.

    ``canonical(dotted(path)) == path`` for every canonical path.
    """
    if "." in path.split("/", 1)[0]:
        # The dot would come first and be taken for the separator.
        return "/" + path
    return path.translate(SWAP)


def parse(data: bytes) -> Document:
    """Every line of a file's bytes; nothing is an error, what is no assignment is ``rejected``."""
    lines = split(data)
    entries: List[Entry] = []
    rejected: List[Rejected] = []
    for line in lines:
        text = line.text.strip(BLANKS)
        if not text or text[0] in COMMENTS:
            continue
        found = _read(line, text)
        if isinstance(found, Entry):
            entries.append(found)
        else:
            rejected.append(found)
    return Document(lines, tuple(entries), tuple(rejected))


def _read(line: Line, text: str) -> Union[Entry, Rejected]:
    start = len(line.text) - len(line.text.lstrip(BLANKS))
    minus = 1 if text.startswith("-") else 0
    left, equals, right = text[minus:].partition("=")
    raw_key = left.strip(BLANKS)
    path = canonical(raw_key)
    if not path or not (equals or minus):
        return Rejected(line.number, start + 1, text)
    value = right.strip(BLANKS)
    skipped = right.index(value)
    return Entry(
        line=line.number,
        column=start + minus + len(left) - len(left.lstrip(BLANKS)) + 1,
        value_column=start + minus + len(left) + len(equals) + skipped + 1,
        raw_key=raw_key,
        path=path,
        value=value,
        ignore_errors=bool(minus and equals),
        exclude=not equals,
        glob=GLOB.search(path) is not None,
    )


def render(document: Document) -> bytes:
    """The bytes the document was parsed from."""
    return join(document.lines)
