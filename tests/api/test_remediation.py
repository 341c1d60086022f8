"""Remediation on the real API server, with simulated agents: a node is healed and given back."""

from __future__ import annotations

import pytest

from api.test_operator_drain import pod
from cluster.agent_sim import Agents
from cluster.remediations import QUICK, Incidents
from cluster.rollouts import Rollouts
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
        ended = incidents.wait_phase("n0", "Succeeded")
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
        told = set(incidents.reasons("n0"))
        assert {"RemediationStarted", "Remediated"} <= told


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
