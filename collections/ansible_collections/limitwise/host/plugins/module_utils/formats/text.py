# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in lines: taken apart and put together again without losing a byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

BLANKS = " \t\r"
ENCODING = "utf-8"
# Bytes that are no UTF-8 become lone surrogates and turn back into the same bytes.
ERRORS = "surrogateescape"


class FormatError(ValueError):
    """A text that cannot be read, or a request that the format cannot express.

    ``line`` and ``column`` count from 1; both are None where the request, not the text, is wrong.
    """

    def __init__(
        self, message: str, line: Optional[int] = None, column: Optional[int] = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        where = [str(part) for part in (self.line, self.column) if part is not None]
        return ": ".join([*([":".join(where)] if where else []), self.message])


@dataclass(frozen=True)
class Line:
    r"""One line: its number (from 1), its text, and its ending (``\n``, ``\r\n`` or none)."""

    number: int
    text: str
    ending: str


def decode(data: bytes) -> str:
    """Any bytes as text that ``encode`` turns back into the same bytes."""
    return data.decode(ENCODING, ERRORS)


def encode(text: str) -> bytes:
    """The bytes of a text; FormatError for half a surrogate pair, which stands for no byte."""
    try:
        return text.encode(ENCODING, ERRORS)
    except UnicodeEncodeError as problem:
        raise FormatError(f"{text[problem.start]!r} cannot be written as UTF-8") from problem


def split(data: bytes) -> Tuple[Line, ...]:
    r"""The lines of any bytes. Only ``\n`` ends one; a ``\r`` before it belongs to the ending."""
    pieces = decode(data).split("\n")
    last = pieces.pop()
    lines = [_line(number, piece) for number, piece in enumerate(pieces, 1)]
    if last:
        lines.append(Line(len(lines) + 1, last, ""))
    return tuple(lines)


def _line(number: int, piece: str) -> Line:
    if piece.endswith("\r"):
        return Line(number, piece[:-1], "\r\n")
    return Line(number, piece, "\n")


def join(lines: Iterable[Line]) -> bytes:
    """The bytes of the lines; ``join(split(data)) == data`` for any bytes."""
    return encode("".join(line.text + line.ending for line in lines))


def refuse_control(what: str, text: str) -> None:
    """FormatError where a text holds what ends a line for one reader or another."""
    for character, name in (("\n", "a newline"), ("\r", "a carriage return"), ("\0", "a NUL")):
        if character in text:
            raise FormatError(f"{what} cannot hold {name}")
    encode(text)


@dataclass
class Revision:
    """What is to become of some lines: ``texts`` by line number (None drops it), ``added`` after.

    ``added`` is keyed by the number of the line before the new ones, 0 for the top of the file.
    """

    texts: Dict[int, Optional[str]] = field(default_factory=dict)
    added: Dict[int, List[str]] = field(default_factory=dict)

    def add(self, after: int, texts: Sequence[str]) -> None:
        """More new lines after line ``after``, behind those that are already to stand there."""
        self.added.setdefault(after, []).extend(texts)

    def apply(self, lines: Sequence[Line]) -> bytes:
        """The new text. Untouched lines keep every byte, new ones get the file's line ending."""
        ending = lines[0].ending if lines and lines[0].ending else "\n"
        pieces: List[str] = [text + ending for text in self.added.get(0, ())]
        for line in lines:
            text = self.texts.get(line.number, line.text)
            new = self.added.get(line.number, ())
            if text is not None:
                # Without this a new line would be glued to a last line that has no ending.
                pieces.append(text + (line.ending or (ending if new else "")))
            pieces.extend(text + ending for text in new)
        return encode("".join(pieces))
