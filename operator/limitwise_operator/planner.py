"""Looks at all that is known, decides, writes, and looks again: one pass at a time.

Level-based: what woke it does not matter, only what is so now. A pass that is cut short, refused
or killed is made good by the next one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from .decide.observed import Observed, Settings
from .decide.writes import (
    AddFinalizer,
    CordonNode,
    EvictPod,
    RecordEvent,
    SetPolicyStatus,
    SetTuningStatus,
    Write,
)
from .drains import Drains
from .effects.performing import Answer, Outcome, by_subject, subject_of
from .figures import Figures
from .holds import Holds
from .kinds.node_tuning_state import DRIFTED
from .metrics import Metrics
from .pace import Pace, next_look, only_counts, only_policy_counts
from .store import Store

_log = logging.getLogger(__name__)
# Seconds after the moment at which something ripens: clocks are read to the second in between.
SLACK = 0.02


class Performs(Protocol):
    """Who makes the writes."""

    def perform(
        self, subject: str, writes: Sequence[Write], made: Sequence[Answer] = ()
    ) -> Outcome:
        """Make one subject's writes in order, after those that were answered by `made`."""


@dataclass(frozen=True)
class Job:
    """What is to be written of one subject, and the answers to what was written of it before."""

    writes: Sequence[Write]
    made: tuple[Answer, ...] = ()


