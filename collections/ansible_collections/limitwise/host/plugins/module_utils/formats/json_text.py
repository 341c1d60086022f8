# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json and the like: strict JSON in which every key and value knows its place.

Source: RFC 8259; the top level must be an object, as dockerd wants it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple, Union

from .text import FormatError, decode

Path = Tuple[str, ...]
# Neither dockerd nor anybody needs more, and Python's own stack ends near a thousand.
DEEPEST = 100
SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
LITERALS = ("true", "false", "null")
NOT_UTF8 = re.compile("[\ud800-\udfff]")
# Python refuses to read longer integers (sys.set_int_max_str_digits).
LONGEST_INTEGER = 4000
STRINGS = json.JSONDecoder()


@dataclass(frozen=True)
class Scalar:
    """A string, number, true, false or null. A number's value is its text as written."""

    start: int
    end: int
    kind: str
    value: str


@dataclass(frozen=True)
class Array:
    """A list; ``start`` and ``end`` are offsets into the document's text, end exclusive."""

    start: int
    end: int
    items: Tuple[Node, ...]


@dataclass(frozen=True)
class Member:
    """One key of an object with its value; the offsets are those of the quoted key."""

    start: int
    end: int
    key: str
    value: Node


@dataclass(frozen=True)
class Object:
    """An object; a repeated key is there as often as it is written, and the last one counts."""

    start: int
    end: int
    members: Tuple[Member, ...]

    def find(self, key: str) -> Optional[Member]:
        """The member that counts for a key, None when there is none."""
        return self.effective().get(key)

    def effective(self) -> Dict[str, Member]:
        """The member that counts, by key, in the order of the first time each key is written."""
        return {member.key: member for member in self.members}


Node = Union[Scalar, Array, Object]


@dataclass(frozen=True)
class Duplicate:
    """A key that its object has already; the earlier value is lost."""

    path: Path
    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """A whole text: its top object, and where its lines begin."""

    text: str
    root: Object
    line_starts: Tuple[int, ...]

    def place(self, offset: int) -> Tuple[int, int]:
        """Line and column, from 1, of an offset into the text."""
        return _place(self.line_starts, offset)

    def duplicates(self) -> Tuple[Duplicate, ...]:
        """Every key that is written once more in its object, in the order of the text."""
        found: List[Tuple[int, Path]] = []
        _repeated(self.root, (), found)
        return tuple(Duplicate(path, *self.place(start)) for start, path in sorted(found))


def parse(data: bytes) -> Document:
    """The document in these bytes; none at all are an empty object.

    FormatError, with its place, for what is not JSON, is nested too deep, or is no object.
    """
    text = decode(data)
    starts = (0, *(match.end() for match in re.finditer("\n", text)))
    if not text.strip(" \t\r\n"):
        return Document(text, Object(len(text), len(text), ()), starts)
    reader = _Reader(text, starts)
    root = reader.whole()
    if not isinstance(root, Object):
        raise reader.error(root.start, "the top level must be an object: { ... }")
    return Document(text, root, starts)


def parse_value(text: str) -> Node:
    """One JSON value of any kind; FormatError, placed within ``text``, when it is none."""
    return _Reader(text, (0,)).whole()


