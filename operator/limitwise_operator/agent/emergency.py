"""Between the loop and the relieving thread: what is ordered, and what of it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ansible_collections.limitwise.host.plugins.module_utils.relief.book import Kept
from ansible_collections.limitwise.host.plugins.module_utils.relief.trial import Trial, forks

from ..kinds.node_tuning_state import Row, StateStatus
from ..kinds.watch import CALM, Pressure
from . import tasks
from .decide import Wish, in_force
from .pressing import TASKS_MAX, Orders
from .verifying import Verdict


class Relieves(Protocol):
    """What is asked of the relieving thread: see relieving.Relieving."""

    @property
    def pressure(self) -> Pressure | None:
        """What is to be told; None while nobody has looked yet."""

    @property
    def verdict(self) -> Verdict | None:
        """How the last Verify has ended."""

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What relief has changed and not given back."""

    def order(self, orders: Orders) -> None:
        """This is wanted from now on."""


class Unrelieved:
    """Nobody relieves: an agent that only plays, or one that may not."""

    pressure: Pressure | None = None
    verdict: Verdict | None = None
    kept: tuple[Kept, ...] = ()

    def order(self, orders: Orders) -> None:
        """Nothing is done."""


class Emergency:
    """The loop's side. `trial` starts so many tasks at once, in this process's own cgroup."""

    def __init__(self, relieves: Relieves, trial: Callable[[int], Trial] = forks) -> None:
        self._relieves, self._trial = relieves, trial
        self._before: Pressure | None = None

    def order(self, wish: Wish | None, status: StateStatus) -> None:
        """What the object wants; None: there is no object any more."""
        if wish is None:
            self._relieves.order(Orders())
            return
        if self._before is None:
            self._before = status.pressure
        tuning = wish.tuning if in_force(wish, status) else {}
        verify = tasks.to_verify(wish.task, status)
        self._relieves.order(Orders(wish.watch, wish.incident, verify, tuning, self._before))

    def told(self, wish: Wish, status: StateStatus, now: datetime) -> StateStatus:
        """The status with what is to be said of an emergency."""
        pressure = self._relieves.pressure
        if pressure is None and wish.watch is None:
            pressure = CALM
        if pressure is not None and pressure != status.pressure:
            status = replace(status, pressure=pressure)
        task = tasks.to_verify(wish.task, status)
        if task is None:
            return status
        found = self._relieves.verdict
        if found is None or found.id != task.id:
            return tasks.running(status, task, now)
        if not found.well or not task.forks:
            return tasks.answered(status, task, found.well, found.message, now)
        trial = self._trial(task.forks)
        message = f"{found.message}; {trial.started} of {trial.asked} tasks started at once"
        if trial.error:
            message += f": {trial.error}"
        return tasks.answered(status, task, trial.ok, message, now)

    def without_relief(self, drift: Iterable[Row]) -> tuple[Row, ...]:
        """The drift that is not relief's own doing: a raised sysctl is none anyway (a floor)."""
        ours = {one.group.rpartition("/")[2] for one in self._relieves.kept if one.group}
        return tuple(
            row for row in drift
            if row.get("key") != TASKS_MAX or row.get("subject") not in ours
        )
