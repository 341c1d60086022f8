"""Nodes that run out of tasks: relieved at once, the culprit dealt with, nobody else hit for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from cluster import bystander, incidents, leaks
from cluster.api import Body
from cluster.bystander import PODS, Seen
from cluster.incidents import SMALL, Service, Victim
from cluster.installed import Installed
from cluster.leaks import PROCESSES, THREADS, Leak
from cluster.nodes import pod
from lab import docker_image
from lab.host import Host

LEAK = "leak"
UNIT = "leak.service"
PIDS = 128
REPLICAS, LEAST = 6, 5
RATE = 40


@pytest.fixture(scope="module")
def crowd(installation: Installed) -> Iterator[Installed]:
    """The product in a cluster in which others serve."""
    leaks.install(installation.cluster)
    with bystander.bystanders(installation.cluster, REPLICAS, LEAST):
        yield installation


@dataclass
class Incident:
    """What happened: what users and bystanders saw, and the remediation that ended it."""

    installed: Installed
    victim: Victim
    seen: Seen
    service: Service
    began: int
    remediation: Body = field(default_factory=dict)

    @property
    def node(self) -> Host:
        return self.victim.node

    @property
    def status(self) -> Body:
        found: Body = self.remediation["status"]
        return found

    def until_ended(self) -> None:
        """Wait for the end, and show it."""
        self.remediation = incidents.ended(self.installed, self.node.name)
        print(f"\n{incidents.journal(self.remediation)}")
        for act in self.acts:
            print(f"  {act.what} {act.before} -> {act.after} within {act.seconds} s")

    @property
    def acts(self) -> list[incidents.Act]:
        """What the agent raised and capped since the begin."""
        return incidents.reliefs(self.installed, self.node.name)[self.began :]

    def leak(self, leak: Leak) -> Body:
        """A pod that leaks there."""
        return self.installed.cluster.api.apply(leaks.in_pod(LEAK, leak, self.node))

    @property
    def begun(self) -> bool:
        """Whether there is a remediation."""
        return bool(incidents.of(self.installed.cluster, self.node.name))

    @property
    def named(self) -> str:
        """The culprit's name, as soon as it is known."""
        found = incidents.of(self.installed.cluster, self.node.name)
        culprit = found[0].get("status", {}).get("culprit", {}) if found else {}
        return str(culprit.get("name", ""))

    def takes_pods(self) -> None:
        """The node runs what it is given."""
        cluster = self.installed.cluster
        node = cluster.api.get(f"/api/v1/nodes/{self.node.name}")
        assert not node["spec"].get("unschedulable")
        assert "limitwise" not in str(node["spec"].get("taints"))
        cluster.run(pod("fresh", docker_image.NAME, ["sleep", "1000"], self.node))
        cluster.api.delete(f"{PODS}/fresh", gracePeriodSeconds="0")


@pytest.fixture
def victim(crowd: Installed, installed: Installed) -> Iterator[Victim]:
    """The first node, which is as it was when the test ends."""
    cluster, node = installed.cluster, installed.cluster.nodes[0]
    cluster.until("all serve", lambda: bystander.serving(cluster) == REPLICAS)
    with incidents.victim(cluster, node) as made:
        try:
            yield made
        finally:
            leaks.stop(node, UNIT)
            cluster.api.delete(f"{PODS}/{LEAK}", gracePeriodSeconds="0")
            incidents.clear(cluster)
            installed.clear()


@contextmanager
def incident(
    installed: Installed, victim: Victim, level: str, most: dict[str, int], **more: Any
) -> Iterator[Incident]:
    """Watch what happens on that node, with a policy for that level."""
    cluster, node = installed.cluster, victim.node.name
    began = len(incidents.reliefs(installed, node))
    trigger = {"name": level, "ceiling": {"level": level, "usedPercent": 85}}
    relief = {"at": 80, "most": most, "cap": True}
    incidents.policy(cluster, level, triggers=[trigger], relief=relief, **more)
    incidents.watched_everywhere(installed)
    with bystander.watched(cluster, LEAST) as seen, incidents.used(cluster, node) as service:
        yield Incident(installed, victim, seen, service, began)


def nobody_else_was_hit(incident: Incident) -> None:
    """Nobody but the culprit went, all bystanders served throughout, and users saw nothing."""
    assert incident.seen.innocent(LEAK) == {}
    assert incident.seen.lowest == REPLICAS
    assert incident.service.outage == 0.0


def test_a_leak_of_processes_on_a_host_ends_with_its_pod(
    installed: Installed, victim: Victim
) -> None:
    victim.sysctl(pid_max=SMALL)
    with incident(installed, victim, "host", {"pids": 8000}) as it:
        made = it.leak(Leak(PROCESSES, rate=RATE))
        it.until_ended()

    assert it.status["phase"] == "Succeeded"
    assert incidents.phases(it.remediation) == [
        *("Relieving", "EvictingCulprit", "Applying", "Verifying", "Uncordoning")
    ]
    culprit = it.status["culprit"]
    assert (culprit["kind"], culprit["name"]) == ("Pod", LEAK)
    assert culprit["subject"] == made["metadata"]["uid"]
    assert culprit["evicted"]
    assert (it.acts[0].what, it.acts[0].before) == ("kernel.pid_max", str(SMALL))
    nobody_else_was_hit(it)
    reasons = incidents.events(installed.cluster, victim.node.name)
    assert {"RemediationStarted", "Relieved", "CulpritEvicted", "Remediated"} <= {*reasons}
    installed.until("relief is given back", lambda: victim.value("pid_max") == SMALL)


