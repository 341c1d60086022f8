"""Remediation on the real API server, with simulated agents: a node is healed and given back."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime

import pytest

from api.test_operator_drain import pod
from cluster.agent_sim import Agents
from cluster.api import Body
from cluster.remediations import POLICIES, QUICK, REMEDIATIONS, Incidents
from cluster.rollouts import NODES, Rollouts
from cluster.slate import wait


@pytest.fixture
def incidents(rollouts: Rollouts, agents: Agents) -> Incidents:
    """Agents that answer every task well."""
    del agents
    return Incidents(rollouts)


def test_a_node_under_pid_pressure_is_drained_verified_and_given_back(
    incidents: Incidents,
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(2)
    path = pod(rollouts, "web", "n0")
    with rollouts.operator():
        incidents.policy()
        incidents.condition("n0")
        incidents.wait_phase("n0", "Draining")
        assert incidents.cordoned("n0")
        wait(lambda: "deletionTimestamp" in rollouts.api.get(path)["metadata"], "it is evicted")
        # A kubelet would end it now.
        rollouts.api.delete(path, gracePeriodSeconds="0")
        # It is let go after it has said how it ended.
        assert incidents.wait_ended(1) == {"Succeeded": 1}
        ended = incidents.of("n0")
        assert not incidents.cordoned("n0")
        assert "limitwise.dev" not in str(incidents.node("n0")["spec"].get("taints", ""))
        assert ended["status"]["evicted"] == 1
        assert "finalizers" not in ended["metadata"]
        assert incidents.phase("n1") == ""
        # The kubelet's word stays for minutes: it is no new incident.
        assert [one["spec"]["node"] for one in incidents.all()] == ["n0"]
        phases = [step["phase"] for step in ended["status"]["steps"]]
        assert phases == [
            "Relieving", "EvictingCulprit", "Cordoning", "Draining", "Applying", "Verifying",
            "Uncordoning",
        ]  # fmt: skip
        incidents.wait_told("n0", "RemediationStarted", "Remediated")


def test_without_need_nobody_is_evicted(incidents: Incidents) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(1)
    path = pod(rollouts, "web", "n0")
    with rollouts.operator():
        incidents.policy(steps={**QUICK, "drain": {"when": "Never"}})
        incidents.condition("n0")
        ended = incidents.wait_phase("n0", "Succeeded")
        assert not ended["status"]["cordoned"]
        assert "deletionTimestamp" not in rollouts.api.get(path)["metadata"]


def budget(incidents: Incidents, name: str, app: str) -> None:
    body = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": app}}},
    }
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    incidents.rollouts.api.create(path, body)


@pytest.mark.parametrize(
    ("names", "said"), [(["web"], "web"), (["left", "right"], "left and right are both on it")]
)
def test_what_is_in_the_way_is_named_and_the_node_given_back(
    incidents: Incidents, names: list[str], said: str
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(1)
    path = pod(rollouts, "web", "n0")
    for name in names:
        budget(incidents, name, "web")
    with rollouts.operator():
        incidents.policy(steps={**QUICK, "drain": {"when": "Always", "timeout": "12s"}})
        incidents.condition("n0")
        ended = incidents.wait_phase("n0", "GaveBack")
        assert not incidents.cordoned("n0")
        assert "deletionTimestamp" not in rollouts.api.get(path)["metadata"]
        assert ended["status"]["evicted"] == 0
        incidents.wait_told("n0", "DrainBlocked")
    notes = [one["note"] for one in incidents.events("n0") if one["reason"] == "DrainBlocked"]
    assert any(note.startswith("default/web: ") and said in note for note in notes), notes


def held(incidents: Incidents) -> str:
    """A node whose drain does not end by itself."""
    incidents.rollouts.nodes(1)
    path = pod(incidents.rollouts, "web", "n0")
    budget(incidents, "web", "web")
    return path


def test_people_win_in_the_middle_of_a_drain(incidents: Incidents) -> None:
    rollouts = incidents.rollouts
    held(incidents)
    with rollouts.operator():
        incidents.policy()
        incidents.condition("n0")
        incidents.wait_phase("n0", "Draining")
        rollouts.api.merge(f"{NODES}/n0", {"spec": {"unschedulable": None}})
        first = incidents.wait_phase("n0", "Cancelled")
        assert "put the node back in service" in first["status"]["message"]
        incidents.wait(lambda: _clean(incidents.node("n0")), "nothing of ours is left")

        incidents.condition("n0", "False")
        incidents.change(cooldown="0s")
        wait(lambda: _later(first), "a second has passed")
        incidents.condition("n0")
        incidents.wait(lambda: len(incidents.all()) == 2, "there is a new incident")
        incidents.wait_phase("n0", "Draining")
        second = incidents.of("n0")["metadata"]["name"]
        incidents.change(cooldown="1h")
        incidents.wait_known()
        rollouts.api.delete(f"{REMEDIATIONS}/{second}")
        incidents.wait(
            lambda: second not in [one["metadata"]["name"] for one in incidents.all()],
            "the deleted incident goes",
        )
        assert _clean(incidents.node("n0"))


def _later(first: Body) -> bool:
    """Incidents are told apart, and put in order, by seconds."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return now > max(first["spec"]["trigger"]["since"], first["metadata"]["creationTimestamp"])


