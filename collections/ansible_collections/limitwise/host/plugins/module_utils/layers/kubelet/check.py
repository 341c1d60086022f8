# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue says of the kubelet's keys that a tuning wants; needs no host."""

from __future__ import annotations

from typing import FrozenSet, Iterator, List, Sequence

from ...catalogue import kubelet
from ...catalogue.problem import NAME
from ...catalogue.rules import kubelet as rules
from ...catalogue.rules import tuning as tuning_rules
from ...catalogue.rules.kubelet import LAYER
from ...findings import Finding
from ...tuning import Item


def check(items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
    """Every unknown, refused or wrong key; ``allowed`` has ``failSwapOn`` or ``/failSwapOn``."""
    return [finding for item in items for finding in _key(item, allowed)]


def _key(item: Item, allowed: FrozenSet[str]) -> Iterator[Finding]:
    known = kubelet.lookup(item.key)
    if known is not None:
        problem = kubelet.check_value(known, item.value)
        if problem is not None:
            yield rules.WRONG_VALUE.at(
                item.place, what=item.key.lstrip("/"), found=problem.message,
                suggestion=problem.suggestion,
            )
        return
    refused = kubelet.refusal(item.key)
    if refused is None or _permitted(item.key, allowed):
        return
    if refused.about == NAME:
        yield rules.UNKNOWN_KEY.at(
            item.place, found=item.key.lstrip("/"), reason=refused.message,
            suggestion=refused.suggestion,
        )
    else:
        yield tuning_rules.NOT_A_LIMIT.at(
            item.place, layer=LAYER, found=item.key.lstrip("/"), reason=refused.message,
            suggestion=refused.suggestion,
        )


def _permitted(key: str, allowed: FrozenSet[str]) -> bool:
    """Whether the host permits this pointer, or one above it, by name."""
    parts = key.split("/")
    above = ["/".join(parts[: length + 1]) for length in range(1, len(parts))]
    return any(name in allowed or name[1:] in allowed for name in above)
