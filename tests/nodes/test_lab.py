"""The cluster lab on real kubelets: pods run, reach what they need, and nodes come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import container_image
from cluster.api import Body
from cluster.nodes import Cluster, pod
from cluster.pytest_nodes import ClusterMaker
from lab import docker_image, fleet, network, processes
from lab.addresses import namespace_of
from lab.host import Host

BUSYBOX = docker_image.NAME
PODS = "/api/v1/namespaces/default/pods"
ASK = """
import os, ssl, urllib.request
account = "/var/run/secrets/kubernetes.io/serviceaccount"
context = ssl.create_default_context(cafile=f"{account}/ca.crt")
server = f"{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
bearer = {"Authorization": "Bearer " + open(f"{account}/token").read()}
asked = urllib.request.Request(f"https://{server}/version", headers=bearer)
print(server, urllib.request.urlopen(asked, context=context, timeout=30).status)
"""
IMPORTS = """
import ansible_collections.limitwise.host, ansible_runner, croniter, kopf, kubernetes.client, os
import limitwise, limitwise_operator, prometheus_client, yaml, zoneinfo
print(os.getuid(), limitwise.__version__, zoneinfo.ZoneInfo("Europe/Berlin"))
print(limitwise.__spec__.cached, os.path.exists(limitwise.__spec__.cached))
"""


@pytest.fixture(autouse=True)
def no_pods_stay(cluster: Cluster) -> Iterator[None]:
    """What a test ran is gone before the next begins."""
    yield
    cluster.api.request("DELETE", PODS, gracePeriodSeconds="1")
    cluster.until("no pods left", lambda: not cluster.api.get(PODS)["items"])


def said(cluster: Cluster, made: Body) -> str:
    """What a pod that ends wrote."""
    path = f"{PODS}/{made['metadata']['name']}"
    cluster.until(
        "the pod has ended",
        lambda: cluster.api.get(path)["status"]["phase"] in ("Succeeded", "Failed"),
    )
    return cluster.kubectl("logs", made["metadata"]["name"])


def python(name: str, script: str, **spec: object) -> Body:
    return pod(name, container_image.name(), ["python", "-c", script], None, **spec)


def test_the_nodes_are_what_clusters_have_today(cluster: Cluster) -> None:
    nodes = cluster.api.get("/api/v1/nodes")["items"]
    assert [node["metadata"]["name"] for node in nodes] == ["h1", "h2", "h3"]
    told = [node["status"]["nodeInfo"] for node in nodes]
    assert {info["kubeletVersion"] for info in told} == {"v1.36.3"}
    assert {info["containerRuntimeVersion"] for info in told} == {"containerd://2.3.7"}
    assert len({info["machineID"] for info in told}) == 3


def test_pods_run_on_every_node_and_are_looked_into(cluster: Cluster) -> None:
    for node in cluster.nodes:
        cluster.run(pod(f"p-{node.name}", BUSYBOX, ["sh", "-c", "echo up; sleep 1000"], node))
    for node in cluster.nodes:
        assert cluster.kubectl("logs", f"p-{node.name}") == "up\n"
        name = cluster.kubectl("exec", f"p-{node.name}", "--", "hostname")
        assert name == f"p-{node.name}\n"


def test_the_scheduler_places_pods_and_controllers_replace_them(cluster: Cluster) -> None:
    labels = {"app": "web"}
    template = pod("web", BUSYBOX, ["sleep", "1000"], restartPolicy="Always")["spec"]
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template},
        },
    }
    cluster.api.apply(deployment)
    path = cluster.api.path_of(deployment)

    def two_ready() -> bool:
        return bool(cluster.api.get(path)["status"].get("readyReplicas") == 2)

    try:
        cluster.until("both pods run", two_ready)
        (first, _) = cluster.api.get(PODS)["items"]
        cluster.api.delete(f"{PODS}/{first['metadata']['name']}")
        cluster.until("one is replaced", lambda: not there(cluster, first) and two_ready())
    finally:
        cluster.api.delete(path, propagationPolicy="Foreground")


def there(cluster: Cluster, made: Body) -> bool:
    """True while that very pod is known, though another may have its name."""
    found = [known["metadata"]["uid"] for known in cluster.api.get(PODS)["items"]]
    return made["metadata"]["uid"] in found


def test_pods_of_two_nodes_reach_each_other(cluster: Cluster) -> None:
    first, second = cluster.nodes[:2]
    answer = ["sh", "-c", "echo here | nc -l -p 7000"]
    address = cluster.run(pod("server", BUSYBOX, answer, first))["status"]["podIP"]
    call = f"until nc {address} 7000; do sleep 0.2; done"
    assert (
        said(cluster, cluster.run(pod("client", BUSYBOX, ["sh", "-c", call], second))) == "here\n"
    )


@pytest.mark.parametrize("on_host", [False, True])
def test_pods_reach_the_api_server_by_its_service(cluster: Cluster, on_host: bool) -> None:
    made = cluster.run(python("asks", ASK, hostNetwork=on_host))
    assert said(cluster, made) == "10.96.0.1:443 200\n"


def test_the_product_s_image_holds_all_it_needs_and_is_nobody(cluster: Cluster) -> None:
    made = cluster.run(python("imports", IMPORTS))
    first, second = said(cluster, made).splitlines()
    assert first == f"65532 {container_image.version()} Europe/Berlin"
    assert second.endswith("__init__.cpython-313.pyc True")


def test_ansible_finds_the_collection_in_the_image(cluster: Cluster) -> None:
    command = ["sh", "-c", "HOME=/tmp ansible localhost -m limitwise.host.lint_info"]
    made = cluster.run(pod("ansible", container_image.name(), command))
    assert '"changed": false' in said(cluster, made)


def test_changed_code_reaches_the_nodes_without_a_new_cluster(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "marked.py").write_text("TEXT = 'newer code'\n")
    added = (str(tmp_path), "limitwise_marked")
    with monkeypatch.context() as changed:
        changed.setattr(container_image, "CODE", (*container_image.CODE, added))
        cluster.load_product()
    script = "from limitwise_marked.marked import TEXT; print(TEXT)"
    assert said(cluster, cluster.run(python("newer", script))) == "newer code\n"
    cluster.load_product()


def configuration(cluster: Cluster, node: Host) -> Body:
    """The kubelet's configuration in force, asked through the API server."""
    path = f"/api/v1/nodes/{node.name}/proxy/configz"
    found: Body = json.loads(cluster.kubectl("get", "--raw", path))["kubeletconfig"]
    return found


