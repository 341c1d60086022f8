"""Controllers, the scheduler and simulated nodes join the control plane when a test wants them."""

from __future__ import annotations

from cluster import audit, kwok
from cluster.api import Body
from cluster.components import CONTROLLER_MANAGER, SCHEDULER
from cluster.control_plane import ControlPlane
from cluster.slate import Slate, wait


def lease(owner: Body) -> Body:
    reference = {
        "apiVersion": "v1",
        "kind": "Node",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "owned", "namespace": "default", "ownerReferences": [reference]},
    }


def test_kwok_makes_fifty_nodes_ready(control_plane: ControlPlane, api: Slate) -> None:
    names = kwok.create_nodes(api, 50)
    assert not any(kwok.ready(node) for node in kwok.listed(api))
    mark = control_plane.audit.mark()
    with kwok.Kwok(control_plane) as simulated:
        simulated.wait_ready(names, seconds=60)
        log = control_plane.audit.wait(mark, lambda found: patched(found) >= set(names))
    assert patched(log) == set(names)
    assert {write.user for write in log if write.resource == "nodes/status"} == {"lab-kwok"}


def patched(writes: list[audit.Write]) -> set[str]:
    return {write.name for write in writes if write.resource == "nodes/status"}


def test_nodes_can_be_made_ready(api: Slate) -> None:
    names = kwok.create_nodes(api, 3, make=kwok.ready_node)
    assert sorted(names) == [node["metadata"]["name"] for node in kwok.listed(api)]
    assert all(kwok.ready(node) for node in kwok.listed(api))


def test_controllers_and_scheduler_work(control_plane: ControlPlane, api: Slate) -> None:
    owner = api.node("h1")
    api.node("h2")
    api.merge(
        "/api/v1/nodes/h2/status",
        {"status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "9"}}},
    )
    leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    api.create(leases, lease(owner))
    with control_plane.with_parts(CONTROLLER_MANAGER, SCHEDULER):
        pod = api.pod("free", node="")
        path = f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}"
        wait(lambda: api.get(path)["spec"].get("nodeName") == "h2", "the pod is on h2", 180.0)
        api.delete("/api/v1/nodes/h1")
        gone = "what the deleted node owned is collected"
        wait(lambda: api.request("GET", f"{leases}/owned").status == 404, gone, 180.0)
