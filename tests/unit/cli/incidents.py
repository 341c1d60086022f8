"""A cluster in trouble as kubectl would print it: objects made by the kinds themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from limitwise_operator.kinds import node_remediation, node_tuning_state
from limitwise_operator.kinds.conditions import Condition
from limitwise_operator.kinds.meta import API_VERSION
from limitwise_operator.kinds.node import Cordon
from limitwise_operator.kinds.node_remediation import (
    APPLYING,
    CORDONING,
    DRAINING,
    ESCALATED,
    EVICTING_CULPRIT,
    RELIEVING,
    Cause,
    CulpritPod,
    RemediationSpec,
    RemediationStatus,
    Step,
)
from limitwise_operator.kinds.node_tuning import Counts, ProblemNode, TuningStatus
from limitwise_operator.kinds.node_tuning_state import Applied, StateSpec, StateStatus, Waiting
from limitwise_operator.kinds.remediation_policy import PolicyCounts, PolicyStatus, Rules
from limitwise_operator.kinds.state_content import KeyConflict, SourceRef, content
from limitwise_operator.kinds.times import format_time
from limitwise_operator.kinds.watch import (
    Culprit,
    Fired,
    Pressure,
    Raised,
    Relief,
    Watch,
    Watched,
)

Body = dict[str, Any]
NOW = datetime(2026, 5, 23, 0, 30, tzinfo=UTC)
LEAK = Culprit("Pod", "uid-leak", "c1", 980, 1200)
RULES: Body = {
    "nodeSelector": {"all": True},
    "mode": "Enforce",
    "triggers": [
        {"name": "pids", "condition": {"type": "PIDPressure", "status": "True"}, "for": "5s"},
        {"name": "pods", "ceiling": {"level": "kubepods", "usedPercent": 90}, "for": "2s"},
    ],
    "relief": {"at": 95, "most": {"pids": 4194304}},
    "steps": {"drain": {"when": "IfNeeded", "timeout": "10m", "afterTimeout": "GiveBack"}},
}


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def told(kind: str, status: str, reason: str, message: str = "") -> Condition:
    """A condition, for as long as the worst drift."""
    return Condition(kind, status, reason, message, ago(700))


def node(
    name: str = "h1", *, ready: str = "True", pressed: str = "False", by: str = "", **labels: str
) -> Body:
    """A Node; ``by``: on whose behalf we have cordoned it."""
    cordon = Cordon(by, False, ago(60)).to_text() if by else None
    notes = {"limitwise.dev/cordon": cordon} if cordon else {}
    since = {"lastTransitionTime": format_time(ago(90))}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": labels, "annotations": notes},
        "spec": {
            "unschedulable": bool(by),
            "taints": [{"key": "limitwise.dev/drain", "effect": "NoSchedule"}] if by else [],
        },
        "status": {
            "conditions": [
                {"type": "Ready", "status": ready, **since},
                {"type": "PIDPressure", "status": pressed, **since},
            ],
            "nodeInfo": {"bootID": "b1"},
        },
    }


def _object(kind: str, name: str, spec: Mapping[str, Any], status: Body) -> Body:
    metadata = {"name": name, "uid": f"uid-{name}", "generation": 1}
    return {
        "apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": dict(spec),
        "status": status,
    }  # fmt: skip


def tuning(name: str = "base", status: TuningStatus | None = None, **spec: Any) -> Body:
    """A NodeTuning of all nodes."""
    usual = TuningStatus(
        1, "0123456789ab", Counts(3, 3), conditions=(told("Ready", "True", "Ready"),)
    )
    whole = {"nodeSelector": {"all": True}, "tuning": {"sysctl": {"kernel.pid_max": 4194304}}}
    return _object("NodeTuning", name, {**whole, **spec}, (status or usual).to_dict())


CONTENT = content(
    {"sysctl": {"kernel.pid_max": 4194304}, "units": {"containerd.service": {"TasksMax": 9}}},
    None,
    (SourceRef("base", "uid-base", "0123456789ab", 5),),
    {"sysctl||kernel.pid_max": "base", "units|containerd.service|TasksMax": "base"},
    (KeyConflict("sysctl||kernel.threads-max", ("base", "dense")),),
)
SPEC = StateSpec(
    "uid-h1",
    CONTENT,
    watch=Watch(
        (Watched("heal/pods", "kubepods", "", 90, 0, 2),), Relief(95, (("pids", 4194304),))
    ),
)
CALM_STATUS = StateStatus(
    CONTENT.revision, Applied(CONTENT.revision, "20261123T001500", ago(900)), agent_version="0.1.0"
)
PRESSED = Pressure(
    (Fired("heal/pods", ago(40), "kubepods", "", 1000, 970, 12),),
    (Raised("kernel.pid_max", "32768", "65536"),),
    relieved=ago(39),
    culprit=LEAK,
)
DRIFTED = replace(
    CALM_STATUS,
    drift=(
        {
            "layer": "sysctl", "subject": "", "key": "kernel.pid_max", "wanted": "4194304",
            "live": "32768", "file": "/etc/sysctl.d/zz.conf", "since": format_time(ago(700)),
        },
    ),
    ceilings=(
        {"resource": "pids", "scope": "host", "subject": "", "used": 60, "limit": 100, "mark": 50},
        {"resource": "pids", "scope": "pod", "subject": "p1", "used": 97, "limit": 99, "mark": 95},
    ),
    waiting=(Waiting("restart", "containerd.service", "TasksMax"),),
    findings=({"code": "LW102", "severity": "warning", "message": "another file wins"},),
    conditions=(told("Drifted", "True", "Drifted", "1 limit"),),
)  # fmt: skip


def state(name: str = "h1", status: StateStatus = CALM_STATUS, spec: StateSpec = SPEC) -> Body:
    """A NodeTuningState."""
    body = node_tuning_state.body_of(name, replace(spec, node_uid=f"uid-{name}"))
    body["metadata"]["uid"] = f"uid-state-{name}"
    return {**body, "status": status.to_dict()}


def policy(name: str = "heal", status: PolicyStatus | None = None, **spec: Any) -> Body:
    """A RemediationPolicy of all nodes."""
    usual = PolicyStatus(1, PolicyCounts(3), (), (told("Valid", "True", "Valid"),))
    return _object("RemediationPolicy", name, {**RULES, **spec}, (status or usual).to_dict())


@dataclass(frozen=True, eq=False)
class Incident:
    """A NodeRemediation in the making: seconds ago of the trigger and of each phase's start."""

    node: str = "h1"
    phases: tuple[tuple[str, float], ...] = ((RELIEVING, 40),)
    message: str = ""
    ended: bool = False
    rules: Mapping[str, Any] = field(default_factory=lambda: RULES)
    more: Mapping[str, Any] = field(default_factory=dict)
    tries: int = 1

    @property
    def spec(self) -> RemediationSpec:
        since = ago(self.phases[0][1] + 5)
        cause = Cause("pods", since, "970 of 1000 tasks", "kubepods")
        parts = (self.node, f"uid-{self.node}", "heal", "uid-heal", cause)
        return RemediationSpec(*parts, Rules.from_dict(self.rules))

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def body(self) -> Body:
        """As the API has it."""
        ends = [*(ago(start) for _phase, start in self.phases[1:]), None]
        steps = tuple(
            Step(phase, ago(start), end, "Done" if end else "")
            for (phase, start), end in zip(self.phases, ends, strict=True)
        )
        last, start = self.phases[-1]
        status = RemediationStatus(
            last, self.tries, ago(self.phases[0][1]), ago(start) if self.ended else None,
            message=self.message, steps=steps[:-1] if self.ended else steps, **self.more,
        )  # fmt: skip
        body = node_remediation.body_of(self.spec)
        body["metadata"]["uid"] = f"uid-{self.name}"
        return {**body, "status": status.to_dict()}


