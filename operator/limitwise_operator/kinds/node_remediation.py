"""NodeRemediation: one incident of one node, from the trigger to the end; the state machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import conditions, fields
from .conditions import Condition
from .fields import Body
from .meta import API_VERSION, NODE_REMEDIATION, REMEDIATION_FINALIZER, KindError
from .remediation_policy import Rules
from .times import format_time, parse_time
from .watch import Culprit, Raised

PENDING = "Pending"
RELIEVING = "Relieving"
EVICTING_CULPRIT = "EvictingCulprit"
CORDONING = "Cordoning"
DRAINING = "Draining"
APPLYING = "Applying"
VERIFYING = "Verifying"
UNCORDONING = "Uncordoning"
SUCCEEDED = "Succeeded"
GAVE_BACK = "GaveBack"
ESCALATED = "Escalated"
CANCELLED = "Cancelled"

ACTIVE = (
    PENDING, RELIEVING, EVICTING_CULPRIT, CORDONING, DRAINING, APPLYING, VERIFYING, UNCORDONING,
)
ENDED = (SUCCEEDED, GAVE_BACK, ESCALATED, CANCELLED)
PHASES = (*ACTIVE, *ENDED)

MAX_STEPS = 40


@dataclass(frozen=True, slots=True)
class Cause:
    """Why: which trigger of the policy, since when, and what was seen, for people."""

    name: str
    since: datetime
    message: str = ""
    level: str = ""
    subject: str = ""

    @classmethod
    def from_dict(cls, body: Body) -> Cause:
        since = parse_time(body.get("since"))
        if since is None:
            raise KindError(f"spec.trigger.since {body.get('since')!r} is no time")
        texts = (fields.text(body, key) for key in ("message", "level", "subject"))
        return cls(fields.text(body, "name"), since, *texts)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "since": format_time(self.since),
            "message": self.message,
            "level": self.level,
            "subject": self.subject,
        }


@dataclass(frozen=True)
class RemediationSpec:
    """Written once, when the incident begins, and immutable."""

    node: str
    node_uid: str
    policy: str
    policy_uid: str
    trigger: Cause
    rules: Rules = field(default_factory=Rules)

    @classmethod
    def from_dict(cls, body: Body) -> RemediationSpec:
        return cls(
            fields.text(body, "node"),
            fields.text(body, "nodeUID"),
            fields.text(body, "policy"),
            fields.text(body, "policyUID"),
            Cause.from_dict(fields.mapping(body, "trigger", "spec")),
            Rules.from_dict(fields.mapping(body, "rules", "spec")),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "node": self.node,
            "nodeUID": self.node_uid,
            "policy": self.policy,
            "policyUID": self.policy_uid,
            "trigger": self.trigger.to_dict(),
            "rules": dict(self.rules.body),
        }

    @property
    def name(self) -> str:
        """The name that this incident has whoever creates it: a second create is refused."""
        told = [self.node_uid, self.policy_uid, format_time(self.trigger.since)]
        return f"{self.node[:240].rstrip('.-')}-{fields.digest(told, 10)}"


@dataclass(frozen=True, slots=True)
class Step:
    """One phase as it was lived: ``result`` is empty while it goes on, then one word."""

    phase: str
    start: datetime
    end: datetime | None = None
    result: str = ""
    message: str = ""

    @classmethod
    def from_dict(cls, body: Body) -> Step:
        start = parse_time(body.get("start"))
        if start is None:
            raise KindError(f"status.steps: start {body.get('start')!r} is no time")
        return cls(
            fields.text(body, "phase"),
            start,
            parse_time(body.get("end")),
            fields.text(body, "result"),
            fields.text(body, "message"),
        )

    def to_dict(self) -> dict[str, Any]:
        return fields.present(
            {
                "phase": self.phase,
                "start": format_time(self.start),
                "end": format_time(self.end) if self.end else None,
                "result": self.result or None,
                "message": self.message or None,
            }
        )


@dataclass(frozen=True, slots=True)
class CulpritPod:
    """The culprit as people know it: a pod with its name, or a unit or slice."""

    culprit: Culprit
    namespace: str = ""
    name: str = ""
    evicted: bool = False

    @classmethod
    def from_dict(cls, body: Body) -> CulpritPod:
        return cls(
            Culprit.from_dict(body),
            fields.text(body, "namespace"),
            fields.text(body, "name"),
            fields.truth(body, "evicted"),
        )

    def to_dict(self) -> dict[str, Any]:
        named = {"namespace": self.namespace, "name": self.name, "evicted": self.evicted}
        return {**self.culprit.to_dict(), **named}


@dataclass(frozen=True)
class RemediationStatus:
    """How far it is; the operator's alone, and all that it remembers of the incident.

    ``try_number`` counts from 1; ``not_before``: when the next try may begin. ``cordoned``: the
    cordon on the node is ours; ``unschedulable_before``: somebody else's was there before.
    ``evicted``: how many evictions were granted. ``blocking``: the pod in the way and why (its
    PodDisruptionBudget). ``observed``: what the agent raised.
    """

    phase: str = ""
    try_number: int = 1
    started: datetime | None = None
    ended: datetime | None = None
    not_before: datetime | None = None
    message: str = ""
    cordoned: bool = False
    unschedulable_before: bool = False
    evicted: int = 0
    blocking: str = ""
    culprit: CulpritPod | None = None
    raised: tuple[Raised, ...] = ()
    steps: tuple[Step, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def from_dict(cls, body: Body) -> RemediationStatus:
        culprit = body.get("culprit")
        return cls(
            fields.text(body, "phase"),
            fields.number(body, "try", 1),
            parse_time(body.get("startTime")),
            parse_time(body.get("endTime")),
            parse_time(body.get("notBefore")),
            fields.text(body, "message"),
            fields.truth(body, "cordoned"),
            fields.truth(body, "unschedulableBefore"),
            fields.number(body, "evicted"),
            fields.text(body, "blocking"),
            CulpritPod.from_dict(fields.mapping(body, "culprit")) if culprit else None,
            tuple(Raised.from_dict(one) for one in fields.maps(body, "raised")),
            tuple(Step.from_dict(one) for one in fields.maps(body, "steps")),
            conditions.read(body),
        )

    def to_dict(self) -> dict[str, Any]:
        """As the API has it; of too many steps the oldest are left out."""

        def time(moment: datetime | None) -> str | None:
            return format_time(moment) if moment else None

        return fields.present(
            {
                "phase": self.phase,
                "try": self.try_number,
                "startTime": time(self.started),
                "endTime": time(self.ended),
                "notBefore": time(self.not_before),
                "message": self.message,
                "cordoned": self.cordoned,
                "unschedulableBefore": self.unschedulable_before,
                "evicted": self.evicted,
                "blocking": self.blocking,
                "culprit": self.culprit.to_dict() if self.culprit else None,
                "raised": [one.to_dict() for one in self.raised],
                "steps": [one.to_dict() for one in self.steps[-MAX_STEPS:]],
                "conditions": [one.to_dict() for one in self.conditions],
            }
        )


@dataclass(frozen=True)
class NodeRemediation:
    """One NodeRemediation."""

    name: str
    uid: str
    spec: RemediationSpec
    status: RemediationStatus = field(default_factory=RemediationStatus)
    resource_version: str = ""
    created: datetime | None = None
    deleting: bool = False
    finalizers: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, body: Body) -> NodeRemediation:
        """From the object as the API gives it; KindError for what cannot be one."""
        metadata = fields.mapping(body, "metadata")
        name = fields.text(metadata, "name", where="metadata")
        if not name:
            raise KindError("a NodeRemediation without a name")
        return cls(
            name,
            fields.text(metadata, "uid", where="metadata"),
            RemediationSpec.from_dict(fields.mapping(body, "spec")),
            RemediationStatus.from_dict(fields.mapping(body, "status")),
            fields.text(metadata, "resourceVersion", where="metadata"),
            parse_time(metadata.get("creationTimestamp")),
            metadata.get("deletionTimestamp") is not None,
            tuple(str(one) for one in fields.sequence(metadata, "finalizers")),
        )

    @property
    def finished(self) -> bool:
        return self.status.phase in ENDED

    @property
    def held(self) -> bool:
        """Whether our finalizer is on it."""
        return REMEDIATION_FINALIZER in self.finalizers


def body_of(spec: RemediationSpec) -> dict[str, Any]:
    """A new NodeRemediation as it is sent to the API, with our finalizer.

    It is not owned by its Node: what happened stays to be read when the node is gone.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": NODE_REMEDIATION,
        "metadata": {
            "name": spec.name,
            "finalizers": [REMEDIATION_FINALIZER],
            "labels": {"limitwise.dev/policy": spec.policy[:63].rstrip("-.")},
        },
        "spec": spec.to_dict(),
    }
