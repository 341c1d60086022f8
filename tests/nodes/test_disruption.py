"""A value that waits for a restart of the kubelet: drained, restarted, back in service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.api import Body
from cluster.audit import Write
from cluster.installed import Installed
from cluster.nodes import NODES_PATH, pod
from lab import docker_image
from lab.host import Host

LIMIT = 512
PODS = "/api/v1/namespaces/default/pods"
OURS = "/etc/kubernetes/kubelet.conf.d/zz-limitwise.conf"
WEB = {"app": "web"}
HOST = "kubernetes.io/hostname"


@pytest.fixture
def node(installed: Installed) -> Iterator[Host]:
    """A node whose kubelet has its own configuration again when the test ends."""
    made = installed.cluster.nodes[2]
    yield made
    installed.clear()
    assert made.run(["ls", OURS], check=False).rc != 0
    made.run("systemctl restart kubelet")
    installed.cluster.wait_ready(made)


@pytest.fixture
def web(installed: Installed, node: Host) -> Iterator[None]:
    """A deployment's only pod, on that node as long as it takes pods."""
    term = {"matchExpressions": [{"key": HOST, "operator": "In", "values": [node.name]}]}
    wish = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 100, "preference": term}
    ]}}
    stays = pod("web", docker_image.NAME, ["sleep", "1000"], restartPolicy="Always", affinity=wish)
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": WEB},
            "template": {"metadata": {"labels": WEB}, "spec": stays["spec"]},
        },
    }
    cluster = installed.cluster
    cluster.api.apply(deployment)
    cluster.until("its pod runs there", lambda: where(installed) == [node.name])
    yield
    cluster.api.delete(cluster.api.path_of(deployment), propagationPolicy="Foreground")
    cluster.until("no pods left", lambda: not cluster.api.get(PODS)["items"])


def where(installed: Installed) -> list[str]:
    """The nodes on which pods of the deployment run."""
    return [
        found["spec"]["nodeName"]
        for found in installed.cluster.api.get(PODS, labelSelector="app=web")["items"]
        if found["status"]["phase"] == "Running" and "deletionTimestamp" not in found["metadata"]
    ]


def in_force(installed: Installed, node: Host) -> int:
    """The kubelet's limit, asked through the API server; 0 while it cannot be asked."""
    path = f"{NODES_PATH}/{node.name}/proxy/configz"
    answer = installed.cluster.api.request("GET", path)
    return int(answer.body["kubeletconfig"]["podPidsLimit"]) if answer.status == 200 else 0


def in_service(body: Body) -> bool:
    spec, notes = body["spec"], body["metadata"].get("annotations", {})
    ours = [taint for taint in spec.get("taints", ()) if taint["key"].startswith("limitwise.dev")]
    return not spec.get("unschedulable") and not ours and "limitwise.dev/cordon" not in notes


def by_operator(writes: list[Write]) -> list[tuple[str, str]]:
    """What the operator has written: the kind, and whose it is."""
    return [
        (one.resource, one.name.partition("-")[0])
        for one in writes
        if one.user.endswith(":limitwise-operator") and one.status < 300
    ]


def test_a_kubelet_is_restarted_behind_a_drain_and_the_node_comes_back(
    installed: Installed, node: Host, web: None
) -> None:
    audit, mark = installed.cluster.plane.audit, installed.cluster.plane.audit.mark()
    selector = {"matchLabels": {HOST: node.name}}
    kubelet = {"kubelet": {"podPidsLimit": LIMIT}}
    installed.tuning(
        "pods", nodeSelector=selector, tuning=kubelet, disruption={"restart": "AfterDrain"}
    )
    installed.until("the limit is in force", lambda: in_force(installed, node) == LIMIT)
    installed.wait_current("pods")
    path = f"{NODES_PATH}/{node.name}"
    installed.until(
        "the node is in service", lambda: in_service(installed.cluster.api.get(path))
    )
    assert installed.state(node.name)["status"]["waiting"] == []
    installed.until("the pod runs elsewhere", lambda: len(where(installed)) == 1)
    assert where(installed) != [node.name]

    # Cordoned, drained, uncordoned: all by the operator, and nothing of other nodes. It evicts a
    # replica of its own where one runs there.
    about = ("nodes", node.name)
    writes = by_operator(audit.wait(mark, lambda found: by_operator(found).count(about) >= 2))
    cordon, *drained, uncordon = [one for one in writes if one[0] in ("nodes", "pods/eviction")]
    assert cordon == uncordon == about
    assert ("pods/eviction", "web") in drained
    assert {resource for resource, _name in drained} == {"pods/eviction"}

    made = installed.cluster.run(pod("new", docker_image.NAME, ["sleep", "1000"], node))
    group = f"*pod{made['metadata']['uid'].replace('-', '_')}.slice"
    found = node.run(["find", "/sys/fs/cgroup/kubepods.slice", "-name", group]).stdout.strip()
    assert node.read(f"{found}/pids.max").strip() == str(LIMIT)
    installed.cluster.api.delete(f"{PODS}/new", gracePeriodSeconds="0")
