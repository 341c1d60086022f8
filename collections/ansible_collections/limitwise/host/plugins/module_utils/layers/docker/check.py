# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue says of the daemon.json keys that a tuning wants; needs no host."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterator, List, Sequence

from ... import redact
from ...catalogue import docker
from ...catalogue.rules import docker as rules
from ...catalogue.rules import tuning as tuning_rules
from ...catalogue.rules.docker import LAYER
from ...findings import Finding
from ...formats.keyed_json import path_of, pointer
from ...tuning import Item
from .keys import top


def check(items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
    """Every unknown, refused or wrong key; ``allowed`` has ``runtimes`` or ``/runtimes/crun``."""
    found: List[Finding] = []
    groups: Dict[str, List[Item]] = {}
    for item in items:
        groups.setdefault(top(item.key), []).append(item)
    for key, members in groups.items():
        found.extend(_key(key, members, allowed))
    return found


def _key(key: str, items: Sequence[Item], allowed: FrozenSet[str]) -> Iterator[Finding]:
    right = docker.ignored_twin(key)
    if right is not None:
        yield rules.IGNORED_KEY.at(items[0].place, found=key, suggestion=right)
        return
    known = docker.lookup(key)
    for item in items:
        reason = docker.refusal(item.key)
        if not reason or _permitted(item.key, allowed):
            continue
        if known is None:
            near = docker.nearest_key(key)
            yield rules.UNKNOWN_KEY.at(item.place, found=key, suggestion=near)
        else:
            yield tuning_rules.NOT_A_LIMIT.at(item.place, layer=LAYER, found=key, reason=reason)
    for problem in docker.check_value(key, together(items)[key]) if known is not None else ():
        yield rules.WRONG_VALUE.at(
            _nearest(items, problem.path).place, what=problem.path.lstrip("/"),
            severity=problem.severity, found=redact.value(problem.path, problem.message),
            suggestion=problem.suggestion,
        )


def _permitted(key: str, allowed: FrozenSet[str]) -> bool:
    """Whether the host permits this pointer, or one above it, by name."""
    parts = path_of(key)
    above = [pointer(parts[:length]) for length in range(1, len(parts) + 1)]
    return any(name in allowed or name[1:] in allowed for name in above)


def together(items: Sequence[Item]) -> Dict[str, Any]:
    """The object that the items were taken apart from."""
    whole: Dict[str, Any] = {}
    for item in items:
        *way, last = path_of(item.key)
        place = whole
        for part in way:
            place = place.setdefault(part, {})
        place[last] = item.value
    return whole


def _nearest(items: Sequence[Item], path: str) -> Item:
    """The item that a pointer leads to or through; the first when none is nearer."""
    parts = path_of(path)
    for length in range(len(parts), 0, -1):
        name = pointer(parts[:length])
        for item in items:
            if item.key == name or item.key.startswith(name + "/"):
                return item
    return items[0]
