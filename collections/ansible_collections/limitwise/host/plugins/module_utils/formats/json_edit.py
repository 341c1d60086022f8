# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing one value of a JSON text where it stands, and nothing else of the text."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from .json_text import Array, Document, Member, Node, Object, compact, parse, quoted
from .text import encode

DEFAULT_INDENT = "  "


def set_value(data: bytes, path: Sequence[str], value: Node) -> bytes:
    """The text with a value at a path of keys, in place if there is one, else behind its siblings.

    Objects on the way are made, in the text's own layout; anything else on the way is replaced.
    """
    document = parse(data)
    if not document.text.strip():
        document = parse(b"{}" + (data or b"\n"))
    node, rest = document.root, list(path)
    while len(rest) > 1:
        member = node.find(rest[0])
        if member is None or not isinstance(member.value, Object):
            break
        node, rest = member.value, rest[1:]
    return encode(_put(document, node, rest, value))


def remove(data: bytes, path: Sequence[str]) -> bytes:
    """The text without the value at a path of keys; the object that held it stays, even empty."""
    document = parse(data)
    chain = _objects(document.root, path)
    if not chain or chain[-1].find(path[-1]) is None:
        return data
    return encode(_without(document.text, chain[-1], path[-1]))


def prune(data: bytes, path: Sequence[str]) -> bytes:
    """As `remove`, and then without the objects on the path that this left empty."""
    for depth in range(len(path), 0, -1):
        left = remove(data, path[:depth])
        if left == data or _objects(parse(left).root, path[:depth])[-1].members:
            return left
        data = left
    return data


def _objects(root: Object, path: Sequence[str]) -> List[Object]:
    """The objects from the top to the one that holds the path's last key; none if one lacks."""
    chain = [root]
    for key in path[:-1]:
        member = chain[-1].find(key)
        if member is None or not isinstance(member.value, Object):
            return []
        chain.append(member.value)
    return chain


def _put(document: Document, node: Object, keys: Sequence[str], value: Node) -> str:
    text = document.text
    layout = _Layout(document, node)
    member = node.find(keys[0])
    if member is not None:
        new = layout.value(keys[1:], value)
        return text[: member.value.start] + new + text[member.value.end :]
    new = quoted(keys[0]) + layout.colon + layout.value(keys[1:], value)
    if not node.members:
        return text[: node.start] + layout.only(new) + text[node.end :]
    last = node.members[-1].value.end
    return text[:last] + "," + layout.gap + new + text[last:]


def _without(text: str, node: Object, key: str) -> str:
    members = node.members
    kept = [member for member in members if member.key != key]
    if not kept:
        return text[: node.start] + "{}" + text[node.end :]
    pieces: List[str] = []
    position = 0
    for number, member in enumerate(members):
        if member.key != key:
            continue
        start, end = _span(members, number, kept[-1])
        pieces.append(text[position:start])
        position = end
    return "".join(pieces) + text[position:]


def _span(members: Tuple[Member, ...], number: int, last_kept: Member) -> Tuple[int, int]:
    """What goes with a member: the comma and the blanks up to its neighbour."""
    if members[number].start > last_kept.start:
        return members[number - 1].value.end, members[number].value.end
    return members[number].start, members[number + 1].start


class _Layout:
    """How the text around an object is laid out, so that what is new looks like what is old."""

    def __init__(self, document: Document, node: Object) -> None:
        self.text = document.text
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        self.unit = self._unit(document.root)
        self.own = self._line_indent(node.start)
        sample = node.members[-1] if node.members else None
        self.colon = self._colon(sample or next(iter(document.root.members), None))
        self.gap = self._gap(document, node, sample)

    def _line_indent(self, offset: int) -> str:
        line = self.text[self.text.rfind("\n", 0, offset) + 1 : offset]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _before(self, member: Member) -> str:
        """The blanks before a key, from its own line on."""
        head = self.text[: member.start]
        blanks = head[len(head.rstrip(" \t\r\n")) :]
        return self.newline + blanks.rpartition("\n")[2] if "\n" in blanks else blanks

    def _unit(self, root: Object) -> str:
        first = self._before(root.members[0]) if root.members else ""
        return first.partition("\n")[2] or DEFAULT_INDENT

    def _gap(self, document: Document, node: Object, sample: Optional[Member]) -> str:
        if sample is not None:
            gap = self._before(sample)
            return gap or self.blank
        siblings = document.root.members
        if node is not document.root and siblings and "\n" not in self._before(siblings[0]):
            return ""
        return self.newline + self.own + self.unit

    def _colon(self, sample: Optional[Member]) -> str:
        if sample is None:
            return ": "
        between = self.text[sample.end : sample.value.start]
        return ": " if "\n" in between else between

    @property
    def blank(self) -> str:
        """What follows a comma within a line: a blank where one follows the colons."""
        return " " if self.colon.endswith(" ") else ""

    def only(self, member: str) -> str:
        """An object with one member, in the place of an empty one."""
        close = self.newline + self.own if "\n" in self.gap else ""
        return "{" + self.gap + member + close + "}"

    def value(self, keys: Sequence[str], value: Node) -> str:
        """The text of a value, inside new objects for the keys that lead to it."""
        return self._nested(keys, value, self.gap)

    def _nested(self, keys: Sequence[str], value: Node, gap: str) -> str:
        if not keys:
            return self._flat(value)
        broken = "\n" in gap
        inner = gap + self.unit if broken else gap
        content = quoted(keys[0]) + self.colon + self._nested(keys[1:], value, inner)
        return "{" + (inner if broken else "") + content + (gap if broken else "") + "}"

    def _flat(self, node: Node) -> str:
        """A value on one line."""
        if isinstance(node, Object):
            members = node.effective().values()
            inside = [quoted(m.key) + self.colon + self._flat(m.value) for m in members]
            return "{" + f",{self.blank}".join(inside) + "}"
        if isinstance(node, Array):
            return "[" + f",{self.blank}".join(self._flat(item) for item in node.items) + "]"
        return compact(node)
