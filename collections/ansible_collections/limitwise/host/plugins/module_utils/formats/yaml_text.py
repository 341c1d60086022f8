# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain YAML, as configuration files have it, in which every key and value knows its place.

One document: block maps and lists, flow maps and lists, scalars on one line, comments. What could
not be changed safely is refused with its place: anchors, aliases, tags, merge keys, block and
multi-line scalars, several documents, tabs. Scalars mean what sigs.k8s.io/yaml (the kubelet's
reader, YAML 1.1) makes of them; the nodes are those of json_text.
"""

from __future__ import annotations

import re
from typing import List, Tuple

from .json_text import DEEPEST, Array, Document, Member, Node, Object, Scalar
from .text import FormatError, decode
from .yaml_scalar import INDICATORS, double_quoted, plain_scalar

DOUBLE = r'"(?:[^"\\\n]|\\[^\n])*"'
SINGLE = r"'(?:[^'\n]|'')*'"
# A plain key; one with a colon or comment sign inside is too easily misread.
PLAIN_KEY = r"(?![-?:] )[^\s,\[\]{}#&*!|>'\"%@`:][^\n:#]*?"
KEY = re.compile(rf"({DOUBLE}|{SINGLE}|{PLAIN_KEY})[ ]*:(?=[ \r\n]|$)")
FLOW_KEY = re.compile(rf"(?:({DOUBLE}|{SINGLE})[ ]*:|([^\s,\[\]{{}}:#]+)[ ]*:(?=[ \r\n]))")
QUOTED = re.compile(rf"{DOUBLE}|{SINGLE}")
DASH = re.compile(r"-(?=[ \r\n]|$)")
REST = re.compile(r"[ ]*(?:(?<=[ \n])#[^\n]*)?\r?(?=\n|$)")
FLOW_SPACE = re.compile(r"(?:[ \n]|\r(?=\n)|(?<=[ \n])#[^\n]*)*")
FLOW_PLAIN = re.compile(r"[^\s,\[\]{}:#]+(?:[ ]+[^\s,\[\]{}:#]+)*")
ENDED = -1
REFUSED = {
    "&": "an anchor", "*": "an alias", "!": "a tag", "|": "a block scalar", ">": "a block scalar",
    "?": "a complex key", "%": "a directive", "@": "a reserved sign", "`": "a reserved sign",
}


def parse(data: bytes) -> Document:
    """The document in these bytes; none at all are an empty map.

    FormatError, with its place, for what this reader does not take, or when the top is no map.
    """
    text = decode(data)
    starts = (0, *(match.end() for match in re.finditer("\n", text)))
    return Document(text, _Reader(text, starts).whole(), starts)


class _Reader:
    """Reads one text line by line; ``line`` is the next line that has content, -1 at the end."""

    def __init__(self, text: str, starts: Tuple[int, ...]) -> None:
        self.text = text
        self.starts = starts
        self.line = ENDED
        self.indent = 0
        self.depth = 0

    def whole(self) -> Object:
        self._look(0)
        if self.line != ENDED and self.text.startswith("---", self.starts[self.line]):
            marker = self.starts[self.line] + 3
            if REST.match(self.text, marker) is None:
                raise self.error(marker, "'---' must stand alone on its line")
            self._look(self.line + 1)
        if self.line == ENDED:
            return Object(len(self.text), len(self.text), ())
        start = self.here()
        if self.text[start] in "{[":
            root = self._flow(start)
            self._end_of_line(root.end, -1)
        else:
            root = self._block(self.indent)
        if self.line != ENDED:
            raise self.error(self.here(), "this is indented as nothing before it")
        if not isinstance(root, Object):
            raise self.error(start, "the top level must be a map")
        return root

    def error(self, offset: int, message: str) -> FormatError:
        document = Document(self.text, Object(0, 0, ()), self.starts)
        return FormatError(message, *document.place(offset))

    def here(self) -> int:
        """The offset of the next content."""
        return self.starts[self.line] + self.indent

    def _look(self, line: int) -> None:
        """Go to the next line with content from ``line`` on."""
        for number in range(line, len(self.starts)):
            start = self.starts[number]
            position = start
            while self.text.startswith(" ", position):
                position += 1
            if self.text.startswith("\t", position):
                raise self.error(position, "a tab indents nothing in YAML")
            rest = self.text[position : position + 2]
            if rest[:1] not in ("", "\n", "#") and rest != "\r\n":
                self.line, self.indent = number, position - start
                if number > 0 and re.match(r"(?:---|\.\.\.)\s|---$|\.\.\.$", self.text[position:]) \
                        and position == start and self._content_before(number):
                    raise self.error(position, "only one document can be read")
                return
        self.line = ENDED

    def _content_before(self, number: int) -> bool:
        """Whether anything but comments and blank lines stands before a line."""
        before = self.text[: self.starts[number]]
        return any(part.strip() and not part.strip().startswith("#") for part in before.split("\n"))

    # --- blocks -----------------------------------------------------------------------------------

    def _block(self, column: int) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(self.here(), f"more than {DEEPEST} levels")
        start = self.here()
        node: Node = self._list(column) if DASH.match(self.text, start) else self._map(column)
        self.depth -= 1
        return node

    def _map(self, column: int) -> Object:
        members: List[Member] = []
        while True:
            members.append(self._member(column))
            if self.line == ENDED or self.indent != column or DASH.match(self.text, self.here()):
                break
        self._not_deeper(column)
        end = _last_end(members[-1].value, members[-1].end)
        keys = [member.key for member in members]
        for position, member in enumerate(members):
            if member.key in keys[:position]:
                raise self.error(member.start, f"the key {member.key!r} is written again")
        return Object(members[0].start, end, tuple(members))

    def _member(self, column: int) -> Member:
        start = self.here()
        match = KEY.match(self.text, start)
        if match is None:
            raise self._no_key(start)
        key = self._key(match.group(1), start)
        value = self._value(match.end(), column, in_map=True)
        return Member(start, match.end(1), key, value)

    def _no_key(self, start: int) -> FormatError:
        kind = REFUSED.get(self.text[start])
        if kind is not None:
            return self.error(start, f"{kind} cannot be edited here")
        return self.error(start, "expected 'key: value'")

    def _key(self, text: str, start: int) -> str:
        if text[0] in "\"'":
            return self._unquoted(text, start)
        if text == "<<":
            raise self.error(start, "a merge key cannot be edited here")
        if "\t" in text or plain_scalar(start, text).kind != "string":
            raise self.error(start, "a key must be a text: put it in quotes")
        return text

    def _list(self, column: int) -> Array:
        start, end = self.here(), 0
        items: List[Node] = []
        while self.line != ENDED and self.indent == column and DASH.match(
            self.text, self.here()
        ):
            dash = self.here()
            items.append(self._item(dash, column))
            end = _last_end(items[-1], dash + 1)
        self._not_deeper(column)
        return Array(start, end, tuple(items))

    def _item(self, dash: int, column: int) -> Node:
        content = dash + 1
        while self.text.startswith(" ", content):
            content += 1
        if DASH.match(self.text, content) or KEY.match(self.text, content):
            # a list or a map that begins behind the dash
            self.indent = column + content - dash
            return self._block(self.indent)
        return self._value(dash + 1, column, in_map=False)

    def _value(self, offset: int, column: int, *, in_map: bool) -> Node:
        """What stands behind a colon or a dash, on its line or below it."""
        if REST.match(self.text, offset):
            self._look(self.line + 1)
            if self.line != ENDED:
                if self.indent > column:
                    return self._below(offset)
                if in_map and self.indent == column and DASH.match(self.text, self.here()):
                    return self._block(column)
            return Scalar(offset, offset, "null", "null")
        while self.text.startswith(" ", offset):
            offset += 1
        node = self._inline(offset)
        self._end_of_line(node.end, column)
        return node

    def _below(self, offset: int) -> Node:
        """A block that begins on a line of its own."""
        start = self.here()
        if KEY.match(self.text, start) or DASH.match(self.text, start):
            return self._block(self.indent)
        if self.text[start] in REFUSED:
            raise self._no_key(start)
        raise self.error(start, "a value must stand on the line of its key")

    def _not_deeper(self, column: int) -> None:
        if self.line != ENDED and self.indent > column:
            raise self.error(self.here(), "this is indented as nothing before it")

    def _end_of_line(self, end: int, column: int) -> None:
        """Nothing but a comment follows a value; then go to the next content."""
        if REST.match(self.text, end) is None:
            raise self.error(end, "nothing can stand behind a value but a comment")
        line = Document(self.text, Object(0, 0, ()), self.starts).place(end)[0]
        self._look(line)
        if self.line != ENDED and self.indent > column >= 0:
            raise self.error(self.here(), "a value goes on in another line: it cannot be edited")

    # --- values -----------------------------------------------------------------------------------

    def _inline(self, offset: int) -> Node:
        first = self.text[offset]
        if first in "{[":
            return self._flow(offset)
        if first in "\"'":
            return self._quoted(offset)
        end = self.text.find("\n", offset)
        line = self.text[offset : len(self.text) if end < 0 else end]
        value = re.split(r"[ ]#", line, maxsplit=1)[0].rstrip(" \r")
        return self._plain(offset, value)

    def _plain(self, offset: int, value: str) -> Scalar:
        if value[0] in REFUSED and not re.match(r"\?[^ ]", value):
            raise self.error(offset, f"{REFUSED[value[0]]} cannot be edited here")
        if value[0] in INDICATORS or re.match(r"[-?:](?: |$)", value):
            raise self.error(offset, f"a value cannot begin with {value[0]!r}")
        if ": " in value or value.endswith(":") or "\t" in value or "\r" in value:
            raise self.error(offset, "a value with ': ', a tab or a carriage return needs quotes")
        return plain_scalar(offset, value)

    def _quoted(self, offset: int) -> Scalar:
        match = QUOTED.match(self.text, offset)
        if match is None:
            raise self.error(offset, "the quote does not end on its line")
        return Scalar(offset, match.end(), "string", self._unquoted(match.group(), offset))

    def _unquoted(self, text: str, offset: int) -> str:
        if text[0] == "'":
            return text[1:-1].replace("''", "'")
        value = double_quoted(text)
        if value is None:
            raise self.error(offset, "an escape sequence in quotes that JSON does not have")
        return value

    def _flow(self, offset: int) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(offset, f"more than {DEEPEST} levels")
        close = "}" if self.text[offset] == "{" else "]"
        members: List[Member] = []
        items: List[Node] = []
        position = self._space(offset + 1)
        while not self.text.startswith(close, position):
            if close == "}":
                members.append(self._flow_member(position))
                position = self._space(_last_end(members[-1].value, members[-1].value.end))
                if members[-1].key in [member.key for member in members[:-1]]:
                    raise self.error(members[-1].start, "a key is written again")
            else:
                items.append(self._flow_value(position))
                position = self._space(items[-1].end)
            if self.text.startswith(",", position):
                position = self._space(position + 1)
            elif not self.text.startswith(close, position):
                raise self.error(position, f"expected ',' or {close!r}")
        self.depth -= 1
        if close == "}":
            return Object(offset, position + 1, tuple(members))
        return Array(offset, position + 1, tuple(items))

    def _space(self, offset: int) -> int:
        match = FLOW_SPACE.match(self.text, offset)
        return match.end() if match is not None else offset

    def _flow_member(self, offset: int) -> Member:
        match = FLOW_KEY.match(self.text, offset)
        if match is None or self.text[offset] in REFUSED:
            raise self.error(min(offset, len(self.text)), "expected 'key: value'")
        group = 1 if match.group(1) is not None else 2
        key = self._key(match.group(group), offset)
        position = self._space(match.end())
        if self.text[position : position + 1] in (",", "}"):
            raise self.error(position, "a key without a value cannot be edited here")
        return Member(offset, match.end(group), key, self._flow_value(position))

    def _flow_value(self, offset: int) -> Node:
        first = self.text[offset : offset + 1]
        if first in ("{", "["):
            return self._flow(offset)
        if first in ('"', "'"):
            return self._quoted(offset)
        match = FLOW_PLAIN.match(self.text, offset)
        if match is None:
            raise self.error(offset, "expected a value")
        return self._plain(offset, match.group())


def _last_end(node: Node, at_least: int) -> int:
    """Where a value ends; an empty one ends with what stands before it."""
    return max(node.end, at_least)