class _Reader:
    """Reads one text from front to back; each method takes an offset and gives what is there."""

    def __init__(self, text: str, line_starts: Tuple[int, ...]) -> None:
        self.text = text
        self.line_starts = line_starts
        self.depth = 0

    def whole(self) -> Node:
        self._check_encoding()
        node = self.value(self.skip(0))
        rest = self.skip(node.end)
        if rest < len(self.text):
            raise self.error(rest, "there is more after the end of the JSON value")
        return node

    def _check_encoding(self) -> None:
        if self.text.startswith("\ufeff"):
            raise self.error(0, "a byte order mark stands before the JSON text; remove it")
        wrong = NOT_UTF8.search(self.text)
        if wrong:
            raise self.error(wrong.start(), "a byte that is not UTF-8")

    def error(self, offset: int, message: str) -> FormatError:
        return FormatError(message, *_place(self.line_starts, offset))

    def skip(self, offset: int) -> int:
        match = SPACE.match(self.text, offset)
        return match.end() if match else offset

    def value(self, offset: int) -> Node:
        first = self.text[offset : offset + 1]
        if first == '"':
            end, value = self.string(offset)
            return Scalar(offset, end, "string", value)
        if first in ("{", "["):
            return self.nested(offset, first)
        number = NUMBER.match(self.text, offset)
        if number:
            return Scalar(offset, number.end(), "number", number.group())
        for literal in LITERALS:
            if self.text.startswith(literal, offset):
                return Scalar(offset, offset + len(literal), literal, literal)
        raise self.unexpected(offset, "a value")

    def nested(self, offset: int, first: str) -> Node:
        if self.depth == DEEPEST:
            raise self.error(offset, f"nested deeper than {DEEPEST} levels")
        self.depth += 1
        node = self.object(offset) if first == "{" else self.array(offset)
        self.depth -= 1
        return node

    def string(self, offset: int) -> Tuple[int, str]:
        try:
            value, end = STRINGS.raw_decode(self.text, offset)
        except json.JSONDecodeError as problem:
            raise self.error(problem.pos, f"in a string: {problem.msg}") from problem
        return end, str(value)

    def array(self, offset: int) -> Array:
        items: List[Node] = []
        position = self.skip(offset + 1)
        if self.text.startswith("]", position):
            return Array(offset, position + 1, ())
        while True:
            items.append(self.value(position))
            position = self.skip(items[-1].end)
            if self.text.startswith("]", position):
                return Array(offset, position + 1, tuple(items))
            position = self.after_comma(position, "]")

    def object(self, offset: int) -> Object:
        members: List[Member] = []
        position = self.skip(offset + 1)
        if self.text.startswith("}", position):
            return Object(offset, position + 1, ())
        while True:
            members.append(self.member(position))
            position = self.skip(members[-1].value.end)
            if self.text.startswith("}", position):
                return Object(offset, position + 1, tuple(members))
            position = self.after_comma(position, "}")

    def member(self, offset: int) -> Member:
        if not self.text.startswith('"', offset):
            raise self.unexpected(offset, "a key in double quotes")
        end, key = self.string(offset)
        colon = self.skip(end)
        if not self.text.startswith(":", colon):
            raise self.unexpected(colon, f"':' after the key {key!r}")
        return Member(offset, end, key, self.value(self.skip(colon + 1)))

    def after_comma(self, offset: int, close: str) -> int:
        if not self.text.startswith(",", offset):
            raise self.unexpected(offset, f"',' or '{close}'")
        position = self.skip(offset + 1)
        if self.text.startswith(close, position):
            raise self.error(offset, f"a comma before '{close}': JSON has no trailing commas")
        return position

    def unexpected(self, offset: int, wanted: str) -> FormatError:
        if self.text.startswith(("//", "/*", "#"), offset):
            return self.error(offset, "JSON has no comments")
        found = repr(self.text[offset]) if offset < len(self.text) else "the end of the text"
        return self.error(offset, f"expected {wanted}, found {found}")


def _place(line_starts: Tuple[int, ...], offset: int) -> Tuple[int, int]:
    line = bisect_right(line_starts, offset)
    return line, offset - line_starts[line - 1] + 1


def _repeated(node: Node, path: Path, found: List[Tuple[int, Path]]) -> None:
    if isinstance(node, Array):
        for position, item in enumerate(node.items):
            _repeated(item, (*path, str(position)), found)
    elif isinstance(node, Object):
        seen = set()
        for member in node.members:
            here = (*path, member.key)
            if member.key in seen:
                found.append((member.start, here))
            seen.add(member.key)
            _repeated(member.value, here, found)


def to_python(node: Node) -> object:
    """The value as Python has it; of a repeated key the last. For looking at, not for writing:

    fractions become floats, and so do integers of more than 4,000 digits.
    """
    if isinstance(node, Object):
        return {key: to_python(member.value) for key, member in node.effective().items()}
    if isinstance(node, Array):
        return [to_python(item) for item in node.items]
    if node.kind == "string":
        return node.value
    if node.kind == "number":
        whole = node.value.lstrip("-").isdigit() and len(node.value) <= LONGEST_INTEGER
        return int(node.value) if whole else float(node.value)
    return {"true": True, "false": False, "null": None}[node.kind]


def compact(node: Node) -> str:
    """The value as JSON text without blanks; numbers as written, of a repeated key the last."""
    if isinstance(node, Object):
        members = node.effective().values()
        return "{" + ",".join(quoted(m.key) + ":" + compact(m.value) for m in members) + "}"
    if isinstance(node, Array):
        return "[" + ",".join(compact(item) for item in node.items) + "]"
    return quoted(node.value) if node.kind == "string" else node.value


def quoted(text: str) -> str:
    """A string as JSON writes it, in UTF-8 where that is possible."""
    plain = json.dumps(text, ensure_ascii=False)
    return NOT_UTF8.sub(lambda half: f"\\u{ord(half.group()):04x}", plain)


def render(document: Document) -> bytes:
    """The bytes the document was parsed from."""
    return document.text.encode("utf-8")
