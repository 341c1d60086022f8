"""Finalizers: a deleted NodeTuning stays until the nodes that can be reached gave its values back.

A node that cannot be reached does not hold it: what it has is named in its state's sources, and
it is freed of a tuning that has gone as soon as it is Ready again.
"""

from __future__ import annotations

from collections.abc import Iterable

from .fleet import Fleet
from .judged import Judged
from .writes import AddFinalizer, RemoveFinalizer


def missing(fleet: Fleet) -> list[AddFinalizer]:
    """For tunings that give nodes values and could vanish without being asked."""
    return [
        AddFinalizer(one.name, one.tuning.uid, one.tuning.resource_version, one.tuning.finalizers)
        for one in fleet.tunings.values()
        if one.enforced and not one.tuning.held
    ]


def done(fleet: Fleet) -> list[RemoveFinalizer]:
    """For deleted tunings that no node waits for any more."""
    return [
        RemoveFinalizer(
            one.name, one.tuning.uid, one.tuning.resource_version, one.tuning.finalizers
        )
        for one in fleet.tunings.values()
        if one.tuning.deleting and one.tuning.held and not any(holding(fleet, one))
    ]


def holding(fleet: Fleet, one: Judged) -> Iterable[str]:
    """The reachable nodes that have the tuning, or are just giving its values back."""
    holders = fleet.holders.get(one.name, frozenset())
    for node in fleet.verdicts(holders | fleet.matched[one.name]):
        if not node.reachable:
            continue
        if node.name in holders or (node.pending and not node.silent):
            yield node.name