def test_a_leak_of_threads_fills_kubepods_which_no_kubelet_sees(
    installed: Installed, victim: Victim
) -> None:
    threads = victim.value("threads-max")
    victim.kubelet(systemReserved={"pid": str(threads - 400)})
    installed.until("kubepods is small", lambda: victim.pids_max() == "400")
    with incident(installed, victim, "kubepods", {"kubepods": 4000}) as it:
        it.leak(Leak(THREADS, rate=RATE))
        it.until_ended()

    assert it.status["phase"] == "Succeeded"
    assert "Draining" not in incidents.phases(it.remediation)
    assert it.status["culprit"]["name"] == LEAK
    assert "PIDPressure False" in it.status["message"]
    assert (it.acts[0].what, it.acts[0].before) == ("/kubepods.slice", "400")
    nobody_else_was_hit(it)
    installed.until("relief is given back", lambda: victim.pids_max() == "400")


def test_a_pod_that_fills_its_own_limit_is_the_only_one_that_goes(
    installed: Installed, victim: Victim
) -> None:
    victim.kubelet(podPidsLimit=PIDS)
    with incident(installed, victim, "pod", {"pod": 4 * PIDS}) as it:
        made = it.leak(Leak(PROCESSES, rate=RATE))
        it.until_ended()

    assert it.status["phase"] == "Succeeded"
    assert it.remediation["spec"]["trigger"]["subject"] == made["metadata"]["uid"]
    assert it.status["culprit"]["name"] == LEAK
    nobody_else_was_hit(it)


def test_a_leak_outside_pods_is_held_and_named_and_no_pod_goes(
    installed: Installed, victim: Victim
) -> None:
    victim.sysctl(pid_max=SMALL)
    with incident(installed, victim, "host", {"pids": 8000}) as it:
        leaks.in_unit(victim.node, UNIT, Leak(PROCESSES, rate=RATE))
        installed.until("it is held", lambda: any(act.capped for act in it.acts))
        (capped,) = [act for act in it.acts if act.capped]
        assert capped.what.endswith(UNIT)
        installed.until("it is named", lambda: it.named == UNIT)
        leaks.stop(victim.node, UNIT)
        it.until_ended()

    assert it.status["culprit"]["kind"] == "Group"
    assert it.status["evicted"] == 0
    assert "Draining" not in incidents.phases(it.remediation)
    nobody_else_was_hit(it)
    installed.until("relief is given back", lambda: victim.value("pid_max") == SMALL)


def test_a_node_on_which_nothing_starts_any_more_is_healed(
    installed: Installed, victim: Victim
) -> None:
    victim.sysctl(pid_max=SMALL)
    cluster, node = installed.cluster, victim.node
    began = len(incidents.reliefs(installed, node.name))
    with bystander.watched(cluster, LEAST) as seen, incidents.used(cluster, node.name) as service:
        it = Incident(installed, victim, seen, service, began)
        it.leak(Leak(PROCESSES, rate=0))
        installed.until("nothing starts", lambda: service.failed)
        cluster.api.apply(pod("late", docker_image.NAME, ["sleep", "1000"], node))
        incidents.policy(cluster, "host", relief={"at": 80, "most": {"pids": 8000}, "cap": True})
        it.until_ended()
        installed.until("users are served again", lambda: service.tries[-1].worked)
        installed.until("the new pod runs", lambda: running(installed, "late"))
    print(f"  users were refused for {service.outage} s")
    cluster.api.delete(f"{PODS}/late", gracePeriodSeconds="0")

    assert it.status["phase"] == "Succeeded"
    assert it.status["culprit"]["name"] == LEAK
    assert seen.innocent(LEAK) == {}
    installed.until("relief is given back", lambda: victim.value("pid_max") == SMALL)


def running(installed: Installed, name: str) -> bool:
    found = installed.cluster.api.get(f"{PODS}/{name}")
    return bool(found["status"].get("phase") == "Running")


DRAINED = [
    *("Relieving", "EvictingCulprit", "Cordoning", "Draining"),
    *("Applying", "Verifying", "Uncordoning"),
]


def test_a_drained_node_comes_back_with_its_new_ceilings(
    installed: Installed, victim: Victim
) -> None:
    victim.sysctl(pid_max=SMALL)
    victim.kubelet()
    selector = {"matchLabels": {"kubernetes.io/hostname": victim.node.name}}
    tuning = {"kubelet": {"podPidsLimit": PIDS}}
    installed.tuning(
        "pods", nodeSelector=selector, tuning=tuning, disruption={"restart": "Never"}
    )
    installed.until("a restart is waited for", lambda: waits(installed, victim))
    with incident(installed, victim, "host", {"pids": 8000}) as it:
        here = bystander.on(installed.cluster, victim.node.name)
        it.leak(Leak(PROCESSES, rate=RATE))
        installed.until("a remediation has begun", lambda: it.begun)
        installed.change("pods", disruption={"restart": "AfterDrain"})
        it.until_ended()

    assert it.status["phase"] == "Succeeded"
    assert incidents.phases(it.remediation) == DRAINED
    assert it.status["steps"][DRAINED.index("Applying")]["result"] == "Done"
    assert it.seen.innocent(LEAK).keys() == {*here}
    assert it.seen.lowest >= LEAST
    assert victim.configuration()["podPidsLimit"] == PIDS
    assert not waits(installed, victim)
    it.takes_pods()


def waits(installed: Installed, victim: Victim) -> bool:
    """Whether a value waits there for a restart of the kubelet."""
    return bool(installed.state(victim.node.name).get("status", {}).get("waiting"))
