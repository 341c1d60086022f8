"""NodeTuningState: what one node shall be (by the operator) and what it is (by its agent).

The agent reads and writes whole states. The operator keeps :meth:`NodeTuningState.held` of them:
the shared content (see state_content) and the verdict of the status, without plans, drift and
originals, which only people read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from . import conditions, fields
from .conditions import Condition
from .fields import Body
from .meta import API_VERSION, NODE_TUNING_STATE, KindError
from .state_content import Content, content
from .times import format_time, parse_time
from .watch import CALM, Pressure, Task, TaskEnd, Watch, shared

APPLIED = "Applied"
DRIFTED = "Drifted"
RESTART_NEEDED = "RestartNeeded"
# Reasons of Applied=False. A node that failed or refused has seen the revision to its end.
FAILED = "Failed"
REFUSED = "Refused"
APPLYING = "Applying"
ENDED_BADLY = (FAILED, REFUSED)

MAX_CHANGES = 100
MAX_FINDINGS = 20
MAX_DRIFT = 50
MAX_CEILINGS = 10
MAX_ORIGINALS = 200
HELD_MESSAGE = 256

Row = Mapping[str, Any]
"""One entry of a list that is only shown: changes, findings, drift, ceilings, originals."""


@dataclass(frozen=True, slots=True)
class GoAhead:
    """The node's turn has come. ``tunings``: those whose turn it was, to blame if it fails."""

    revision: str
    time: datetime
    tunings: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, body: Body) -> GoAhead:
        time = parse_time(body.get("time"))
        if time is None:
            raise KindError(f"spec.goAhead.time {body.get('time')!r} is no time")
        names = tuple(str(name) for name in fields.sequence(body, "tunings"))
        return cls(fields.text(body, "revision"), time, names)

    def to_dict(self) -> dict[str, Any]:
        return {
            "revision": self.revision,
            "time": format_time(self.time),
            "tunings": list(self.tunings),
        }


@dataclass(frozen=True, slots=True)
class Restart:
    """How far a restart of the runtime or the kubelet is: see decide.restart."""

    phase: str
    since: datetime
    unschedulable_before: bool = False

    @classmethod
    def from_dict(cls, body: Body) -> Restart:
        since = parse_time(body.get("since"))
        if since is None:
            raise KindError(f"spec.restart.since {body.get('since')!r} is no time")
        return cls(fields.text(body, "phase"), since, fields.truth(body, "unschedulableBefore"))

    def to_dict(self) -> dict[str, Any]:
        return {
            "phase": self.phase,
            "since": format_time(self.since),
            "unschedulableBefore": self.unschedulable_before,
        }


@dataclass(frozen=True, slots=True)
class StateSpec:
    """The operator's half. Without ``go_ahead`` there is nothing to apply, only to preview.

    ``incident``: the unfinished NodeRemediation; what relief raised is kept while it is named.
    """

    node_uid: str
    content: Content
    go_ahead: GoAhead | None = None
    restart: Restart | None = None
    watch: Watch | None = None
    incident: str = ""
    task: Task | None = None

    @property
    def revision(self) -> str:
        return self.content.revision

    @classmethod
    def from_dict(cls, body: Body) -> StateSpec:
        go_ahead = body.get("goAhead")
        restart = body.get("restart")
        watch, task = body.get("watch"), body.get("task")
        return cls(
            fields.text(body, "nodeUID", where="spec"),
            Content.from_dict(body),
            GoAhead.from_dict(fields.mapping(body, "goAhead", "spec")) if go_ahead else None,
            Restart.from_dict(fields.mapping(body, "restart", "spec")) if restart else None,
            Watch.from_dict(fields.mapping(body, "watch", "spec")) if watch is not None else None,
            fields.text(body, "incident", where="spec"),
            Task.from_dict(fields.mapping(body, "task", "spec")) if task else None,
        )

    def to_dict(self) -> dict[str, Any]:
        body = {"nodeUID": self.node_uid, **self.content.to_dict()}
        if self.go_ahead is not None:
            body["goAhead"] = self.go_ahead.to_dict()
        if self.restart is not None:
            body["restart"] = self.restart.to_dict()
        if self.watch is not None:
            body["watch"] = self.watch.to_dict()
        if self.incident:
            body["incident"] = self.incident
        if self.task is not None:
            body["task"] = self.task.to_dict()
        return body


