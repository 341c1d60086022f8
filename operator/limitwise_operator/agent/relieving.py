"""The relieving thread: looks four times a second, raises what is nearly exhausted, finds out who.

All that it needs is made when it begins: in an emergency it forks nothing, starts no thread and
opens no connection. What it has to tell the API it leaves to the loop, which it wakes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    Finding,
    HostError,
    LockedError,
)
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.relief.acts import Relief
from ansible_collections.limitwise.host.plugins.module_utils.relief.book import BOOK, Kept
from ansible_collections.limitwise.host.plugins.module_utils.relief.judge import (
    CLEAR,
    Judged,
    Tight,
    judge,
)
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import (
    Gauges,
    Level,
    Levels,
)
from ansible_collections.limitwise.host.plugins.module_utils.relief.plan import plan
from ansible_collections.limitwise.host.plugins.module_utils.relief.protected import own_group

from ..kinds.watch import CALM, HOST, KUBEPODS, POD, Pressure
from . import pressing
from .looking import Looks
from .pressing import Happening, Orders
from .suspecting import Suspecting
from .verifying import Verdict, Verifying, measured, verdict

TICK = 0.25
IDLE = 1.0  # nobody watches anything
HOLD = 1.0  # between two looks whether relief is still there
CALM_FOR = 5.0  # so long nothing is tight before relief is given back
LOCKED = 5.0  # another agent is ending: asked again after so long
QUIET = 60.0  # the same trouble is told once in so long


class Told(Protocol):
    """Who is told what happens: logs and metrics."""

    def said(self, level: str, word: str, **more: Any) -> None:
        """One line of the log."""

    def relieved(self, what: str, seconds: float) -> None:
        """A value was raised or capped, so many seconds after it was last seen below its mark."""

    def pressed(self, percents: Mapping[str, int]) -> None:
        """How much is gone at the fullest ceiling of each level."""


class Relieving:
    """Relief on one host, tick by tick; ``start`` makes the thread.

    `pod`: the uid of this agent's own pod. `wake`: called when there is something to be told.
    """

    def __init__(
        self, host: Host, pod: str, told: Told, wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.told, self.wake, self.clock = told, wake, clock
        self._host = host
        gauges = Gauges(host, clock)
        self._looks = Looks(gauges, clock)
        self._suspecting = Suspecting(gauges, own_group(host), pod)
        self._relief = Relief(host, gauges, self._suspecting.protected)
        self._orders: Orders | None = None
        self._news = threading.Event()
        self._stopped = False
        self.beat = clock()
        self._adopted = False
        self._ask_again = 0.0
        self._outer, self._pods = Judged(), Judged()
        self._spent, self._spent_pods, self._alarm = False, False, False
        self._verifying: Verifying | None = None
        self._hold_at = self._below = clock()
        self._calm_since: float | None = None
        self._said: Pressure | None = None
        self._said_at = 0.0
        self._trouble = ("", -QUIET)
        self.pressure: Pressure | None = None
        self.verdict: Verdict | None = None

    # --- what the loop sees ------------------------------------------------------------------

    def order(self, orders: Orders) -> None:
        """This is wanted from now on."""
        if orders != self._orders:
            self._orders = orders
            self._news.set()

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What relief has changed and not given back."""
        return (*self._relief.raised, *self._relief.capped)

    def start(self) -> None:
        """In a thread that does not hold up the end of the process."""
        threading.Thread(target=self.run, name="relief", daemon=True).start()

    def stop(self) -> None:
        """What is kept stays as it is: the next agent finds it."""
        self._stopped = True
        self._news.set()

    # --- the thread ----------------------------------------------------------------------------

    def run(self) -> None:
        """Until stopped."""
        wait = TICK
        while not self._stopped:
            self._news.wait(wait)
            self._news.clear()
            self.beat = self.clock()
            try:
                wait = self.tick()
            except (HostError, OSError) as error:
                wait = TICK
                self._complain(str(error))

    def tick(self) -> float:
        """Look and do what is to be done now; seconds until the next."""
        orders = self._orders
        if not self._ready(orders):
            return IDLE
        if orders is None:
            self._hold()
            return IDLE
        if orders.watch is None and orders.verify is None and not self.kept:
            self._rest()
            return IDLE
        if self._said is None:
            self._begin(orders)
        verifies = orders.verify is not None and orders.verify.level == POD
        whole = self._looks.due(orders.named, orders.pods, self._alarm or verifies)
        levels = self._looks.all(orders.named) if whole else self._looks.outer()
        self._judge(orders, levels, whole)
        self._relieve(orders, levels, whole)
        before = self._alarm
        self._alarm = bool(self._tight) or self._would_be_tight(orders, levels)
        worth = self._looks.near or self._alarm or self._suspecting.stale
        if (self._alarm and not before) or (whole and worth):
            self._looks.with_cost(lambda: self._suspecting.look(self._fullest(orders, levels)))
        self._cap(orders)
        self._hold()
        self._settle(orders)
        self._verify(orders, levels, whole)
        self._tell(levels)
        return TICK

    @property
    def _tight(self) -> tuple[Tight, ...]:
        return (*self._outer.tight, *self._pods.tight)

    def _ready(self, orders: Orders | None) -> bool:
        """Whether what is kept by this host is ours: it is taken over when there is need to."""
        if self._adopted:
            return True
        wanted = orders is not None and orders.watch is not None
        if not wanted and not self._host.files.exists(BOOK):
            return orders is not None
        if self.clock() < self._ask_again:
            return False
        try:
            done = self._relief.adopt()
        except LockedError as error:
            self._ask_again = self.clock() + LOCKED
            self._complain(str(error))
            return False
        self._adopted = True
        self._findings(done.findings)
        if self.kept:
            self.told.said("warning", "relief goes on", kept=[one.what for one in self.kept])
        return True

    def _begin(self, orders: Orders) -> None:
        """Go on from what an agent before this one has told."""
        now, wall = self.clock(), _wall()
        judged = pressing.seeded(orders.watch, orders.before, now, wall)
        self._outer = Judged(tuple(one for one in judged.tight if one.ask.level != POD))
        self._pods = Judged(tuple(one for one in judged.tight if one.ask.level == POD))
        self._said = orders.before

    def _rest(self) -> None:
        """Nobody watches, and nothing is kept."""
        self._outer, self._pods, self._verifying = Judged(), Judged(), None
        self._spent = self._spent_pods = self._alarm = False
        self._below = self.clock()
        self._suspecting.forget()
        if self.pressure != CALM:
            self._said = self.pressure = CALM
            self.wake()

    # --- judging -------------------------------------------------------------------------------

    def _judge(self, orders: Orders, levels: Levels, whole: bool) -> None:
        kept = self._relief.capped if orders.incident else self.kept
        seen = pressing.unrelieved(levels, kept, self._floors(orders))
        asks = pressing.asks(orders.watch)
        outer = Levels(levels.at, tuple(row for row in seen.rows if row.level != POD))
        self._outer = judge(self._outer, [one for one in asks if one.level != POD], outer)
        if whole:
            inner = Levels(levels.at, tuple(row for row in seen.rows if row.level == POD))
            mine = [one for one in asks if one.level == POD]
            self._pods = self._looks.with_cost(lambda: judge(self._pods, mine, inner))

    def _without_relief(self, orders: Orders, levels: Levels) -> Levels:
        return pressing.unrelieved(levels, self.kept, self._floors(orders))

    def _floors(self, orders: Orders) -> dict[str, int]:
        return pressing.floors(orders.tuning, [one.group for one in self.kept if one.group])

    def _fullest(self, orders: Orders, levels: Levels) -> Level | None:
        """The fullest ceiling of those that are, or would be, tight; None when none is."""
        rows = [*(one.row for one in self._tight), *self._would(orders, levels)]
        return max(rows, key=lambda row: row.percent, default=None)

    def _would_be_tight(self, orders: Orders, levels: Levels) -> bool:
        """Whether something is nearly exhausted, or would be without relief."""
        return self._spent or self._spent_pods or bool(self._would(orders, levels))

    def _would(self, orders: Orders, levels: Levels) -> list[Level]:
        relief = orders.watch.relief if orders.watch is not None else None
        ours = {one.source for one in self._relief.raised}
        if relief is None or not ours:
            return []
        rows = self._without_relief(orders, levels).rows
        return [row for row in rows if row.source in ours and row.percent > relief.at - CLEAR]

    # --- acting --------------------------------------------------------------------------------

    def _relieve(self, orders: Orders, levels: Levels, whole: bool) -> None:
        """Raise what is nearly exhausted, if there is leave."""
        relief = orders.watch.relief if orders.watch is not None else None
        before, self._below = self._below, levels.at
        spent: tuple[Level, ...] = ()
        if relief is not None and any(row.percent >= relief.at for row in levels.rows):
            capped = frozenset(one.group for one in self._relief.capped)
            found = plan(levels, pressing.leave(relief), capped)
            if found.raises:
                done = self._relief.raise_(found.raises)
                self._findings(done.findings)
                self._changed("raised", done.changed, self.clock() - before)
            spent = found.spent
        asked = {*orders.asked, (HOST, ""), (KUBEPODS, "")}
        counted = [
            row for row in spent if (row.level, "") in asked or (row.level, row.subject) in asked
        ]
        self._spent = any(row.level != POD for row in counted)
        if whole:
            self._spent_pods = any(row.level == POD for row in counted)

    def _cap(self, orders: Orders) -> None:
        """Hold a culprit that is no pod, once relief was needed."""
        culprit = self._suspecting.culprit
        relief = orders.watch.relief if orders.watch is not None else None
        needed = self._alarm and (self._relief.raised or self._spent)
        if culprit is None or relief is None or not relief.cap or not needed:
            return
        if culprit.kind == "Group" and culprit.group not in {c.group for c in self._relief.capped}:
            began = self.clock()
            done = self._relief.cap(culprit.group, culprit.tasks)
            self._findings(done.findings)
            self._changed("capped", done.changed, self.clock() - began)

    def _hold(self) -> None:
        if not self.kept or self.clock() < self._hold_at:
            return
        self._hold_at = self.clock() + HOLD
        done = self._relief.hold()
        self._findings(done.findings)
        if done.changed:
            self.told.said("warning", "held", what=[one.what for one in done.changed])

    def _settle(self, orders: Orders) -> None:
        """When it has been calm for a while: nobody is suspected, and what was done is undone."""
        now = self.clock()
        if self._alarm:
            self._calm_since = None
            return
        if self._calm_since is None:
            self._calm_since = now
        if now - self._calm_since < CALM_FOR:
            return
        self._suspecting.forget()
        if self.kept and not orders.incident:
            done = self._relief.release(self._floors(orders))
            self._findings(done.findings)
            given = [f"{one.what}={one.back}" for one in done.changed]
            self.told.said("info", "given back", what=given)

    # --- verifying and telling -------------------------------------------------------------------

    def _verify(self, orders: Orders, levels: Levels, whole: bool) -> None:
        task = orders.verify
        if task is None:
            self._verifying = None
            return
        if self._verifying is None or self._verifying.task.id != task.id:
            self._verifying = Verifying(task, self.clock())
        if self.verdict is not None and self.verdict.id == task.id:
            return
        if task.level == POD and not whole:
            return
        seen = self._without_relief(orders, levels)
        self._verifying = measured(self._verifying, seen)
        found = verdict(self._verifying, self.clock())
        if found is not None:
            self.verdict = found
            self.wake()

    def _tell(self, levels: Levels) -> None:
        now = self.clock()
        told = self._said if self._said is not None else CALM
        fired = (*self._outer.fired, *self._pods.fired)
        what = Happening(
            fired, self._relief.raised, self._relief.capped, self._spent or self._spent_pods,
            _wall(), self._suspecting.culprit,
        )
        new = pressing.pressure(what, told, now, _wall())
        percents: dict[str, int] = {}
        for row in levels.rows:
            percents[row.level] = max(row.percent, percents.get(row.level, 0))
        self.told.pressed(percents)
        if self.pressure is None or pressing.worth_telling(told, new, now - self._said_at):
            self._said, self._said_at, self.pressure = new, now, new
            self.wake()

    def _changed(self, word: str, changed: Iterable[Kept], seconds: float) -> None:
        for one in changed:
            self.told.said(
                "warning", word, what=one.what, before=one.before, after=one.after,
                seconds=round(seconds, 3),
            )
            self.told.relieved(one.what if not one.group else word + " cgroup", seconds)

    def _findings(self, findings: Iterable[Finding]) -> None:
        for one in findings:
            self.told.said("warning", one.message, code=one.code)

    def _complain(self, word: str) -> None:
        now = self.clock()
        if word != self._trouble[0] or now - self._trouble[1] >= QUIET:
            self._trouble = (word, now)
            self.told.said("warning", "relief is hindered", error=word)


def _wall() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
