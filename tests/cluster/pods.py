"""Pods of simulated nodes: they run once they are bound, and end when they are told to.

    with Kwok(plane, PODS):
        Pods(api).run("web", "n0")
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .api import MERGE_PATCH, Body
from .slate import Slate, wait

PODS_PATH = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
# kwok keeps the nodes as they are made: it has no rule for any.
PODS = """\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: node-untouched}
spec:
  resourceRef: {apiGroup: v1, kind: Node}
  selector:
    matchExpressions:
    - {key: .metadata.name, operator: In, values: [nobody]}
  next: {}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-runs}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.phase, operator: NotIn, values: [Running]}
  next:
    statusTemplate: |
      phase: Running
      conditions:
      - {type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }}}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-ends}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: Exists}
  next:
    finalizers: {empty: true}
    delete: true
"""


def owner(kind: str = "ReplicaSet") -> Body:
    """A controller that would make the pod again; it need not be there."""
    uid = "00000000-0000-4000-8000-000000000001"
    return {"apiVersion": "apps/v1", "kind": kind, "name": "web", "uid": uid, "controller": True}


@dataclass
class Pods:
    """The pods of one test; `home` has each pod's node."""

    api: Slate
    home: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, node: str, kind: str = "ReplicaSet", **spec: Any) -> Body:
        """A pod that a controller of that kind owns, bound to a node."""
        self.home[name] = node
        labels = {"app": name}
        return self.api.create(
            PODS_PATH,
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "labels": labels, "ownerReferences": [owner(kind)]},
                "spec": {
                    "nodeName": node,
                    "containers": [{"name": "main", "image": "localhost/none:1"}],
                    "terminationGracePeriodSeconds": 1,
                    **spec,
                },
            },
        )

    def budget(self, name: str, app: str, **spec: Any) -> None:
        """A PodDisruptionBudget; without a controller that counts, it admits nothing.

        Returns when there is what it holds: a pod that is still Pending is held by none.
        """
        wait(lambda: app in self.running(), f"{app} runs")
        selector = {"matchLabels": {"app": app}}
        body = {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"minAvailable": 1, "selector": selector, **spec},
        }
        self.api.create(BUDGETS, body)

    def admit(self, name: str, count: int) -> None:
        """As the controller that counts would, were so many evictions possible now."""
        found = self.api.get(f"{BUDGETS}/{name}")
        status = {
            "observedGeneration": found["metadata"]["generation"],
            "disruptionsAllowed": count,
            "currentHealthy": 1 + count,
            "desiredHealthy": 1,
            "expectedPods": 1 + count,
        }
        path = f"{BUDGETS}/{name}/status"
        self.api.request("PATCH", path, {"status": status}, content_type=MERGE_PATCH).content()

    def unblock(self, name: str) -> None:
        """Take a PodDisruptionBudget away."""
        self.api.delete(f"{BUDGETS}/{name}")

    def there(self, name: str) -> bool:
        """Whether the pod is there and not on its way out."""
        answer = self.api.request("GET", f"{PODS_PATH}/{name}")
        return answer.status == 200 and "deletionTimestamp" not in answer.body["metadata"]

    def running(self) -> dict[str, str]:
        """The pods that run, each with its node."""
        found = self.api.get(PODS_PATH)["items"]
        return {
            one["metadata"]["name"]: one["spec"]["nodeName"]
            for one in found
            if one.get("status", {}).get("phase") == "Running"
            and "deletionTimestamp" not in one["metadata"]
        }
