# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging tunings: the higher priority wins, key by key, and every value keeps its origin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Sequence, Tuple

from .catalogue.rules import tuning as rules
from .findings import Finding
from .policy import Policy
from .tuning import Item, Tuning


@dataclass(frozen=True)
class Source:
    """One tuning that takes part: its name in messages, its priority (higher wins; default 0)."""

    name: str
    priority: int
    tuning: Tuning


def merged(sources: Sequence[Source]) -> Tuple[Tuning, Tuple[Finding, ...]]:
    """One tuning from several, and a finding for each key that has no right answer.

    A key on which two sources of the same, winning priority differ is left out (the host keeps
    what it has). Layers are united: a layer that any source names is named by the result.
    """
    by_id: Dict[Tuple[str, str, str], List[Tuple[Source, Item]]] = {}
    for source in sources:
        for item in source.tuning.items:
            by_id.setdefault(item.id, []).append((source, replace(item, origin=source.name)))
    items, findings = [], []
    for rivals in by_id.values():
        highest = max(source.priority for source, _item in rivals)
        winners = [(source, item) for source, item in rivals if source.priority == highest]
        texts = sorted({item.text for _source, item in winners})
        if len(texts) == 1:
            items.append(winners[0][1])
        else:
            findings.append(_conflict(winners, texts))
    layers = tuple(dict.fromkeys(name for source in sources for name in source.tuning.layers))
    items = [item for layer in layers for item in items if item.layer == layer]
    return Tuning(layers, tuple(items), _policy(sources)), tuple(findings)


def _conflict(winners: Sequence[Tuple[Source, Item]], texts: Sequence[str]) -> Finding:
    first = winners[0][1]
    return rules.CONFLICT.at(
        first.place,
        layer=first.layer,
        found=texts[0],
        other=texts[1],
        what=first.name,
        priority=winners[0][0].priority,
        names=", ".join(sorted(source.name for source, _item in winners)),
    )


def _policy(sources: Sequence[Source]) -> Policy:
    """Each policy key from the highest priority that states it, be it with its default.

    ``maximum`` is united key by key; what any source lets go down may go down.
    """
    values: Dict[str, Any] = {}
    top: Dict[str, int] = {}
    lowering: Dict[str, None] = {}
    for source in sorted(sources, key=lambda one: one.priority):
        policy = source.tuning.policy
        values.update({name: getattr(policy, name) for name in policy.given})
        for key, number in policy.maximum:
            top.pop(key, None)
            top[key] = number
        lowering.update(dict.fromkeys(policy.allow_lowering))
    values.update(maximum=tuple(top.items()), allow_lowering=tuple(lowering))
    return Policy(**values, given=frozenset(values))
