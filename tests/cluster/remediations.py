"""What tests of remediation do and look at: policies, troubled nodes, and their incidents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.errors import LabError

from .api import MERGE_PATCH, Body
from .rollouts import GROUP, NODES, Rollouts
from .slate import wait

POLICIES, REMEDIATIONS = f"{GROUP}/remediationpolicies", f"{GROUP}/noderemediations"
ENDED = ("Succeeded", "GaveBack", "Escalated", "Cancelled")
OURS = "limitwise.dev/"
STRATEGIC = "application/strategic-merge-patch+json"
WITHIN = 60.0
PIDS: Body = {"name": "pids", "condition": {"type": "PIDPressure"}}
# Every step at once, no rest: what a test does not ask for takes no time.
QUICK: Body = {
    "relieve": {"enabled": False},
    "culprit": {"enabled": False},
    "drain": {"when": "Always", "timeout": "10m"},
    "verify": {"for": "0s"},
}


@dataclass
class Incidents:
    """One test's cluster with policies and their incidents."""

    rollouts: Rollouts

    def policy(self, name: str = "base", **spec: Any) -> Body:
        """A RemediationPolicy of all nodes for PIDPressure, quick but for what `spec` says."""
        usual: Body = {
            "nodeSelector": {"all": True},
            "triggers": [PIDS],
            "steps": QUICK,
            "budget": {"maxUnavailable": "100%"},
            "storm": {"limit": "100%"},
            "cooldown": "0s",
        }
        body = {
            "apiVersion": "limitwise.dev/v1alpha1",
            "kind": "RemediationPolicy",
            "metadata": {"name": name},
            "spec": {**usual, **spec},
        }
        return self.rollouts.api.create(POLICIES, body)

    def condition(
        self, node: str, status: str = "True", kind: str = "PIDPressure", lasted: float = 0.0
    ) -> None:
        """As a kubelet reports it that has seen it for so many seconds."""
        now = (datetime.now(UTC) - timedelta(seconds=lasted)).strftime("%Y-%m-%dT%H:%M:%SZ")
        one = {
            "type": kind,
            "status": status,
            "reason": "Told",
            "lastTransitionTime": now,
            "lastHeartbeatTime": now,
        }
        self.rollouts.api.request(
            "PATCH",
            f"{NODES}/{node}/status",
            {"status": {"conditions": [one]}},
            content_type=STRATEGIC,
        ).content()

    def all(self) -> list[Body]:
        """Every NodeRemediation."""
        found: list[Body] = self.rollouts.api.get(REMEDIATIONS)["items"]
        return found

    def of(self, node: str) -> Body:
        """The newest NodeRemediation of a node, empty before there is one."""
        found = [one for one in self.all() if one["spec"]["node"] == node]
        return max(found, key=lambda one: one["metadata"]["creationTimestamp"], default={})

    def phase(self, node: str) -> str:
        """How far a node's newest incident is."""
        return str(self.of(node).get("status", {}).get("phase", ""))

    def wait_phase(self, node: str, *phases: str, seconds: float = WITHIN) -> Body:
        """A node's incident as soon as it is in one of these phases."""
        self.wait(lambda: self.phase(node) in phases, f"{node} is {phases}", seconds)
        return self.of(node)

    def status(self, name: str = "base") -> Body:
        """A policy's status."""
        found: Body = self.rollouts.api.get(f"{POLICIES}/{name}").get("status", {})
        return found

    def wait_known(self, name: str = "base") -> None:
        """Return when the operator goes by the policy as it is now."""
        generation = self.rollouts.api.get(f"{POLICIES}/{name}")["metadata"]["generation"]
        self.wait(
            lambda: self.status(name).get("observedGeneration") == generation, f"{name} is known"
        )

    def node(self, name: str) -> Body:
        """A Node."""
        return self.rollouts.api.get(f"{NODES}/{name}")

    def cordoned(self, name: str) -> bool:
        """Whether a node takes no pods."""
        return bool(self.node(name)["spec"].get("unschedulable"))

    def set_cordon(self, name: str, *, cordoned: bool) -> None:
        """As a person does it with kubectl: the field and nothing else."""
        body = {"spec": {"unschedulable": cordoned or None}}
        path = f"{NODES}/{name}"
        self.rollouts.api.request("PATCH", path, body, content_type=MERGE_PATCH).content()

    def marked(self) -> list[str]:
        """The nodes that carry anything of a cordon of ours."""
        return [
            one["metadata"]["name"]
            for one in self.rollouts.api.get(NODES)["items"]
            if any(key.startswith(OURS) for key in one["metadata"].get("annotations") or {})
            or any(taint["key"].startswith(OURS) for taint in one["spec"].get("taints") or ())
        ]

    def out(self) -> list[str]:
        """The nodes that take no pods."""
        nodes = self.rollouts.api.get(NODES)["items"]
        return [one["metadata"]["name"] for one in nodes if one["spec"].get("unschedulable")]

    def ends(self) -> Counter[str]:
        """How many incidents are in each phase."""
        return Counter(str(one.get("status", {}).get("phase", "")) for one in self.all())

    def wait_ended(self, count: int, seconds: float = WITHIN) -> Counter[str]:
        """How so many incidents ended, as soon as they have, let go, and no other is unfinished."""

        def over() -> bool:
            ends = self.ends()
            held = any(one["metadata"].get("finalizers") for one in self.all())
            return ends.total() >= count and set(ends) <= set(ENDED) and not held

        self.wait(over, f"{count} incidents have ended", seconds)
        return self.ends()

    def events(self, name: str) -> list[Body]:
        """The events about a node or policy."""
        return [one for one in self.rollouts.events() if one["regarding"].get("name") == name]

    def wait_told(self, name: str, *reasons: str) -> None:
        """Return when there are such events about a node or policy: they follow what they tell."""
        self.wait(
            lambda: {*reasons} <= {one["reason"] for one in self.events(name)},
            f"{', '.join(reasons)} told about {name}",
        )

    def change(self, name: str = "base", **spec: Any) -> None:
        """Merge into a policy's spec."""
        path = f"{POLICIES}/{name}"
        body = {"spec": spec}
        self.rollouts.api.request("PATCH", path, body, content_type=MERGE_PATCH).content()

    def wait(self, so: Callable[[], bool], what: str, seconds: float = WITHIN) -> None:
        """Return when it is so; with the incidents and the operator's log if it never is."""
        try:
            wait(so, what, seconds)
        except LabError as late:
            logs = "\n".join(log.read_text()[-3000:] for log in self.rollouts.folder.glob("*.log"))
            incidents = [(one["metadata"]["name"], one.get("status")) for one in self.all()]
            raise LabError(f"{late}; {incidents}; {logs}") from late
