"""The sign of life: this node's Lease, renewed while the agent's loop turns.

It is the only thing that an idle node writes. A loop that is stuck renews nothing, so that whoever
watches Leases sees a silent agent where one is.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..effects.answers import ApiError, ConflictError, MissingError
from ..effects.door import Body
from ..effects.lease import Leases, claimed
from ..effects.retrying import Patience, pause

PREFIX = "limitwise-agent-"
PATIENCE = Patience(first=2.0, longest=60.0)
MISSED = 3  # a Lease lasts for so many heartbeats


@dataclass
class Heartbeat:
    """Renews the Lease of `node` every `every` seconds, as long as `alive` says so."""

    leases: Leases
    namespace: str
    node: str
    every: float
    alive: Callable[[], bool]
    told: Callable[[str], None] = lambda _word: None
    stopped: threading.Event = field(default_factory=threading.Event)
    _lease: Body | None = None

    @property
    def name(self) -> str:
        """The Lease's."""
        return PREFIX + self.node

    def start(self) -> None:
        """In a thread that does not hold up the end of the process."""
        threading.Thread(target=self.run, name="heartbeat", daemon=True).start()

    def run(self) -> None:
        """Until `stopped`."""
        attempt = 0
        while not self.stopped.is_set():
            wait = self.every * (0.9 + 0.1 * random.random())  # noqa: S311
            try:
                if self.alive():
                    self.beat()
                attempt = 0
            except ApiError as failure:
                attempt += 1
                self._lease = None
                self.told(str(failure)[:300])
                wait = min(wait, pause(attempt, None, PATIENCE, random.random()))  # noqa: S311
            self.stopped.wait(wait)

    def beat(self) -> None:
        """Renew once: one write, and a look only when the Lease is not known or was changed."""
        if self._lease is None:
            try:
                self._lease = self.leases.get_lease(self.namespace, self.name)
            except MissingError:
                self._lease = self.leases.create_lease(self.namespace, self._claim(None))
                return
        try:
            self._lease = self._renew(self._lease)
        except (ConflictError, MissingError):
            self._lease = None
            raise

    def _renew(self, lease: Body) -> Body:
        return self.leases.replace_lease(self.namespace, self.name, self._claim(lease))

    def _claim(self, lease: Body | None) -> Body:
        duration = max(1, round(self.every * MISSED))
        return claimed(lease, self.name, self.node, duration, datetime.now(UTC))
