# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON by key: the JSON pointer (RFC 6901) of every leaf; lists and empty objects are leaves."""

from __future__ import annotations

from typing import Dict, Iterator, Mapping, Optional, Tuple

from .json_edit import prune, set_value
from .json_text import DEEPEST, Member, Object, Path, compact, parse, parse_value
from .text import FormatError


def pointer(path: Path) -> str:
    """A path of keys as a JSON pointer: `/default-ulimits/nofile/Hard`."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def path_of(key: str) -> Path:
    """The path of keys that a JSON pointer names; FormatError when it is none."""
    if not key.startswith("/"):
        raise FormatError(f"{key!r} is no JSON pointer: it must begin with '/'")
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in key[1:].split("/"))
    if pointer(path) != key:
        raise FormatError(f"{key!r} is no JSON pointer: a '~' is written '~0'")
    if len(path) > DEEPEST:
        raise FormatError(f"a path of more than {DEEPEST} keys")
    return path


def leaves(node: Object, path: Path) -> Iterator[Tuple[Path, Member]]:
    """Every member that is no object with keys of its own, with its path."""
    for key, member in node.effective().items():
        here = (*path, key)
        if isinstance(member.value, Object) and member.value.members:
            yield from leaves(member.value, here)
        else:
            yield here, member


def values(data: bytes) -> Dict[str, str]:
    """Every leaf as compact JSON text; FormatError where the text is no JSON object."""
    root = parse(data).root
    return {pointer(path): compact(member.value) for path, member in leaves(root, ())}


def places(data: bytes) -> Dict[str, Tuple[int, int]]:
    """Line and column of every leaf's key."""
    document = parse(data)
    found = leaves(document.root, ())
    return {pointer(path): document.place(member.start) for path, member in found}


def normal(key: str, value: str) -> str:
    """The value as compact JSON text; FormatError when it is none, or has leaves of its own."""
    path_of(key)
    try:
        node = parse_value(value)
    except FormatError as problem:
        raise FormatError(f"the value of {key} is no JSON: {problem}") from problem
    if isinstance(node, Object) and node.members:
        raise FormatError(f"{key} cannot be a whole object: give each of its leaves a pointer")
    return compact(node)


def settled(wanted: Mapping[str, str]) -> Dict[str, str]:
    """The leaves without each `{}` that has leaves below; FormatError for any other such value."""
    parents: Dict[str, str] = {}
    for key in wanted:
        above = key.rpartition("/")[0]
        while above and above not in parents:
            parents[above] = key
            above = above.rpartition("/")[0]
    for key, below in parents.items():
        if wanted.get(key, "{}") != "{}":
            raise FormatError(f"{key!r} cannot be {wanted[key]} and hold {below!r}")
    return {key: value for key, value in wanted.items() if key not in parents}


def write(data: bytes, changes: Mapping[str, Optional[str]]) -> bytes:
    """The text with these leaves; an object whose last leaf goes, goes with it."""
    for key, value in changes.items():
        if value is not None:
            data = set_value(data, path_of(key), parse_value(value))
    for key, value in changes.items():
        # A leaf that has just become an object, or was replaced with one, is gone already.
        if value is None and key in values(data):
            data = prune(data, path_of(key))
    return data
