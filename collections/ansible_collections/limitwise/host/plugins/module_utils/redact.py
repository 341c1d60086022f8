# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leaving credentials out of everything that is shown: proxies, tokens, passwords in addresses."""

from __future__ import annotations

import re
from typing import List, Tuple

from .formats import json_text
from .formats import text as plain
from .formats.text import FormatError

HIDDEN = "***"

# The user part of an address: everything before the last "@" that belongs to it. JSON may write
# a slash as "\/".
USER_PART = re.compile(r"""((?:\\?/){2})[^\s"]*@""")
# Proxy settings, wherever they stand (daemon.json has them in "proxies" or as flags' names).
PROXY = re.compile(r"(?:https?|ftp|all)[-_]?proxy", re.IGNORECASE)
SECRET = re.compile(
    r"passw(?:or)?d|secret|token|credential|api[-_]?key|access[-_]?key", re.IGNORECASE
)
ASSIGNED = re.compile(
    r"""((?:(?:https?|ftp|all)[-_]?proxy|[\w-]*(?:passw(?:or)?d|secret|token|credential"""
    r"""|api[-_]?key|access[-_]?key)[\w-]*)["']?\s*[:=]\s*)"""
    r"""("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s"',}]+)""",
    re.IGNORECASE,
)


def words(line: str) -> str:
    """A message or any other text without the user part of addresses and without proxies."""
    hidden = ASSIGNED.sub(lambda match: match.group(1) + HIDDEN, line)
    return USER_PART.sub(lambda match: match.group(1) + HIDDEN + "@", hidden)


def value(key: str, text_of_value: str) -> str:
    """The value of one key as it may be shown; ``key`` is its name or JSON pointer."""
    if PROXY.search(key) or SECRET.search(key) or key.startswith("/proxies/"):
        return HIDDEN
    return words(text_of_value)


def text(fmt: str, data: bytes) -> bytes:
    """A file as it may be shown: the same text, with every credential replaced by ``***``.

    ``fmt`` as in formats.keyed. Broken JSON is treated as plain text.
    """
    if fmt == "json_text":
        try:
            return _json(json_text.parse(data))
        except FormatError:
            return _lines(data)
    return _lines(data)


def _lines(data: bytes) -> bytes:
    return plain.encode(words(plain.decode(data)))


def _json(document: json_text.Document) -> bytes:
    spans: List[Tuple[int, int, str]] = []
    _collect(document.root, "", spans)
    pieces: List[str] = []
    position = 0
    for start, end, shown in sorted(spans):
        pieces.extend((document.text[position:start], shown))
        position = end
    return plain.encode("".join(pieces) + document.text[position:])


def _collect(node: json_text.Node, key: str, spans: List[Tuple[int, int, str]]) -> None:
    """Note each string that holds a credential; ``key`` is the path of keys that leads to it."""
    if isinstance(node, json_text.Object):
        for member in node.members:
            _collect(member.value, f"{key}/{member.key}", spans)
    elif isinstance(node, json_text.Array):
        for item in node.items:
            _collect(item, key, spans)
    elif node.kind == "string":
        shown = value(key, node.value)
        if shown != node.value:
            spans.append((node.start, node.end, json_text.quoted(shown)))
