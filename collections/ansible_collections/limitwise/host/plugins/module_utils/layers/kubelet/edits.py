# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys of the kubelet's file have to change, and what the record says of them afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ...catalogue.kubelet import EVICTION_DEFAULTS
from ...catalogue.rules import kubelet as rules
from ...findings import Finding, Place
from ...tuning import Item
from ..base import Context
from ..record import Ours
from .config import DROP_IN_HEAD
from .state import KubeletState
from .values import readable, same, wanted_text

EVICTION = "/evictionHard/"
EMPTY = ("{}", "null")


@dataclass(frozen=True)
class Edits:
    """``keys``: what becomes of each leaf that a change reports (None: it goes). ``cleared``: empty
    leaves that a wanted key takes the place of. ``ours``: the record's keys after the run.
    """

    keys: Mapping[str, Optional[str]] = field(default_factory=dict)
    cleared: Tuple[str, ...] = ()
    ours: Mapping[str, Ours] = field(default_factory=dict)
    findings: Tuple[Finding, ...] = ()

    @property
    def all(self) -> Dict[str, Optional[str]]:
        """Every edit, as formats.keyed takes them."""
        return {**dict.fromkeys(self.cleared), **self.keys}


def decide(state: KubeletState, items: Sequence[Item], context: Context) -> Edits:
    """What to write so that the file has what is wanted.

    When purging, a key of ours that is not wanted any more goes back to what stood there before
    us, unless somebody else has changed it since: then it is theirs.
    """
    values = state.own.values
    keys: Dict[str, Optional[str]] = {}
    cleared: List[str] = []
    found: List[Finding] = []
    ours = known(state)
    wanted = {item.key: wanted_text(item) for item in items}
    kept = eviction_defaults(state, wanted, ours)
    for key, text in {**wanted, **kept}.items():
        now = values.get(key)
        # what is not in the file is not set for good, be it the kubelet's default today
        if now is not None and same(key, now, text):
            continue
        blocked = [leaf for leaf in values if key.startswith(leaf + "/")]
        found.extend(
            rules.IN_THE_WAY.at(
                Place(state.path, state.own.lines.get(leaf)), what=key.lstrip("/"),
                found=leaf.lstrip("/"),
            )
            for leaf in blocked if values[leaf] not in EMPTY
        )
        cleared.extend([*blocked, *(leaf for leaf in values if leaf.startswith(key + "/"))])
        keys[key] = text
        ours[key] = Ours(text, ours[key].original if key in ours else now)
    if context.purge:
        for key in [key for key in ours if key not in wanted and key not in kept]:
            mine = ours.pop(key)
            if values.get(key) == mine.text and mine.original != mine.text:
                keys[key] = mine.original
    if any(key in keys for key in kept):
        shown = ", ".join(f"{key[len(EVICTION):]} {readable(kept[key])}" for key in sorted(kept))
        found.append(rules.DEFAULTS_KEPT.at(Place(state.path), found=shown))
    return Edits(keys, tuple(dict.fromkeys(cleared)), ours, tuple(found))


def known(state: KubeletState) -> Dict[str, Ours]:
    """Our keys: the recorded ones, and in a file of our own every key, recorded or not."""
    ours = dict(state.record.keys)
    if state.drop_in:
        for key, text in state.own.values.items():
            if key not in DROP_IN_HEAD:
                ours.setdefault(key, Ours(text))
    return ours


def eviction_defaults(
    state: KubeletState, wanted: Mapping[str, str], ours: Mapping[str, Ours]
) -> Dict[str, str]:
    """The kubelet's own thresholds, where a file that sets one signal would switch them off.

    Drop-ins are merged over the defaults already (loadConfigFile comes first in server.go).
    """
    merges = state.own.values.get("/mergeDefaultEvictionSettings") == "true"
    theirs = [
        key for key in state.own.values if key.startswith(EVICTION) and key not in ours
    ]
    if state.drop_in or merges or theirs or not any(key.startswith(EVICTION) for key in wanted):
        return {}
    defaults = {EVICTION + key: json.dumps(value) for key, value in EVICTION_DEFAULTS.items()}
    return {key: text for key, text in defaults.items() if key not in wanted}
