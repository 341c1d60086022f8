"""What the real API server takes, refuses and adds of RemediationPolicies and NodeRemediations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api.tunings import (
    POLICIES,
    REMEDIATIONS,
    STRICT,
    node_remediation,
    remediation_policy,
    served,
)
from cluster.api import MERGE_PATCH, Api, Body
from cluster.control_plane import ControlPlane
from cluster.slate import Slate, wait
from limitwise_operator.kinds.crds import definitions
from limitwise_operator.kinds.node_remediation import NodeRemediation, RemediationStatus
from limitwise_operator.kinds.remediation_policy import RemediationPolicy, Rules

CEILING: Body = {"level": "kubepods", "usedPercent": 90}
DELETING: Body = {"afterTimeout": "DeleteAfter", "deleteAfter": "1h"}
EVERYTHING: Body = {
    "mode": "Report",
    "triggers": [
        {"name": "npd", "condition": {"type": "KernelDeadlock", "status": "Unknown"}, "for": "2m"},
        {"name": "host", "ceiling": {"level": "host", "within": "1m"}, "for": "5s"},
        {
            "name": "slice",
            "ceiling": {"level": "slice", "subject": "system.slice", "usedPercent": 95},
            "for": "0s",
        },
        {"name": "silent", "agentSilent": {}, "for": "10m"},
    ],
    "relief": {"at": 90, "most": {"pids": 4194304, "kubepods": 100000}, "cap": False},
    "steps": {
        "relieve": {"enabled": False, "timeout": "5s"},
        "culprit": {"enabled": False, "timeout": "5s"},
        "drain": {
            "when": "Always",
            "after": "0s",
            "timeout": "10m",
            "gracePeriodSeconds": 0,
            "emptyDir": False,
            "unmanaged": True,
            "optOut": [],
            **DELETING,
        },
        "apply": {"enabled": False, "timeout": "5m"},
        "verify": {"for": "1m", "headroomPercent": 30, "forks": 0, "timeout": "10m"},
    },
    "retries": {"tries": 1, "pause": "1m", "longestPause": "2h"},
    "escalation": {
        "node": "GiveBack",
        "webhook": "https://example.org/hook?x=1",
        "template": {
            "apiVersion": "self-node-remediation.medik8s.io/v1alpha1",
            "kind": "SelfNodeRemediation",
            "namespace": "medik8s",
            "spec": {"remediationStrategy": "Automatic"},
        },
    },
    "budget": {"maxUnavailable": 3, "poolLabel": "topology.kubernetes.io/zone"},
    "storm": {"limit": 10, "cooldown": "15m"},
    "cooldown": "1h",
    "pauseRequests": ["an upgrade"],
    "keep": 7,
}
TWICE: list[Body] = [{"name": "a", "agentSilent": {}}, {"name": "a", "ceiling": CEILING}]


def one(**trigger: Any) -> Body:
    return {"triggers": [{"name": "x", **trigger}]}


REFUSED: dict[str, tuple[Body, str]] = {
    "an empty selector": ({"nodeSelector": {}}, "never empty"),
    "no trigger": ({"triggers": []}, "at least 1"),
    "triggers left out": ({"triggers": None}, "Required"),
    "a name twice": ({"triggers": TWICE}, "Duplicate"),
    "a trigger that is nothing": (one(), "one of condition, ceiling and agentSilent"),
    "a trigger that is two": (
        one(agentSilent={}, ceiling=CEILING), "one of condition, ceiling and agentSilent",
    ),
    "a ceiling without a mark": (one(ceiling={"level": "host"}), "needs usedPercent or within"),
    "a slice without its name": (
        one(ceiling={"level": "slice", "usedPercent": 90}), "subject is for level slice",
    ),
    "a subject elsewhere": (
        one(ceiling={**CEILING, "subject": "a.slice"}), "subject is for level slice",
    ),
    "an unknown level": (one(ceiling={"level": "moon", "usedPercent": 9}), "Unsupported value"),
    "no duration": (one(agentSilent={}, **{"for": "soon"}), "should match"),
    "an endless drain": ({"steps": {"drain": {"timeout": "0s"}}}, "should match"),
    "deletion without its time": (
        {"steps": {"drain": {"afterTimeout": "DeleteAfter"}}}, "that needs it",
    ),
    "a time without deletion": ({"steps": {"drain": {"deleteAfter": "1h"}}}, "that needs it"),
    "relief of the unknown": ({"relief": {"most": {"nofile": 1}}}, "names are"),
    "a webhook in the clear": (
        {"escalation": {"webhook": "http://example.org"}}, "should match",
    ),
    "no budget": ({"budget": {"maxUnavailable": 0}}, "greater than or equal to 1"),
    "a budget of nothing": ({"budget": {"maxUnavailable": "0%"}}, "should match"),
}  # fmt: skip


@pytest.fixture(scope="module")
def schemas(control_plane: ControlPlane) -> Iterator[Api]:
    """Our kinds for tests that leave nothing there."""
    plain = control_plane.api()
    for crd in definitions():
        plain.apply(crd)
    wait(lambda: served(plain), "our kinds are served")
    yield plain
    plain.close()


@pytest.mark.parametrize(("spec", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_reason(schemas: Api, spec: Body, message: str) -> None:
    answer = schemas.request("POST", POLICIES, remediation_policy(**spec), dryRun="All")
    assert answer.status == 422, answer.body
    assert message in answer.message


def test_everything_is_kept_as_written_and_read(schemas: Api) -> None:
    body = remediation_policy(**EVERYTHING)
    kept = schemas.request("POST", POLICIES, body, dryRun="All", **STRICT).content()
    assert kept["spec"] == body["spec"]
    read = RemediationPolicy.from_dict(kept)
    assert read.reports_only
    assert [trigger.name for trigger in read.rules.triggers] == ["npd", "host", "slice", "silent"]
    assert read.rules.steps.drain.opt_out == ()
    assert read.rules.limits.max_unavailable == 3


def test_a_short_policy_reads_with_the_defaults_of_the_values(schemas: Api) -> None:
    kept = schemas.request("POST", POLICIES, remediation_policy(), dryRun="All").content()
    read, plain = Rules.from_dict(kept["spec"]), Rules.from_dict(remediation_policy()["spec"])
    assert (read.steps, read.retries, read.escalation, read.limits) == (
        plain.steps, plain.retries, plain.escalation, plain.limits,
    )
    assert read.relief is None
    assert RemediationPolicy.from_dict(kept).keep == 100


def test_an_incident_s_spec_stays_as_it_was_written(kinds: Slate) -> None:
    made = kinds.request("POST", REMEDIATIONS, node_remediation(), **STRICT).content()
    path = f"{REMEDIATIONS}/{made['metadata']['name']}"
    for change in ({"node": "h2"}, {"rules": {"keep": 3}}, {"trigger": {"name": "other"}}):
        answer = kinds.request("PATCH", path, {"spec": change}, content_type=MERGE_PATCH)
        assert answer.status == 422
        assert "stays as it was written" in answer.message
    again = kinds.request("POST", REMEDIATIONS, node_remediation())
    assert again.status == 409


def test_a_whole_status_comes_back_as_it_was_written(kinds: Slate) -> None:
    made = kinds.create(REMEDIATIONS, node_remediation())
    now = "2026-11-22T20:30:00Z"
    status = {
        "phase": "Draining",
        "try": 2,
        "startTime": now,
        "endTime": now,
        "notBefore": now,
        "message": "m",
        "cordoned": True,
        "unschedulableBefore": False,
        "evicted": 3,
        "blocking": "default/web: PodDisruptionBudget web",
        "culprit": {
            "kind": "Pod",
            "subject": "u",
            "container": "c",
            "tasks": 900,
            "growth": -5,
            "capped": False,
            "namespace": "default",
            "name": "leak",
            "evicted": True,
        },
        "raised": [{"what": "kernel.pid_max", "before": "1", "after": "2"}],
        "steps": [
            {"phase": "Relieving", "start": now, "end": now, "result": "Done", "message": "m"}
        ],
        "conditions": [
            {
                "type": "Escalated",
                "status": "False",
                "reason": "Draining",
                "message": "",
                "lastTransitionTime": now,
            }
        ],
    }
    path = f"{REMEDIATIONS}/{made['metadata']['name']}/status"
    kept = kinds.request("PATCH", path, {"status": status}, content_type=MERGE_PATCH, **STRICT)
    assert kept.content()["status"] == status
    assert RemediationStatus.from_dict(status).to_dict() == status
    assert NodeRemediation.from_dict(kept.content()).status == RemediationStatus.from_dict(status)


def test_the_columns_tell_the_story(kinds: Slate, control_plane: ControlPlane) -> None:
    kinds.create(POLICIES, remediation_policy())
    columns = control_plane.kubectl("get", "rp").splitlines()[0].split()
    assert columns == ["NAME", "MODE", "MATCHED", "TROUBLED", "ACTIVE", "ESCALATED", "STORM", "AGE"]
    kinds.create(REMEDIATIONS, node_remediation())
    columns = control_plane.kubectl("get", "nr").splitlines()[0].split()
    assert columns == [
        "NAME", "NODE", "PHASE", "TRY", "TRIGGER", "CULPRIT", "BLOCKING", "AGE",
    ]  # fmt: skip
