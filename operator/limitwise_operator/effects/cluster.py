"""The verbs: everything that the operator and the agent may ask of a cluster, and no more.

Objects are the API's own dicts. Every write is conditional on what was seen; a write that finds
the object changed raises ConflictError, after which the caller looks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .answers import ConflictError, InvalidError, MissingError
from .door import JSON_PATCH, METADATA_ONLY, Body, Door, Request

TUNINGS = "/apis/limitwise.dev/v1alpha1/nodetunings"
STATES = "/apis/limitwise.dev/v1alpha1/nodetuningstates"
POLICIES = "/apis/limitwise.dev/v1alpha1/remediationpolicies"
REMEDIATIONS = "/apis/limitwise.dev/v1alpha1/noderemediations"
NODES = "/api/v1/nodes"
PATHS = {
    "nodetunings": TUNINGS,
    "nodetuningstates": STATES,
    "remediationpolicies": POLICIES,
    "noderemediations": REMEDIATIONS,
}
"""Where our own kinds are, by resource."""
PAGE, FEW = "500", "100"


@dataclass(frozen=True)
class Census:
    """The names there are of one kind and each one's version; `version` is the list's own."""

    versions: Mapping[str, int]
    version: int


@dataclass(frozen=True)
class Found:
    """One object, or None, and the version of the whole kind at which that was so."""

    object: Body | None
    version: str


def version_of(body: Mapping[str, Any]) -> int:
    """An object's resourceVersion; comparable within a kind (Kubernetes 1.35, KEP-5504)."""
    return int(body["metadata"]["resourceVersion"])