@dataclass(frozen=True, slots=True)
class Applied:
    """The newest revision that is in force: by which run, since when."""

    revision: str
    run_id: str = ""
    time: datetime | None = None

    @classmethod
    def from_dict(cls, body: Body) -> Applied:
        return cls(
            fields.text(body, "revision"), fields.text(body, "runId"), parse_time(body.get("time"))
        )

    def to_dict(self) -> dict[str, Any]:
        time = format_time(self.time) if self.time else None
        return fields.present({"revision": self.revision, "runId": self.run_id, "time": time})


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """What an apply will do, or would do; ``more``: how many changes are not listed."""

    revision: str
    time: datetime | None = None
    changes: tuple[Row, ...] = ()
    more: int = 0

    @classmethod
    def from_dict(cls, body: Body) -> ShownPlan:
        return cls(
            fields.text(body, "revision"),
            parse_time(body.get("time")),
            tuple(fields.maps(body, "changes")),
            fields.number(body, "more"),
        )

    def to_dict(self) -> dict[str, Any]:
        """At most MAX_CHANGES changes; the others are counted."""
        shown = self.changes[:MAX_CHANGES]
        return fields.present(
            {
                "revision": self.revision,
                "time": format_time(self.time) if self.time else None,
                "changes": [dict(one) for one in shown],
                "more": self.more + len(self.changes) - len(shown),
            }
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that takes effect only after a ``restart`` of ``unit`` or a ``reboot``."""

    what: str
    unit: str = ""
    message: str = ""

    @classmethod
    def from_dict(cls, body: Body) -> Waiting:
        return cls(*(fields.text(body, key) for key in ("what", "unit", "message")))

    def to_dict(self) -> dict[str, Any]:
        return {"what": self.what, "unit": self.unit, "message": self.message}


@dataclass(frozen=True, slots=True)
class StateStatus:
    """The agent's half."""

    observed_revision: str = ""
    applied: Applied | None = None
    plan: ShownPlan | None = None
    preview: ShownPlan | None = None
    findings: tuple[Row, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    drift: tuple[Row, ...] = ()
    ceilings: tuple[Row, ...] = ()
    originals: tuple[Row, ...] = ()
    boot_id: str = ""
    agent_version: str = ""
    conditions: tuple[Condition, ...] = ()
    pressure: Pressure = CALM
    task: TaskEnd | None = None

    @classmethod
    def from_dict(cls, body: Body) -> StateStatus:
        """KindError for a field of a wrong type; an empty map is a status not yet written."""
        pressure, task = (fields.mapping(body, key, "status") for key in ("pressure", "task"))
        applied, plan, preview = (
            fields.mapping(body, key, "status") for key in ("applied", "plan", "preview")
        )
        return cls(
            fields.text(body, "observedRevision", where="status"),
            Applied.from_dict(applied) if applied else None,
            ShownPlan.from_dict(plan) if plan else None,
            ShownPlan.from_dict(preview) if preview else None,
            tuple(fields.maps(body, "findings", "status")),
            tuple(Waiting.from_dict(one) for one in fields.maps(body, "waiting", "status")),
            tuple(fields.maps(body, "drift", "status")),
            tuple(fields.maps(body, "ceilings", "status")),
            tuple(fields.maps(body, "originals", "status")),
            fields.text(body, "bootID", where="status"),
            fields.text(body, "agentVersion", where="status"),
            conditions.read(body),
            Pressure.from_dict(pressure) if pressure else CALM,
            TaskEnd.from_dict(task) if task else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """As the API has it, its lists cut to their bounds."""
        return fields.present(
            {
                "observedRevision": self.observed_revision or None,
                "applied": self.applied.to_dict() if self.applied else None,
                "plan": self.plan.to_dict() if self.plan else None,
                "preview": self.preview.to_dict() if self.preview else None,
                "findings": [dict(one) for one in self.findings[:MAX_FINDINGS]],
                "waiting": [one.to_dict() for one in self.waiting],
                "drift": [dict(one) for one in self.drift[:MAX_DRIFT]],
                "ceilings": [dict(one) for one in self.ceilings[:MAX_CEILINGS]],
                "originals": [dict(one) for one in self.originals[:MAX_ORIGINALS]],
                "bootID": self.boot_id,
                "agentVersion": self.agent_version,
                "conditions": [one.to_dict() for one in self.conditions],
                "pressure": self.pressure.to_dict() if self.pressure != CALM else None,
                "task": self.task.to_dict() if self.task else None,
            }
        )

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type."""
        return conditions.find(self.conditions, kind)


@dataclass(frozen=True, slots=True)
class NodeTuningState:
    """One node's state; ``owner_uid`` is the uid of the Node that owns it."""

    name: str
    spec: StateSpec
    status: StateStatus = field(default_factory=StateStatus)
    uid: str = ""
    owner_uid: str = ""
    resource_version: str = ""
    deleting: bool = False

    @classmethod
    def from_dict(cls, body: Body) -> NodeTuningState:
        """From the object as the API gives it; KindError for what cannot be one."""
        metadata = fields.mapping(body, "metadata")
        name = fields.text(metadata, "name", where="metadata")
        if not name:
            raise KindError("a NodeTuningState without a name")
        owners = [
            fields.text(one, "uid")
            for one in fields.maps(metadata, "ownerReferences", "metadata")
            if one.get("kind") == "Node"
        ]
        return cls(
            name,
            StateSpec.from_dict(fields.mapping(body, "spec")),
            StateStatus.from_dict(fields.mapping(body, "status")),
            fields.text(metadata, "uid", where="metadata"),
            owners[0] if owners else "",
            fields.text(metadata, "resourceVersion", where="metadata"),
            metadata.get("deletionTimestamp") is not None,
        )

    def held(self) -> NodeTuningState:
        """What the operator keeps in memory: the verdict, not what only people read."""
        status = replace(
            self.status,
            plan=None,
            preview=None,
            findings=(),
            drift=(),
            ceilings=(),
            originals=(),
            agent_version="",
            conditions=tuple(
                replace(one, message=one.message[:HELD_MESSAGE]) for one in self.status.conditions
            ),
        )
        watch = self.spec.watch
        spec = replace(self.spec, watch=shared(watch)) if watch is not None else self.spec
        return replace(self, spec=spec, status=status)


def body_of(name: str, spec: StateSpec) -> dict[str, Any]:
    """A new NodeTuningState as it is sent to the API, owned by its Node: it goes with it."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": spec.node_uid}
    return {
        "apiVersion": API_VERSION,
        "kind": NODE_TUNING_STATE,
        "metadata": {"name": name, "ownerReferences": [owner]},
        "spec": spec.to_dict(),
    }


NOTHING = content()
"""The content of a node that no tuning has touched."""
