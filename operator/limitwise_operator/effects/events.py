"""Events for people: said once, counted when they come again, never more than people can read."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from ..decide.writes import RecordEvent
from ..kinds.meta import API_VERSION
from .answers import ApiError, MissingError, StoppedError
from .cluster import Cluster
from .door import Body
from .throttle import Throttle

# Events about objects without a namespace have to be in this one.
NAMESPACE = "default"
CONTROLLER = f"{API_VERSION.split('/', maxsplit=1)[0]}/operator"
API_OF = {"Node": "v1"}  # the others are of our own kinds
NOTE = 1024
REMEMBERED = 1000
# The API server keeps events for an hour: an older one would be counted on an object that is gone.
FRESH = 1800.0
RECOUNT = 300.0
# A burst is that of a hundred incidents: each tells a few things about its own node.
RATE, BURST = 2.0, 300
_log = logging.getLogger(__name__)


@dataclass
class Told:
    """One Event that was made, and how often it came; times are monotonic."""

    name: str
    first: float
    written_at: float
    count: int = 1


def body_of(event: RecordEvent, instance: str, now: datetime) -> Body:
    """The Event as events.k8s.io/v1 has it; its name is made of what it says and when."""
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    seed = "\0".join((event.uid, event.type, event.reason, event.message, stamp))
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": f"{event.name[:200]}.{hashlib.sha256(seed.encode()).hexdigest()[:16]}",
            "namespace": NAMESPACE,
        },
        "eventTime": stamp,
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:128],
        "action": event.reason,
        "reason": event.reason,
        "type": event.type,
        "note": event.message[:NOTE],
        "regarding": {
            "apiVersion": API_OF.get(event.kind, API_VERSION),
            "kind": event.kind,
            "name": event.name,
            "uid": event.uid,
        },
    }


class Counter(Protocol):
    """Who counts events (metrics)."""

    def event(self, result: str) -> None:
        """One was `told`, `counted`, `dropped` or `failed`."""


class Recorder:
    """Makes Events; may be used by many threads. An Event that cannot be made is only logged."""

    def __init__(
        self,
        cluster: Cluster,
        instance: str,
        counter: Counter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster, self._instance, self._counter = cluster, instance, counter
        self._clock = clock
        self._throttle = Throttle(RATE, BURST, clock)
        self._told: OrderedDict[RecordEvent, Told] = OrderedDict()
        self._lock = threading.Lock()

    def tell(self, event: RecordEvent) -> None:
        """Make it or, if the same was told lately, count it: every few minutes at most."""
        now = self._clock()
        with self._lock:
            told = self._known(event, now)
            if told is not None:
                told.count += 1
                if now - told.written_at < RECOUNT:
                    self._counter.event("counted")
                    return
                told.written_at = now
            if not self._throttle.try_take():
                self._counter.event("dropped")
                return
            if told is None:
                body = body_of(event, self._instance, datetime.now(UTC))
                self._remember(event, Told(body["metadata"]["name"], now, now))
        try:
            if told is None:
                self._cluster.create_event(NAMESPACE, body)
            else:
                self._recount(event, told)
        except (ApiError, StoppedError) as refusal:
            self._counter.event("failed")
            _log.warning("an event was not told: %s", refusal)
        else:
            self._counter.event("told")

    def _known(self, event: RecordEvent, now: float) -> Told | None:
        told = self._told.get(event)
        if told is not None and now - told.first > FRESH:
            del self._told[event]
            return None
        return told

    def _remember(self, event: RecordEvent, told: Told) -> None:
        self._told[event] = told
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    def _recount(self, event: RecordEvent, told: Told) -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        series = {"count": told.count, "lastObservedTime": stamp}
        try:
            self._cluster.count_event(NAMESPACE, told.name, series)
        except MissingError:
            with self._lock:
                self._told.pop(event, None)
