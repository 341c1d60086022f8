"""`limitwise k8s status` and `explain` on the real API server, and on what its kubectl writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.tunings import STATES, STRICT, TUNINGS
from cluster.agent_sim import Agents
from cluster.api import MERGE_PATCH, Body
from cluster.control_plane import ControlPlane
from cluster.rollouts import GROUP, NAMESPACE, NODES, Rollouts
from cluster.slate import Slate, wait
from cluster.trouble import WITH_INCIDENT, Level, Trouble
from limitwise.__main__ import main
from project.test_runbooks import examples
from unit.cli.incidents import (
    CALM_STATUS,
    DRAINED,
    PRESSED,
    node,
    policy,
    replace,
    state,
    tuning,
)

POLICIES, REMEDIATIONS = f"{GROUP}/remediationpolicies", f"{GROUP}/noderemediations"
LISTED = ("get", "nodes,nt,nts,rp,nr", "-o")
WITH_LEASES = ("get", "nodes,nt,nts,rp,nr,leases", "-n", NAMESPACE, "-o")

Told = dict[str, Any]
Read = Callable[..., tuple[int, Told]]


def put(api: Slate, collection: str, body: Body) -> None:
    """Create an object with its status, every field of which the server must know."""
    status = body.pop("status")
    kept = api.request("POST", collection, body, **STRICT).content()
    path = f"{collection}/{kept['metadata']['name']}/status"
    answer = api.request(
        "PATCH", path, {"status": status}, content_type=MERGE_PATCH, **STRICT
    )
    assert answer.status == 200, answer.message


@pytest.fixture
def troubled(kinds: Slate) -> Slate:
    """A node in the middle of its remediation, with all that is told of it."""
    kinds.namespace(NAMESPACE)
    put(kinds, NODES, node(by=f"NodeRemediation/{DRAINED.name}", pressed="True"))
    put(kinds, TUNINGS, tuning())
    put(kinds, STATES, state(status=replace(CALM_STATUS, pressure=PRESSED)))
    put(kinds, POLICIES, policy())
    put(kinds, REMEDIATIONS, DRAINED.body)
    return kinds


@pytest.fixture
def read(capsys: pytest.CaptureFixture[str]) -> Read:
    """Exit status and document of a command."""

    def made(*argv: str) -> tuple[int, Told]:
        status = main(["k8s", *argv, "--format", "json"])
        said = capsys.readouterr()
        assert said.err == ""
        return status, json.loads(said.out)

    return made


def test_the_cluster_and_what_kubectl_wrote_tell_the_same(
    troubled: Slate, control_plane: ControlPlane, tmp_path: Path, read: Read
) -> None:
    config = str(control_plane.kubeconfig)
    status, live = read("status", "--kubeconfig", config)
    assert status == 1
    assert [one["node"] for one in live["remediations"]] == ["h1"]
    assert live["remediations"][0]["blocking"] == "default/web-1 (PodDisruptionBudget web)"
    assert live["notes"] == []
    for form in ("json", "yaml"):
        file = tmp_path / f"cluster.{form}"
        file.write_text(control_plane.kubectl(*LISTED, form), encoding="utf-8")
        _status, offline = read("status", "--from", str(file))
        for part in ("policies", "tunings", "troubled", "nodes"):
            assert _timeless(offline[part]) == _timeless(live[part])
        _status, node_offline = read("explain", "h1", "--from", str(file))
        _status, node_live = read("explain", "h1", "--kubeconfig", config)
        for part in ("node", "wanted", "applied", "pressure", "policies", "signs"):
            assert node_offline[part] == node_live[part]
        assert node_offline["remediation"]["log"] == node_live["remediation"]["log"]


def test_kubectl_tells_the_story_too(troubled: Slate, control_plane: ControlPlane) -> None:
    """Steps stand in the order in which they were lived, each with its times and its result."""
    said = control_plane.kubectl("describe", "nr", DRAINED.name)
    steps = said[said.rindex("  Steps:") :]
    places = [steps.index(phase) for phase, _start in DRAINED.phases]
    assert places == sorted(places)
    assert "default/web-1 (PodDisruptionBudget web)" in said
    lines = control_plane.kubectl("get", "nr").splitlines()
    assert len(lines) == 2
    for word in ("h1", "Draining", "pods", "leak", "default/web-1"):
        assert word in lines[1]


def _timeless(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


HEAL = {
    "triggers": [{"name": "pods", "ceiling": {"level": "kubepods", "usedPercent": 90}}],
    "relief": {"at": 95, "most": {"kubepods": 2000}},
    "steps": {"drain": {"when": "Always"}, "verify": {"for": "1s"}},
    "budget": {"maxUnavailable": 1},
    "storm": {"limit": 5},
}


def test_an_incident_as_people_on_call_see_it(
    rollouts: Rollouts, agents: Agents, read: Read, control_plane: ControlPlane, tmp_path: Path
) -> None:
    """By a real operator: nothing needs anybody while it works, and afterwards a log tells it."""
    rollouts.nodes(1)
    config = str(control_plane.kubeconfig)
    with rollouts.operator():
        put(rollouts.api, POLICIES, policy(**HEAL))
        agents.press("n0", Trouble((Level(used=960),), ends=WITH_INCIDENT, after=1.0))
        wait(lambda: _phase(rollouts.api) == "Succeeded", "the node is healed", 60)
        wait(lambda: not _fired(rollouts.api), "its agent says that all is calm")
        status, told = read("explain", "n0", "--kubeconfig", config)
        file = tmp_path / "cluster.json"
        file.write_text(control_plane.kubectl(*WITH_LEASES, "json"), encoding="utf-8")
        assert read("status", "--from", str(file))[1]["needs"] == []
    assert [one["what"] for one in told["needs"]] == []
    assert status == 0
    log = told["remediation"]["log"]
    assert [line["phase"] for line in log] == [
        "Trigger", "Started", "Relieving", "EvictingCulprit", "Cordoning", "Draining", "Applying",
        "Verifying", "Uncordoning", "Succeeded",
    ]  # fmt: skip
    assert all(line["seconds"] is not None for line in log[2:-1])
    assert "of 1000 tasks" in log[0]["text"]


def _fired(api: Slate) -> list[Body]:
    pressure = api.get(f"{STATES}/n0")["status"].get("pressure", {})
    fired: list[Body] = pressure.get("fired", [])
    return fired


def _phase(api: Slate) -> str:
    found = api.get(REMEDIATIONS)["items"]
    return str(found[0].get("status", {}).get("phase", "")) if found else ""


def test_a_cluster_without_our_kinds_and_one_that_refuses(
    api: Slate, control_plane: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.service_account("default", "nobody")
    token = api.token("default", "nobody")
    config = str(control_plane.write_kubeconfig(tmp_path / "nobody", token))
    assert main(["k8s", "status", "--kubeconfig", config]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "403" in said.err
    assert len(said.err.splitlines()) == 1
    assert main(["k8s", "status", "--kubeconfig", config, "--context", "none"]) == 2
    assert "none" in capsys.readouterr().err


def test_the_how_to_s_policy_is_taken_as_it_stands(kinds: Slate) -> None:
    """By the server itself, with its rules in CEL: nothing of it is dropped or refused."""
    for body in examples():
        kept = kinds.request("POST", POLICIES, body, dryRun="All", **STRICT).content()["spec"]
        assert {key: kept[key]["at"] for key in ("relief",)} == {"relief": 95}
        assert kept["triggers"] == [
            {"for": "0s", **one} | _defaults(one) for one in body["spec"]["triggers"]
        ]


def _defaults(trigger: Body) -> Body:
    if "condition" not in trigger:
        return {}
    return {"condition": {"status": "True", **trigger["condition"]}}
