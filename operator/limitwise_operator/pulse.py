"""Which agents are alive: their Leases, judged by our own clock and never by the nodes'."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from .effects.cluster import Cluster
from .store import Store

# Seconds between two looks at all Leases.
FEEL = 10.0
PREFIX = "limitwise-agent-"
# A Lease that says nothing of it lasts as long as an agent's usual one.
USUAL = timedelta(seconds=180)


class Beat(NamedTuple):
    """What a Lease said when it changed last, when we saw that (``at``: seconds of a clock that is
    never set), and how long it lasts.
    """

    renewed: str
    seen: datetime
    at: float
    lasts: timedelta


@dataclass
class Pulse:
    """Fed from a thread by `feel`; read by the planner through `silent`.

    An agent is silent when its Lease has not changed for as long as it lasts, as we saw it: at our
    own start nobody is.
    """

    cluster: Cluster
    namespace: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    _beats: dict[str, Beat] = field(default_factory=dict)

    def feel(self) -> bool:
        """Look at all Leases; whether an agent has fallen silent or come back."""
        before, now = self.silent(), (self.now(), self.clock())
        found: dict[str, Beat] = {}
        for lease in self.cluster.leases(self.namespace):
            name = lease["metadata"]["name"]
            if name.startswith(PREFIX):
                node = name[len(PREFIX) :]
                found[node] = _beat(lease.get("spec") or {}, self._beats.get(node), now)
        self._beats = found
        return before.keys() != self.silent().keys()

    def silent(self) -> dict[str, datetime]:
        """By node, since when its agent is silent: when its Lease was last seen to change."""
        now = self.clock()
        return {
            node: beat.seen.replace(microsecond=0)
            for node, beat in self._beats.items()
            if now - beat.at > beat.lasts.total_seconds()
        }


def _beat(spec: dict[str, Any], before: Beat | None, now: tuple[datetime, float]) -> Beat:
    renewed = str(spec.get("renewTime", ""))
    seconds = spec.get("leaseDurationSeconds")
    lasts = timedelta(seconds=seconds) if isinstance(seconds, int) else USUAL
    same = before is not None and before.renewed == renewed
    seen, at = (before.seen, before.at) if before is not None and same else now
    return Beat(renewed, seen, at, lasts)


def wants_pulse(store: Store) -> bool:
    """Whether anybody asks who is silent."""
    asked = (one.rules.triggers for one in store.policies.values())
    if any(trigger.agent_silent for triggers in asked for trigger in triggers):
        return True
    return any(not one.finished for one in store.remediations.values())
