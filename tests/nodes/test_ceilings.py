"""Ceilings of a real kubelet's cgroups: pods and containers by their own names and limits."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.api import Body
from cluster.nodes import Cluster, pod
from cluster.pytest_nodes import ClusterMaker
from e2e.on_watch import look, put
from lab import docker_image

BUSYBOX = docker_image.NAME
PIDS = 64
# A shell that cannot fork ends, and its children stay: the one around it becomes another of them.
LEAK = "(while :; do sleep 1000 & done); exec sleep 1000"


@pytest.fixture
def cluster(own_cluster: ClusterMaker) -> Cluster:
    """One node whose kubelet limits the PIDs of pods and of all pods together."""
    return own_cluster(
        1,
        kubelet={
            "podPidsLimit": PIDS,
            "systemReserved": {"pid": "300"},
            "enforceNodeAllocatable": ["pods"],
        },
    )


def limited(name: str, script: str) -> Body:
    made = pod(name, BUSYBOX, ["sh", "-c", script])
    made["spec"]["containers"][0]["resources"] = {"limits": {"memory": "64Mi"}}
    return made


def of(found: dict[str, Any], scope: str, subject: str, resource: str) -> dict[str, Any]:
    (one,) = [
        each
        for each in found["ceilings"]
        if (each["scope"], each["subject"], each["resource"]) == (scope, subject, resource)
    ]
    return dict(one)


def test_pods_and_containers_are_known_by_their_names(cluster: Cluster) -> None:
    (node,) = cluster.nodes
    put(node)
    calm = cluster.run(limited("calm", "sleep 1000"))
    leaky = cluster.run(limited("leaky", LEAK))

    def full() -> bool:
        pids = of(look(node, "survey"), "pod", leaky["metadata"]["uid"], "pids")
        return bool(pids["headroom"] <= 1)

    cluster.until("the leak is at its limit", full)
    found = look(node, "survey")

    uid, leak = (each["metadata"]["uid"] for each in (calm, leaky))
    assert of(found, "pod", uid, "pids")["limit"] == PIDS
    assert of(found, "pod", uid, "memory")["limit"] == 64 * 1024 * 1024
    container = calm["status"]["containerStatuses"][0]["containerID"]
    assert container.startswith("containerd://")
    inner = of(found, "container", container[len("containerd://") :], "memory")
    assert inner["limit"] == 64 * 1024 * 1024
    assert of(found, "pod", leak, "pids")["binding"]

    # all pods together get what the host can have, less what is reserved
    host = [int(node.read(f"/proc/sys/kernel/{name}")) for name in ("threads-max", "pid_max")]
    assert of(found, "kubepods", "kubepods.slice", "pids")["limit"] == min(host) - 300

    said = {one["code"]: one for one in found["findings"] if leak.replace("-", "_") in one["file"]}
    assert said["LW701"]["severity"] == "error"
    assert "podPidsLimit" in said["LW701"]["message"]
    assert said["LW702"]["message"].startswith(f"pod {leak} has refused ")
