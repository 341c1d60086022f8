"""Incidents on real nodes: a small node, a policy for it, and what is told of a remediation."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from lab.errors import LabError
from lab.host import Host

from . import bystander
from .api import Body
from .installed import Installed
from .nodes import NODES_PATH, Cluster
from .rollouts import GROUP, NAMESPACE

POLICIES, REMEDIATIONS = f"{GROUP}/remediationpolicies", f"{GROUP}/noderemediations"
ENDED = ("Succeeded", "GaveBack", "Escalated", "Cancelled")
# With pid_max=1000 a node of the lab runs out near 770 tasks: numbers below 300 are not used again.
SMALL = 1000
DROP_IN = "/etc/kubernetes/kubelet.conf.d/60-incident.conf"
HEAD = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}
EVICTION = {"memory.available": "50Mi", "nodefs.available": "5%", "imagefs.available": "5%"}
ALL_PODS = "/api/v1/pods"
WITHIN = 360.0
TRY = 0.3
ALL: Body = {"all": True}
# A node that is one of three is more than any share. What every incident waits for is short; what
# only ends a wait that should not last is long: a node out of tasks ends pods and tells calm late.
POLICY: Mapping[str, Any] = {
    "nodeSelector": ALL,
    "triggers": [{"name": "host", "ceiling": {"level": "host", "usedPercent": 80}}],
    "relief": {"at": 85, "most": {"pids": 8000, "threads": 12000}, "cap": True},
    "steps": {
        "culprit": {"timeout": "3m"},
        "drain": {"when": "IfNeeded", "after": "30s", "timeout": "2m"},
        "verify": {"for": "3s", "headroomPercent": 20, "forks": 16, "timeout": "1m"},
    },
    "retries": {"tries": 2, "pause": "5s", "longestPause": "10s"},
    "budget": {"maxUnavailable": 1},
    "storm": {"limit": 10, "cooldown": "5s"},
    "cooldown": "0s",
}


def policy(cluster: Cluster, name: str, **spec: Any) -> Body:
    """Create a policy of all nodes: POLICY, but for what `spec` says."""
    return cluster.api.create(
        POLICIES,
        {
            "apiVersion": "limitwise.dev/v1alpha1",
            "kind": "RemediationPolicy",
            "metadata": {"name": name},
            "spec": {**POLICY, **spec},
        },
    )


def clear(cluster: Cluster) -> None:
    """Remove every policy and every remediation, and wait until they are gone."""
    for path in (POLICIES, REMEDIATIONS):
        for one in cluster.api.get(path)["items"]:
            cluster.api.delete(f"{path}/{one['metadata']['name']}")
    for path in (POLICIES, REMEDIATIONS):
        cluster.until("no policy, no remediation", lambda at=path: not cluster.api.get(at)["items"])  # type: ignore[misc]


def watched_everywhere(installed: Installed) -> None:
    """Wait until every node's agent has been told what to watch."""

    def told() -> bool:
        states = [installed.state(node.name) for node in installed.cluster.nodes]
        return all(one.get("spec", {}).get("watch", {}).get("relief") for one in states)

    installed.until("every agent knows what to watch", told)


# --- remediations ------------------------------------------------------------------------------


def of(cluster: Cluster, node: str) -> list[Body]:
    """A node's remediations, oldest first."""
    found = [one for one in cluster.api.get(REMEDIATIONS)["items"] if one["spec"]["node"] == node]
    return sorted(found, key=lambda one: str(one["metadata"]["creationTimestamp"]))


def ended(installed: Installed, node: str, within: float = WITHIN) -> Body:
    """A node's first remediation when it has ended."""
    cluster = installed.cluster

    def over() -> bool:
        found = of(cluster, node)
        return bool(found) and found[0].get("status", {}).get("phase") in ENDED

    try:
        installed.until(f"a remediation of {node} has ended", over, within)
    except LabError as late:
        known = json.dumps([one.get("status") for one in of(cluster, node)], indent=1)
        raise LabError(f"{late}\nremediations of {node}: {known}") from late
    return of(cluster, node)[0]


def phases(remediation: Body) -> list[str]:
    """The phases that it went through."""
    return [step["phase"] for step in remediation["status"].get("steps", ())]


def journal(remediation: Body) -> str:
    """Its steps with times, for people."""
    lines = [
        f"  {step['start'][11:19]} {step['phase']:15} {step.get('result', ''):9}"
        f" {step.get('message', '')}"
        for step in remediation["status"].get("steps", ())
    ]
    name, phase = remediation["metadata"]["name"], remediation["status"]["phase"]
    return "\n".join([f"{name}: {phase}", *lines])


def events(cluster: Cluster, node: str) -> list[str]:
    """The reasons of the product's events about a node."""
    found = cluster.api.get("/api/v1/events")["items"]
    return [
        str(one.get("reason"))
        for one in found
        if one["involvedObject"].get("kind") == "Node"
        and one["involvedObject"].get("name") == node
        and "limitwise" in json.dumps([one.get("reportingComponent"), one.get("source")])
    ]


