# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory settings of one unit taken together: the band in which nothing dies and nothing runs.

Source: Documentation/admin-guide/cgroup-v2.rst (memory.high, memory.max) and the incidents named
in the rules' reference.
"""

from __future__ import annotations

from typing import List, Mapping, Optional

from ...catalogue import kinds
from ...catalogue.rules import units as rules
from ...catalogue.systemd_values import Share
from ...findings import NOWHERE, Finding, Place
from . import values as unit_values

NAMES = ("MemoryHigh", "MemoryMax", "MemorySwapMax")


def check(
    settings: Mapping[str, str],
    subject: str,
    layer: str,
    place: Place = NOWHERE,
    *,
    totals: unit_values.Totals = unit_values.UNKNOWN,
    whole: bool = True,
) -> List[Finding]:
    """What is wrong with MemoryHigh, MemoryMax and MemorySwapMax together; others may be there too.

    ``whole``: the settings are all that the unit has; otherwise a missing MemoryMax may stand in
    another file, and only what is certain is said. Percentages compare with percentages where RAM
    is unknown.
    """
    high = settings.get("MemoryHigh")
    if not high or high == unit_values.INFINITY:
        return []
    maximum = settings.get("MemoryMax")
    below = _below(high, maximum, totals)
    swap = settings.get("MemorySwapMax", unit_values.INFINITY)
    swapless = unit_values.resolved("memory-or-0", swap, totals) in (0, Share(0))
    unlimited = maximum in (None, unit_values.INFINITY)
    if swapless and below is not False:
        return [
            rules.LIVELOCK.at(
                place, layer=layer, found=high, suggestion=unit_values.INFINITY, subject=subject,
                high=high, maximum=unit_values.INFINITY if unlimited else maximum,
            )
        ]
    if below is False or (unlimited and whole):
        shown = "no MemoryMax" if unlimited else f"MemoryMax={maximum}"
        return [
            rules.HIGH_ALONE.at(
                place, layer=layer, found=high, subject=subject, high=high, maximum=shown
            )
        ]
    return []


def _below(high: str, maximum: Optional[str], totals: unit_values.Totals) -> Optional[bool]:
    """Whether high is below the maximum; None when they cannot be compared."""
    if maximum is None or maximum == unit_values.INFINITY:
        return True
    low, top = (unit_values.resolved("memory", text, totals) for text in (high, maximum))
    if isinstance(low, Share) and isinstance(top, Share):
        return low.permyriad < top.permyriad
    if isinstance(low, int) and isinstance(top, int):
        return low < top or top == kinds.INFINITY
    return None
