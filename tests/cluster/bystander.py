"""Pods that have nothing to do with an incident, watched meanwhile: who is hit, how many serve.

A bystander takes a new process for each request, and its readiness is an answer: a node on which
nothing can start takes its bystanders out of service, as it does with any real service. One on
which things start slowly does not: requests wait in the bystander's queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab import docker_image
from lab.errors import LabError

from .api import Body
from .nodes import Cluster, pod

NAME, PORT = "bystander", 7000
LABELS = {"app": NAME}
PODS = "/api/v1/namespaces/default/pods"
SERVE = ["busybox", "httpd", "-f", "-p", str(PORT), "-h", "/etc"]
PAUSE = 0.2
UP_WITHIN = 120.0


@dataclass(frozen=True)
class Moment:
    """How many pods served at a time of a monotonic clock."""

    at: float
    serving: int


@dataclass
class Seen:
    """What was seen of the default namespace's pods from the begin on.

    ``hit``: names of pods that were deleted, evicted or that failed, with why; ``moments``: every
    look.
    """

    least: int
    moments: list[Moment] = field(default_factory=list)
    hit: dict[str, str] = field(default_factory=dict)

    @property
    def lowest(self) -> int:
        """The smallest number of bystanders that served at a time."""
        return min(one.serving for one in self.moments)

    @property
    def short(self) -> float:
        """Seconds during which fewer of them served than the PodDisruptionBudget grants."""
        pairs = zip(self.moments, self.moments[1:], strict=False)
        return sum(after.at - one.at for one, after in pairs if one.serving < self.least)

    @property
    def story(self) -> str:
        """When how many of them served, a line for each change."""
        first, lines, known = self.moments[0].at, [], -1
        for one in self.moments:
            if one.serving != known:
                lines.append(f"after {one.at - first:.1f} s {one.serving} serve")
                known = one.serving
        return "\n".join(lines)

    def innocent(self, *culprits: str) -> dict[str, str]:
        """Who was hit besides those of these names."""
        return {name: why for name, why in self.hit.items() if name not in culprits}


def manifests(replicas: int, least: int) -> list[Body]:
    """A deployment spread over the nodes, and the PodDisruptionBudget that protects it."""
    probe = {
        "httpGet": {"port": PORT, "path": "/hosts"},
        "periodSeconds": 1,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }
    body = pod(NAME, docker_image.NAME, SERVE, restartPolicy="Always")
    body["spec"]["containers"][0]["readinessProbe"] = probe
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": LABELS},
    }
    meta = {"name": NAME, "namespace": "default"}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": LABELS},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": {**body["spec"], "topologySpreadConstraints": [spread]},
                },
            },
        },
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": meta,
            "spec": {"minAvailable": least, "selector": {"matchLabels": LABELS}},
        },
    ]


@contextmanager
def bystanders(cluster: Cluster, replicas: int = 6, least: int = 5) -> Iterator[int]:
    """So many that serve; gone in the end. Gives how many the PodDisruptionBudget keeps."""
    wanted = manifests(replicas, least)
    for manifest in wanted:
        cluster.api.apply(manifest)
    try:
        cluster.until("the bystanders serve", lambda: serving(cluster) == replicas, UP_WITHIN)
        yield least
    finally:
        for manifest in wanted:
            cluster.api.delete(cluster.api.path_of(manifest), propagationPolicy="Foreground")
        cluster.until("the bystanders are gone", lambda: not of(cluster))


def of(cluster: Cluster) -> list[Body]:
    """The bystanders, whatever their state."""
    found: list[Body] = cluster.api.get(PODS, labelSelector=f"app={NAME}")["items"]
    return found


def on(cluster: Cluster, node: str) -> list[str]:
    """The names of those that serve on a node."""
    return [
        one["metadata"]["name"]
        for one in of(cluster)
        if serves(one) and one["spec"]["nodeName"] == node
    ]


def spread(cluster: Cluster, node: str, replicas: int) -> None:
    """Wait until all serve, some of them there: after a drain they are started anew."""
    if not on(cluster, node):
        cluster.kubectl("rollout", "restart", f"deployment/{NAME}")

    def there() -> bool:
        return len(of(cluster)) == replicas == serving(cluster) and bool(on(cluster, node))

    cluster.until(f"bystanders serve, on {node} too", there, UP_WITHIN)


def serving(cluster: Cluster) -> int:
    return sum(map(serves, of(cluster)))


def serves(one: Body) -> bool:
    """True for a pod that is ready and not about to go."""
    conditions = {each["type"]: each["status"] for each in one["status"].get("conditions", ())}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in one["metadata"]


@contextmanager
def watched(cluster: Cluster, least: int) -> Iterator[Seen]:
    """Look at the pods five times a second until the block ends."""
    seen, over = Seen(least), threading.Event()
    before = {one["metadata"]["name"] for one in cluster.api.get(PODS)["items"]}
    failed: list[Exception] = []

    def look() -> None:
        found = cluster.api.get(PODS)["items"]
        ours = [one for one in found if one["metadata"].get("labels", {}).get("app") == NAME]
        seen.moments.append(Moment(time.monotonic(), sum(map(serves, ours))))
        there = {one["metadata"]["name"] for one in found}
        for name in before - there:
            seen.hit.setdefault(name, "gone")
        for one in found:
            why = _why(one)
            if why:
                seen.hit.setdefault(one["metadata"]["name"], why)

    def go_on() -> None:
        try:
            while not over.wait(PAUSE):
                look()
        except Exception as error:
            failed.append(error)

    look()
    thread = threading.Thread(target=go_on, name="bystanders")
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
    if failed:
        raise LabError(f"the pods could not be watched: {failed[0]}")


def _why(one: Body) -> str:
    """Why a pod counts as hit; empty when it does not."""
    status = one["status"]
    if status.get("phase") == "Failed":
        return str(status.get("reason") or "failed")
    if "deletionTimestamp" not in one["metadata"]:
        return ""
    for condition in status.get("conditions", ()):
        if condition["type"] == "DisruptionTarget":
            return str(condition.get("reason"))
    return "deleted"
