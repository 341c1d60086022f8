"""The lab's control plane is a real one: identities, RBAC, claims, admission, audit, restarts."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import audit, control_plane, daemons
from cluster.api import Body
from cluster.control_plane import ControlPlane
from cluster.pytest_cluster import remove_abandoned
from cluster.slate import Slate, wait

RBAC = "rbac.authorization.k8s.io/v1"
ADMISSION = "admissionregistration.k8s.io/v1"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
NODE_CLAIM = "authentication.kubernetes.io/node-name"


def rights(account: str, *rules: Body) -> list[Body]:
    """A ClusterRole with these rules, and its binding to a service account of `default`."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": "default"}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": account}
    return [
        {
            "apiVersion": RBAC,
            "kind": "ClusterRole",
            "metadata": {"name": account},
            "rules": list(rules),
        },
        {
            "apiVersion": RBAC,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": account},
            "subjects": [subject],
            "roleRef": ref,
        },
    ]


def config_map(name: str) -> Body:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def claims(token: str) -> Body:
    part = token.split(".")[1]
    found: Body = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_it_is_ready_and_kubectl_reaches_it(control_plane: ControlPlane, api: Slate) -> None:
    assert api.request("GET", "/readyz").body == "ok"
    printed = control_plane.kubectl("get", "--raw", "/version")
    assert json.loads(printed) == api.get("/version")


def test_rights_are_refused_until_they_are_given(api: Slate) -> None:
    api.service_account("default", "reader")
    reader = api.as_user(api.token("default", "reader"))
    refused = reader.request("GET", "/api/v1/nodes")
    assert (refused.status, refused.reason) == (403, "Forbidden")
    nodes = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
    for manifest in rights("reader", nodes):
        api.apply(manifest)
    wait(lambda: reader.request("GET", "/api/v1/nodes").status == 200, "the reader may list")
    assert reader.request("DELETE", "/api/v1/nodes/h1").status == 403


def test_a_kubelet_may_change_its_own_node_only(control_plane: ControlPlane, api: Slate) -> None:
    for name in ("h1", "h2"):
        api.node(name)
    kubelet = api.as_user(control_plane.token("h1"))
    label = {"metadata": {"labels": {"lab": "yes"}}}
    assert kubelet.merge("/api/v1/nodes/h1", label)["metadata"]["labels"] == {"lab": "yes"}
    refused = kubelet.request(
        "PATCH", "/api/v1/nodes/h2", label, content_type="application/merge-patch+json"
    )
    assert refused.status == 403


def test_the_audit_log_counts_writes_by_who_and_what(
    control_plane: ControlPlane, api: Slate
) -> None:
    log = control_plane.audit
    mark = log.mark()
    api.node("h1")
    api.get("/api/v1/nodes")
    for value in "ab":
        api.merge("/api/v1/nodes/h1", {"metadata": {"labels": {"lab": value}}})
    assert api.request("POST", "/api/v1/nodes", {"kind": "Node"}).status >= 400
    found = log.wait(mark, lambda writes: len(mine(writes)) >= 4)
    assert audit.count(mine(found), "verb", "resource", "name") == {
        ("create", "nodes", "h1"): 1,
        ("create", "nodes", ""): 1,
        ("patch", "nodes", "h1"): 2,
    }


def mine(writes: list[audit.Write]) -> list[audit.Write]:
    return [write for write in writes if write.user == "lab-admin"]


def test_a_token_bound_to_a_pod_names_its_node(api: Slate) -> None:
    api.node("h1")
    api.service_account("default", "agent")
    token = api.node_token("default", "agent", "h1")
    assert claims(token)["kubernetes.io"]["node"]["name"] == "h1"
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = api.as_user(token).create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    user = answer["status"]["userInfo"]
    assert user["username"] == "system:serviceaccount:default:agent"
    assert user["extra"][NODE_CLAIM] == ["h1"]


def test_an_admission_policy_sees_the_claim(api: Slate) -> None:
    api.node("h1")
    api.service_account("default", "agent")
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "delete"]}
    for manifest in (*rights("agent", rule), *own_node_only()):
        api.apply(manifest)
    agent = api.as_user(api.node_token("default", "agent", "h1"))

    def refused() -> bool:
        """The policy takes a moment to be in force."""
        answer = agent.request("POST", CONFIG_MAPS, config_map("h2"))
        if answer.status == 201:
            agent.delete(f"{CONFIG_MAPS}/h2")
        return answer.status == 422 and "its own node only" in answer.message

    wait(refused, "node h1's agent cannot write h2's object")
    assert agent.create(CONFIG_MAPS, config_map("h1"))["metadata"]["name"] == "h1"
    api.delete(f"{CONFIG_MAPS}/h1")


def own_node_only() -> list[Body]:
    expression = f"object.metadata.name in request.userInfo.extra[?'{NODE_CLAIM}'].orValue([])"
    rules = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    return [
        {
            "apiVersion": ADMISSION,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "own-node"},
            "spec": {
                "matchConstraints": {"resourceRules": [rules]},
                "validations": [{"expression": expression, "message": "its own node only"}],
            },
        },
        {
            "apiVersion": ADMISSION,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "own-node"},
            "spec": {"policyName": "own-node", "validationActions": ["Deny"]},
        },
    ]


@pytest.mark.parametrize("crash", [False, True])
def test_a_restarted_server_has_what_it_had(
    control_plane: ControlPlane, api: Slate, crash: bool
) -> None:
    made = api.node("h1")
    if crash:
        control_plane.kill("kube-apiserver")
    control_plane.restart_apiserver()
    assert api.get("/api/v1/nodes/h1")["metadata"]["uid"] == made["metadata"]["uid"]


def test_a_killed_session_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "LIMITWISE_CLUSTER_DIR": str(tmp_path)}
    program = (
        "import os; from cluster.control_plane import ControlPlane, states\n"
        "plane = ControlPlane(states() / f'pytest-{os.getpid()}')\n"
        "plane.start(['etcd']); print('up', flush=True); os.kill(os.getpid(), 9)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    )
    printed, _ = child.communicate(timeout=60)
    assert printed == "up\n"
    assert child.returncode == -9
    folder = tmp_path / f"pytest-{child.pid}"
    left = daemons.running(folder)
    assert [Path(process.command[0]).name for process in left] == ["etcd"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMITWISE_CLUSTER_DIR", str(tmp_path))
        assert control_plane.names() == [folder.name]
        remove_abandoned()
    assert not daemons.running(folder)
    assert not folder.exists()
