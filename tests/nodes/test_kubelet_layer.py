"""Layer kubelet on real kubelets: new pods get the new limit, old ones are named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.api import Body
from cluster.nodes import Cluster, pod
from e2e import on_guest
from e2e import pod as container
from e2e.on_guest import PLACE, ask, change, codes
from lab import docker_image
from lab.host import Host

PODS = "/api/v1/namespaces/default/pods"
KUBEPODS = "/sys/fs/cgroup/kubepods.slice"
OWN = "/etc/kubernetes/kubelet.conf.d/zz-limitwise.conf"
CONFIG = "/var/lib/kubelet/config.yaml"
SLEEP = ["sleep", "1000"]
RESTART = {"restart": "if-needed"}
# Pods of the product may be there before a test begins.
OLD_PODS = {"LW808"}


@pytest.fixture
def node(cluster: Cluster) -> Iterator[Host]:
    """A node with the engine on it; it has its own configuration again when the test ends."""
    made = cluster.nodes[1]
    on_guest.install(made)
    container.install(made)
    made.run("mkdir -p /host; cp -p /var/lib/kubelet/config.yaml /opt/config.yaml")
    threads = made.read("/proc/sys/kernel/threads-max")
    yield made
    cluster.api.request("DELETE", PODS, gracePeriodSeconds="1")
    made.run(
        f"cp -p /opt/config.yaml {CONFIG}; rm -rf /etc/kubernetes/kubelet.conf.d/*"
        " /etc/systemd/system/kubelet.service.d /etc/sysctl.d/zz-limitwise.conf /var/lib/limitwise"
        f"; echo {threads.strip()} > /proc/sys/kernel/threads-max"
        "; systemctl daemon-reload; systemctl reset-failed kubelet; systemctl restart kubelet"
    )
    cluster.until("no pods left", lambda: not cluster.api.get(PODS)["items"])
    cluster.wait_ready(made)


def started(cluster: Cluster, node: Host, name: str) -> str:
    """Run a pod; the folder of its cgroup on the node."""
    made = cluster.run(pod(name, docker_image.NAME, SLEEP, node))
    uid = made["metadata"]["uid"].replace("-", "_")
    found = node.run(["find", KUBEPODS, "-maxdepth", "2", "-name", f"*pod{uid}.slice"]).stdout
    return found.strip()


def pids_max(node: Host, group: str = KUBEPODS) -> str:
    return node.read(f"{group}/pids.max").strip()


def capacity(node: Host) -> int:
    return min(int(node.read(f"/proc/sys/kernel/{name}")) for name in ("pid_max", "threads-max"))


def configuration(cluster: Cluster, node: Host) -> Body:
    """The kubelet's configuration in force, by the API server; empty while it cannot be asked."""
    answer = cluster.api.request("GET", f"/api/v1/nodes/{node.name}/proxy/configz")
    found: Body = answer.body["kubeletconfig"] if answer.status == 200 else {}
    return found


def answered(cluster: Cluster, node: Host) -> Body:
    """The same as soon as it can be asked: a kubelet says that it is well before it answers."""
    cluster.until("the kubelet answers", lambda: bool(configuration(cluster, node)))
    return configuration(cluster, node)


def pid_limit(cluster: Cluster, node: Host) -> int | None:
    """The kubelet's limit of PIDs of a pod, None while it cannot be asked."""
    return configuration(cluster, node).get("podPidsLimit")


def from_container(node: Host, do: str, **words: Any) -> dict[str, Any]:
    """The engine's answer from a container that has the node's root at /host."""
    request = json.dumps({"do": do, "mounted": "/host", **words})
    done = container.run(node, [*RUN, f"{PLACE}/driver.py"], stdin=request.encode())
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


RUN = ["env", f"PYTHONPATH={PLACE}", "PYTHONDONTWRITEBYTECODE=1", "python3"]


