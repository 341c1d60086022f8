"""RemediationPolicy: when a node is in trouble, and what may be done to it then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import conditions, fields
from .conditions import Condition
from .fields import Body
from .meta import ENFORCE, REMEDIATION_FINALIZER, REPORT, KindError
from .node_tuning import NodeSelector
from .watch import Relief

# When a step is done.
ALWAYS, IF_NEEDED, NEVER = "Always", "IfNeeded", "Never"
DRAINS = (IF_NEEDED, ALWAYS, NEVER)

# What becomes of a node whose drain did not end in time.
GIVE_BACK, KEEP_CORDONED, DELETE_AFTER = "GiveBack", "KeepCordoned", "DeleteAfter"
AFTER_TIMEOUT = (GIVE_BACK, KEEP_CORDONED, DELETE_AFTER)

MAX_WOULD = 20


@dataclass(frozen=True)
class Trigger:
    """One of three: a node's ``condition`` (type, status), a ``ceiling`` or a silent agent.

    ``ceiling``: level, subject, usedPercent, within. ``lasting`` (``for``) is how long it must
    have held; durations are as they are written (see decide.quantity).
    """

    name: str
    condition: tuple[str, str] | None = None
    level: str = ""
    subject: str = ""
    used_percent: int = 0
    within: str = ""
    agent_silent: bool = False
    lasting: str = "0s"

    @classmethod
    def from_dict(cls, body: Body) -> Trigger:
        condition = fields.mapping(body, "condition")
        ceiling = fields.mapping(body, "ceiling")
        pair = (fields.text(condition, "type"), fields.text(condition, "status", "True"))
        return cls(
            fields.text(body, "name"),
            pair if condition else None,
            fields.text(ceiling, "level"),
            fields.text(ceiling, "subject"),
            fields.number(ceiling, "usedPercent"),
            fields.text(ceiling, "within"),
            body.get("agentSilent") is not None,
            fields.text(body, "for", "0s"),
        )


@dataclass(frozen=True)
class Drain:
    """How pods leave. ``when``: IfNeeded is when the node is exhausted still ``after`` relief and
    culprit, or when the tuning needs a restart. ``opt_out``: pods with one of these annotations
    (or labels) of value "false" block. ``grace`` None: each pod's own.
    """

    when: str = IF_NEEDED
    after: str = "30s"
    timeout: str = "30m"
    grace: int | None = None
    empty_dir: bool = True
    unmanaged: bool = False
    opt_out: tuple[str, ...] = ("cluster-autoscaler.kubernetes.io/safe-to-evict",)
    after_timeout: str = GIVE_BACK
    delete_after: str = "1h"

    @classmethod
    def from_dict(cls, body: Body) -> Drain:
        grace = body.get("gracePeriodSeconds")
        return cls(
            fields.text(body, "when", IF_NEEDED),
            fields.text(body, "after", "30s"),
            fields.text(body, "timeout", "30m"),
            fields.number(body, "gracePeriodSeconds") if grace is not None else None,
            fields.truth(body, "emptyDir", True),
            fields.truth(body, "unmanaged"),
            tuple(str(one) for one in fields.sequence(body, "optOut"))
            if "optOut" in body
            else cls.opt_out,
            fields.text(body, "afterTimeout", GIVE_BACK),
            fields.text(body, "deleteAfter", "1h"),
        )


@dataclass(frozen=True)
class Verify:
    """What must be so before a node is given back; ``headroom`` in percent of the limit."""

    lasting: str = "30s"
    headroom: int = 20
    forks: int = 32
    timeout: str = "5m"

    @classmethod
    def from_dict(cls, body: Body) -> Verify:
        return cls(
            fields.text(body, "for", "30s"),
            fields.number(body, "headroomPercent", 20),
            fields.number(body, "forks", 32),
            fields.text(body, "timeout", "5m"),
        )


@dataclass(frozen=True)
class Steps:
    """The steps and their time limits."""

    relieve: bool = True
    relieve_timeout: str = "10s"
    culprit: bool = True
    culprit_timeout: str = "1m"
    drain: Drain = field(default_factory=Drain)
    apply: bool = True
    apply_timeout: str = "15m"
    verify: Verify = field(default_factory=Verify)

    @classmethod
    def from_dict(cls, body: Body) -> Steps:
        relieve, culprit, apply = (fields.mapping(body, k) for k in ("relieve", "culprit", "apply"))
        return cls(
            fields.truth(relieve, "enabled", True),
            fields.text(relieve, "timeout", "10s"),
            fields.truth(culprit, "enabled", True),
            fields.text(culprit, "timeout", "1m"),
            Drain.from_dict(fields.mapping(body, "drain")),
            fields.truth(apply, "enabled", True),
            fields.text(apply, "timeout", "15m"),
            Verify.from_dict(fields.mapping(body, "verify")),
        )


@dataclass(frozen=True)
class Retries:
    """How often the sequence is tried, and how long it rests after a try: twice as long each."""

    tries: int = 3
    pause: str = "5m"
    longest: str = "1h"

    @classmethod
    def from_dict(cls, body: Body) -> Retries:
        return cls(
            fields.number(body, "tries", 3),
            fields.text(body, "pause", "5m"),
            fields.text(body, "longestPause", "1h"),
        )


@dataclass(frozen=True)
class Escalation:
    """Who is told when nothing helps. ``node``: GiveBack or KeepCordoned. ``webhook``: an https
    address that gets a POST; ``template``: apiVersion, kind, namespace and spec of an object that
    another remediator acts on (the medik8s contract: named like the node).
    """

    node: str = KEEP_CORDONED
    webhook: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, body: Body) -> Escalation:
        return cls(
            fields.text(body, "node", KEEP_CORDONED),
            fields.text(body, "webhook"),
            fields.mapping(body, "template"),
        )


@dataclass(frozen=True)
class Limits:
    """How much of a cluster may be in remediation: ``spec.budget`` and ``spec.storm``.

    ``storm``: so many nodes in trouble at once (count or share of those selected) and no new
    remediation starts until ``storm_cooldown`` after it fell below; then one at a time until one
    has succeeded. ``cooldown``: a node that was remediated is left alone for so long.
    """

    max_unavailable: int | str = "10%"
    pool_label: str = ""
    storm: int | str = "40%"
    storm_cooldown: str = "5m"
    cooldown: str = "10m"

    @classmethod
    def from_dict(cls, spec: Body) -> Limits:
        budget, storm = fields.mapping(spec, "budget"), fields.mapping(spec, "storm")
        return cls(
            fields.amount(budget, "maxUnavailable", "10%", "spec.budget"),
            fields.text(budget, "poolLabel"),
            fields.amount(storm, "limit", "40%", "spec.storm"),
            fields.text(storm, "cooldown", "5m"),
            fields.text(spec, "cooldown", "10m"),
        )


@dataclass(frozen=True)
class PolicyCounts:
    """Nodes: selected, in trouble now, in remediation, waiting for their turn, escalated."""

    matched: int = 0
    troubled: int = 0
    active: int = 0
    waiting: int = 0
    escalated: int = 0

    @classmethod
    def from_dict(cls, body: Body) -> PolicyCounts:
        return cls(*(fields.number(body, name) for name in cls.__dataclass_fields__))

    def to_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class PolicyStatus:
    """What the operator reports. ``would``: in mode Report (or paused, or in a storm), the nodes
    that would be remediated and why: rows of node, trigger, message.
    Conditions: Valid, Active (False with reason Paused, Report, Storm), Storm.
    """

    observed_generation: int = 0
    nodes: PolicyCounts = field(default_factory=PolicyCounts)
    would: tuple[tuple[str, str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def from_dict(cls, body: Body) -> PolicyStatus:
        return cls(
            fields.number(body, "observedGeneration"),
            PolicyCounts.from_dict(fields.mapping(body, "nodes")),
            tuple(
                (fields.text(one, "node"), fields.text(one, "trigger"), fields.text(one, "message"))
                for one in fields.maps(body, "would")
            ),
            conditions.read(body),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "observedGeneration": self.observed_generation,
            "nodes": self.nodes.to_dict(),
            "would": [
                {"node": node, "trigger": trigger, "message": message}
                for node, trigger, message in self.would[:MAX_WOULD]
            ],
            "conditions": [one.to_dict() for one in self.conditions],
        }


@dataclass(frozen=True)
class Rules:
    """The part of a policy's spec that a NodeRemediation keeps a snapshot of."""

    triggers: tuple[Trigger, ...] = ()
    relief: Relief | None = None
    steps: Steps = field(default_factory=Steps)
    retries: Retries = field(default_factory=Retries)
    escalation: Escalation = field(default_factory=Escalation)
    limits: Limits = field(default_factory=Limits)
    body: Body = field(default_factory=dict)
    """As it is written: what the snapshot keeps."""

    @classmethod
    def from_dict(cls, spec: Body) -> Rules:
        relief = spec.get("relief")
        return cls(
            tuple(Trigger.from_dict(one) for one in fields.maps(spec, "triggers", "spec")),
            Relief.from_dict(fields.mapping(spec, "relief", "spec")) if relief else None,
            Steps.from_dict(fields.mapping(spec, "steps", "spec")),
            Retries.from_dict(fields.mapping(spec, "retries", "spec")),
            Escalation.from_dict(fields.mapping(spec, "escalation", "spec")),
            Limits.from_dict(spec),
            spec,
        )


