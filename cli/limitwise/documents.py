# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as YAML or JSON: read with the place of every key, and written."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path as FilePath
from typing import Any, Dict, List, Tuple

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError, Place
from ansible_collections.limitwise.host.plugins.module_utils.formats import json_text
from ansible_collections.limitwise.host.plugins.module_utils.formats.text import FormatError

Path = Tuple[str, ...]
Read = Tuple[Any, Dict[Path, Place]]

SIZE_LIMIT = 4 << 20  # bytes; a tuning of thousands of keys is far below
NODE_LIMIT = 100_000  # what anchors may expand to


def content(name: str) -> bytes:
    """The bytes of a file, or of standard input for ``-``; InputError when it cannot be read."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else FilePath(name).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(name)) from error
    return data


def load(name: str) -> Read:
    """A document and the place of every path in it; JSON for a name in .json, else YAML."""
    return parse(content(name), name)


def parse(data: bytes, name: str) -> Read:
    """The same from bytes."""
    if len(data) > SIZE_LIMIT:
        raise InputError(f"is larger than {SIZE_LIMIT >> 20} MiB", place=Place(name))
    if name.endswith(".json") or find_spec("yaml") is None:
        return _json(data, name)
    return _yaml(data, name)


def written(document: Any) -> str:
    """A document as YAML, or as JSON (which is YAML too) where there is no PyYAML."""
    if find_spec("yaml") is None:
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml

    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def _json(data: bytes, name: str) -> Read:
    if not data.strip():
        raise InputError("is not JSON: it is empty", place=Place(name))
    try:
        document = json_text.parse(data)
    except FormatError as error:
        place = Place(name, error.line, error.column)
        remedy = "" if find_spec("yaml") else "without PyYAML only JSON can be read"
        raise InputError(f"is not JSON: {error}", place=place, remedy=remedy) from error
    for again in document.duplicates():
        place = Place(name, again.line, again.column)
        raise InputError(f"the key {again.path[-1]!r} stands twice", place=place)
    places: Dict[Path, Place] = {}

    def walk(node: object, path: Path) -> None:
        if isinstance(node, json_text.Object):
            for member in node.members:
                here = (*path, member.key)
                places[here] = Place(name, *document.place(member.start))
                walk(member.value, here)
        elif isinstance(node, json_text.Array):
            for index, item in enumerate(node.items):
                here = (*path, str(index))
                places[here] = Place(name, *document.place(item.start))
                walk(item, here)

    walk(document.root, ())
    return json.loads(data), places


def _yaml(data: bytes, name: str) -> Read:
    import yaml

    try:
        loader = yaml.SafeLoader(data)
        node = loader.get_single_node()
        places: Dict[Path, Place] = {}
        if node is not None:
            _walk(node, (), name, places, [NODE_LIMIT])
        document = loader.construct_document(node) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        raise InputError(f"is not YAML: {error.problem or error.context}", place=place) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"is not YAML: {reason}", place=Place(name)) from error
    return document, places


def _walk(node: Any, path: Path, name: str, places: Dict[Path, Place], left: List[int]) -> None:
    """Record the place of every key and list entry; a key that stands twice is an error."""
    left[0] -= 1
    if left[0] < 0:
        raise ValueError("its anchors expand to too much")
    if isinstance(node.value, str):
        return
    seen = set()
    for index, entry in enumerate(node.value):
        key, value = entry if isinstance(entry, tuple) else (None, entry)
        part = str(index) if key is None else str(key.value)
        mark = (value if key is None else key).start_mark
        place = Place(name, mark.line + 1, mark.column + 1)
        if key is not None and part in seen:
            raise InputError(f"the key {part!r} stands twice", place=place)
        seen.add(part)
        places[(*path, part)] = place
        _walk(value, (*path, part), name, places, left)
