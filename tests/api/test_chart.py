"""The chart: what it refuses, what it makes, and that the real API server takes all of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.tunings import TUNINGS, node_tuning
from cluster.api import Api, Body
from cluster.control_plane import ControlPlane
from cluster.slate import Slate, wait
from limitwise_operator.agent.options import Options
from limitwise_operator.kinds import meta
from limitwise_operator.session import LEASE
from project import chart

VARIANTS: dict[str, Body] = {
    "as it comes": {},
    "one replica": {
        "operator": {"replicas": 1, "podDisruptionBudget": {"enabled": False}},
        "networkPolicy": {"enabled": False},
        "monitoring": {"dashboard": {"enabled": False}},
        "admissionPolicies": {"enabled": False},
    },
    "much of everything": {
        "image": {"repository": "r.example/limitwise", "digest": "sha256:" + "a" * 64},
        "imagePullSecrets": ["pull"],
        "apiServer": {"host": "10.99.0.1", "port": 16443},
        "operator": {
            "maxUnavailable": 3,
            "affinity": {"nodeAffinity": {}},
            "tolerations": [{"key": "x", "operator": "Exists", "effect": "NoSchedule"}],
            "podAnnotations": {"a": "b"},
            "drain": {"unmanaged": True, "emptyDir": False},
        },
        "agent": {
            "allow": ["net.ipv4.ip_forward", "docker.service Nice"],
            "port": 0,
            "appArmorProfile": {"type": "RuntimeDefault"},
            "updateStrategy": {"type": "OnDelete", "rollingUpdate": None},
            "capabilities": ["SYS_ADMIN"],
            "podAnnotations": {"a": "b"},
        },
        "networkPolicy": {"metricsFrom": [{"namespaceSelector": {}}], "apiServerPorts": [16443]},
    },
}
MONITORS = {"monitoring": {"monitors": "enabled", "rules": "enabled", "labels": {"release": "p"}}}

WRONG: dict[str, tuple[Body, str]] = {
    "an unknown name": ({"agents": {}}, "agents"),
    "an unknown name below": ({"agent": {"allowed": []}}, "allowed"),
    "no replica": ({"operator": {"replicas": 0}}, "replicas"),
    "nothing may be unavailable": ({"operator": {"maxUnavailable": "0%"}}, "maxUnavailable"),
    "an interval without unit": ({"agent": {"interval": 30}}, "interval"),
    "a key with a line break": ({"agent": {"allow": ["a\nb"]}}, "allow"),
    "a key twice": ({"agent": {"allow": ["a", "a"]}}, "allow"),
    "no capability": ({"agent": {"capabilities": ["CAP_CHOWN"]}}, "capabilities"),
    "all capabilities": ({"agent": {"capabilities": ["ALL"]}}, "capabilities"),
    "a digest that is none": ({"image": {"digest": "sha256:1"}}, "digest"),
    "a word for a switch": ({"admissionPolicies": {"enabled": "yes"}}, "enabled"),
    "a wish that is none": ({"monitoring": {"rules": True}}, "rules"),
    "an address with a path": ({"apiServer": {"host": "https://x/"}}, "host"),
}


def written(folder: Path, values: Body) -> str:
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return str(path)


def made(folder: Path, values: Body, *options: str) -> dict[tuple[str, str], Body]:
    bodies = chart.template("--values", written(folder, values), *options)
    return {(body["kind"], body["metadata"]["name"]): body for body in bodies}


def container(body: Body) -> dict[str, Any]:
    (only,) = body["spec"]["template"]["spec"]["containers"]
    return dict(only)


def test_lint() -> None:
    ran = chart.helm("lint", "--strict", str(chart.REPOSITORY / chart.CHART))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "WARNING" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(("values", "name"), WRONG.values(), ids=WRONG)
def test_wrong_values_are_refused(tmp_path: Path, values: Body, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        made(tmp_path, values)


def test_every_value_has_a_line_of_its_own() -> None:
    """``make manifests`` brings the page up to date."""
    page = (chart.REPOSITORY / chart.README).read_text("utf-8")
    assert page == chart.readme(page)
    text = (chart.REPOSITORY / chart.CHART / "values.yaml").read_text("utf-8")
    named = {name for name, _default, _words in chart.values(text)}
    schema = json.loads((chart.REPOSITORY / chart.CHART / "values.schema.json").read_text("utf-8"))
    assert set(_leaves(yaml.safe_load(text), schema, "")) == named


def _leaves(values: Any, schema: Body, path: str) -> Iterator[str]:
    """The values whose insides are the user's own, or that have none."""
    for name, value in values.items():
        below = schema["properties"][name]
        here = f"{path}{name}"
        own = "additionalProperties" in below and below["additionalProperties"] is False
        if isinstance(value, dict) and own and name not in {"resources", "updateStrategy"}:
            if name in {"appArmorProfile", "seccompProfile"}:
                yield here
            else:
                yield from _leaves(value, below, f"{here}.")
        else:
            yield here


