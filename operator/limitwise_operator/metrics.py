"""The operator's figures for Prometheus: one table, and who counts what.

No node's name is a label anywhere: figures of single nodes are the agents'.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.metrics import MetricWrapperBase

from .kinds.node_tuning import NodeTuning

PREFIX = "limitwise_"
SLOW = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0)
QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# name, kind, labels, help
TABLE: tuple[tuple[str, type[MetricWrapperBase], tuple[str, ...], str], ...] = (
    ("tuning_nodes", Gauge, ("tuning", "state"), "Nodes of a NodeTuning by state."),
    ("tuning_paused", Gauge, ("tuning",), "1 while a NodeTuning's rollout is paused."),
    ("drift_nodes", Gauge, (), "Nodes that are not as their tunings want them."),
    ("nodes", Gauge, (), "Nodes known."),
    ("writes_total", Counter, ("write", "result"), "Writes that plans asked for, by outcome."),
    ("evictions_total", Counter, ("code",), "Evictions asked for: granted or refused."),
    ("eviction_blocked_pods", Gauge, (), "Pods whose last eviction was refused."),
    ("remediations", Gauge, ("phase",), "NodeRemediations that there are, by phase."),
    (
        "remediation_total",
        Counter,
        ("result", "trigger"),
        "Remediations that ended: Succeeded, GaveBack, Escalated, Cancelled.",
    ),
    (
        "remediation_phase_seconds",
        Histogram,
        ("phase",),
        "How long a phase of a remediation took.",
    ),
    (
        "remediation_blocked_total",
        Counter,
        ("limit",),
        "Nodes in trouble put off by budget, storm, paused, cooldown, controlplane or report.",
    ),
    ("remediation_storm", Gauge, ("policy",), "1 while too many nodes are in trouble."),
    (
        "remediation_oldest_seconds",
        Gauge,
        ("phase",),
        "For how long the oldest remediation in a phase has been in it.",
    ),
    ("events_total", Counter, ("result",), "Events told, counted, dropped or failed."),
    (
        "apiserver_requests_total",
        Counter,
        ("verb", "resource", "code"),
        "Requests to the API server by answer; error: no answer.",
    ),
    ("apiserver_request_seconds", Histogram, ("verb",), "How long the API server took."),
    ("apiserver_throttle_seconds_total", Counter, (), "Time that requests waited for our limit."),
    (
        "watch_last_event_age_seconds",
        Gauge,
        ("resource",),
        "Since the last event of a watch; a quiet cluster's grows too.",
    ),
    (
        "watch_behind_seconds",
        Gauge,
        ("resource",),
        "For how long a watch has not delivered what a census saw; 0 is healthy.",
    ),
    ("event_loop_lag_seconds", Gauge, (), "How late the event loop was when last asked."),
    ("planner_pass_seconds", Histogram, (), "How long deciding took."),
    ("planner_queue_age_seconds", Gauge, (), "For how long a change has waited to be planned."),
    ("leader", Gauge, (), "1 while this replica leads."),
)


class Metrics:
    """The figures of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._all: dict[str, Any] = {}
        for name, kind, labels, text in TABLE:
            buckets = SLOW if name == "remediation_phase_seconds" else QUICK
            make: Any = partial(Histogram, buckets=buckets) if kind is Histogram else kind
            self._all[name] = make(PREFIX + name, text, labels, registry=self.registry)

    def serve(self, address: str, port: int) -> tuple[WSGIServer, threading.Thread]:
        """Answer scrapes in threads of their own; the server that was started."""
        return start_http_server(port, address, self.registry)

    def gauge(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge of the table."""
        metric = self._all[name]
        (metric.labels(*labels) if labels else metric).set(value)

    def clear(self, name: str) -> None:
        """Forget what a gauge of the table says of things that may have gone."""
        self._all[name].clear()

    def count(self, name: str, *labels: str, amount: float = 1) -> None:
        """Raise a counter of the table."""
        metric = self._all[name]
        (metric.labels(*labels) if labels else metric).inc(amount)

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Add to a histogram of the table."""
        metric = self._all[name]
        (metric.labels(*labels) if labels else metric).observe(value)

    # --- what the door, the recorder and the planner tell --------------------------------------

    def request(self, verb: str, resource: str, code: str, seconds: float) -> None:
        """One request was answered."""
        self.count("apiserver_requests_total", verb, resource, code)
        self.observe("apiserver_request_seconds", seconds, verb)

    def throttled(self, seconds: float) -> None:
        """A request waited for its turn."""
        if seconds > 0:
            self.count("apiserver_throttle_seconds_total", amount=seconds)

    def event(self, result: str) -> None:
        """An Event was told, counted, dropped or failed."""
        self.count("events_total", result)

    def tunings(self, tunings: Iterable[NodeTuning]) -> None:
        """The counts of all NodeTunings as their statuses have them; gone ones go."""
        for name in ("tuning_nodes", "tuning_paused"):
            self._all[name].clear()
        for tuning in tunings:
            for state, nodes in tuning.status.nodes.to_dict().items():
                self.gauge("tuning_nodes", nodes, tuning.name, state)
            paused = any(c.type == "Paused" and c.true for c in tuning.status.conditions)
            self.gauge("tuning_paused", float(paused), tuning.name)