class Cluster:
    """The verbs over one Door."""

    def __init__(self, door: Door) -> None:
        self.door = door

    # --- NodeTuningState -------------------------------------------------------------------

    def create_state(self, body: Body) -> Body:
        """A new NodeTuningState; ConflictError when the node has one already."""
        return self.door.ask(Request("POST", "nodetuningstates", STATES, body))

    def get_state(self, name: str) -> Body:
        """One NodeTuningState."""
        return self.door.ask(Request("GET", "nodetuningstates", f"{STATES}/{quote(name)}"))

    def find_state(self, name: str) -> Found:
        """The NodeTuningState of that name, if there is one, and a version to watch from.

        An object's own version is none: once its last change is older than what the server
        remembers, every watch from there is refused (410).
        """
        query = {"fieldSelector": f"metadata.name={name}"}
        page = self.door.ask(Request("GET", "nodetuningstates", STATES, query=query))
        objects = page["items"] or ()
        return Found(objects[0] if objects else None, str(page["metadata"]["resourceVersion"]))

    def replace_state_spec(self, name: str, version: int, spec: Body) -> Body:
        """The whole spec, if the object is still at `version`."""
        ops = [_at(version), {"op": "add", "path": "/spec", "value": spec}]
        return self._patch("nodetuningstates", f"{STATES}/{quote(name)}", ops)

    def delete_state(self, name: str, uid: str) -> None:
        """Delete the NodeTuningState that has that uid; ConflictError when it is another."""
        self._delete("nodetuningstates", name, uid)

    def replace_state_status(self, name: str, version: int | None, status: Body) -> Body:
        """The whole status (the node's agent), if the object is still at `version` when given."""
        return self._replace_status("nodetuningstates", name, version, status)

    # --- NodeTuning ------------------------------------------------------------------------

    def replace_tuning_status(self, name: str, version: int, status: Body) -> Body:
        """The whole status, if the object is still at `version`."""
        return self._replace_status("nodetunings", name, version, status)

    # --- RemediationPolicy and NodeRemediation -----------------------------------------------

    def replace_policy_status(self, name: str, version: int, status: Body) -> Body:
        """The whole status, if the object is still at `version`."""
        return self._replace_status("remediationpolicies", name, version, status)

    def create_remediation(self, body: Body) -> Body:
        """A new NodeRemediation; ConflictError when there is that incident already."""
        return self.door.ask(Request("POST", "noderemediations", REMEDIATIONS, body))

    def replace_remediation_status(self, name: str, version: int, status: Body) -> Body:
        """The whole status, if the object is still at `version`."""
        return self._replace_status("noderemediations", name, version, status)

    def delete_remediation(self, name: str, uid: str) -> None:
        """Delete the NodeRemediation that has that uid."""
        self._delete("noderemediations", name, uid)

    def create_by_kind(self, body: Body) -> Body:
        """An object of a kind that is not ours; ConflictError when it is there already.

        MissingError when the cluster has no such kind.
        """
        version, kind = body["apiVersion"], body["kind"]
        found = self.door.ask(Request("GET", "discovery", f"/apis/{version}"))
        plurals = [one["name"] for one in found["resources"] if one["kind"] == kind]
        served = [name for name in plurals if "/" not in name]
        if not served:
            asked = f"GET /apis/{version}"
            raise MissingError(asked, 404, "NotFound", f"no kind {kind} in {version}")
        plural = served[0]
        namespace = body["metadata"].get("namespace")
        place = f"namespaces/{quote(namespace)}/" if namespace else ""
        return self.door.ask(Request("POST", plural, f"/apis/{version}/{place}{plural}", body))

    # --- any of our kinds --------------------------------------------------------------------

    def add_finalizer(
        self, name: str, version: int, present: Sequence[str], ours: str, resource: str
    ) -> Body:
        """Append `ours` to the finalizers `present`."""
        return self._finalizers(resource, name, version, present, [*present, ours])

    def remove_finalizer(
        self, name: str, version: int, present: Sequence[str], ours: str, resource: str
    ) -> Body:
        """Take `ours` out of the finalizers `present`."""
        left = [f for f in present if f != ours]
        return self._finalizers(resource, name, version, present, left)

    def _finalizers(
        self,
        resource: str,
        name: str,
        version: int,
        present: Sequence[str],
        wanted: Sequence[str],
    ) -> Body:
        ops: list[Body] = [_at(version)]
        if present:
            ops.append({"op": "test", "path": "/metadata/finalizers", "value": list(present)})
        ops.append({"op": "add", "path": "/metadata/finalizers", "value": list(wanted)})
        return self._patch(resource, f"{PATHS[resource]}/{quote(name)}", ops)

    def _replace_status(
        self, resource: str, name: str, version: int | None, status: Body
    ) -> Body:
        ops = [] if version is None else [_at(version)]
        ops.append({"op": "add", "path": "/status", "value": status})
        return self._patch(f"{resource}/status", f"{PATHS[resource]}/{quote(name)}/status", ops)

    def _delete(self, resource: str, name: str, uid: str) -> None:
        body = {"kind": "DeleteOptions", "apiVersion": "v1", **_options(uid, None)}
        self.door.ask(Request("DELETE", resource, f"{PATHS[resource]}/{quote(name)}", body))

    # --- nodes and their pods --------------------------------------------------------------

    def get_node(self, name: str) -> Body:
        """One Node, whole."""
        return self.door.ask(Request("GET", "nodes", f"{NODES}/{quote(name)}"))

    def patch_node(self, name: str, ops: Sequence[Body]) -> Body:
        """A JSON patch of a Node, whose own tests say what was seen; ConflictError if they fail."""
        return self._patch("nodes", f"{NODES}/{quote(name)}", ops)

    def pods_of(self, node: str) -> list[Body]:
        """The pods bound to `node`, finished ones too."""
        query = {"fieldSelector": f"spec.nodeName={node}"}
        pages = self._pages("pods", "/api/v1/pods", query)
        return [pod for page in pages for pod in page["items"] or ()]

    def evict(self, namespace: str, pod: str, uid: str, grace: int | None = None) -> Body:
        """Ask for the eviction of exactly that pod; `grace`: seconds, None for its own.

        TooManyError: a disruption budget forbids it now. MissingError: it is gone.
        ConflictError: another pod has the name now.
        """
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": _options(uid, grace),
        }
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/eviction"
        return self.door.ask(Request("POST", "pods/eviction", path, body))

    def delete_pod(self, namespace: str, pod: str, uid: str, grace: int | None = None) -> None:
        """Delete exactly that pod, whatever its disruption budgets say."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", **_options(uid, grace)}
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}"
        self.door.ask(Request("DELETE", "pods", path, body))

    def get_pod(self, namespace: str, name: str) -> Body:
        """One pod, whole."""
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(name)}"
        return self.door.ask(Request("GET", "pods", path))

    def disruption_budgets(self, namespace: str) -> list[Body]:
        """The PodDisruptionBudgets of a namespace."""
        path = f"/apis/policy/v1/namespaces/{quote(namespace)}/poddisruptionbudgets"
        pages = self._pages("poddisruptionbudgets", path, {})
        return [one for page in pages for one in page["items"] or ()]

    # --- leases ----------------------------------------------------------------------------

    def get_lease(self, namespace: str, name: str) -> Body:
        """One Lease."""
        return self.door.ask(Request("GET", "leases", _leases(namespace, name)))

    def create_lease(self, namespace: str, body: Body) -> Body:
        """A new Lease."""
        return self.door.ask(Request("POST", "leases", _leases(namespace), body))

    def replace_lease(self, namespace: str, name: str, body: Body) -> Body:
        """A Lease whole; ConflictError unless it is at the resourceVersion that `body` carries."""
        return self.door.ask(Request("PUT", "leases", _leases(namespace, name), body))

    def leases(self, namespace: str) -> Iterator[Body]:
        """The Leases of a namespace, page by page."""
        for page in self._pages("leases", _leases(namespace), {}):
            yield from page["items"] or ()

    # --- events ----------------------------------------------------------------------------

    def create_event(self, namespace: str, body: Body) -> Body:
        """A new Event of events.k8s.io/v1."""
        return self.door.ask(Request("POST", "events", _events(namespace), body))

    def count_event(self, namespace: str, name: str, series: Body) -> Body:
        """Say that an Event happened again: `series` is {count, lastObservedTime}."""
        ops: list[Body] = [{"op": "add", "path": "/series", "value": series}]
        return self._patch("events", _events(namespace, name), ops)

    # --- lists -----------------------------------------------------------------------------

    def pages(self, resource: str, path: str) -> Iterator[Body]:
        """Every object of a kind, a few at a time: whole Nodes are large."""
        return self._pages(resource, path, {"limit": FEW})

    def census(self, resource: str, path: str) -> Census:
        """Every name of a kind with its version, in pages, without the objects themselves."""
        versions: dict[str, int] = {}
        version = 0
        for page in self._pages(resource, path, {}, METADATA_ONLY):
            version = int(page["metadata"]["resourceVersion"])
            for item in page["items"] or ():
                versions[item["metadata"]["name"]] = version_of(item)
        return Census(versions, version)

    def _pages(
        self, resource: str, path: str, query: Mapping[str, str], accept: str = "application/json"
    ) -> Iterator[Body]:
        token = ""
        while True:
            asked = {"limit": PAGE, **query, **({"continue": token} if token else {})}
            page = self.door.ask(Request("GET", resource, path, query=asked, accept=accept))
            yield page
            token = page["metadata"].get("continue", "")
            if not token:
                return

    def _patch(self, resource: str, path: str, ops: Sequence[Body]) -> Body:
        try:
            return self.door.ask(Request("PATCH", resource, path, list(ops), content=JSON_PATCH))
        except InvalidError as refusal:
            # A JSON patch's failed test is answered like an object that breaks its schema.
            if "test" in refusal.message and any(op["op"] == "test" for op in ops):
                raise ConflictError(
                    refusal.asked, refusal.status, refusal.reason, refusal.message
                ) from refusal
            raise


def _at(version: int) -> Body:
    """The patch's condition that the object is still at `version`: 409 when it is not."""
    return {"op": "add", "path": "/metadata/resourceVersion", "value": str(version)}


def _options(uid: str, grace: int | None) -> Body:
    wanted: Body = {"preconditions": {"uid": uid}}
    return wanted if grace is None else {**wanted, "gracePeriodSeconds": grace}


def _leases(namespace: str, name: str = "") -> str:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace)}/leases"
    return f"{path}/{quote(name)}" if name else path


def _events(namespace: str, name: str = "") -> str:
    path = f"/apis/events.k8s.io/v1/namespaces/{quote(namespace)}/events"
    return f"{path}/{quote(name)}" if name else path
