"""Remediation at 1,000 and 5,000 nodes: from a condition to the cordon, evictions, writes, memory.

etcd, API server and operator (with the chart's rights) are real processes; kwok ends evicted pods;
agents are simulated. Beside the operator, a program that does nothing but cordon a node as soon as
its watch shows a condition is measured in the same run: nobody could be sooner.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import urllib3

from cluster import control_plane as planes
from cluster import kwok
from cluster.agent_sim import Agents, Conduct
from cluster.api import MERGE_PATCH, Api, Body
from cluster.audit import Write
from cluster.control_plane import ControlPlane
from cluster.operators import Operator
from cluster.played import NAMESPACE
from cluster.pods import PODS, PODS_PATH, Pods
from cluster.remediations import POLICIES, Incidents
from cluster.rollouts import NODES, STATES, Rollouts
from cluster.slate import Slate
from cluster.trouble import Answer
from lab.errors import LabError

from .figures import Figure, progress, tell
from .processes import load, taken
from .site import LEASE_SECONDS, UNBOUNDED, by_operator, install, poll

# Published by NVSentinel: seconds from a condition to the cordon; its default rate of evictions.
PEER, PEER_BURST, PEER_EVICTIONS = (0.026, 0.165), (2.9, 5.1), 5.0
INCIDENTS, EVERY = 60, 2.0
BURST = 200
DRAINED, PODS_EACH = 20, 30
BARE_KIND = "BareTrouble"
IN_FLIGHT = 500
AT_ONCE = 8
WITHIN = 900.0
GRANTED = range(200, 300)


@dataclass
class Ground:
    """A cluster with simulated agents, and an operator that may do what the chart lets it."""

    plane: ControlPlane
    incidents: Incidents
    nodes: list[str]
    agents: Agents
    operator: Operator
    loads: list[float] = field(default_factory=list)

    @property
    def api(self) -> Slate:
        """cluster-admin."""
        return self.incidents.rollouts.api

    def step(self, text: str) -> None:
        """For people; with the machine's load, of which the worst is told in the end."""
        self.loads.append(load())
        progress(f"{len(self.nodes)} nodes: {text} (load {self.loads[-1]:.1f})")

    def tell(
        self, name: str, value: float, unit: str, against: str, ratio: float | None = None
    ) -> None:
        """One figure of this size."""
        shown = None if ratio is None else round(ratio, 2)
        tell(Figure(f"remediation_{len(self.nodes)}_{name}", round(value, 3), unit, against, shown))


@contextmanager
def ground(count: int, folder: Path) -> Iterator[Ground]:
    """So many nodes of real size, each with a NodeTuningState; all is removed in the end."""
    plane = ControlPlane(planes.states() / f"bench-{os.getpid()}")
    try:
        plane.start()
        api = Slate(plane)
        install(api)
        progress(f"{count} nodes (load {load():.1f})")
        names = kwok.create_nodes(api, count, make=kwok.ready_node)
        path = folder / "operator.kubeconfig"
        plane.write_kubeconfig(path, api.token(NAMESPACE, "limitwise-operator"))
        operator = Operator(path, folder, words=UNBOUNDED, lease_seconds=LEASE_SECONDS)
        incidents = Incidents(Rollouts(api, plane, folder))
        conduct = Conduct(plans=False)
        with kwok.Kwok(plane, PODS), Agents(plane.api(), conduct) as agents, operator:
            operator.wait_ready("leading", 120.0)
            yield Ground(plane, incidents, names, agents, operator)
    finally:
        plane.destroy()


