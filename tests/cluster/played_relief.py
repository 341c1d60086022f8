"""Relief of a played agent: the trouble a test gives it, told by the real agent's own reporting."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.limitwise.host.plugins.module_utils.relief.book import Kept
from ansible_collections.limitwise.host.plugins.module_utils.relief.trial import Trial
from limitwise_operator.agent.pressing import Orders
from limitwise_operator.agent.verifying import Verdict
from limitwise_operator.kinds.watch import CALM, Pressure, Watch

from .trouble import NEVER, Trouble, pressure


class PlayedRelief:
    """What one played agent measures. Every Verify ends well at once.

    A trouble that ends by itself does so as soon as an incident is named, whatever its `after`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._orders = Orders()
        self._trouble: Trouble | None = None
        self._since = 0.0
        self._said = CALM
        self.kept: tuple[Kept, ...] = ()

    def press(self, trouble: Trouble | None) -> None:
        """In this trouble from now on; in none."""
        self._trouble, self._since = trouble, self._clock()

    def order(self, orders: Orders) -> None:
        """Remember what is wanted."""
        self._orders = orders
        if orders.incident and self._trouble is not None and self._trouble.ends != NEVER:
            self._trouble = None

    @property
    def pressure(self) -> Pressure | None:
        """What is to be told now."""
        watch, lasted = self._orders.watch or Watch(), self._clock() - self._since
        incident = self._orders.incident
        self._said = pressure(watch, incident, self._trouble, lasted, self._said)
        return self._said

    @property
    def verdict(self) -> Verdict | None:
        """It is well."""
        task = self._orders.verify
        return Verdict(task.id, True, "played") if task is not None else None


def trial(asked: int) -> Trial:
    """As many as are asked for."""
    return Trial(asked, asked)
