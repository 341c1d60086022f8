"""The whole course with exactly the rights that the chart ships, and not one more."""

from __future__ import annotations

from pathlib import Path

import yaml

from cluster import binaries
from cluster.agent_sim import Agents, Conduct
from cluster.operators import Operator
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