def test_plain_manifests_are_current() -> None:
    """``make manifests`` brings them up to date."""
    assert (chart.REPOSITORY / chart.MANIFESTS).read_text("utf-8") == chart.manifests()


def test_names_are_those_of_the_code(tmp_path: Path) -> None:
    whole = made(tmp_path, {})
    assert chart.NAMESPACE == meta.NAMESPACE == Options("h1").namespace
    leases = whole["Role", "limitwise-operator"]["rules"]
    assert [one["resourceNames"] for one in leases if "resourceNames" in one] == [[LEASE]]
    nodes = json.dumps(whole["ValidatingAdmissionPolicy", "limitwise-operator-nodes"])
    for name in (meta.STARTUP_TAINT, meta.DRAIN_TAINT, meta.CORDON_ANNOTATION, meta.NO_SCHEDULE):
        assert f"'{name}'" in nodes
    tolerated = whole["Deployment", "limitwise-operator"]["spec"]["template"]["spec"]["tolerations"]
    assert meta.STARTUP_TAINT in {one["key"] for one in tolerated}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_commands_take_their_options(tmp_path: Path, variant: Body) -> None:
    """The options are those of the very programs."""
    from limitwise_operator.__main__ import main as program

    whole = made(tmp_path, variant)
    for kind, name in (("Deployment", "limitwise-operator"), ("DaemonSet", "limitwise-agent")):
        command, *words = container(whole[kind, name])["args"]
        words = [word.replace("$(NODE_NAME)", "h1") for word in words]
        context = program.commands[command].make_context(command, words)
        assert not context.args
    agent = container(whole["DaemonSet", "limitwise-agent"])
    assert ("livenessProbe" in agent) == ("--port=0" not in agent["args"])


def test_the_agent_is_critical_and_no_more_than_root(tmp_path: Path) -> None:
    """Node-critical, it is spared by the OOM killer like a Guaranteed pod, without a CPU limit."""
    whole = made(tmp_path, {})
    agent = whole["DaemonSet", "limitwise-agent"]["spec"]["template"]["spec"]
    (only,) = agent["containers"]
    resources = only["resources"]
    assert resources["limits"] == {"memory": resources["requests"]["memory"]}
    security = only["securityContext"]
    assert security["capabilities"]["drop"] == ["ALL"]
    assert (security["privileged"], security["readOnlyRootFilesystem"]) == (False, True)
    assert agent["priorityClassName"] == "system-node-critical"
    assert agent["tolerations"] == [{"operator": "Exists"}]
    assert agent["hostPID"]
    assert agent["hostNetwork"]
    assert agent["hostIPC"]
    propagation = {one["mountPath"]: one.get("mountPropagation") for one in only["volumeMounts"]}
    assert propagation["/host"] == "HostToContainer"
    for volume in agent["volumes"]:
        if "emptyDir" in volume:
            assert volume["emptyDir"]["medium"] == "Memory"
            assert volume["emptyDir"]["sizeLimit"]


