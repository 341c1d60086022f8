"""Restarts: never without leave, after a drain where it says so, and only our own cordon undone."""

from __future__ import annotations

import json

from cluster.agent_sim import Agents, Conduct
from cluster.api import Body
from cluster.rollouts import NODES, Rollouts
from cluster.slate import wait

NEEDS_RESTART = Conduct(restart=True)
NEEDING: Body = {"units": {"containerd.service": {"LimitNOFILE": 1048576}}}
OWNER: Body = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "name": "web",
    "uid": "00000000-0000-4000-8000-000000000001",
    "controller": True,
}


def pod(rollouts: Rollouts, name: str, node: str) -> str:
    """A pod that a ReplicaSet would make again; its path."""
    body = rollouts.api.pod(name, node=node)
    path = f"/api/v1/namespaces/default/pods/{body['metadata']['name']}"
    rollouts.api.merge(path, {"metadata": {"ownerReferences": [OWNER]}})
    ready = [{"type": "Ready", "status": "True"}]
    rollouts.api.merge(f"{path}/status", {"status": {"phase": "Running", "conditions": ready}})
    return path


def test_without_leave_nothing_is_restarted(rollouts: Rollouts, agents: Agents) -> None:
    agents.usual = NEEDS_RESTART
    rollouts.nodes(1)
    with rollouts.operator():
        rollouts.tuning(tuning=NEEDING)
        rollouts.wait_counts(matched=1, updating=0, waiting=0)
        assert "restart" not in rollouts.states()["n0"]["spec"]
        assert rollouts.states()["n0"]["status"]["waiting"]


def test_a_restart_that_is_allowed_is_granted_and_the_node_stays_in_service(
    rollouts: Rollouts, agents: Agents
) -> None:
    agents.usual = NEEDS_RESTART
    rollouts.nodes(2)
    with rollouts.operator():
        rollouts.tuning(
            tuning=NEEDING, disruption={"restart": "Allowed"}, rollout={"maxUnavailable": 1}
        )
        wait(lambda: min(agents.reported[n] for n in ("n0", "n1")) == 2, "both restarted", 60.0)
        rollouts.wait_ready()
        wait(lambda: not _granted(rollouts), "no restart is left open")
    for name in ("n0", "n1"):
        assert "unschedulable" not in rollouts.api.get(f"{NODES}/{name}")["spec"]


def test_a_drain_evicts_what_may_go_and_undoes_only_its_own_cordon(
    rollouts: Rollouts, agents: Agents
) -> None:
    agents.usual = NEEDS_RESTART
    rollouts.nodes(1)
    rollouts.api.node("admin")
    rollouts.api.merge(f"{NODES}/admin", {"spec": {"unschedulable": True}})
    path = pod(rollouts, "web", "n0")
    with rollouts.operator("--max-unavailable", "100%"):
        rollouts.tuning(
            tuning=NEEDING,
            disruption={"restart": "AfterDrain"},
            rollout={"maxUnavailable": 3, "canary": 0},
        )
        wait(lambda: _terminating(rollouts, path), "the pod was evicted", 60.0)
        node = rollouts.api.get(f"{NODES}/n0")
        assert node["spec"]["unschedulable"] is True
        assert {"key": "limitwise.dev/drain", "effect": "NoSchedule"} in node["spec"]["taints"]
        note = json.loads(node["metadata"]["annotations"]["limitwise.dev/cordon"])
        assert note["unschedulableBefore"] is False
        # A kubelet would end it now.
        rollouts.api.delete(path, gracePeriodSeconds="0")
        wait(lambda: agents.reported["n0"] == 2, "it was restarted", 60.0)
        wait(
            lambda: "unschedulable" not in rollouts.api.get(f"{NODES}/n0")["spec"],
            "it is in service again",
        )
        node = rollouts.api.get(f"{NODES}/n0")
        assert "limitwise.dev/drain" not in json.dumps(node)
        assert "limitwise.dev/cordon" not in json.dumps(node)
        wait(
            lambda: agents.reported["admin"] == 2 and not _cordoned(rollouts, "admin"),
            "the other one has had its restart too",
        )
    admin = rollouts.api.get(f"{NODES}/admin")
    assert admin["spec"]["unschedulable"] is True


def test_a_budget_that_forbids_it_blocks_the_drain_and_is_named(
    rollouts: Rollouts, agents: Agents
) -> None:
    agents.usual = NEEDS_RESTART
    rollouts.nodes(1)
    path = pod(rollouts, "web", "n0")
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    rollouts.api.create("/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget)
    words = ("--drain-timeout", "8s", "--drain-retry-after", "1h", "--max-unavailable", "100%")
    with rollouts.operator(*words):
        rollouts.tuning(tuning=NEEDING, disruption={"restart": "AfterDrain"})
        wait(lambda: _phase(rollouts, "n0") == "Blocked", "the drain was given up", 60.0)
        wait(
            lambda: "unschedulable" not in rollouts.api.get(f"{NODES}/n0")["spec"],
            "it is in service again",
        )
        assert not _terminating(rollouts, path)
        wait(lambda: any("default/web" in e["note"] for e in rollouts.events()), "it is named")
    assert agents.reported["n0"] == 1


def _terminating(rollouts: Rollouts, path: str) -> bool:
    answer = rollouts.api.request("GET", path)
    return answer.status == 404 or "deletionTimestamp" in answer.body["metadata"]


def _cordoned(rollouts: Rollouts, name: str) -> bool:
    """Whether it is so by us."""
    return "limitwise.dev/cordon" in json.dumps(rollouts.api.get(f"{NODES}/{name}"))


def _phase(rollouts: Rollouts, name: str) -> str:
    spec = rollouts.states().get(name, {}).get("spec", {})
    return str(spec.get("restart", {}).get("phase", ""))


def _granted(rollouts: Rollouts) -> list[str]:
    return [name for name, state in rollouts.states().items() if "restart" in state["spec"]]
