# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of a tuning: what a run may disrupt, and how it is confirmed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Tuple

from .catalogue.rules import tuning as rules
from .catalogue.suggest import nearest
from .findings import Finding, Place

NEVER = "never"
IF_NEEDED = "if-needed"
DISRUPTION = (NEVER, IF_NEEDED)

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
SPAN = re.compile(r"([0-9]{1,6}) ?(s|m|min|h)?")


@dataclass(frozen=True)
class Policy:
    """``restart``, ``reboot``: never or if-needed. ``confirm``: seconds, None for no confirmation.

    ``allow_lowering``: floors that may go down. ``maximum``: how far a key may be raised (relief
    too). ``boot_script``: where a host without an init of its own keeps its settings. ``given``:
    the names of those that a document states, be it with their default.
    """

    restart: str = NEVER
    reboot: str = NEVER
    confirm: Optional[int] = None
    allow_lowering: Tuple[str, ...] = ()
    maximum: Tuple[Tuple[str, int], ...] = ()
    boot_script: Optional[str] = None
    given: FrozenSet[str] = field(default=frozenset(), compare=False)


DEFAULT_POLICY = Policy()


def seconds(text: Any) -> Optional[int]:
    """``60s``, ``5m``, ``1h`` or a number of seconds; None when it is none of these."""
    match = SPAN.fullmatch(str(text)) if isinstance(text, (str, int)) else None
    if match is None or isinstance(text, bool):
        return None
    return int(match.group(1)) * SECONDS[match.group(2) or "s"]


def _disruption(value: Any) -> Optional[str]:
    return value if value in DISRUPTION else None


def _confirm(value: Any) -> Optional[int]:
    span = seconds(value)
    return span if span is not None and 5 <= span <= 86400 else None


def _names(value: Any) -> Optional[Tuple[str, ...]]:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    return None


def _maximum(value: Any) -> Optional[Tuple[Tuple[str, int], ...]]:
    if not isinstance(value, dict):
        return None
    numbers = all(isinstance(top, int) and not isinstance(top, bool) for top in value.values())
    return tuple((str(key), top) for key, top in value.items()) if numbers else None


def _path(value: Any) -> Optional[str]:
    plain = isinstance(value, str) and value.startswith("/") and "/../" not in value
    return value if plain and value.isprintable() else None


READERS: Dict[str, Tuple[Callable[[Any], Any], str]] = {
    "restart": (_disruption, "never or if-needed"),
    "reboot": (_disruption, "never or if-needed"),
    "confirm": (_confirm, "a time from 5s to 24h, such as 60s"),
    "allow_lowering": (_names, "a list of keys"),
    "maximum": (_maximum, "a map of keys and whole numbers"),
    "boot_script": (_path, "the absolute path of a script"),
}


def read_policy(
    section: Any, place: Callable[[Tuple[str, ...]], Place]
) -> Tuple[Policy, List[Finding]]:
    """The policy and what is wrong with it; a key without a value keeps its default."""
    here = place(("policy",))
    if section is None:
        return DEFAULT_POLICY, []
    if not isinstance(section, Mapping):
        return DEFAULT_POLICY, [
            rules.WRONG_SHAPE.at(here, found=type(section).__name__, what="policy", wanted="a map")
        ]
    values: Dict[str, Any] = {}
    found: List[Finding] = []
    for key, value in section.items():
        where = place(("policy", str(key)))
        if key not in READERS:
            near = nearest(str(key), list(READERS))
            found.append(rules.UNKNOWN_POLICY.at(where, found=str(key), suggestion=near))
            continue
        read, wanted = READERS[key]
        if value is None:
            continue
        values[key] = read(value)
        if values[key] is None:
            found.append(rules.BAD_POLICY.at(where, found=str(value), what=key, wanted=wanted))
    return Policy(**values, given=frozenset(values)) if not found else DEFAULT_POLICY, found
