"""What the real API server takes, refuses, adds and drops of our kinds."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.judged import ACCEPTED, EVERYTHING, PROGRAM, REFUSED, sysctl
from api.tunings import (
    ALL,
    REVISION,
    STATES,
    STRICT,
    TUNINGS,
    node_tuning,
    node_tuning_state,
    served,
)
from cluster.api import MERGE_PATCH, Api, Body
from cluster.control_plane import ControlPlane
from cluster.slate import Slate, wait
from limitwise.node_tuning import Wish, rendered
from limitwise_operator.kinds.crds import definitions
from limitwise_operator.kinds.node_tuning import NodeTuning
from limitwise_operator.kinds.node_tuning_state import NodeTuningState


@pytest.fixture(scope="module")
def schemas(control_plane: ControlPlane) -> Iterator[Api]:
    """Our kinds for tests that leave nothing there: to define them takes long."""
    plain = control_plane.api()
    for crd in definitions():
        plain.apply(crd)
    wait(lambda: served(plain), "our kinds are served")
    yield plain
    plain.close()


@pytest.mark.parametrize("spec", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_and_kept_as_written(schemas: Api, spec: Body) -> None:
    body = node_tuning(**spec)
    kept = schemas.request("POST", TUNINGS, body, dryRun="All", **STRICT).content()["spec"]
    assert {key: kept[key] for key in body["spec"] if key != "rollout"} == {
        key: value for key, value in body["spec"].items() if key != "rollout"
    }
    windows = body["spec"].get("rollout", {}).get("windows", [])
    written = {**body["spec"].get("rollout", {}), "windows": []}
    assert {**kept["rollout"], "windows": []}.items() >= written.items()
    assert len(kept["rollout"].get("windows", [])) == len(windows)


@pytest.mark.parametrize(("spec", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_reason(schemas: Api, spec: Body, message: str) -> None:
    answer = schemas.request("POST", TUNINGS, node_tuning(**spec), dryRun="All")
    assert answer.status == 422, answer.body
    assert message in answer.message


def test_defaults(kinds: Slate) -> None:
    spec = kinds.create(TUNINGS, node_tuning())["spec"]
    assert {key: spec[key] for key in spec if key not in {"nodeSelector", "tuning"}} == {
        "priority": 0,
        "mode": "Enforce",
        "onDelete": "Restore",
        "rollout": {
            "canary": 1,
            "maxUnavailable": "10%",
            "poolLabel": "",
            "soak": "30s",
            "failureThreshold": 1,
            "progressDeadline": "10m",
            "paused": False,
            "retry": 0,
        },
        "disruption": {"restart": "Never", "reboot": "Never"},
    }


@pytest.mark.parametrize(
    "directive", ["ExecStart", "ExecStartPre", "Environment", "EnvironmentFile", "User", "TaskMax"]
)
def test_what_is_no_limit_of_a_unit_never_gets_in(schemas: Api, directive: str) -> None:
    """Strictly (kubectl) it is an error; else it is dropped with a warning."""
    body = node_tuning(tuning={"units": {"a.service": {directive: "x", "TasksMax": 1}}})
    strict = schemas.request("POST", TUNINGS, body, dryRun="All", **STRICT)
    assert strict.status == 400
    assert f'unknown field "spec.tuning.units.a.service.{directive}"' in strict.message
    kept = schemas.request("POST", TUNINGS, body, dryRun="All").content()
    assert kept["spec"]["tuning"]["units"] == {"a.service": {"TasksMax": 1}}


def test_dangerous_keys_of_docker_never_get_in(kinds: Slate) -> None:
    daemon = {"runtimes": {"x": {"path": "/x"}}, "hosts": ["tcp://0.0.0.0"], "init": True}
    kept = kinds.create(TUNINGS, node_tuning(tuning={"docker_daemon": daemon}))
    assert kept["spec"]["tuning"]["docker_daemon"] == {"init": True}


def test_status_is_written_apart_from_spec(kinds: Slate) -> None:
    created = kinds.create(TUNINGS, {**node_tuning(), "status": {"revision": "x"}})
    assert "status" not in created
    path = f"{TUNINGS}/base"
    both = {"spec": {"priority": 5}, "status": {"revision": "y", "nodes": {"matched": 3}}}
    after = kinds.merge(f"{path}/status", both)
    assert (after["spec"]["priority"], after["status"]["revision"]) == (0, "y")
    assert after["metadata"]["generation"] == 1
    after = kinds.merge(path, {**both, "status": {"revision": "z"}})
    assert (after["spec"]["priority"], after["status"]["revision"]) == (5, "y")
    assert after["metadata"]["generation"] == 2


def test_the_node_of_a_state_stays(kinds: Slate) -> None:
    kinds.create(STATES, node_tuning_state())
    path = f"{STATES}/h1"
    kinds.merge(path, {"spec": {"revision": "abcdefabcdef"}})
    answer = kinds.request(
        "PATCH", path, {"spec": {"nodeUID": "another"}}, content_type=MERGE_PATCH
    )
    assert answer.status == 422
    assert "nodeUID names the node" in answer.message
    answer = kinds.request("PATCH", path, {"spec": {"nodeUID": None}}, content_type=MERGE_PATCH)
    assert answer.status == 422


def test_a_whole_state_comes_back_as_it_was_written(kinds: Slate) -> None:
    """Nothing is defaulted or pruned: the revision is a hash of what was written."""
    row = {"layer": "sysctl", "subject": "", "key": "kernel/pid_max"}
    written = node_tuning_state(
        tuning=EVERYTHING,
        preview=EVERYTHING,
        goAhead={"revision": REVISION, "time": "2026-11-22T20:30:00Z", "tunings": ["base"]},
        sources=[
            {"name": "base", "uid": "u", "revision": REVISION, "priority": 0, "onDelete": "Keep"}
        ],
        provenance={"sysctl||kernel/pid_max": "base", "units|a.service|TasksMax": "base"},
        conflicts=[{"key": "sysctl||kernel/x", "tunings": ["a", "b"]}],
        restart={"phase": "Blocked", "since": "2026-11-22T20:30:00Z", "unschedulableBefore": False},
    )
    status = {
        "observedRevision": REVISION,
        "applied": {"revision": REVISION, "runId": "20261122", "time": "2026-11-22T20:30:00Z"},
        "plan": {
            "revision": REVISION,
            "time": "2026-11-22T20:30:00Z",
            "changes": [{**row, "before": "1", "after": "2", "takesEffect": "none"}],
            "more": 0,
        },
        "findings": [{"code": "LW102", "severity": "warning", "message": "x"}],
        "waiting": [{"what": "restart", "unit": "containerd.service", "message": "LimitNOFILE"}],
        "drift": [
            {**row, "wanted": "2", "live": "1", "file": "/etc/sysctl.d/zz.conf", "writer": None}
        ],
        "ceilings": [
            {
                "resource": "pids",
                "scope": "host",
                "subject": "",
                "limit": 100,
                "used": 50,
                "mark": 50,
            }
        ],
        "originals": [{**row, "value": "1"}],
        "bootID": "b",
        "agentVersion": "0.1.0",
        "conditions": [
            {
                "type": "Applied",
                "status": "True",
                "reason": "Applied",
                "message": "",
                "lastTransitionTime": "2026-11-22T20:30:00Z",
                "observedGeneration": 1,
            }
        ],
    }
    kept = kinds.request("POST", STATES, written, **STRICT).content()
    assert kept["spec"] == written["spec"]
    answer = kinds.request(
        "PATCH", f"{STATES}/h1/status", {"status": status}, content_type=MERGE_PATCH, **STRICT
    )
    status["drift"][0].pop("writer")  # a merge patch's null takes away
    assert answer.content()["status"] == status
    read = NodeTuningState.from_dict(answer.content())
    assert read.spec.to_dict() | {"revision": REVISION} == written["spec"]
    assert read.status.to_dict() == status


def test_a_default_tuning_reads_as_a_value(kinds: Slate) -> None:
    read = NodeTuning.from_dict(kinds.create(TUNINGS, node_tuning()))
    assert read.selector.all
    assert (read.mode, read.rollout.max_unavailable) == ("Enforce", "10%")


def test_explain_and_short_names(kinds: Slate, control_plane: ControlPlane) -> None:
    said: dict[str, Any] = {}

    def explained() -> bool:
        said["tasks"] = control_plane.kubectl("explain", "nt.spec.tuning.slices.TasksMax")
        return "Most tasks" in said["tasks"]

    wait(explained, "the server publishes the new schema")
    words = " ".join(said["tasks"].split())
    assert "Most tasks (processes and threads) of the unit and all below it" in words
    assert "pids.max" in words
    assert "gets its own values back" in _explain(control_plane, "nodetunings")
    assert "an empty selector is refused" in _explain(control_plane, "nt.spec.nodeSelector")
    kinds.create(TUNINGS, node_tuning())
    columns = control_plane.kubectl("get", "nt").splitlines()[0].split()
    assert columns == ["NAME", "MODE", "PRIORITY", "MATCHED", "CURRENT", "FAILED", "READY", "AGE"]
    kinds.create(STATES, node_tuning_state())
    columns = control_plane.kubectl("get", "nts").splitlines()[0].split()
    assert columns == ["NAME", "REVISION", "APPLIED", "DRIFTED", "AGE"]
    assert "nodetuning.limitwise.dev/base" in control_plane.kubectl(
        "get", "limitwise", "-o", "name"
    )


def _explain(control_plane: ControlPlane, what: str) -> str:
    return " ".join(control_plane.kubectl("explain", what).split())


def test_an_upgrade_finds_objects_in_place(kinds: Slate) -> None:
    """Old objects stay, take new fields, and may break a new rule until that field is touched."""
    kinds.apply(_older(definitions()[0]))
    wait(
        lambda: (
            "kubelet"
            not in kinds.create(
                f"{TUNINGS}?dryRun=All",
                node_tuning("probe", tuning={"sysctl": {}, "kubelet": {"maxPods": 1}}),
            )["spec"]["tuning"]
        ),
        "the server works with the older definition",
    )
    kinds.create(TUNINGS, node_tuning(**sysctl("kernel.core_pattern", "x")))
    kinds.apply(definitions()[0])
    path = f"{TUNINGS}/base"
    layer = {"spec": {"tuning": {"kubelet": {"maxPods": 1}}}}

    def newer_is_served() -> bool:
        answer = kinds.request("PATCH", path, layer, content_type=MERGE_PATCH)
        return answer.status == 200 and "kubelet" in answer.body["spec"]["tuning"]

    wait(newer_is_served, "the server works with the newer definition")
    assert served(kinds)
    assert kinds.get(path)["spec"]["rollout"]["soak"] == "30s"
    assert kinds.merge(path, {"spec": {"priority": 7}})["spec"]["priority"] == 7
    worse = {"spec": {"tuning": {"sysctl": {"kernel.modprobe": "/tmp/x"}}}}
    answer = kinds.request("PATCH", path, worse, content_type=MERGE_PATCH)
    assert answer.status == 422
    assert PROGRAM in answer.message


def _older(crd: Body) -> Body:
    """The definition without the kubelet's layer, without refusals of sysctls, without soak."""
    older = deepcopy(crd)
    version = older["spec"]["versions"][0]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del spec["tuning"]["properties"]["kubelet"]
    del spec["tuning"]["properties"]["sysctl"]["x-kubernetes-validations"]
    del spec["rollout"]["properties"]["soak"]
    return older


def fleet_tunings(repository: Path) -> Iterator[tuple[str, int, Body]]:
    """File, priority and document of every tuning in the example inventory."""
    for path in sorted((repository / "inventories/example/group_vars").iterdir()):
        for name, value in yaml.safe_load(path.read_text("utf-8")).items():
            if name == "limitwise_tuning":
                yield path.name, 0, value
            elif name.startswith("limitwise_tuning_"):
                yield path.name, value["priority"], value["tuning"]


def test_a_fleets_tunings_are_taken_as_they_are_rendered(schemas: Api, repository: Path) -> None:
    seen = 0
    for file, priority, tuning in fleet_tunings(repository):
        body, _notes = rendered(tuning, Wish("fleet", ALL, priority))
        answer = schemas.request("POST", TUNINGS, body, dryRun="All", **STRICT)
        assert answer.status == 201, f"{file}: {answer.message}"
        assert answer.body["spec"]["tuning"] == body["spec"]["tuning"]
        seen += 1
    assert seen > 3
