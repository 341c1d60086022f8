# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing one value of a YAML text where it stands, and nothing else of the text."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from .json_text import Array, Document, Node, Object, compact
from .text import encode
from .yaml_scalar import key_text
from .yaml_text import parse

DEFAULT_INDENT = 2


def set_value(data: bytes, path: Sequence[str], value: Node) -> bytes:
    """The text with a value at a path of keys, in place if there is one, else behind its siblings.

    Maps on the way are made as blocks, within a flow map as flow maps.
    """
    document = parse(data)
    node, rest = document.root, list(path)
    while len(rest) > 1:
        member = node.find(rest[0])
        if member is None or not isinstance(member.value, Object):
            break
        node, rest = member.value, rest[1:]
    return encode(_put(document, node, rest, value))


def prune(data: bytes, path: Sequence[str]) -> bytes:
    """The text without the value at a path of keys, and without the maps that this leaves empty."""
    document = parse(data)
    chain = [document.root]
    for key in path[:-1]:
        member = chain[-1].find(key)
        if member is None or not isinstance(member.value, Object):
            return data
        chain.append(member.value)
    for node, key in zip(reversed(chain), reversed(path)):
        if node.find(key) is None:
            return data
        if len(node.members) > 1 or node is document.root:
            return encode(_without(document, node, key))
    return data


def _put(document: Document, node: Object, keys: Sequence[str], value: Node) -> str:
    if _is_flow(document, node):
        return _put_in_flow(document.text, node, keys, value)
    member = node.find(keys[0])
    if member is None:
        lines = _lines(document, _indent(document, node), keys, value)
        return _behind(document, node.end, lines)
    text, start, end = document.text, member.value.start, member.value.end
    if start == end and len(keys) > 1:
        inner = _indent(document, node) + _unit(document)
        return _behind(document, end, _lines(document, inner, keys[1:], value))
    new = _flow_value(keys[1:], value)
    if start == end or document.place(start)[0] != document.place(member.start)[0]:
        # nothing yet, or a block below the key: what is new stands behind the colon
        colon = text.index(":", member.end) + 1
        return text[:colon] + " " + new + text[max(end, colon) :]
    return text[:start] + new + text[end:]


def _put_in_flow(text: str, node: Object, keys: Sequence[str], value: Node) -> str:
    member = node.find(keys[0])
    new = _flow_value(keys[1:], value)
    if member is not None:
        return text[: member.value.start] + new + text[member.value.end :]
    pair = f"{key_text(keys[0])}: {new}"
    if not node.members:
        return text[: node.start] + "{" + pair + "}" + text[node.end :]
    last = node.members[-1].value.end
    return text[:last] + ", " + pair + text[last:]


def _is_flow(document: Document, node: Object) -> bool:
    return document.text.startswith("{", node.start)


def _indent(document: Document, node: Object) -> int:
    """The column of a block map's keys; 0 for the map of an empty text."""
    return document.place(node.start)[1] - 1 if node.members else 0


def _unit(document: Document) -> int:
    """How far the text indents a map below a key of the top."""
    for member in document.root.members:
        node = member.value
        if isinstance(node, Object) and node.members and not _is_flow(document, node):
            return _indent(document, node) - _indent(document, document.root)
    return DEFAULT_INDENT


def _lines(document: Document, indent: int, keys: Sequence[str], value: Node) -> List[str]:
    """A key with its value, in a line each for the maps that lead to it."""
    unit = _unit(document)
    lines = [" " * (indent + unit * depth) + f"{key_text(key)}:" for depth, key in enumerate(keys)]
    lines[-1] += " " + _flow(value)
    return lines


def _behind(document: Document, offset: int, lines: List[str]) -> str:
    """The text with new lines behind the line in which an offset is."""
    text = document.text
    newline = "\r\n" if "\r\n" in text else "\n"
    end = text.find("\n", offset)
    if end < 0:
        head = text + newline if text and not text.endswith("\n") else text
        return head + "".join(line + newline for line in lines)
    return text[: end + 1] + "".join(line + newline for line in lines) + text[end + 1 :]


def _without(document: Document, node: Object, key: str) -> str:
    text = document.text
    position = [member.key for member in node.members].index(key)
    member = node.members[position]
    if _is_flow(document, node):
        start, end = _flow_span(node, position)
        return text[:start] + text[end:]
    first = document.line_starts[document.place(member.start)[0] - 1]
    last = text.find("\n", max(member.value.end, member.end))
    return text[:first] + ("" if last < 0 else text[last + 1 :])


def _flow_span(node: Object, position: int) -> Tuple[int, int]:
    """What goes with a member of a flow map: the comma and the blanks up to its neighbour."""
    members = node.members
    if len(members) == 1:
        return node.start + 1, node.end - 1
    if position + 1 < len(members):
        return members[position].start, members[position + 1].start
    return members[position - 1].value.end, members[position].value.end


def _flow_value(keys: Sequence[str], value: Node) -> str:
    """A value inside new flow maps for the keys that lead to it."""
    text = _flow(value)
    for key in reversed(keys):
        text = "{" + f"{key_text(key)}: {text}" + "}"
    return text


def _flow(node: Node) -> str:
    """A value on one line; strings are always in quotes, so that no reader takes them for more."""
    if isinstance(node, Object):
        members = node.effective().values()
        return "{" + ", ".join(f"{key_text(m.key)}: {_flow(m.value)}" for m in members) + "}"
    if isinstance(node, Array):
        return "[" + ", ".join(_flow(item) for item in node.items) + "]"
    return compact(node)
