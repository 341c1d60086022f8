"""A cluster to measure on: a real control plane, nodes that kwok keeps, agents that are played."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cluster import control_plane as planes
from cluster import kwok
from cluster.api import JSON_PATCH, Body
from cluster.audit import Write
from cluster.control_plane import ControlPlane
from cluster.operators import Operator
from cluster.played import ACCOUNT, NAMESPACE, PlayedAgents, token
from cluster.rollouts import STATES, TUNINGS
from cluster.slate import Slate
from lab.errors import LabError
from unit.operator.agent.fake_root import FakeRoot

from .figures import progress
from .processes import load

OPERATOR = Path(__file__).resolve().parents[1] / "operator"
MANIFESTS = OPERATOR / "manifests" / "limitwise.yaml"
RIGHTS = {
    *("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
}
ACCOUNTS = f"system:serviceaccount:{NAMESPACE}"
AT_ONCE = 8
LOOK = 1.0  # seconds
# Longer than the product's own, or a leader that other work on this machine slows ends itself.
LEASE_SECONDS = 60
# Every node may be in change at once: what is measured is the operator, not its budgets.
UNBOUNDED = ("--max-unavailable", "100%")
AT_ONCE_ROLLOUT = {"canary": 0, "maxUnavailable": "100%", "soak": "0s"}


@dataclass
class Site:
    """`folder` takes logs; `nodes` are the names of all nodes."""

    plane: ControlPlane
    api: Slate
    folder: Path
    nodes: list[str]
    agents: PlayedAgents

    def operator(self) -> Operator:
        """An operator with the chart's rights and no others, not started yet."""
        path = self.folder / "operator.kubeconfig"
        self.plane.write_kubeconfig(path, self.api.token(NAMESPACE, "limitwise-operator"))
        return Operator(path, self.folder, words=UNBOUNDED, lease_seconds=LEASE_SECONDS)

    def tune(self, name: str, value: int, **spec: Any) -> None:
        """A NodeTuning of one key, for all nodes but where `spec` says otherwise."""
        body = {
            "apiVersion": "limitwise.dev/v1alpha1",
            "kind": "NodeTuning",
            "metadata": {"name": name},
            "spec": {
                "nodeSelector": {"all": True},
                "tuning": {"sysctl": {"kernel.pid_max": value}},
                "rollout": AT_ONCE_ROLLOUT,
                **spec,
            },
        }
        self.api.create(TUNINGS, body)

    def change(self, name: str, sysctl: dict[str, int]) -> None:
        """Other values."""
        self.api.merge(f"{TUNINGS}/{name}", {"spec": {"tuning": {"sysctl": sysctl}}})

    def current(self, name: str, count: int, operator: Operator, seconds: float) -> None:
        """Return when so many nodes have the NodeTuning's last content."""

        def so() -> bool:
            self.agents.check()
            if not operator.alive:
                raise LabError(f"the operator ended: {operator.tail()}")
            found = self.api.get(f"{TUNINGS}/{name}")
            status = found.get("status", {})
            seen = status.get("observedGeneration") == found["metadata"]["generation"]
            return seen and bool(status["nodes"]["current"] == count)

        poll(so, f"{count} nodes are current with {name}", seconds)

    def write_all(self) -> float:
        """Seconds for the same writes without an operator: a patch of every NodeTuningState.

        Each as large as the spec that the operator writes, from as many threads as it has.
        """
        spec = json.dumps(self.api.get(f"{STATES}/{self.nodes[0]}")["spec"])
        patch = [{"op": "add", "path": "/metadata/annotations", "value": {"example.org/x": spec}}]

        def write(name: str) -> None:
            path = f"{STATES}/{name}"
            self.api.request("PATCH", path, patch, content_type=JSON_PATCH).content()

        began = time.monotonic()
        _each(write, self.nodes)
        return time.monotonic() - began

    def list_nodes(self) -> float:
        """Seconds for reading every Node once, page by page, and nothing else."""
        began = time.monotonic()
        if sum(1 for _ in kwok.listed(self.api)) != len(self.nodes):
            raise RuntimeError("not all nodes were listed")
        return time.monotonic() - began


@contextmanager
def site(count: int, folder: Path) -> Iterator[Site]:
    """So many nodes, Ready, each with an agent's token; everything is removed in the end."""
    plane = ControlPlane(planes.states() / f"bench-{os.getpid()}")
    try:
        plane.start()
        api = Slate(plane)
        install(api)
        progress(f"{count} nodes (load {load():.1f})")
        names = kwok.create_nodes(api, count, make=kwok.ready_node)
        with kwok.Kwok(plane) as kubelets:
            kubelets.wait_ready(names)
            found = {node["metadata"]["name"]: _named(node) for node in kwok.listed(api)}
            tokens = dict(_each(lambda name: (name, token(api, found[name])), names))
            root = FakeRoot(folder / "host").path
            with PlayedAgents(plane.api(), root, tokens) as agents:
                progress(f"{count} agents (load {load():.1f})")
                yield Site(plane, api, folder, names, agents)
    finally:
        plane.destroy()


def poll(so: Callable[[], bool], what: str, seconds: float) -> None:
    """Return when it is so; LabError when it is not in time. Looks that cost are seldom."""
    deadline = time.monotonic() + seconds
    while not so():
        if time.monotonic() > deadline:
            raise LabError(f"not so after {seconds:.0f} s: {what}")
        time.sleep(LOOK)


def by_operator(writes: list[Write]) -> list[Write]:
    """The operator's writes but the renewals of its Lease."""
    return _by(writes, "limitwise-operator")


def by_agents(writes: list[Write]) -> list[Write]:
    """The agents' writes but their heartbeats."""
    return _by(writes, ACCOUNT)


def _by(writes: list[Write], account: str) -> list[Write]:
    user = f"{ACCOUNTS}:{account}"
    return [one for one in writes if one.user == user and one.resource != "leases"]


def install(api: Slate) -> None:
    """Our kinds, and the accounts, roles and policies that the chart makes."""
    api.namespace(NAMESPACE)
    for path in sorted((OPERATOR / "crds").glob("*.yaml")):
        api.apply_file(path)
    for body in yaml.safe_load_all(MANIFESTS.read_text()):
        if body and body["kind"] in RIGHTS:
            api.apply(body)


def _named(node: Body) -> Body:
    return {"metadata": {key: node["metadata"][key] for key in ("name", "uid")}}


def _each(work: Any, names: list[str]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, names))