TO_DRAIN = ((RELIEVING, 500.0), (EVICTING_CULPRIT, 495.0), (CORDONING, 431.0), (DRAINING, 430.0))
DRAINED = Incident(
    phases=TO_DRAIN,
    more={
        "cordoned": True, "evicted": 3, "blocking": "default/web-1 (PodDisruptionBudget web)",
        "culprit": CulpritPod(LEAK, "default", "leak", True),
        "raised": (Raised("kernel.pid_max", "32768", "65536"),),
    },
)  # fmt: skip
GIVEN_UP = Incident(
    phases=(*TO_DRAIN[:2], (APPLYING, 300.0), (ESCALATED, 100.0)),
    message="still exhausted after 3 tries", ended=True, more={"cordoned": True},
    tries=3,
)  # fmt: skip


def lease(name: str, renewed: float, lasts: int = 180) -> Body:
    """A Lease that was renewed so many seconds ago."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": "limitwise-system"},
        "spec": {
            "holderIdentity": "x", "leaseDurationSeconds": lasts,
            "renewTime": format_time(ago(renewed)),
        },
    }  # fmt: skip


FAILED_ROLLOUT = TuningStatus(
    1, "0123456789ab", Counts(3, 1, failed=1),
    problem_nodes=(ProblemNode("h2", "Failed", "kernel.pid_max: EINVAL"),),
    conditions=(told("Paused", "True", "FailureThreshold", "1 node has failed"),),
)  # fmt: skip
HEALTHY = (node(), node("h2"), tuning(), state(), policy())
IN_TROUBLE = (
    node(by=f"NodeRemediation/{DRAINED.name}", pressed="True"), node("h2"), tuning(),
    state(status=replace(CALM_STATUS, pressure=PRESSED), spec=replace(SPEC, incident=DRAINED.name)),
    state("h2", DRIFTED), policy(status=PolicyStatus(1, PolicyCounts(2, 1, 1))), DRAINED.body,
)  # fmt: skip


def written(folder: Path, bodies: Sequence[Body], name: str = "cluster.json") -> str:
    """The file that kubectl would have written at NOW."""
    listed = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": list(bodies)}
    dump = yaml.safe_dump if name.endswith(".yaml") else json.dumps
    path = folder / name
    path.write_text(dump(listed), encoding="utf-8")
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return str(path)