@dataclass(frozen=True)
class Act:
    """One value that an agent raised or capped, and how long after it was last seen as calm."""

    what: str
    before: str
    after: str
    seconds: float
    capped: bool


def reliefs(installed: Installed, node: str) -> list[Act]:
    """What that node's agent has raised and capped so far, by its own log."""
    pod = installed.agent(node)
    if pod is None:
        raise LabError(f"no agent runs on {node}")
    log = installed.cluster.kubectl("logs", "-n", NAMESPACE, pod["metadata"]["name"])
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [
        Act(one["what"], one["before"], one["after"], one["seconds"], one["message"] == "capped")
        for one in lines
        if one["message"] in ("raised", "capped")
    ]


# --- the node ----------------------------------------------------------------------------------


@dataclass
class Victim:
    """A node that is made small, and whole again."""

    cluster: Cluster
    node: Host
    before: dict[str, str] = field(default_factory=dict)

    def sysctl(self, **values: int) -> None:
        """Write kernel.NAME."""
        for name, value in values.items():
            path = f"/proc/sys/kernel/{name}"
            self.before.setdefault(path, self.node.read(path).strip())
            self.node.run(f"echo {value} > {path}")

    def kubelet(self, **fields: object) -> None:
        """Start the kubelet anew with these fields of its configuration."""
        self.node.write(DROP_IN, yaml.safe_dump({**HEAD, **fields}))
        self._restart()

    def pids_max(self, group: str = "") -> str:
        """What kubepods, or a cgroup below it, may have."""
        return self.node.read(f"/sys/fs/cgroup/kubepods.slice/{group}pids.max").strip()

    def configuration(self) -> Body:
        """The configuration that its kubelet has in force."""
        path = f"{NODES_PATH}/{self.node.name}/proxy/configz"
        found: Body = self.cluster.api.get(path)["kubeletconfig"]
        return found

    def value(self, name: str) -> int:
        """kernel.NAME now."""
        return int(self.node.read(f"/proc/sys/kernel/{name}"))

    def recover(self) -> None:
        """What it was; a node on which nothing starts any more is switched off and on."""
        if not self._answers():
            self.node.kill()
            self.cluster.start(self.node)
        for path, text in self.before.items():
            self.node.run(f"echo {text} > {path}")
        if self.node.run(["rm", DROP_IN], check=False).rc == 0:
            self._restart()

    def _answers(self) -> bool:
        try:
            return self.node.run(["true"], check=False, timeout=15).rc == 0
        except LabError:
            return False

    def _restart(self) -> None:
        self.node.run("systemctl restart kubelet")
        self.cluster.until("its kubelet answers", self._healthy)
        self.cluster.wait_ready(self.node)

    def _healthy(self) -> bool:
        """True when a kubelet answers that knows of all its pods."""
        answer = self.cluster.api.request("GET", f"{NODES_PATH}/{self.node.name}/proxy/pods/")
        if answer.status != 200:
            return False
        here = {"fieldSelector": f"spec.nodeName={self.node.name}"}
        wanted = {one["metadata"]["uid"] for one in self.cluster.api.get(ALL_PODS, **here)["items"]}
        return wanted <= {one["metadata"]["uid"] for one in answer.body["items"] or ()}


@contextmanager
def victim(cluster: Cluster, node: Host) -> Iterator[Victim]:
    """A node that is as before when the block ends, whatever happened to it."""
    made = Victim(cluster, node)
    try:
        yield made
    finally:
        made.recover()
        cluster.kubectl("uncordon", node.name)


# --- what its users see ------------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """One `kubectl exec` into a pod of the node: when it began and ended, and whether it worked."""

    began: float
    ended: float
    worked: bool


@dataclass
class Service:
    """Every try so far."""

    tries: list[Tried] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether one did not work."""
        return any(not one.worked for one in self.tries)

    @property
    def outage(self) -> float | None:
        """Seconds from the first failed try to the first that worked after the last failed one.

        0 without any failed one; None when it did not work again.
        """
        bad = [number for number, one in enumerate(self.tries) if not one.worked]
        if not bad:
            return 0.0
        if bad[-1] + 1 >= len(self.tries):
            return None
        return self.tries[bad[-1] + 1].ended - self.tries[bad[0]].began


@contextmanager
def used(cluster: Cluster, node: str) -> Iterator[Service]:
    """Call `kubectl exec` into a bystander of that node again and again until the block ends."""
    target = bystander.on(cluster, node)[0]
    seen, over = Service(), threading.Event()

    def go_on() -> None:
        while not over.wait(TRY):
            began = time.monotonic()
            try:
                cluster.kubectl("exec", target, "--request-timeout=10s", "--", "true")
                worked = True
            except LabError:
                worked = False
            seen.tries.append(Tried(began, time.monotonic(), worked))

    thread = threading.Thread(target=go_on, name="user")
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
