"""Nodes that run out of tasks: relieved at once, the culprit dealt with, nobody else hit for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster import bystander, incidents, leaks
from cluster.bystander import PODS
from cluster.incidents import SMALL, Victim
from cluster.installed import Installed
from cluster.leaks import PROCESSES, THREADS, Leak
from cluster.nodes import pod
from lab import docker_image
from nodes.healing import (
    LEAK,
    LEAST,
    UNIT,
    Incident,
    incident,
    nobody_else_was_hit,
    others,
    small_node,
)

PIDS = 128
RATE = 40


@pytest.fixture(scope="module")
def crowd(installation: Installed) -> Iterator[Installed]:
    """The product in a cluster in which others serve."""
    with others(installation) as made:
        yield made


@pytest.fixture
def victim(crowd: Installed, installed: Installed) -> Iterator[Victim]:
    """The first node, which is as it was when the test ends."""
    with small_node(installed) as made:
        yield made


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
    told = {"RemediationStarted", "Relieved", "CulpritEvicted", "Remediated"}
    installed.until(
        "it is told", lambda: told <= {*incidents.events(installed.cluster, victim.node.name)}
    )
    installed.until("relief is given back", lambda: victim.value("pid_max") == SMALL)


def test_a_leak_of_threads_fills_kubepods_which_no_kubelet_sees(
    installed: Installed, victim: Victim
) -> None:
    threads = victim.value("threads-max")
    victim.kubelet(systemReserved={"pid": str(threads - 400)})
    installed.until("kubepods is small", lambda: victim.pids_max() == "400")
    with incident(installed, victim, "kubepods", {"kubepods": 4000}) as it:
        # from relief at 320 to 400 the agent has four seconds
        it.leak(Leak(THREADS, rate=RATE // 2))
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
    # Pausing keeps a rollout from restarting by itself, not a remediation.
    installed.change("pods", disruption={"restart": "AfterDrain"}, rollout={"paused": True})
    installed.wait_reason("pods", "Paused", "ByUser")
    with incident(installed, victim, "host", {"pids": 8000}) as it:
        here = bystander.on(installed.cluster, victim.node.name)
        it.leak(Leak(PROCESSES, rate=RATE))
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
