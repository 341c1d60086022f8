"""The whole course with exactly the rights that the chart ships, and not one more."""

from __future__ import annotations

from pathlib import Path

import yaml

from api.test_operator_drain import pod
from cluster import binaries
from cluster.agent_sim import Agents, Conduct
from cluster.operators import Operator
from cluster.remediations import PIDS, POLICIES, QUICK, REMEDIATIONS, Incidents
from cluster.rollouts import NAMESPACE, NODES, TUNINGS, Rollouts
from cluster.slate import wait
from lab import commands

CHART = Path(__file__).resolve().parents[2] / "operator" / "chart" / "limitwise"
RIGHTS = {
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


def apply_rights(rollouts: Rollouts) -> None:
    """Accounts, roles and admission policies as `helm install` would make them."""
    argv = [str(binaries.path("helm")), "template", "limitwise", str(CHART), "-n", NAMESPACE]
    for body in yaml.safe_load_all(commands.output(argv)):
        if body and body["kind"] in RIGHTS:
            rollouts.api.apply(body)


def test_the_rights_of_the_chart_are_enough(rollouts: Rollouts, agents: Agents) -> None:
    apply_rights(rollouts)
    agents.usual = Conduct(restart=True)
    rollouts.nodes(2)
    taints = [{"key": "limitwise.dev/untuned", "effect": "NoSchedule"}]
    rollouts.api.merge(f"{NODES}/n0", {"spec": {"taints": taints}})
    path = rollouts.folder / "operator.kubeconfig"
    token = rollouts.api.token(NAMESPACE, "limitwise-operator")
    rollouts.plane.write_kubeconfig(path, token)
    mark = rollouts.plane.audit.mark()
    with Operator(path, rollouts.folder) as operator:
        operator.wait_ready("leading")
        rollouts.tuning(
            tuning={"units": {"containerd.service": {"LimitNOFILE": 1048576}}},
            disruption={"restart": "AfterDrain"},
            rollout={"maxUnavailable": 2},
        )
        wait(lambda: min(agents.reported[name] for name in ("n0", "n1")) >= 2, "both", 90.0)
        rollouts.wait_ready()
        rollouts.change(mode="Report")
        rollouts.wait_condition("Ready", "Reporting")
        rollouts.api.delete(f"{TUNINGS}/base")
        wait(lambda: rollouts.api.request("GET", f"{TUNINGS}/base").status == 404, "gone", 60.0)
        assert operator.alive
    mine = [
        write
        for write in rollouts.plane.audit.since(mark)
        if write.user == f"system:serviceaccount:{NAMESPACE}:limitwise-operator"
    ]
    assert [write for write in mine if write.status in {401, 403}] == []
    assert {
        "nodes",
        "nodetuningstates",
        "nodetunings",
        "nodetunings/status",
        "leases",
        "events",
    } <= {write.resource for write in mine}


def test_they_are_enough_for_remediation_too(rollouts: Rollouts, agents: Agents) -> None:
    """Up to a drain that is blocked, an incident that is escalated, and a policy that goes."""
    apply_rights(rollouts)
    del agents
    rollouts.nodes(1)
    pod(rollouts, "web", "n0")
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    rollouts.api.create("/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget)
    incidents = Incidents(rollouts)
    path = rollouts.folder / "operator.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.api.token(NAMESPACE, "limitwise-operator"))
    mark = rollouts.plane.audit.mark()
    drain = {"when": "Always", "timeout": "8s", "afterTimeout": "KeepCordoned"}
    with Operator(path, rollouts.folder) as operator:
        operator.wait_ready("leading")
        incidents.policy(
            triggers=[PIDS, {"name": "silent", "agentSilent": {}, "for": "1h"}],
            steps={**QUICK, "drain": drain},
            keep=0,
        )
        incidents.condition("n0")
        incidents.wait_phase("n0", "Escalated")
        assert "web" in str(incidents.of("n0")["status"]["message"])
        incidents.condition("n0", "False")
        rollouts.api.delete(f"{REMEDIATIONS}/{incidents.of('n0')['metadata']['name']}")
        incidents.wait(lambda: not incidents.cordoned("n0"), "it is given back")
        rollouts.api.delete(f"{POLICIES}/base")
        wait(lambda: rollouts.api.request("GET", f"{POLICIES}/base").status == 404, "gone", 60.0)
        assert "forbidden" not in operator.tail().lower()
    user = f"system:serviceaccount:{NAMESPACE}:limitwise-operator"
    mine = [one for one in rollouts.plane.audit.since(mark) if one.user == user]
    assert [write for write in mine if write.status in {401, 403}] == []
    assert {
        "noderemediations",
        "noderemediations/status",
        "remediationpolicies",
        "remediationpolicies/status",
        "pods/eviction",
    } <= {write.resource for write in mine}
