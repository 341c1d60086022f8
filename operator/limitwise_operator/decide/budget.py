"""How many nodes may be out of service or in change at a time: one count, shared by all who act.

Rollouts, restarts and remediation take nodes from the same budgets. A node that is counted already
costs nothing more, so that nodes which others took out of service can be put right meanwhile, and
two changes can share a node; but never more nodes than the limit are in one's own change at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class Budget:
    """``counted``: members out of service for any reason; ``moving``: those that are in change by
    us; ``own``: those whose change is its owner's, until it has proved itself there.

    ``members`` is whose changes it must know of: a node taken for another reason counts here too.
    """

    limit: int
    members: frozenset[str]
    counted: set[str] = field(default_factory=set)
    moving: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)

    def admits(self, node: str) -> bool:
        """Whether one more node may be changed."""
        return all(
            node in nodes or len(nodes) < self.limit
            for nodes in (self.counted, self.moving, self.own)
        )

    def count(self, node: str) -> None:
        """From now on the node is in change, if it is one of the members."""
        if node in self.members:
            self.counted.add(node)
            self.moving.add(node)


@dataclass(frozen=True)
class Budgets:
    """All budgets of one plan: the global one and, by tuning and pool, those of the tunings."""

    whole: Budget
    pools: dict[tuple[str, str], Budget] = field(default_factory=dict)

    def take(self, node: str, askers: Sequence[tuple[str, str]]) -> bool:
        """Take a node for these (tuning, pool), if their budgets and the global one admit it."""
        asked = [self.whole, *(self.pools[asker] for asker in askers)]
        if not all(budget.admits(node) for budget in asked):
            return False
        for budget in (self.whole, *self.pools.values()):
            budget.count(node)
        for budget in asked:
            budget.own.add(node)
        return True


def budget(
    limit: int,
    members: Iterable[str],
    counted: Iterable[str],
    moving: Iterable[str],
    own: Iterable[str],
) -> Budget:
    """A budget as it stands before anything is planned."""
    in_change = set(moving)
    return Budget(limit, frozenset(members), in_change.union(counted), in_change, set(own))