@dataclass(frozen=True)
class RemediationPolicy:
    """One RemediationPolicy."""

    name: str
    uid: str
    selector: NodeSelector
    rules: Rules
    mode: str = ENFORCE
    pause_requests: tuple[str, ...] = ()
    keep: int = 100
    generation: int = 1
    resource_version: str = ""
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    status: PolicyStatus = field(default_factory=PolicyStatus)

    @classmethod
    def from_dict(cls, body: Body) -> RemediationPolicy:
        """From the object as the API gives it; KindError for what cannot be one."""
        metadata = fields.mapping(body, "metadata")
        name = fields.text(metadata, "name", where="metadata")
        if not name:
            raise KindError("a RemediationPolicy without a name")
        spec = fields.mapping(body, "spec")
        return cls(
            name=name,
            uid=fields.text(metadata, "uid", where="metadata"),
            selector=NodeSelector.from_dict(fields.mapping(spec, "nodeSelector", "spec")),
            rules=Rules.from_dict(spec),
            mode=fields.text(spec, "mode", ENFORCE, "spec"),
            pause_requests=tuple(str(one) for one in fields.sequence(spec, "pauseRequests")),
            keep=fields.number(spec, "keep", 100, "spec"),
            generation=fields.number(metadata, "generation", 1, "metadata"),
            resource_version=fields.text(metadata, "resourceVersion", where="metadata"),
            deleting=metadata.get("deletionTimestamp") is not None,
            finalizers=tuple(str(one) for one in fields.sequence(metadata, "finalizers")),
            status=PolicyStatus.from_dict(fields.mapping(body, "status")),
        )

    @property
    def reports_only(self) -> bool:
        return self.mode == REPORT

    @property
    def held(self) -> bool:
        """Whether our finalizer is on it."""
        return REMEDIATION_FINALIZER in self.finalizers