def run_1000(_rounds: int) -> None:
    """How soon, how fast, with how many writes."""
    with (
        tempfile.TemporaryDirectory(prefix="limitwise-bench-") as folder,
        ground(1000, Path(folder)) as made,
    ):
        _watched(made)
        spare = iter(made.nodes)
        _steady(made, [next(spare) for _ in range(INCIDENTS)])
        _burst(made, [next(spare) for _ in range(BURST)])
        drained = [next(spare) for _ in range(2 * DRAINED)]
        _drains(made, drained[:DRAINED], drained[DRAINED:])
        _bare(made, [next(spare) for _ in range(INCIDENTS // 2)], EVERY, "bare")
        _bare(made, [next(spare) for _ in range(BURST)], 0.0, "bare_burst")
        made.tell("load", max(made.loads), "processes", "2 cores; the worst minute")


def run_5000(_rounds: int) -> None:
    """What the operator takes while so many are in flight."""
    with (
        tempfile.TemporaryDirectory(prefix="limitwise-bench-") as folder,
        ground(5000, Path(folder)) as made,
    ):
        # Their agents never say how a verification ends.
        made.agents.usual = Conduct(plans=False, verify=(Answer(""),))
        _watched(made, budget={"maxUnavailable": IN_FLIGHT})
        before = taken(made.operator.pid)
        _each(made.incidents.condition, made.nodes[: IN_FLIGHT + 100])

        def flying() -> bool:
            _alive(made.operator)
            return made.incidents.ends()["Verifying"] >= IN_FLIGHT

        poll(flying, f"{IN_FLIGHT} are in flight", WITHIN)
        now = taken(made.operator.pid)
        made.step("in flight")
        made.tell(
            f"rss_{IN_FLIGHT}_in_flight", now.resident, "MiB",
            f"{before.resident:.0f} MiB before; aim 500 MiB", before.resident / now.resident,
        )
        made.tell(f"rss_{IN_FLIGHT}_peak", now.most, "MiB", "the largest ever; aim 500 MiB")
        made.tell("load", max(made.loads), "processes", "2 cores; the worst minute")


def _watched(made: Ground, **spec: Any) -> None:
    """A policy of all nodes; every agent knows of it."""
    count = len(made.nodes)
    made.incidents.policy(**spec)

    def told() -> bool:
        _alive(made.operator)
        found = made.api.get(f"{POLICIES}/base").get("status", {})
        states = made.api.get(STATES, limit="1")
        listed = len(states["items"]) + states["metadata"].get("remainingItemCount", 0)
        return bool(found.get("nodes", {}).get("matched") == count == listed)

    poll(told, f"{count} nodes are watched", WITHIN)
    made.step("watched")


def _steady(made: Ground, names: list[str]) -> None:
    """One incident every two seconds."""
    mark = made.plane.audit.mark()
    _paced(made, names, EVERY, "PIDPressure")
    made.incidents.wait_ended(len(names), WITHIN)
    writes = made.plane.audit.since(mark)
    delays = _delays(writes, names)
    p50, p99 = median(delays), _p99(delays)
    made.step(f"{len(delays)} incidents: p50 {p50:.3f} s, p99 {p99:.3f} s")
    against = "{} s published by NVSentinel; aim {} s; 0.5 incidents/s"
    made.tell("cordon_p50", p50, "s", against.format(PEER[0], 0.15), PEER[0] / p50)
    made.tell("cordon_p99", p99, "s", against.format(PEER[1], 1.0), PEER[1] / p99)
    ours = [one for one in by_operator(writes) if one.status in GRANTED]
    besides = [one for one in ours if one.resource != "pods/eviction"]
    each = len(besides) / len(names)
    events = sum(one.resource == "events" for one in besides) / len(names)
    made.tell(
        "writes_each", each, "writes",
        f"aim 14 besides evictions; {events:.1f} of them events; with the policy's status",
    )


def _burst(made: Ground, names: list[str]) -> None:
    """So many at once, all of which may begin."""
    before = made.incidents.ends().total()
    mark = made.plane.audit.mark()
    _each(made.incidents.condition, names)
    made.incidents.wait_ended(before + len(names), WITHIN)
    delays = _delays(made.plane.audit.since(mark), names)
    p50, p99 = median(delays), _p99(delays)
    made.step(f"a burst of {len(delays)}: p50 {p50:.2f} s, p99 {p99:.2f} s")
    against = "{} s published by NVSentinel; aim p99 4 s; a burst of " + str(len(names))
    made.tell("burst_cordon_p50", p50, "s", against.format(PEER_BURST[0]), PEER_BURST[0] / p50)
    made.tell("burst_cordon_p99", p99, "s", against.format(PEER_BURST[1]), PEER_BURST[1] / p99)


def _drains(made: Ground, names: list[str], spare: list[str]) -> None:
    """Some nodes at once, full of pods that may all go; and the same by bare requests."""
    pods, before = Pods(made.api), made.incidents.ends().total()
    _filled(made, pods, names)
    mark = made.plane.audit.mark()
    _each(made.incidents.condition, names)
    made.incidents.wait_ended(before + len(names), WITHIN)
    rate, best = _rates(made.plane.audit.since(mark))
    bare_names = _filled(made, pods, spare)
    mark = made.plane.audit.mark()
    _each(lambda name: made.api.create(f"{PODS_PATH}/{name}/eviction", _eviction(name)), bare_names)
    bare, _best = _rates(made.plane.audit.since(mark))
    made.step(f"{rate:.0f} evictions/s, {bare:.0f} by bare requests")
    against = f"{PEER_EVICTIONS} by NVSentinel's default; aim 50; {len(names) * PODS_EACH} in all"
    made.tell("evictions_per_second", rate, "evictions/s", against, rate / PEER_EVICTIONS)
    against = f"{bare:.0f} by bare requests of {AT_ONCE} threads, in the same run"
    made.tell("evictions_best_second", best, "evictions/s", against, best / bare)


def _filled(made: Ground, pods: Pods, names: list[str]) -> list[str]:
    """The names of the pods, as soon as all of them run."""
    found = [f"{name}-{n}" for name in names for n in range(PODS_EACH)]
    _each(lambda pod: pods.run(pod, pod.rpartition("-")[0]), found)
    poll(lambda: set(found) <= pods.running().keys(), f"{len(found)} pods run", WITHIN)
    made.step(f"{len(found)} pods")
    return found


def _eviction(name: str) -> Body:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}


def _rates(writes: Iterable[Write]) -> tuple[float, int]:
    """Granted evictions a second, over all and in the best second."""
    evicted = sorted(
        _time(one)
        for one in writes
        if one.resource == "pods/eviction" and one.status in GRANTED
    )
    best = max(sum(at <= one < at + 1.0 for one in evicted) for at in evicted)
    return len(evicted) / (evicted[-1] - evicted[0]), best


def _bare(made: Ground, names: list[str], every: float, name: str) -> None:
    """The program that only cordons, on conditions that the operator does not know."""
    mark, ending = made.plane.audit.mark(), threading.Event()
    since = made.api.get(NODES, limit="1")["metadata"]["resourceVersion"]
    thread = threading.Thread(
        target=_cordons, args=(made.plane.api(), since, ending), daemon=True
    )
    thread.start()
    _paced(made, names, every, BARE_KIND)
    poll(lambda: len(_delays(made.plane.audit.since(mark), names)) == len(names), "bare", 120.0)
    ending.set()
    delays = _delays(made.plane.audit.since(mark), names)
    made.step(f"{name}: p50 {median(delays):.3f} s")
    words = "a watch and one patch, nothing else, beside the idle operator"
    made.tell(f"{name}_p50", median(delays), "s", words)
    made.tell(f"{name}_p99", _p99(delays), "s", words)


def _cordons(api: Api, since: str, ending: threading.Event) -> None:
    """Cordon each node as soon as it shows the condition."""
    while not ending.is_set():
        try:
            for event in api.watch(NODES, resourceVersion=since, timeoutSeconds="5"):
                node = event["object"]
                since = node["metadata"]["resourceVersion"]
                if _shows(node) and not node["spec"].get("unschedulable"):
                    path = f"{NODES}/{node['metadata']['name']}"
                    body = {"spec": {"unschedulable": True}}
                    api.request("PATCH", path, body, content_type=MERGE_PATCH).content()
        except urllib3.exceptions.HTTPError:
            continue  # a quiet watch is cut by our own client


def _shows(node: Body) -> bool:
    found = node["status"]["conditions"]
    return any(one["type"] == BARE_KIND and one["status"] == "True" for one in found)


def _paced(made: Ground, names: list[str], every: float, kind: str) -> None:
    """Conditions of that kind, one after the other, or all at once."""
    if not every:
        _each(lambda name: made.incidents.condition(name, kind=kind), names)
        return
    due = time.monotonic()
    for name in names:
        made.incidents.condition(name, kind=kind)
        _alive(made.operator)
        due += every
        time.sleep(max(0.0, due - time.monotonic()))


def _each(work: Callable[[str], object], names: list[str]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, names))


def _alive(operator: Operator) -> None:
    if not operator.alive:
        raise LabError(f"the operator ended: {operator.tail()}")


def _time(write: Write) -> float:
    return datetime.fromisoformat(write.time).timestamp()


def _delays(writes: Iterable[Write], names: list[str]) -> list[float]:
    """Seconds from each node's condition to the first patch of that node itself."""
    told: dict[str, float] = {}
    done: dict[str, float] = {}
    wanted = set(names)
    for one in writes:
        if one.name in wanted and one.verb == "patch" and one.status in GRANTED:
            if one.resource == "nodes/status":
                told.setdefault(one.name, _time(one))
            elif one.resource == "nodes":
                done.setdefault(one.name, _time(one))
    return [done[name] - at for name, at in told.items() if name in done]


def _p99(delays: list[float]) -> float:
    return quantiles(delays, n=100, method="inclusive")[98]