def test_the_operator_is_nobody(tmp_path: Path) -> None:
    pod = made(tmp_path, {})["Deployment", "limitwise-operator"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (only,) = pod["containers"]
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not pod.get("hostNetwork")
    assert {"POD_ID", "USER"} <= {one["name"] for one in only["env"]}


def test_no_rule_has_a_wildcard(tmp_path: Path) -> None:
    for (kind, _name), body in made(tmp_path, {}).items():
        if kind in {"Role", "ClusterRole"}:
            for rule in body["rules"]:
                words = [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
                assert "*" not in "".join(words)
                assert not {"secrets", "pods/exec", "nodes/proxy"} & set(words)


def test_optional_kinds_come_when_the_cluster_knows_them(tmp_path: Path) -> None:
    kinds = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert not kinds & {kind for kind, _name in made(tmp_path, {})}
    asked = [f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in sorted(kinds)]
    assert kinds <= {kind for kind, _name in made(tmp_path, {}, *asked)}
    whole = made(tmp_path, MONITORS)
    assert kinds <= {kind for kind, _name in whole}
    rules = whole["PrometheusRule", "limitwise"]
    assert rules["metadata"]["labels"]["release"] == "p"
    written = yaml.safe_load((chart.REPOSITORY / chart.CHART / "files/rules.yaml").read_text())
    assert rules["spec"] == written
    disabled = {"monitoring": {"monitors": "disabled", "rules": "disabled"}}
    assert not kinds & {kind for kind, _name in made(tmp_path, disabled, *asked)}


def test_the_dashboard_arrives_whole(tmp_path: Path) -> None:
    data = made(tmp_path, {})["ConfigMap", "limitwise-dashboard"]["data"]["limitwise.json"]
    path = chart.REPOSITORY / chart.CHART / "files/dashboard.json"
    assert json.loads(data) == json.loads(path.read_text("utf-8"))


def test_allowed_keys_reach_the_agent(tmp_path: Path) -> None:
    whole = made(tmp_path, {"agent": {"allow": ["net.ipv4.ip_forward", "a.service Nice"]}})
    lines = whole["ConfigMap", "limitwise-allow"]["data"]["allow"].splitlines()
    names = [line for line in lines if not line.startswith("#")]
    assert names == ["net.ipv4.ip_forward", "a.service Nice"]


@pytest.fixture(scope="module")
def admin(control_plane: ControlPlane) -> Iterator[Api]:
    """cluster-admin, with the chart's namespace."""
    plain = control_plane.api()
    plain.apply(chart.NAMESPACE_BODY)
    yield plain
    plain.close()


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_the_api_server_takes_it(admin: Api, tmp_path: Path, variant: Body) -> None:
    """Strictly: a field that it does not know is an error."""
    bodies = [*made(tmp_path, variant, "--include-crds").values()]
    for body in sorted(bodies, key=lambda one: one["kind"] != "CustomResourceDefinition"):
        if body["kind"] == "ConfigMap" or "namespace" in body["metadata"]:
            assert body["metadata"]["namespace"] in {chart.NAMESPACE, "default"}
        answer = admin.request(
            "PATCH",
            admin.path_of(body),
            body,
            content_type="application/apply-patch+yaml",
            fieldManager="helm",
            force="true",
            fieldValidation="Strict",
            dryRun="All",
        )
        assert answer.status in {200, 201}, answer.message
        assert "warning" not in answer.headers


def test_policies_have_no_type_errors(control_plane: ControlPlane, admin: Api) -> None:
    """The controller manager looks through their CEL with the types of this Kubernetes."""
    bodies = chart.template("--include-crds")
    policies = [body for body in bodies if body["kind"] == "ValidatingAdmissionPolicy"]
    for body in bodies:
        if body["kind"] in {"CustomResourceDefinition", "ValidatingAdmissionPolicy"}:
            admin.apply(body)

    def judged(path: str) -> bool:
        policy = admin.get(path)
        seen = policy.get("status", {}).get("observedGeneration")
        return bool(seen == policy["metadata"]["generation"])

    with control_plane.with_parts("kube-controller-manager"):
        for policy in policies:
            path = admin.path_of(policy)
            wait(lambda path=path: judged(path), f"{path} is judged", 60.0)  # type: ignore[misc]
            status = admin.get(path)["status"]
            assert not status.get("typeChecking", {}).get("expressionWarnings"), status
    for policy in policies:
        admin.delete(admin.path_of(policy))


def test_install_upgrade_uninstall(kinds: Slate, control_plane: ControlPlane) -> None:
    """By Helm itself: the definitions and the objects of users outlive the release."""
    kinds.apply(chart.NAMESPACE_BODY)
    cluster = ["--kubeconfig", str(control_plane.kubeconfig), "--namespace", chart.NAMESPACE]
    release = ["limitwise", str(chart.REPOSITORY / chart.CHART), *cluster]
    deployment = f"/apis/apps/v1/namespaces/{chart.NAMESPACE}/deployments/limitwise-operator"
    _done(chart.helm("install", *release))
    kinds.create(TUNINGS, node_tuning())
    assert kinds.get(deployment)["spec"]["replicas"] == 2
    _done(chart.helm("upgrade", *release, "--set", "operator.replicas=1"))
    assert kinds.get(deployment)["spec"]["replicas"] == 1
    _done(chart.helm("uninstall", "limitwise", *cluster))
    assert kinds.request("GET", deployment).status == 404
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    assert kinds.get(policies)["items"] == []
    assert kinds.get(f"{TUNINGS}/base")["spec"]["mode"] == "Enforce"


def _done(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == 0, ran.stdout + ran.stderr