def test_new_pods_get_the_new_limit_and_old_ones_are_named(cluster: Cluster, node: Host) -> None:
    before = configuration(cluster, node)
    old = started(cluster, node, "old")
    assert pids_max(node, old) == "max"
    tuning = {
        "kubelet": {"podPidsLimit": 512, "systemReserved": {"pid": 300}, "maxPods": 40},
        "policy": RESTART,
    }

    report = from_container(node, "apply", tuning=tuning, options={"owner": "operator"})
    assert report["ok"], report
    assert codes(report) == {"LW808"}
    (named,) = report["findings"]
    assert f"{old.rpartition('pod')[2][:8]}" in named["message"]
    limit = change(report, "", "/podPidsLimit")
    assert (limit["runtime"], limit["takes_effect"]) == ("512", "none")
    assert limit["file"] == OWN

    in_force = answered(cluster, node)
    assert (in_force["podPidsLimit"], in_force["maxPods"]) == (512, 40)
    assert in_force["systemReserved"] == {"pid": "300"}
    assert in_force["evictionHard"] == before["evictionHard"]
    assert int(pids_max(node)) == capacity(node) - 300
    assert pids_max(node, started(cluster, node, "new")) == "512"
    assert pids_max(node, old) == "max"

    assert (
        from_container(node, "apply", tuning=tuning, options={"owner": "operator"})["run_id"]
        is None
    )
    back = from_container(node, "rollback", run="last")
    assert back["ok"], back
    cluster.wait_ready(node)
    cluster.until("the kubelet is as it was", lambda: configuration(cluster, node) == before)
    cluster.until("kubepods too", lambda: int(pids_max(node)) == capacity(node))
    assert node.run(["ls", OWN], check=False).rc != 0


def test_kubepods_follows_the_sysctls_by_a_restart_alone(cluster: Cluster, node: Host) -> None:
    small = capacity(node)
    cluster.until("kubepods has all", lambda: pids_max(node) == str(small))
    raised = {"sysctl": {"kernel.threads-max": small + 5000}, "kubelet": {}}
    report = ask(node, "apply", raised)
    assert report["ok"], report
    assert {"LW809", "LW610"} <= codes(report)
    assert pids_max(node) == str(small)

    report = ask(node, "apply", {**raised, "policy": RESTART})
    assert (report["ok"], codes(report)) == (True, set())
    group = change(report, "kubepods", "pids.max")
    assert (group["before"], group["runtime"]) == (str(small), str(small + 5000))
    assert pids_max(node) == str(small + 5000)
    assert ask(node, "apply", {**raised, "policy": RESTART})["run_id"] is None


def test_a_kubelet_without_drop_ins_gets_its_own_file_edited(cluster: Cluster, node: Host) -> None:
    command = f"/usr/local/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.conf --config={CONFIG}"
    node.write(
        "/etc/systemd/system/kubelet.service.d/plain.conf",
        f"[Service]\nExecStart=\nExecStart={command} $NODE_ARGS\n",
    )
    node.run("systemctl daemon-reload; systemctl restart kubelet")
    cluster.wait_ready(node)
    text = node.read(CONFIG)
    wanted = {"kubelet": {"podPidsLimit": 700, "evictionHard": {"pid.available": 200}}}
    report = ask(node, "apply", wanted)
    assert (report["ok"], codes(report) - OLD_PODS) == (True, {"LW610"})
    lines = node.read(CONFIG).splitlines()
    assert [line for line in text.splitlines() if line not in lines] == ["  pid.available: 10%"]
    report = ask(node, "apply", {**wanted, "policy": RESTART})
    assert (report["ok"], codes(report) - OLD_PODS) == (True, set())
    in_force = answered(cluster, node)
    assert in_force["podPidsLimit"] == 700
    assert in_force["evictionHard"]["pid.available"] == "200"
    assert in_force["evictionHard"]["memory.available"] == "50Mi"
    assert pids_max(node, started(cluster, node, "limited")) == "700"
    assert ask(node, "rollback", run="original")["ok"]
    assert node.read(CONFIG) == text
    cluster.until("the limit is gone", lambda: pid_limit(cluster, node) == -1)


def test_a_kubelet_that_does_not_come_up_has_the_run_taken_back(
    cluster: Cluster, node: Host
) -> None:
    # of somebody else, written since the kubelet started: it will not start again with it
    node.write("/etc/kubernetes/kubelet.conf.d/90-wrong.conf", "kind: Wrong\napiVersion: v1\n")
    report = ask(node, "apply", {"kubelet": {"maxPods": 40}, "policy": RESTART})
    assert not report["ok"]
    assert "LW608" in codes(report)
    assert "does not come up" in str(report["findings"])
    assert node.run(["ls", OWN], check=False).rc != 0
    node.run("rm /etc/kubernetes/kubelet.conf.d/90-wrong.conf; systemctl reset-failed kubelet")
    node.run("systemctl restart kubelet")
    cluster.wait_ready(node)
