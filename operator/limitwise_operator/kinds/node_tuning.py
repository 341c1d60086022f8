"""NodeTuning: what an administrator wants of which nodes, and how fast it may spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import conditions, fields
from .conditions import Condition
from .fields import Body
from .meta import ENFORCE, FINALIZER, NEVER, REPORT, RESTORE, KindError

MAX_CONFLICTS = 20
MAX_PROBLEM_NODES = 20

ELSEWHERE = {
    "restart": "spec.disruption.restart says it",
    "reboot": "spec.disruption.reboot says it",
    "confirm": "a rollout stops at the first nodes that fail",
    "boot_script": "nodes boot with systemd",
}
"""What a run may disrupt and how it is confirmed is not for a NodeTuning's document to say."""


@dataclass(frozen=True)
class Requirement:
    """One of matchExpressions: In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeSelector:
    """All nodes, or those whose labels match; a selector that says neither selects none."""

    all: bool = False
    match_labels: tuple[tuple[str, str], ...] = ()
    match_expressions: tuple[Requirement, ...] = ()

    @classmethod
    def from_dict(cls, body: Body) -> NodeSelector:
        where = "spec.nodeSelector"
        labels = fields.texts(body, "matchLabels", where)
        expressions = tuple(
            Requirement(
                fields.text(one, "key"),
                fields.text(one, "operator"),
                tuple(str(value) for value in fields.sequence(one, "values")),
            )
            for one in fields.maps(body, "matchExpressions", where)
        )
        return cls(fields.truth(body, "all", where=where), tuple(labels.items()), expressions)


@dataclass(frozen=True)
class Window:
    """From each moment of ``cron`` (five fields, wall time of ``time_zone``) for ``duration``."""

    cron: str
    duration: str
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Rollout:
    """How a change spreads; amounts and durations as they are written (see decide.quantity)."""

    canary: int | str = 1
    max_unavailable: int | str = "10%"
    pool_label: str = ""
    soak: str = "30s"
    windows: tuple[Window, ...] = ()
    failure_threshold: int | str = 1
    progress_deadline: str = "10m"
    paused: bool = False
    retry: int = 0

    @classmethod
    def from_dict(cls, body: Body) -> Rollout:
        where = "spec.rollout"
        windows = tuple(
            Window(
                fields.text(one, "cron"),
                fields.text(one, "duration"),
                fields.text(one, "timeZone", "UTC"),
            )
            for one in fields.maps(body, "windows", where)
        )
        return cls(
            fields.amount(body, "canary", 1, where),
            fields.amount(body, "maxUnavailable", "10%", where),
            fields.text(body, "poolLabel", where=where),
            fields.text(body, "soak", "30s", where),
            windows,
            fields.amount(body, "failureThreshold", 1, where),
            fields.text(body, "progressDeadline", "10m", where),
            fields.truth(body, "paused", where=where),
            fields.number(body, "retry", where=where),
        )


@dataclass(frozen=True)
class Conflict:
    """A key on which another tuning of the same priority wants something else."""

    key: str
    other: str
    values: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"key": self.key, "with": self.other, "values": list(self.values)}

    @classmethod
    def from_dict(cls, body: Body) -> Conflict:
        values = tuple(str(value) for value in fields.sequence(body, "values"))
        return cls(fields.text(body, "key"), fields.text(body, "with"), values)


@dataclass(frozen=True)
class ProblemNode:
    """A node that is not as it should be, and why."""

    name: str
    reason: str
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "reason": self.reason, "message": self.message}

    @classmethod
    def from_dict(cls, body: Body) -> ProblemNode:
        return cls(*(fields.text(body, key) for key in ("name", "reason", "message")))


@dataclass(frozen=True)
class Counts:
    """How many nodes: selected; done; being changed; to come; failed; and what they suffer."""

    matched: int = 0
    current: int = 0
    updating: int = 0
    waiting: int = 0
    failed: int = 0
    drifted: int = 0
    unavailable: int = 0
    conflicted: int = 0

    @classmethod
    def from_dict(cls, body: Body) -> Counts:
        return cls(*(fields.number(body, name) for name in cls.__dataclass_fields__))

    def to_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class TuningStatus:
    """What the operator reports of a NodeTuning: counts and bounded lists, nothing per node."""

    observed_generation: int = 0
    revision: str = ""
    nodes: Counts = field(default_factory=Counts)
    conflicts: tuple[Conflict, ...] = ()
    problem_nodes: tuple[ProblemNode, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def from_dict(cls, body: Body) -> TuningStatus:
        return cls(
            fields.number(body, "observedGeneration"),
            fields.text(body, "revision"),
            Counts.from_dict(fields.mapping(body, "nodes")),
            tuple(Conflict.from_dict(one) for one in fields.maps(body, "conflicts")),
            tuple(ProblemNode.from_dict(one) for one in fields.maps(body, "problemNodes")),
            conditions.read(body),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "observedGeneration": self.observed_generation,
            "revision": self.revision,
            "nodes": self.nodes.to_dict(),
            "conflicts": [one.to_dict() for one in self.conflicts[:MAX_CONFLICTS]],
            "problemNodes": [one.to_dict() for one in self.problem_nodes[:MAX_PROBLEM_NODES]],
            "conditions": [one.to_dict() for one in self.conditions],
        }


@dataclass(frozen=True)
class NodeTuning:
    """One NodeTuning. Its ``tuning`` is the engine's document, not yet judged."""

    name: str
    uid: str
    selector: NodeSelector
    tuning: Mapping[str, Any]
    priority: int = 0
    mode: str = ENFORCE
    on_delete: str = RESTORE
    rollout: Rollout = field(default_factory=Rollout)
    restart: str = NEVER
    reboot: str = NEVER
    generation: int = 1
    resource_version: str = ""
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    status: TuningStatus = field(default_factory=TuningStatus)
    content: str = ""
    """Hash of what nodes get from it (tuning, mode, priority): 10 hex digits."""

    def __post_init__(self) -> None:
        if not self.content:
            what = {"tuning": self.tuning, "mode": self.mode, "priority": self.priority}
            object.__setattr__(self, "content", fields.digest(what, 10))

    @classmethod
    def from_dict(cls, body: Body) -> NodeTuning:
        """From the object as the API gives it; KindError for what cannot be one.

        Whether amounts, durations, windows and the document make sense is judged later, so that
        it can be said in the object's own status.
        """
        metadata = fields.mapping(body, "metadata")
        name = fields.text(metadata, "name", where="metadata")
        if not name:
            raise KindError("a NodeTuning without a name")
        spec = fields.mapping(body, "spec")
        disruption = fields.mapping(spec, "disruption", "spec")
        return cls(
            name=name,
            uid=fields.text(metadata, "uid", where="metadata"),
            selector=NodeSelector.from_dict(fields.mapping(spec, "nodeSelector", "spec")),
            tuning=fields.mapping(spec, "tuning", "spec"),
            priority=fields.number(spec, "priority", where="spec"),
            mode=fields.text(spec, "mode", ENFORCE, "spec"),
            on_delete=fields.text(spec, "onDelete", RESTORE, "spec"),
            rollout=Rollout.from_dict(fields.mapping(spec, "rollout", "spec")),
            restart=fields.text(disruption, "restart", NEVER, "spec.disruption"),
            reboot=fields.text(disruption, "reboot", NEVER, "spec.disruption"),
            generation=fields.number(metadata, "generation", 1, "metadata"),
            resource_version=fields.text(metadata, "resourceVersion", where="metadata"),
            deleting=metadata.get("deletionTimestamp") is not None,
            finalizers=tuple(str(one) for one in fields.sequence(metadata, "finalizers")),
            status=TuningStatus.from_dict(fields.mapping(body, "status")),
        )

    @property
    def revision(self) -> str:
        """12 hex digits: the content's ten and two for ``retry``.

        A retry gives failed nodes something new and leaves those alone that have the content.
        """
        return f"{self.content}{self.rollout.retry % 256:02x}"

    @property
    def reports_only(self) -> bool:
        return self.mode == REPORT

    @property
    def held(self) -> bool:
        """Whether our finalizer is on it."""
        return FINALIZER in self.finalizers


def same_content(revision: str, tuning: NodeTuning) -> bool:
    """Whether a revision (of a state's source) has the tuning's present content, retries aside."""
    return revision[:10] == tuning.content
