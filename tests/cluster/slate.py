"""A fresh slate: what one test puts into a control plane that tests share, and takes out again."""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from lab.errors import LabError

from .api import MERGE_PATCH, Api, Body
from .control_plane import ControlPlane

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OUR_GROUP = "limitwise.dev"
# Tests start Python processes, on a machine that may be busy with others.
WITHIN = 90.0
# What tests and the programs under test make without this class: collections to empty.
COLLECTIONS = (
    "/api/v1/pods",
    "/apis/policy/v1/poddisruptionbudgets",
    "/apis/events.k8s.io/v1/events",
    "/apis/coordination.k8s.io/v1/leases",
    "/api/v1/nodes",
)
SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease"})
# Namespaces stay because only a controller could finish deleting them.
KEPT_KINDS = frozenset({"Namespace", "CustomResourceDefinition"})


class Slate(Api):
    """cluster-admin for one test; `clear` removes what it applied and all nodes, pods, leases.

    Definitions of kinds and namespaces stay for the next test.
    """

    def __init__(self, plane: ControlPlane) -> None:
        super().__init__(plane.server, plane.ca, plane.token(), plane.namespace)
        self._applied: list[Body] = []

    def apply_file(self, path: Path) -> list[Body]:
        """Apply every document of a YAML file, in its order."""
        return [self.apply(body) for body in documents(path.read_text())]

    def apply(self, manifest: Body) -> Body:
        """Server-side apply; returns for the definition of a kind when that kind is served."""
        made = super().apply(manifest)
        if manifest["kind"] not in KEPT_KINDS:
            self._applied.append(manifest)
        if manifest["kind"] == "CustomResourceDefinition":
            wait(lambda: self._served(manifest), f"{manifest['metadata']['name']} is served")
        return made

    def _served(self, definition: Body) -> bool:
        found = self.get(f"{DEFINITIONS}/{definition['metadata']['name']}")
        conditions = found.get("status", {}).get("conditions") or ()
        if not any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
            return False
        spec = definition["spec"]
        return all(
            self.request(
                "GET", f"/apis/{spec['group']}/{v['name']}/{spec['names']['plural']}"
            ).status
            == 200
            for v in spec["versions"]
            if v["served"]
        )

    def namespace(self, name: str) -> None:
        """Make a namespace with its default service account, if it is not there."""
        self.apply(_named("Namespace", name))
        self.service_account(name, "default")

    def service_account(self, namespace: str, name: str) -> None:
        """Make a service account."""
        self.apply(_named("ServiceAccount", name, namespace))

    def node(self, name: str) -> Body:
        """A Node that is Ready, though no kubelet keeps it so."""
        conditions = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
        body = {**_named("Node", name), "status": {"conditions": conditions}}
        return self.create("/api/v1/nodes", body)

    def pod(self, name: str, *, node: str, namespace: str = "default", **spec: object) -> Body:
        """A Pod bound to a node, as the scheduler would; it never starts without a kubelet."""
        body = _named("Pod", name, namespace)
        body["metadata"]["labels"] = {"app": name}
        containers = [{"name": "main", "image": "localhost/none:1"}]
        body["spec"] = {"nodeName": node, "containers": containers, **spec}
        return self.create(f"/api/v1/namespaces/{namespace}/pods", body)

    def token(self, namespace: str, account: str, *, pod: Body | None = None) -> str:
        """A service account's token, an hour long; bound to a pod it carries its node's claim."""
        spec: Body = {"expirationSeconds": 3600}
        if pod is not None:
            meta = pod["metadata"]
            spec["boundObjectRef"] = {
                "kind": "Pod",
                "apiVersion": "v1",
                "name": meta["name"],
                "uid": meta["uid"],
            }
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        return str(self.create(path, {**kind, "spec": spec})["status"]["token"])

    def node_token(self, namespace: str, account: str, node: str) -> str:
        """The token an agent's pod on that node gets; makes such a pod first."""
        name = f"{account}-{node}-{secrets.token_hex(3)}"
        pod = self.pod(name, node=node, namespace=namespace, serviceAccountName=account)
        return self.token(namespace, account, pod=pod)

    def clear(self) -> None:
        """Remove what this test left, finalizers or not."""
        for manifest in reversed(self._applied):
            self.delete(self.path_of(manifest))
        self._applied.clear()
        for collection in (*self._own_kinds(), *COLLECTIONS):
            self._empty(collection)

    def _own_kinds(self) -> list[str]:
        found = self.request("GET", f"/apis/{OUR_GROUP}")
        versions = (
            [v["groupVersion"] for v in found.body["versions"]] if found.status == 200 else []
        )
        return [
            f"/apis/{version}/{resource['name']}"
            for version in versions
            for resource in self.get(f"/apis/{version}")["resources"]
            if "/" not in resource["name"]
        ]

    def _empty(self, collection: str) -> None:
        def gone() -> bool:
            answer = self.request("GET", collection)
            if answer.status == 404:  # its definition has gone
                return True
            if answer.status == 429:  # its definition has just changed
                return False
            left = [
                item
                for item in answer.content()["items"]
                if item["metadata"].get("namespace") not in SYSTEM
            ]
            for item in left:
                self._remove(collection, item["metadata"])
            return not left

        wait(gone, f"{collection} is empty")

    def _remove(self, collection: str, meta: Body) -> None:
        root, _, resource = collection.rpartition("/")
        place = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
        path = f"{root}{place}/{resource}/{meta['name']}"
        if meta.get("finalizers"):
            none = {"metadata": {"finalizers": None}}
            self.request("PATCH", path, none, content_type=MERGE_PATCH)
        self.delete(path, gracePeriodSeconds="0")


def wait(condition: Callable[[], bool], what: str, seconds: float = WITHIN) -> None:
    """Return when the condition holds; LabError saying what did not come about in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"not so after {seconds:.0f} s: {what}")
        time.sleep(0.05)


@functools.cache
def documents(text: str) -> tuple[Body, ...]:
    """The documents of a YAML text; the definitions of our kinds are long, and many tests' need."""
    return tuple(body for body in yaml.safe_load_all(text) if body)


def _named(kind: str, name: str, namespace: str | None = None) -> Body:
    meta = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta}