@dataclass
class Planner:
    """Runs on the event loop; deciding and writing happen in the threads of `workers`.

    `leading` is asked before each pass. `wake` may be called from any thread of the loop.
    """

    store: Store
    performer: Performs
    drains: Drains
    workers: Executor
    deciding: Executor
    leading: Callable[[], bool]
    metrics: Metrics
    decide: Callable[[Observed], Sequence[Write]]
    settings: Settings = field(default_factory=Settings)
    ripens: Callable[[Observed], datetime | None] = lambda _observed: None
    silent: Callable[[], Mapping[str, datetime]] = dict
    pace: Pace = field(default_factory=Pace)
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    passes: int = 0
    wanted_since: float | None = None
    _rung: float = 0.0
    _decided_at: float = 0.0
    _decided_in: float = 0.0
    told: Figures = field(init=False)
    _holds: Holds = field(default_factory=Holds)
    _ripe: datetime | None = None
    _rests: dict[str, Job] = field(default_factory=dict)
    _rests_since: float = 0.0
    _status_written: dict[str, float] = field(default_factory=dict)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.told = Figures(self.metrics)

    def wake(self) -> None:
        """Something may be different: look soon."""
        self._rung = self.clock()
        if self.wanted_since is None:
            self.wanted_since = self._rung
        self._bell.set()

    @property
    def waiting(self) -> float:
        """Seconds for which a change has been waiting to be planned; 0 when none is."""
        return 0.0 if self.wanted_since is None else self.clock() - self.wanted_since

    async def run(self) -> None:
        """Pass after pass, until cancelled."""
        while True:
            # Events come in flocks; one look serves them all. A costly look is taken less often.
            rested = self._decided_at + self._decided_in * self.pace.rest
            await asyncio.sleep(max(self.pace.debounce, rested - self.clock()))
            await self._settled()
            self._bell.clear()
            self.wanted_since = None
            if not self.leading():
                self._rests.clear()
            elif await self.look():
                self.wake()
            await self._until_woken()

    async def _settled(self) -> None:
        """Wait for the rest of a flock: a list that is taken in halfway shows no whole cluster."""
        until = self.clock() + self.pace.settle
        while (now := self.clock()) < min(until, self._rung + self.pace.debounce):
            await asyncio.sleep(self._rung + self.pace.debounce - now)

    async def _until_woken(self) -> None:
        moving = self.drains.busy or any(
            not one.finished for one in self.store.remediations.values()
        )
        seconds = next_look(self.store.tunings.values(), moving, self.pace)
        if self._ripe is not None:
            # Something will have lasted for long enough: detection is no polling interval late.
            left = (self._ripe - self.now()).total_seconds()
            seconds = min(seconds, left + SLACK if left > 0 else self.pace.debounce)
        held = self._holds.next(self.clock())
        if held is not None:
            seconds = min(seconds, held)
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            # Time itself may have changed something: a window, a soak, a deadline.
            return

    async def look(self) -> bool:
        """One pass; whether there is more to write at once."""
        loop = asyncio.get_running_loop()
        observed = await self._observed()
        began = self.clock()
        writes, self._ripe = await loop.run_in_executor(self.deciding, self._decided, observed)
        self._decided_at = self.clock()
        self._decided_in = self._decided_at - began
        self.metrics.observe("planner_pass_seconds", self._decided_in)
        self._tell(observed)
        groups = self._due(by_subject(writes), observed)
        first = dict(list(groups.items())[: self.pace.batch])
        # What gives nodes values is held first, so that it cannot go without giving them back.
        holding = {s: Job(g) for s, g in first.items() if isinstance(g[0], AddFinalizer)}
        rest = {s: g for s, g in first.items() if s not in holding}
        made = [*(await self._make(holding)), *(await self._make_urgent_first(rest))]
        self.passes += 1
        return any(one.answers for one in made) or len(first) < len(groups)

    def _decided(self, observed: Observed) -> tuple[Sequence[Write], datetime | None]:
        return self.decide(observed), self.ripens(observed)

    async def _make_urgent_first(self, groups: Mapping[str, list[Write]]) -> list[Outcome]:
        """Make the writes: of all nodes that are cordoned that first, and what else is said later.

        Where something new came meanwhile, it is looked at before the rest is written: it may be
        another node in trouble. What is no rest of a cordon is planned again by that look.
        """
        urgent = {s: Job(g[: cordoned(g)]) for s, g in groups.items() if cordoned(g)}
        made = await self._make(urgent)
        if not self._rests:
            self._rests_since = self.clock()
        for one in made:
            left = groups[one.subject][len(urgent[one.subject].writes) :]
            if left and one.result == "done":
                self._rests[one.subject] = Job(left, one.answers)
        others = {s: Job(g) for s, g in groups.items() if s not in urgent}
        put_off = self.clock() - self._rests_since < self.pace.put_off
        if made and self._bell.is_set() and put_off:
            self.drains.dropped(write for job in others.values() for write in job.writes)
            return made
        rests, self._rests = self._rests, {}
        return [*made, *(await self._make({**others, **rests}))]

    async def _make(self, jobs: Mapping[str, Job]) -> list[Outcome]:
        """Make the writes, subjects beside each other."""
        return await asyncio.gather(*(self._perform(*one) for one in jobs.items()))

    async def _perform(self, subject: str, job: Job) -> Outcome:
        """Make one subject's writes and take in the answers at once: a thousand are large."""
        loop = asyncio.get_running_loop()
        outcome = await loop.run_in_executor(
            self.workers, self.performer.perform, subject, job.writes, job.made
        )
        self._take(outcome, job.writes)
        return replace(outcome, answers=tuple(one.marks() for one in outcome.answers))

    async def _observed(self) -> Observed:
        store = self.store
        bare = Observed(
            store.nodes,
            store.tunings,
            store.states,
            self.now(),
            self.settings,
            policies=store.policies,
            remediations=store.remediations,
            silent=self.silent(),
            departed=store.departed,
        )
        seen = await self.drains.look(bare.draining(), self.clock())
        return replace(
            bare,
            pods=seen.pods,
            refusals=seen.refusals,
            resting=seen.resting,
            granted=seen.granted,
        )

    def _due(self, groups: dict[str, list[Write]], observed: Observed) -> dict[str, list[Write]]:
        now = self.clock()
        return {
            subject: writes
            for subject, writes in groups.items()
            if subject not in self._rests
            and self._holds.free(subject, now)
            and not self._only_counts(writes, observed, now)
        }

    def _only_counts(self, writes: Sequence[Write], observed: Observed, now: float) -> bool:
        """Whether all there is to write are a status's counts, which can wait for a few seconds."""
        write = writes[0]
        if len(writes) > 1:
            return False
        match write:
            case SetTuningStatus(name, status=status):
                tuning = observed.tunings.get(name)
                same = tuning is not None and only_counts(tuning.status, status)
            case SetPolicyStatus(name, status=told):
                policy = observed.policies.get(name)
                same = policy is not None and only_policy_counts(policy.status, told)
            case _:
                return False
        last = self._status_written.get(subject_of(write))
        return same and last is not None and now - last < self.pace.status

    def _take(self, outcome: Outcome, writes: Sequence[Write]) -> None:
        now = self.clock()
        for answer in outcome.answers:
            if answer.body is not None:
                self.store.fold(answer.resource, answer.body, answer.deleted)
        for write in writes[: len(outcome.answers)]:
            if isinstance(write, (SetTuningStatus, SetPolicyStatus)):
                self._status_written[subject_of(write)] = now
            if not isinstance(write, (EvictPod, RecordEvent)):
                self.metrics.count("writes_total", type(write).__name__, "done")
        self.drains.took(writes, outcome.evictions, now)
        if outcome.result == "done":
            self._holds.done(outcome.subject)
        elif outcome.result == "conflict":
            self._holds.conflict(outcome.subject, now)
        else:
            self._holds.failed(outcome.subject, now)
        if outcome.refused is not None:
            name = type(outcome.refused).__name__
            self.metrics.count("writes_total", name, outcome.result)
            level = logging.WARNING if outcome.result == "failed" else logging.INFO
            _log.log(level, "%s of %s: %s", name, outcome.subject, outcome.refusal)

    def _tell(self, observed: Observed) -> None:
        self.metrics.tunings(observed.tunings.values())
        self.metrics.gauge("nodes", len(observed.nodes))
        self.metrics.gauge("drift_nodes", _drifted(observed))
        self.told.look(observed)


def cordoned(writes: Sequence[Write]) -> int:
    """How many of one subject's writes there are up to its cordon; 0 without one."""
    return next((n for n, one in enumerate(writes, 1) if isinstance(one, CordonNode)), 0)


def _drifted(observed: Observed) -> int:
    found = (state.status.condition(DRIFTED) for state in observed.states.values())
    return sum(1 for one in found if one is not None and one.true)