def _clean(node: Body) -> bool:
    words = ("limitwise.dev/drain", "limitwise.dev/cordon")
    text = str(node["spec"]) + str(node["metadata"].get("annotations", ""))
    return not node["spec"].get("unschedulable") and not any(word in text for word in words)


def test_a_policy_in_use_goes_when_its_nodes_are_given_back(incidents: Incidents) -> None:
    rollouts = incidents.rollouts
    held(incidents)
    with rollouts.operator():
        incidents.policy()
        incidents.condition("n0")
        incidents.wait_phase("n0", "Draining")
        assert rollouts.api.get(f"{POLICIES}/base")["metadata"]["finalizers"]
        rollouts.api.delete(f"{POLICIES}/base")
        incidents.wait_phase("n0", "Cancelled")
        wait(lambda: rollouts.api.request("GET", f"{POLICIES}/base").status == 404, "it is gone")
        assert _clean(incidents.node("n0"))


def test_a_killed_operator_goes_on_where_it_was(incidents: Incidents) -> None:
    """Killed again and again in the course of a few incidents; nobody is evicted twice."""
    rollouts = incidents.rollouts
    names = rollouts.nodes(4)
    paths = {name: pod(rollouts, f"web-{name}", name) for name in names}
    ending = threading.Event()
    kubelet = threading.Thread(target=_kubelet, args=(rollouts, list(paths.values()), ending))
    kubelet.start()
    try:
        with rollouts.operator() as made:
            incidents.policy(budget={"maxUnavailable": 2})
            for name in names:
                incidents.condition(name)
            for phase in ("Draining", "Verifying", "Succeeded"):
                incidents.wait(lambda p=phase: _any(incidents, p), f"one is {phase}")
                assert made.process is not None
                os.kill(made.process.pid, signal.SIGKILL)
                made.process.wait()
                made.start()
                made.wait_ready()
            for name in names:
                incidents.wait_phase(name, "Succeeded", seconds=120.0)
                assert _clean(incidents.node(name))
    finally:
        ending.set()
        kubelet.join()
    assert len(incidents.all()) == len(names)


def _any(incidents: Incidents, phase: str) -> bool:
    """Whether one is that far, or was: a phase may be over before anybody looks."""
    told = [one.get("status", {}) for one in incidents.all()]
    return any(
        phase in (one.get("phase"), *(step["phase"] for step in one.get("steps", ())))
        for one in told
    )


def _kubelet(rollouts: Rollouts, paths: list[str], ending: threading.Event) -> None:
    """Ends pods that were told to."""
    while not ending.wait(0.2):
        for path in paths:
            found = rollouts.api.request("GET", path)
            if found.status == 200 and "deletionTimestamp" in found.body["metadata"]:
                rollouts.api.delete(path, gracePeriodSeconds="0")
