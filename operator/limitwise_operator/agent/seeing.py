"""What the loop sees of its node: drift, originals and ceilings, told when they are worth it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    FindingsError,
    InputError,
)
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning

from ..kinds.node_tuning_state import MAX_CEILINGS, Row, StateStatus
from . import status as say
from .decide import Wish, in_force
from .emergency import Emergency, Unrelieved
from .marks import PAUSE, Ceiling, marked
from .node import parsed
from .ports import Node, Told


class Seeing:
    """The eyes of one loop. ``boot_id`` and ``drift`` are as they were at the last look."""

    def __init__(self, node: Node, told: Told, clock: Callable[[], float]) -> None:
        self.node, self.told, self.clock = node, told, clock
        self.emergency = Emergency(Unrelieved())
        self.boot_id = ""
        self.drift: tuple[Row, ...] = ()
        self.originals: tuple[Row, ...] | None = None
        self._tuning: tuple[str, Tuning] | None = None
        self._ceilings_told = -PAUSE

    def look(
        self, wish: Wish | None, status: StateStatus, running: bool, now: datetime
    ) -> StateStatus:
        """The status after a look; HostError when the host cannot be read.

        ``running``: a run is under way, so that what differs is no drift.
        """
        began = self.clock()
        self.boot_id = self.node.boot_id
        ceilings = self.node.ceilings()
        if wish is not None and not running and in_force(wish, status):
            tuning = self._wanted(wish)
            drift = self.node.drift(tuning) if tuning is not None else ()
            self.drift = self.emergency.without_relief(drift)
            if self.originals is None:
                self.originals = self.node.originals()
            status = say.observed(status, self.drift, self.originals, now)
        if wish is not None:
            status = self._with_ceilings(status, ceilings)
        self.told.looked_at(ceilings, len(self.drift), self.clock() - began)
        return status

    def _with_ceilings(
        self, status: StateStatus, ceilings: tuple[Ceiling, ...]
    ) -> StateStatus:
        found = marked(ceilings, status.ceilings, MAX_CEILINGS)
        now = self.clock()
        if not found.changed or not (found.urgent or now >= self._ceilings_told + PAUSE):
            return status
        self._ceilings_told = now
        return replace(status, ceilings=found.rows)

    def _wanted(self, wish: Wish) -> Tuning | None:
        if self._tuning is None or self._tuning[0] != wish.revision:
            try:
                self._tuning = (wish.revision, parsed(wish.tuning))
            except (FindingsError, InputError):
                return None
        return self._tuning[1]
