"""Whether the watches deliver: a census of names and versions that the store must catch up with.

The informer itself cannot tell: a watch that is open and silent looks like a quiet cluster. So
the API is asked what there is, without objects, and the store has to have seen every version of
it a while later. The same census tells which objects went while a watch was cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .effects.cluster import Census
from .store import Store


@dataclass
class Proof:
    """What the last census left open, per kind: names and versions yet to be delivered."""

    owed: dict[str, dict[str, int]] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)

    def take(self, censuses: Mapping[str, Census], store: Store, now: float) -> bool:
        """Compare the store with new censuses; whether something vanished from the store.

        A name stays owed, with its first version and time, only as long as it still exists.
        """
        vanished = False
        for resource, census in censuses.items():
            shelf = store.shelf(resource)
            vanished = shelf.forget_absent(census) or vanished
            behind = shelf.behind(census)
            before = self._still_owed(resource, store)
            kept = {name: version for name, version in before.items() if name in behind}
            self.owed[resource] = {**behind, **kept}
            if not kept:
                self.since[resource] = now
        return vanished

    def age(self, resource: str, store: Store, now: float) -> float:
        """Seconds for which a kind's watch has owed us something; 0 when it owes nothing."""
        return now - self.since[resource] if self._still_owed(resource, store) else 0.0

    def _still_owed(self, resource: str, store: Store) -> dict[str, int]:
        shelf = store.shelf(resource)
        owed = {
            name: version
            for name, version in self.owed.get(resource, {}).items()
            if max(shelf.versions.get(name, 0), shelf.gone.get(name, 0)) < version
        }
        if resource in self.owed:
            self.owed[resource] = owed
        return owed
