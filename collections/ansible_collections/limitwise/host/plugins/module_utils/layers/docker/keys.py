# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key of daemon.json means for a run: what makes it take effect, for whom, and comparing.

A key is named by its JSON pointer, a value by its compact JSON text (formats.keyed).
"""

from __future__ import annotations

import json
import re
from typing import Any, List, Optional, Tuple

from ...catalogue import docker
from ...catalogue.classes import EXACT, FLOOR
from ...catalogue.docker_values import Network, pools_of
from ...change import ALL, RELOAD, RESTART
from ...tuning import Item

# A signal makes dockerd take over new values; only of these it takes the default again when the
# key is gone from the file (moby daemon/reload.go).
RESET_BY_RELOAD = frozenset((
    "features", "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts",
))
SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)i?b?", re.IGNORECASE)
UNITS = " kmgtp"


def top(pointer: str) -> str:
    """The key of daemon.json that a pointer leads into: ``default-ulimits``."""
    return docker.parts_of(pointer)[0]


def needs(pointer: str, after: Optional[str]) -> str:
    """What makes a changed (or, with None, removed) key take effect: ``reload`` or ``restart``."""
    known = docker.lookup(pointer)
    if known is None or known.effect != RELOAD:
        return RESTART
    return RELOAD if after is not None or known.name in RESET_BY_RELOAD else RESTART


def applies_to(pointer: str) -> str:
    """Who gets the new value: all, or new containers only."""
    known = docker.lookup(pointer)
    return known.applies_to if known is not None else ALL


def klass(pointer: str) -> str:
    """The class of a key; one that only the host's own permission admits must hold exactly."""
    known = docker.lookup(pointer)
    return known.klass if known is not None else EXACT


def wanted_text(item: Item) -> str:
    """An item's value as compact JSON."""
    return json.dumps(item.value, separators=(",", ":"), ensure_ascii=False)


def readable(text: Optional[str]) -> Optional[str]:
    """A value as changes show it: texts without their quotes, everything else as JSON."""
    if text is None:
        return None
    value = json.loads(text)
    return value if isinstance(value, str) else text


def same(now: Optional[str], wanted: str) -> bool:
    """Whether two values are equal: 1 is not true, and an address pool is what it covers."""
    if now is None:
        return False
    have, want = json.loads(now), json.loads(wanted)
    if have == want and type(have) is type(want):
        return True
    pools = _pools(have), _pools(want)
    return bool(pools[0]) and pools[0] == pools[1]


def _pools(value: Any) -> List[Tuple[Network, int]]:
    """The pools of a list of objects with base and size; none where it is anything else."""
    if not isinstance(value, list) or not all(isinstance(pool, dict) for pool in value):
        return []
    try:
        pools = pools_of(value)
    except ValueError:
        return []
    return pools if len(pools) == len(value) else []


def satisfied(pointer: str, now: Optional[str], wanted: str) -> bool:
    """Whether a value is what is wanted, or, for a floor, at or above it."""
    if now is None or same(now, wanted):
        return now is not None
    have, want = _number(json.loads(now)), _number(json.loads(wanted))
    if klass(pointer) != FLOOR or have is None or want is None:
        return False
    # -1 stands for no limit in default-ulimits
    return have == -1 or have >= want > -1


def _number(value: Any) -> Optional[int]:
    """A number, or the bytes of a size as go-units reads it (``64M``, base 1024); else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    power = UNITS.index(match.group(2).lower()) if match.group(2) else 0
    return int(float(match.group(1)) * 1024**power)
