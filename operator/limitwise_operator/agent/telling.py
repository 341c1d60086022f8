"""What the agent says to people and machines beside the API: JSON lines and metrics."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import tightest

from .. import __version__
from .marks import Ceiling

# Pods come and go: only the tightest ceilings of the moment have a series.
MOST_SERIES = 50
NAME = "limitwise_agent_"
LABELS = ("resource", "scope", "subject")
RELIEF_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5)
RUN_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


class Telling:
    """Logs on ``stream``, one JSON object a line; metrics in a registry of its own."""

    def __init__(self, node: str, stream: TextIO | None = None) -> None:
        self.node = node
        self.stream = stream or sys.stderr
        # Their times of creation would double the series of every node.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        here = self.registry
        self.runs = Counter(
            NAME + "runs", "Runs of Ansible by end.", ["state", "why"], registry=here
        )
        self.run_seconds = Histogram(
            NAME + "run_seconds", "How long runs take.", buckets=RUN_SECONDS, registry=here
        )
        self.drifted = Gauge(
            NAME + "drifted_keys", "Limits that somebody else has changed.", registry=here
        )
        self.looked = Gauge(
            NAME + "observation_seconds", "How long the last look took.", registry=here
        )
        self.looked_time = Gauge(
            NAME + "observation_time_seconds", "When the node was last looked at.", registry=here
        )
        self.requests = Counter(
            NAME + "apiserver_requests", "Requests to the API server.",
            ["verb", "resource", "code"], registry=here,
        )
        self.troubles = Counter(
            NAME + "watch_breaks", "Watches that broke or were forgotten.", registry=here
        )
        self.reliefs = Counter(
            NAME + "reliefs", "Values raised and cgroups capped at once.", ["what"], registry=here
        )
        self.relief_seconds = Histogram(
            NAME + "relief_seconds",
            "From the last look that saw a ceiling below its mark until it was raised.",
            buckets=RELIEF_SECONDS, registry=here,
        )
        self.pressure = Gauge(
            NAME + "pressure_percent", "How much is gone at the fullest ceiling for tasks.",
            ["level"], registry=here,
        )
        info = Gauge(NAME + "info", "Version of the agent.", ["version"], registry=here)
        info.labels(__version__).set(1)
        self.shown = ShownCeilings()
        self.registry.register(self.shown)

    # --- what the loop tells: ports.Told -----------------------------------------------------

    def said(self, level: str, word: str, **more: Any) -> None:
        """One line of the log."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        known = {"time": stamp, "level": level, "message": word, "node": self.node}
        told = {key: value for key, value in more.items() if value not in (None, "")}
        print(json.dumps({**known, **told}, default=str), file=self.stream, flush=True)

    def looked_at(self, ceilings: tuple[Ceiling, ...], drift: int, seconds: float) -> None:
        """The node was looked at."""
        self.shown.ceilings = tuple(tightest(ceilings)[:MOST_SERIES])  # type: ignore[arg-type]
        self.drifted.set(drift)
        self.looked.set(seconds)
        self.looked_time.set(time.time())

    def ran(self, state: str, why: str, seconds: float) -> None:
        """A run has ended."""
        self.runs.labels(state, why).inc()
        self.run_seconds.observe(seconds)

    # --- what the relieving thread tells: relieving.Told ---------------------------------------

    def relieved(self, what: str, seconds: float) -> None:
        """A value was raised or capped."""
        self.reliefs.labels(what).inc()
        self.relief_seconds.observe(seconds)

    def pressed(self, percents: Mapping[str, int]) -> None:
        """How much is gone at each level."""
        for level, percent in percents.items():
            self.pressure.labels(level).set(percent)

    # --- what the door tells: effects.door.Watcher -------------------------------------------

    def request(self, verb: str, resource: str, code: str, seconds: float) -> None:
        """One request was answered."""
        self.requests.labels(verb, resource, code).inc()

    def throttled(self, seconds: float) -> None:
        """An agent asks too little to be throttled by itself."""

    # --- what the threads tell -----------------------------------------------------------------

    def watch_broke(self, why: str) -> None:
        """A watch ended otherwise than the server ends one."""
        self.troubles.inc()
        self.said("warning", "the watch broke", error=why)

    def heart_missed(self, why: str) -> None:
        """A heartbeat could not be written."""
        self.said("warning", "the heartbeat was not written", error=why)

    def page(self) -> bytes:
        """The metrics as Prometheus reads them."""
        return generate_latest(self.registry)


class ShownCeilings(Collector):
    """The tightest ceilings as gauges; those of a pod that has gone are gone at once."""

    def __init__(self) -> None:
        self.ceilings: tuple[Ceiling, ...] = ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Limit and use of each; a ceiling that is named twice is shown once."""
        ceilings = tuple(first_of_each(self.ceilings))
        yield _family("limit", "Limit as the kernel enforces it.", ceilings, lambda one: one.limit)
        yield _family("used", "How much of it is in use.", ceilings, lambda one: one.used or 0)


def first_of_each(ceilings: Iterable[Ceiling]) -> Iterator[Ceiling]:
    """The first ceiling of each resource, scope and subject."""
    seen = set()
    for one in ceilings:
        key = (one.resource, one.scope, one.subject)
        if key not in seen:
            seen.add(key)
            yield one


def _family(
    name: str, text: str, ceilings: Iterable[Ceiling], value: Callable[[Ceiling], int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{NAME}ceiling_{name}", text, labels=LABELS)
    for one in ceilings:
        family.add_metric((one.resource, one.scope, one.subject), value(one))
    return family
