# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One marked block of lines in a script that belongs to somebody else."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from .text import BLANKS, FormatError, Line, Revision, refuse_control, split

# rc.local and its like often end so, and a line behind it never runs.
LAST_WORDS = ("exit", "exit 0")


def replace_block(data: bytes, begin: str, end: str, body: Optional[Sequence[str]]) -> bytes:
    """The text with ``body`` between the marker lines ``begin`` and ``end``; None takes both away.

    A new block stands at the end, before a closing ``exit``. All else stays byte for byte.
    FormatError where the markers are damaged or the body could not be found again.
    """
    _check(begin, end, body)
    lines = split(data)
    block = _find(lines, begin, end)
    revision = Revision()
    new = [] if body is None else [begin, *body, end]
    if block is None:
        if new:
            revision.add(_place_for_new(lines), new)
        return revision.apply(lines)
    first, last = block
    if [line.text for line in lines[first - 1 : last]] == new:
        return data
    for number in range(first, last + 1):
        revision.texts[number] = None
    if new:
        revision.add(last, new)
    return revision.apply(lines)


def _check(begin: str, end: str, body: Optional[Sequence[str]]) -> None:
    if not begin or not end or begin == end:
        raise FormatError("a block needs two different marker lines")
    for text in (begin, end, *(body or ())):
        refuse_control("a line of a block", text)
    for text in body or ():
        if text in (begin, end):
            raise FormatError(f"a block cannot hold its own marker {text!r}")


def _find(lines: Sequence[Line], begin: str, end: str) -> Optional[Tuple[int, int]]:
    marks: List[Line] = [line for line in lines if line.text in (begin, end)]
    if not marks:
        return None
    if [mark.text for mark in marks] == [begin, end]:
        return marks[0].number, marks[1].number
    wrong = marks[0] if len(marks) == 1 or marks[0].text == end else marks[1]
    if len(marks) > 2 and marks[1].text == end:
        wrong = marks[2]
    raise FormatError(
        f"damaged block: {wrong.text!r} without its counterpart; "
        f"there must be one {begin!r} and then one {end!r}",
        wrong.number,
        1,
    )


def _place_for_new(lines: Sequence[Line]) -> int:
    for line in reversed(lines):
        text = line.text.strip(BLANKS)
        if text and not text.startswith("#"):
            return line.number - 1 if text in LAST_WORDS else len(lines)
    return len(lines)
