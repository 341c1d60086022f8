"""One operator at work: watches feed the store, the election says who writes, the planner writes.

A replica that does not lead watches as well: it is ready to take over at once. Before the first
look of its leadership it lists everything itself, so that it never decides on what the cluster
was before it led; the watches' own first list, which takes their informer longer, brings nothing
new then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from .decide.observed import Settings
from .decide.plan import plan
from .decide.remediation.ripening import next_moment
from .drains import Drains
from .effects.access import Settings as Access
from .effects.answers import ApiError, StoppedError
from .effects.cluster import Census, Cluster, version_of
from .effects.door import Door, Manners
from .effects.escalating import Escalation
from .effects.events import Recorder
from .effects.lease import Election, Terms
from .effects.performing import Performer
from .effects.retrying import Patience
from .kinds.meta import NAMESPACE
from .metrics import Metrics
from .planner import Planner
from .pulse import FEEL, Pulse, wants_pulse
from .store import RESOURCES, Store
from .watching import Proof

LEASE = "limitwise-operator"
FIRST_TURN = 1.0
ASK_AGAIN = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What an operator is told: who it is and how it behaves.

    Seconds: `census` between two of them, `watch_grace` for what a watch owes after one.
    """

    identity: str
    namespace: str = NAMESPACE
    manners: Manners = field(default_factory=Manners)
    terms: Terms = field(default_factory=Terms)
    settings: Settings = field(default_factory=Settings)
    census: float = 300.0
    watch_grace: float = 120.0


class Session:
    """Made and run on the event loop; requests are made in threads of its own pools.

    `synced` is set once the whole cluster is known. Watches are to begin after that: a kind that
    the API does not serve when they begin would never be watched.
    """

    def __init__(self, access: Callable[[], Access], options: Options, metrics: Metrics) -> None:
        """`access` gives a configuration of its own to each door."""
        self.options, self.metrics = options, metrics
        self.store, self.proof = Store(), Proof()
        self.last_event: dict[str, float] = dict.fromkeys(RESOURCES, time.monotonic())
        self.synced = asyncio.Event()
        self.caught_up = False
        self._gained = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        few = replace(options.manners, answer=3.0, connect=3.0, patience=Patience(attempts=1))
        self.election = Election(
            Cluster(Door(access(), few, metrics)),
            options.namespace,
            LEASE,
            options.identity,
            options.terms,
            gained=self._lead,
        )
        writing = Cluster(Door(access(), options.manners, metrics, self.election.fence))
        self._reading = Cluster(Door(access(), options.manners, metrics))
        self._writers = ThreadPoolExecutor(options.manners.in_flight, "write")
        self._readers = ThreadPoolExecutor(2, "read")
        self.pulse = Pulse(self._reading, options.namespace)
        recorder = Recorder(writing, options.identity, metrics)
        self.planner = Planner(
            self.store,
            Performer(writing, recorder, Escalation(writing)),
            Drains(self._reading.pods_of, self._writers, metrics),
            self._writers,
            self._readers,
            lambda: self.caught_up and self.election.leading,
            metrics,
            plan,
            options.settings,
            next_moment,
            self.pulse.silent,
        )

    def _lead(self) -> None:
        self._loop.call_soon_threadsafe(self._gained.set)

    def see(self, resource: str, event: Mapping[str, Any]) -> None:
        """Take in one event of a watch: `type` (None for what a list gave) and `object`."""
        self.last_event[resource] = time.monotonic()
        if self.store.fold(resource, event["object"], event["type"] == "DELETED"):
            self.planner.wake()

    async def run(self) -> None:
        """Take part until cancelled; the watches are run by whoever calls `see`."""
        self.election.start()
        tasks = [
            self._serve(), self._look_again(), self._lag(), self._feel(), self.planner.run(),
        ]  # fmt: skip
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)

    async def stop(self) -> None:
        """Let others lead at once; what is under way is refused by the fence from here on."""
        await asyncio.to_thread(self.election.stop)
        self._writers.shutdown(wait=False, cancel_futures=True)
        self._readers.shutdown(wait=False, cancel_futures=True)

    def behind(self, resource: str) -> float:
        """Seconds for which a watch has owed us something."""
        return self.proof.age(resource, self.store, time.monotonic())

    async def _serve(self) -> None:
        led = await self._leads_at_once()
        await self._list()
        self.synced.set()
        _log.info("the cluster is known", extra={"nodes": len(self.store.nodes)})
        if not led:
            await self._gained.wait()
            await self._list()
        self.caught_up = True
        _log.info("leading", extra={"identity": self.options.identity})
        self.planner.wake()

    async def _leads_at_once(self) -> bool:
        """Whether nobody led: then one list is enough for both, to know and to lead."""
        try:
            async with asyncio.timeout(FIRST_TURN):
                await self._gained.wait()
        except TimeoutError:
            return False
        return True

    async def _list(self) -> None:
        """Take in everything there is, page by page, however often the API has to be asked."""
        while True:
            try:
                # Beside each other: one kind's answer is on its way while another's is taken in.
                async with asyncio.TaskGroup() as lists:
                    for resource, path in RESOURCES.items():
                        lists.create_task(self._list_kind(resource, path))
            except* ApiError as refusals:
                _log.warning("not listed: %s", refusals.exceptions[0])
                await asyncio.sleep(ASK_AGAIN)
            else:
                return

    async def _list_kind(self, resource: str, path: str) -> None:
        pages = self._reading.pages(resource, path)
        shelf, versions, version = self.store.shelf(resource), dict[str, int](), 0
        while page := await self._loop.run_in_executor(self._readers, next, pages, None):
            version = version_of(page)
            for body in page["items"] or ():
                shelf.fold(body, deleted=False)
                versions[body["metadata"]["name"]] = version_of(body)
        shelf.forget_absent(Census(versions, version))

    async def _look_again(self) -> None:
        """A census now and then: what the watches owe, and what went while one was cut."""
        while True:
            await asyncio.sleep(self.options.census)
            await self.synced.wait()
            try:
                taken = await self._loop.run_in_executor(self._readers, self._censuses)
            except ApiError as refusal:
                _log.warning("no census: %s", refusal)
                continue
            if self.proof.take(taken, self.store, time.monotonic()):
                self.planner.wake()

    def _censuses(self) -> dict[str, Census]:
        return {one: self._reading.census(one, path) for one, path in RESOURCES.items()}

    async def _feel(self) -> None:
        """The agents' Leases, while a policy or an incident wants to know who is silent."""
        while True:
            await asyncio.sleep(FEEL)
            if not self.caught_up or not wants_pulse(self.store):
                continue
            try:
                changed = await self._loop.run_in_executor(self._readers, self.pulse.feel)
            except (ApiError, StoppedError) as refusal:
                _log.warning("no pulse: %s", refusal)
                continue
            if changed:
                self.planner.wake()

    async def _lag(self) -> None:
        """Measure each second how late the loop is, and with it what else only time changes."""
        while True:
            due = time.monotonic() + 1.0
            await asyncio.sleep(1.0)
            now = time.monotonic()
            self.metrics.gauge("event_loop_lag_seconds", now - due)
            self.metrics.gauge("leader", float(self.election.leading))
            self.metrics.gauge("planner_queue_age_seconds", self.planner.waiting)
            for resource, last in self.last_event.items():
                self.metrics.gauge("watch_last_event_age_seconds", now - last, resource)
                self.metrics.gauge("watch_behind_seconds", self.behind(resource), resource)