def test_a_node_comes_back_from_a_reboot_as_its_administrator_left_it(cluster: Cluster) -> None:
    node = cluster.nodes[2]
    cluster.run(pod("stays", BUSYBOX, ["sleep", "1000"], node, restartPolicy="Always"))
    drop_in = "/etc/kubernetes/kubelet.conf.d/50-test.conf"
    head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
    node.write(drop_in, f"{head}podPidsLimit: 123\n")
    node.run("sed -i 's/^maxPods: .*/maxPods: 29/' /var/lib/kubelet/config.yaml && sync")
    before = node.boot_id()
    try:
        cluster.reboot(node)
        assert node.boot_id() != before
        found = configuration(cluster, node)
        assert (found["podPidsLimit"], found["maxPods"]) == (123, 29)
        cluster.until(
            "the pod runs again",
            lambda: cluster.api.get(f"{PODS}/stays")["status"]["containerStatuses"][0]["ready"],
        )
    finally:
        node.run(f"rm {drop_in}; sed -i 's/^maxPods: .*/maxPods: 30/' /var/lib/kubelet/config.yaml")
        node.run("systemctl restart kubelet")
        cluster.wait_ready(node)


def test_a_node_comes_back_from_a_power_cut(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    node.run("sync")  # what installed the node was written long ago, for other nodes
    node.kill()
    cluster.start(node)
    cluster.run(pod("after", BUSYBOX, ["true"], node))


def test_a_second_cluster_is_another_one_and_leaves_nothing(
    cluster: Cluster, own_cluster: ClusterMaker
) -> None:
    taint = {"key": "limitwise.dev/untuned", "effect": "NoSchedule"}
    second = own_cluster(1, mem="512M", kubelet={"registerWithTaints": [taint]})
    (node,) = second.api.get("/api/v1/nodes")["items"]
    assert taint in node["spec"]["taints"]
    (added,) = second.grow()
    assert added.name == "h2"
    assert len(cluster.api.get("/api/v1/nodes")["items"]) == 3

    folder, namespace = second.fleet.folder, namespace_of(second.name)
    identity = network.identity(namespace)
    assert len(processes.of_fleet(processes.everyone(), identity, folder)) > 6
    second.destroy()
    assert not network.exists(namespace)
    assert not folder.exists()
    assert second.name not in fleet.names()
    assert processes.of_fleet(processes.everyone(), identity, folder) == []
    assert [p for p in processes.everyone() if str(folder) in " ".join(p.command)] == []
