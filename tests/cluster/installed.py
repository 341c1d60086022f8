"""The product in a cluster as its chart installs it: operator, agents, and what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lab.errors import LabError
from lab.host import Host
from project import chart

from . import container_image
from .api import Body
from .nodes import NODES_PATH, Cluster
from .rollouts import NAMESPACE, STATES, TUNINGS

PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
WORKLOADS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
LEADER, AGENT = "limitwise-operator", "limitwise-agent"
# Two pods with Python on each node of a machine that has other work as well.
UP_WITHIN = 150.0
# An agent plans, says so, runs Ansible on a slow kernel, verifies; three nodes one after another,
# on such a machine.
CURRENT_WITHIN = 360.0
QUICK: Mapping[str, Any] = {
    "agent": {"interval": "5s", "heartbeat": "20s"},
    "operator": {"maxUnavailable": "100%"},
}


class Installed:
    """Operator and agents that run in a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @classmethod
    def into(cls, cluster: Cluster, **values: Any) -> Installed:
        """Install the chart with these values (nested dicts) over its own.

        Returns when an operator leads and every node's agent has shown itself.
        """
        made = cls(cluster)
        cluster.api.apply(chart.NAMESPACE_BODY)
        for body in chart.template("--include-crds", *_options(values)):
            cluster.api.apply(body)
        cluster.until("all pods are of this version", made._rolled_out, UP_WITHIN)
        cluster.until("an operator leads", lambda: bool(made.leader()), UP_WITHIN)
        names = [node["metadata"]["name"] for node in cluster.api.get(NODES_PATH)["items"]]
        cluster.until("every agent is there", lambda: all(map(made.beating, names)), UP_WITHIN)
        return made

    # --- pods ----------------------------------------------------------------------------------

    def leader(self) -> str:
        """Who leads: the holder in the operator's Lease; empty when nobody does."""
        answer = self.cluster.api.request("GET", f"{LEASES}/{LEADER}")
        if answer.status == 404:
            return ""
        return str(answer.content()["spec"].get("holderIdentity") or "")

    def beating(self, node: str) -> bool:
        """True when that node's agent has a Lease and its pod runs."""
        answer = self.cluster.api.request("GET", f"{LEASES}/{AGENT}-{node}")
        return answer.status == 200 and self.agent(node) is not None

    def _rolled_out(self) -> bool:
        """True when the pods are those of the manifests that were applied last."""
        operator = self.cluster.api.get(f"{WORKLOADS}/deployments/{LEADER}")
        agents = self.cluster.api.get(f"{WORKLOADS}/daemonsets/{AGENT}")
        told, mine = operator["status"], agents["status"]
        return bool(
            told.get("observedGeneration") == operator["metadata"]["generation"]
            and mine.get("observedGeneration") == agents["metadata"]["generation"]
            and told.get("updatedReplicas") == operator["spec"]["replicas"]
            and mine.get("updatedNumberScheduled") == mine["desiredNumberScheduled"]
        )

    def pods(self, component: str) -> list[Body]:
        """The pods of "operator" or "agent" that run and shall go on."""
        query = f"app.kubernetes.io/name=limitwise,app.kubernetes.io/component={component}"
        return [
            pod
            for pod in self.cluster.api.get(PODS, labelSelector=query)["items"]
            if pod["status"].get("phase") == "Running"
            and "deletionTimestamp" not in pod["metadata"]
        ]

    def agent(self, node: str) -> Body | None:
        """The pod of that node's agent, if it runs."""
        mine = [pod for pod in self.pods("agent") if pod["spec"]["nodeName"] == node]
        return mine[0] if mine else None

    def inside(self, node: Host, *command: str) -> str:
        """What a command prints in the container of that node's agent."""
        pod = self.agent(node.name)
        if pod is None:
            raise LabError(f"no agent runs on {node.name}")
        name = pod["metadata"]["name"]
        return self.cluster.kubectl("exec", "-n", NAMESPACE, name, "--", *command)

    # --- objects -------------------------------------------------------------------------------

    def tuning(self, name: str, **spec: Any) -> Body:
        """Create a NodeTuning of all nodes without soaking, but for what `spec` says."""
        rollout = {"soak": "0s", "maxUnavailable": "100%", **spec.pop("rollout", {})}
        body = {
            "apiVersion": "limitwise.dev/v1alpha1",
            "kind": "NodeTuning",
            "metadata": {"name": name},
            "spec": {"nodeSelector": {"all": True}, "rollout": rollout, **spec},
        }
        return self.cluster.api.create(TUNINGS, body)

    def change(self, name: str, **spec: Any) -> Body:
        """Merge into a NodeTuning's spec."""
        return self.cluster.api.merge(f"{TUNINGS}/{name}", {"spec": spec})

    def state(self, node: str) -> Body:
        """A node's NodeTuningState; empty when there is none."""
        answer = self.cluster.api.request("GET", f"{STATES}/{node}")
        return {} if answer.status == 404 else answer.content()

    def status(self, name: str) -> Body:
        """A NodeTuning's status, empty before there is one."""
        found: Body = self.cluster.api.get(f"{TUNINGS}/{name}").get("status", {})
        return found

    def condition(self, name: str, kind: str) -> Body:
        """One condition of a NodeTuning, empty when there is none."""
        return condition(self.status(name), kind)

    # --- waiting -------------------------------------------------------------------------------

    def wait_current(self, name: str, within: float = CURRENT_WITHIN) -> Body:
        """The NodeTuning as soon as all its nodes have what it says now."""
        found: Body = {}

        def current() -> bool:
            found.update(self.cluster.api.get(f"{TUNINGS}/{name}"))
            ready = condition(found.get("status", {}), "Ready")
            seen = ready.get("observedGeneration") == found["metadata"]["generation"]
            return bool(seen and ready["reason"] == "AllCurrent")

        self.until(f"{name} is current", current, within)
        return found

    def wait_reason(
        self, name: str, kind: str, reason: str, within: float = CURRENT_WITHIN
    ) -> Body:
        """A NodeTuning's condition as soon as it has that reason."""
        self.until(
            f"{name} is {kind}: {reason}",
            lambda: self.condition(name, kind).get("reason") == reason,
            within,
        )
        return self.condition(name, kind)

    def remove(self, *names: str, within: float = CURRENT_WITHIN) -> None:
        """Delete NodeTunings, if they are there; returns when their nodes have been restored."""
        paths = [f"{TUNINGS}/{name}" for name in names]
        for path in paths:
            self.cluster.api.delete(path)
        self.until(f"{', '.join(names)} gone", lambda: not any(map(self._there, paths)), within)

    def clear(self) -> None:
        """Remove whatever NodeTunings there are."""
        self.remove(*(one["metadata"]["name"] for one in self.cluster.api.get(TUNINGS)["items"]))

    def _there(self, path: str) -> bool:
        return self.cluster.api.request("GET", path).status != 404

    def until(self, what: str, look: Callable[[], bool], within: float = CURRENT_WITHIN) -> None:
        """Wait until `look` says so; LabError with what our own objects and programs say."""
        try:
            self.cluster.until(what, look, within)
        except LabError as late:
            raise LabError(f"{late}\n{self._says()}") from late

    def _says(self) -> str:
        bodies = [
            f"{body['kind']} {body['metadata']['name']}: {json.dumps(body.get('status'))}"
            for path in (TUNINGS, STATES)
            for body in self.cluster.api.get(path)["items"]
        ]
        logs = [
            f"{pod['metadata']['name']}:\n" + self.cluster.kubectl(
                "logs", "-n", NAMESPACE, "--tail=25", pod["metadata"]["name"]
            )
            for component in ("operator", "agent")
            for pod in self.pods(component)
        ]
        return "\n".join([*bodies, *logs])


def condition(status: Body, kind: str) -> Body:
    """One condition of a status, empty when there is none."""
    found: Body = next((one for one in status.get("conditions", ()) if one["type"] == kind), {})
    return found


def _options(values: Mapping[str, Any]) -> list[str]:
    """Helm's options for these values and for the image that the nodes have."""
    repository, _, tag = container_image.name().rpartition(":")
    image = {"repository": repository, "tag": tag, "pullPolicy": "Never"}
    wanted = {"image": image, **values}
    return [f"--set-json={name}={json.dumps(value)}" for name, value in wanted.items()]
