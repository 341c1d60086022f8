"""Drains of remediation, with pods that really go: who is evicted, who stays, who is in the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.remediating import check_evictions, check_settled
from cluster.agent_sim import Agents
from cluster.kwok import Kwok
from cluster.onlooker import Onlooker
from cluster.pods import PODS, Pods
from cluster.remediations import QUICK, Incidents
from cluster.rollouts import Rollouts

SHORT = {**QUICK, "drain": {"when": "Always", "timeout": "15s", "afterTimeout": "GiveBack"}}


@pytest.fixture
def incidents(rollouts: Rollouts, agents: Agents) -> Iterator[Incidents]:
    """Agents that answer every task well, and pods that run and end."""
    del agents
    with Kwok(rollouts.plane, PODS):
        yield Incidents(rollouts)


@pytest.fixture
def pods(incidents: Incidents) -> Pods:
    """No pod yet."""
    return Pods(incidents.rollouts.api)


def test_pods_leave_once_and_what_belongs_to_the_node_stays(
    incidents: Incidents, pods: Pods
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(4)
    incidents.set_cordon("n2", cordoned=True)
    for node in ("n0", "n1", "n2"):
        for number in range(3):
            pods.run(f"web-{number}-{node}", node)
        pods.run(f"agent-{node}", node, kind="DaemonSet")
    mark = rollouts.plane.audit.mark()
    with Onlooker(rollouts.api) as seen, rollouts.operator("--max-unavailable", "100%"):
        incidents.policy()
        for node in ("n0", "n2"):
            incidents.condition(node)
        ends = incidents.wait_ended(2)
    assert ends == {"Succeeded": 2}
    left = pods.running()
    assert set(left) == {
        *(f"agent-{node}" for node in ("n0", "n1", "n2")),
        *(f"web-{number}-n1" for number in range(3)),
    }
    check_evictions(rollouts.plane, mark, pods, ("n0", "n2"))
    check_settled(incidents, seen, foreign=["n2"])
    assert incidents.of("n2")["status"]["unschedulableBefore"] is True
    assert incidents.of("n0")["status"]["evicted"] == 3
    assert seen.cordons == {"n0": 1, "n2": 1}


def test_a_pod_in_the_way_is_named_with_its_budget_and_the_node_is_given_back(
    incidents: Incidents, pods: Pods
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(3)
    # n0: one budget that forbids; n1: two of them, which no eviction passes; n2: an opt-out.
    pods.run("one", "n0")
    pods.budget("one", "one")
    pods.run("two", "n1")
    pods.budget("two", "two")
    pods.budget("also-two", "two")
    pods.run("stays", "n2")
    safe = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
    rollouts.api.merge(
        "/api/v1/namespaces/default/pods/stays", {"metadata": {"annotations": safe}}
    )
    mark = rollouts.plane.audit.mark()
    with Onlooker(rollouts.api) as seen, rollouts.operator("--max-unavailable", "100%"):
        incidents.policy(steps=SHORT)
        for node in ("n0", "n1", "n2"):
            incidents.condition(node)
        ends = incidents.wait_ended(3)
        for node in ("n0", "n1", "n2"):
            incidents.wait_told(node, "DrainBlocked", "GaveBack")
    assert ends == {"GaveBack": 3}
    expected = {
        "n0": ("default/one", "disruption budget one"),
        "n1": ("default/two", "also-two and two"),
        "n2": ("default/stays", "safe-to-evict"),
    }
    assert set(pods.running()) == {"one", "two", "stays"}
    for node, words in expected.items():
        notes = [one["note"] for one in incidents.events(node) if one["reason"] == "DrainBlocked"]
        assert any(all(word in note for word in words) for note in notes), notes
        assert all(word in incidents.of(node)["status"]["message"] for word in words)
    check_evictions(rollouts.plane, mark, pods, ())
    check_settled(incidents, seen)


def test_a_pod_goes_as_soon_as_its_budget_admits_it(incidents: Incidents, pods: Pods) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(1)
    pods.run("web", "n0")
    pods.budget("web", "web")
    mark = rollouts.plane.audit.mark()
    with rollouts.operator(), Onlooker(rollouts.api) as seen:
        incidents.policy()
        incidents.condition("n0")
        incidents.wait(
            lambda: "default/web" in incidents.of("n0").get("status", {}).get("blocking", ""),
            "it is in the way",
        )
        pods.admit("web", 1)
        ends = incidents.wait_ended(1)
    assert ends == {"Succeeded": 1}
    assert incidents.of("n0")["status"].get("blocking", "") == ""
    check_evictions(rollouts.plane, mark, pods, ["n0"])
    check_settled(incidents, seen)


def test_a_dead_kubelet_is_told_and_the_node_stays_out_for_people(
    incidents: Incidents, pods: Pods
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(2)
    pods.run("web", "n0")
    mark = rollouts.plane.audit.mark()
    with rollouts.operator():
        incidents.policy(steps=SHORT)
        incidents.condition("n0", "Unknown", "Ready")
        incidents.condition("n0")
        ended = incidents.wait_phase("n0", "Escalated")
        incidents.wait_told("n0", "Escalated")
    assert "without its kubelet no eviction takes effect" in ended["status"]["message"]
    assert incidents.cordoned("n0")
    assert incidents.marked() == ["n0"]
    check_evictions(rollouts.plane, mark, pods, ())


def test_a_policy_that_only_reports_writes_nothing_on_nodes(
    incidents: Incidents, pods: Pods
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(3)
    pods.run("web", "n0")
    with rollouts.operator():
        incidents.policy(mode="Report")
        incidents.wait(lambda: incidents.status().get("nodes", {}).get("matched") == 3, "it counts")
        mark = rollouts.plane.audit.mark()
        before = {name: incidents.node(name) for name in ("n0", "n1", "n2")}
        incidents.condition("n0")
        incidents.wait(
            lambda: [one["node"] for one in incidents.status().get("would", ())] == ["n0"],
            "it says what it would do",
        )
    assert incidents.all() == []
    for name, node in before.items():
        now = incidents.node(name)
        assert (now["spec"], now["metadata"].get("annotations")) == (
            node["spec"], node["metadata"].get("annotations"),
        )
    written = [
        one.resource
        for one in rollouts.plane.audit.since(mark)
        if one.resource.partition("/")[0] in ("nodes", "noderemediations")
    ]
    assert set(written) <= {"nodes/status"}
    assert set(pods.running()) == {"web"}
