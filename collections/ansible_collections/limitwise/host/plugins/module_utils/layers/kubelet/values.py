# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key's value as the file has it (compact JSON), as people write it, and comparing two."""

from __future__ import annotations

import json
import re
from typing import Optional

from ...catalogue import kubelet
from ...catalogue.kubelet import NUMBER
from ...tuning import Item

# A quantity of Kubernetes (apimachinery resource.Quantity), as far as it counts PIDs.
QUANTITY = re.compile(r"([0-9]{1,19})(k|M|G|Ki|Mi|Gi)?")
FACTORS = {"k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def wanted_text(item: Item) -> str:
    """An item's value as compact JSON: a number, or text where the kubelet wants text."""
    known = kubelet.lookup(item.key)
    value = item.value
    if known is not None:
        value = int(str(value)) if known.kind == NUMBER else str(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def readable(text: Optional[str]) -> Optional[str]:
    """A value as changes show it: texts without their quotes, everything else as JSON."""
    if text is None:
        return None
    value = json.loads(text)
    return value if isinstance(value, str) else text


def same(pointer: str, now: Optional[str], wanted: str) -> bool:
    """Whether two values are equal: 2k is 2000, and an unset limit is its default."""
    known = kubelet.lookup(pointer)
    if now is None and known is not None and known.default is not None:
        now = known.default
    if now is None:
        return False
    if now == wanted:
        return True
    have, want = number(now), number(wanted)
    return known is not None and have is not None and have == want


def number(text: Optional[str]) -> Optional[int]:
    """The whole number in a value; None when there is none."""
    shown = readable(text)
    if shown is None:
        return None
    if shown.lstrip("-").isdigit() and shown.count("-") <= 1:
        return int(shown)
    match = QUANTITY.fullmatch(shown)
    return int(match.group(1)) * FACTORS[match.group(2)] if match and match.group(2) else None
