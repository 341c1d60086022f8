# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which leaves of daemon.json have to change, and what the record says of them afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ...catalogue.rules import docker as rules
from ...findings import Finding, Place
from ...formats.keyed_json import path_of, pointer
from ...tuning import Item
from ..base import Context
from .keys import same, satisfied, top, wanted_text
from .record import Ours, Record

# Values that hold nothing, so that a key below them takes nothing away.
EMPTY = ("{}", "null")
ULIMITS = "/default-ulimits/"


@dataclass(frozen=True)
class Edits:
    """``keys``: what becomes of each leaf that a change reports (None: it goes).

    ``cleared``: leaves that vanish because a wanted key takes their place. ``ours``: the record's
    keys after the run.
    """

    keys: Mapping[str, Optional[str]] = field(default_factory=dict)
    cleared: Tuple[str, ...] = ()
    ours: Mapping[str, Ours] = field(default_factory=dict)
    findings: Tuple[Finding, ...] = ()

    @property
    def all(self) -> Dict[str, Optional[str]]:
        """Every edit, as formats.keyed takes them."""
        return {**dict.fromkeys(self.cleared), **self.keys}


def as_spelled(items: Sequence[Item], values: Mapping[str, str]) -> List[Item]:
    """The items, with names inside default-ulimits in the file's case: Go reads them in any."""
    spelled = {key.lower(): key for key in values if key.startswith(ULIMITS)}
    return [
        replace(item, key=spelled.get(item.key.lower(), item.key))
        if item.key.startswith(ULIMITS) and item.key not in values
        else item
        for item in items
    ]


def decide(
    values: Mapping[str, str], items: Sequence[Item], record: Record, path: str, context: Context
) -> Edits:
    """What to write so that the file has what is wanted; a floor is lowered only where allowed.

    When purging, a key of ours that is not wanted any more goes back to what stood there before
    us, unless somebody else has changed it since: then it is theirs.
    """
    keys: Dict[str, Optional[str]] = {}
    cleared: List[str] = []
    found: List[Finding] = []
    ours = dict(record.keys)
    for item in items:
        text = wanted_text(item)
        now = values.get(item.key)
        lowering = {item.key, top(item.key)} & set(context.policy.allow_lowering)
        enough = same(now, text) if lowering else satisfied(item.key, now, text)
        if enough or holds(values, item):
            continue
        blocked = _blocking(values, item.key)
        found.extend(
            rules.IN_THE_WAY.at(Place(path), what=item.name, found=key)
            for key in blocked if values[key] not in EMPTY
        )
        keys[item.key] = text
        cleared.extend([*blocked, *_below(values, item.key)])
        ours[item.key] = _taken(ours.get(item.key), now, text)
    if context.purge:
        for key in [key for key in ours if not _related(key, items)]:
            mine = ours.pop(key)
            if values.get(key) == mine.text and mine.original != mine.text:
                keys[key] = mine.original
    return Edits(keys, tuple(dict.fromkeys(cleared)), ours, tuple(found))


def holds(values: Mapping[str, str], item: Item) -> bool:
    """Whether an empty object is wanted where one with keys stands: merging adds nothing to it."""
    return item.value == {} and bool(_below(values, item.key))


def _taken(before: Optional[Ours], now: Optional[str], text: str) -> Ours:
    """A key that we write: the original stays the one from before our first write."""
    return Ours(text, before.original if before is not None else now)


def _blocking(values: Mapping[str, str], key: str) -> List[str]:
    """Leaves on the way to a key: values where it needs an object."""
    parts = path_of(key)
    above = (pointer(parts[:length]) for length in range(1, len(parts)))
    return [leaf for leaf in above if leaf in values]


def _below(values: Iterable[str], key: str) -> List[str]:
    return [leaf for leaf in values if leaf.startswith(key + "/")]


def _related(key: str, items: Sequence[Item]) -> bool:
    """Whether a wanted key is this one, above it or below it."""
    return any(
        key == item.key or key.startswith(item.key + "/") or item.key.startswith(key + "/")
        for item in items
    )
