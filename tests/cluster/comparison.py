"""The same exhaustion under the kubelet alone, with `kubectl drain`, and with Limitwise.

One node of three is small and takes a leak that never ends by itself. Each party has the same time;
what is measured is what users see: `kubectl exec` on that node, bystanders that serve, pods that
were hit although they had nothing to do with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from lab.errors import LabError
from lab.host import Host

from . import bystander, incidents, leaks
from .bystander import PODS, Seen
from .incidents import EVICTION, SMALL, Service, Victim
from .installed import QUICK, Installed
from .leaks import PROCESSES, Leak
from .nodes import Cluster

KUBELET, DRAIN, LIMITWISE = "kubelet alone", "kubectl drain", "limitwise"
PARTIES = (KUBELET, DRAIN, LIMITWISE)
REPLICAS, LEAST = 6, 5
POD, UNIT = "leak", "leak.service"
# Eviction at 600 of 1000; by the default of 10 % a kubelet would never see anything: forks fail
# when it still counts 231 free numbers.
SEES = {"evictionHard": {"pid.available": "40%", **EVICTION}}
ALLOWED = 75.0
DRAIN_ALLOWED = "60s"
AGAIN = 3  # tries in a row that work: the node is back
LOOK = 0.2

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What one party made of one leak.

    ``outage``: seconds during which users were refused, None: until the end of the time.
    ``innocent``: pods hit that did not leak. ``short``: seconds with fewer bystanders than their
    PodDisruptionBudget keeps. ``ended``: seconds until the leak was over or held; None: it was not.
    ``relieved``: the agent's own figure.
    """

    leak: str
    party: str
    outage: float | None
    innocent: int
    short: float
    ended: float | None
    relieved: float | None = None


def in_pod(cluster: Cluster, node: Host) -> None:
    """Processes as fast as they can be made, in a pod."""
    cluster.api.apply(leaks.in_pod(POD, Leak(PROCESSES, rate=0), node))


def in_unit(_cluster: Cluster, node: Host) -> None:
    """The same in a unit of the host."""
    leaks.in_unit(node, UNIT, Leak(PROCESSES, rate=0))


LEAKS: Mapping[str, Callable[[Cluster, Host], None]] = {"pod": in_pod, "unit": in_unit}


def compare(cluster: Cluster, say: Say) -> list[Outcome]:
    """Every leak with every party; the product is installed when it is its turn."""
    leaks.install(cluster)
    found = []
    for party in PARTIES:
        if party == LIMITWISE:
            installed = Installed.into(cluster, **QUICK)
            incidents.policy(cluster, "heal")
            incidents.watched_everywhere(installed)
        for leak in LEAKS:
            found.append(_course(cluster, party, leak))
            say(" | ".join(_words(found[-1])))
    return found


def table(found: list[Outcome]) -> str:
    """For people."""
    head = ("leak", "party", "no exec for", "innocent pods", "below PDB", "leak ended", "relieved")
    rows = [head, *map(_words, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True))
        for row in rows
    )


def _words(one: Outcome) -> tuple[str, ...]:
    def seconds(value: float | None, without: str) -> str:
        return without if value is None else f"{value:.1f} s"

    return (
        one.leak, one.party, seconds(one.outage, f"> {ALLOWED:.0f} s"), str(one.innocent),
        seconds(one.short, ""), seconds(one.ended, "never"), seconds(one.relieved, "-"),
    )  # fmt: skip


def _course(cluster: Cluster, party: str, leak: str) -> Outcome:
    node = cluster.nodes[0]
    began = len(_acts(cluster, node)) if party == LIMITWISE else 0
    with bystander.bystanders(cluster, REPLICAS, LEAST), incidents.victim(cluster, node) as victim:
        victim.sysctl(pid_max=SMALL)
        victim.kubelet(**SEES)
        with (
            bystander.watched(cluster, LEAST) as seen,
            incidents.used(cluster, node.name) as service,
        ):
            cluster.until("users are served", lambda: len(service.tries) > 1)
            service.tries.clear()
            LEAKS[leak](cluster, node)
            ended = _wait(cluster, victim, party, seen, service)
        acts = _acts(cluster, node)[began:] if party == LIMITWISE else []
        leaks.stop(node, UNIT)
        cluster.api.delete(f"{PODS}/{POD}", gracePeriodSeconds="0")
    relieved = max((act.seconds for act in acts if not act.capped), default=None)
    innocent = len(seen.innocent(POD))
    return Outcome(leak, party, service.outage, innocent, seen.short, ended, relieved)


def _acts(cluster: Cluster, node: Host) -> list[incidents.Act]:
    return incidents.reliefs(Installed(cluster), node.name)


def _wait(
    cluster: Cluster, victim: Victim, party: str, seen: Seen, service: Service
) -> float | None:
    """Until the party is done with it or the time is over; when the leak was over or held."""
    began, drained, ended = time.monotonic(), False, None
    while time.monotonic() - began < ALLOWED:
        if party == DRAIN and not drained and service.failed:
            drained = True
            _drain(cluster, victim.node)
        if ended is None and _over(cluster, party, seen, victim.node):
            ended = time.monotonic() - began
        back = ended is not None and all(one.worked for one in service.tries[-AGAIN:])
        if back and (party != LIMITWISE or _remediated(cluster, victim.node)):
            break
        time.sleep(LOOK)  # between two looks, until the deadline
    return ended


def _over(cluster: Cluster, party: str, seen: Seen, node: Host) -> bool:
    """Whether the leak's pod has ended, or its unit is held."""
    if POD in seen.hit:
        answer = cluster.api.request("GET", f"{PODS}/{POD}")
        return answer.status == 404 or answer.body["status"].get("phase") in ("Failed", "Succeeded")
    return party == LIMITWISE and any(act.capped for act in _acts(cluster, node))


def _remediated(cluster: Cluster, node: Host) -> bool:
    found = incidents.of(cluster, node.name)
    return bool(found) and found[-1].get("status", {}).get("phase") in incidents.ENDED


def _drain(cluster: Cluster, node: Host) -> None:
    """As somebody on call does it, at the first sign; it may fail."""
    options = ("--force", "--ignore-daemonsets", "--delete-emptydir-data")
    with suppress(LabError):
        cluster.kubectl("drain", node.name, *options, f"--timeout={DRAIN_ALLOWED}")
