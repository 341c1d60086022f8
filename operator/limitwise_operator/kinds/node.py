"""A Node, stripped to what decisions need: a few hundred bytes instead of fourteen thousand."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from . import fields
from .conditions import FALSE, TRUE
from .fields import Body
from .meta import CORDON_ANNOTATION, DRAIN_TAINT, STARTUP_TAINT, KindError
from .times import format_time, parse_time


@dataclass(frozen=True, slots=True)
class Cordon:
    """Our own note on a node that we cordoned: who, since when, and what it was before.

    ``by`` is ``Kind/name`` of the object on whose behalf it was done.
    """

    by: str
    unschedulable_before: bool
    time: datetime | None

    @classmethod
    def from_text(cls, text: str) -> Cordon | None:
        """None for an annotation that is not of ours: it is left alone."""
        try:
            body = json.loads(text)
        except ValueError:
            return None
        if not isinstance(body, dict) or not isinstance(body.get("by"), str):
            return None
        before = body.get("unschedulableBefore") is True
        return cls(body["by"], before, parse_time(body.get("time")))

    def to_text(self) -> str:
        """Compact JSON, the annotation's value."""
        body: dict[str, Any] = {"by": self.by, "unschedulableBefore": self.unschedulable_before}
        if self.time is not None:
            body["time"] = format_time(self.time)
        return json.dumps(body, separators=(",", ":"))


# How a healthy node's kubelet says it: not kept, since thousands of nodes say nothing else.
USUAL = {
    "Ready": TRUE,
    "PIDPressure": FALSE,
    "MemoryPressure": FALSE,
    "DiskPressure": FALSE,
    "NetworkUnavailable": FALSE,
}
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


class Told(NamedTuple):
    """One condition of a Node; ``since`` is lastTransitionTime in seconds of the epoch, 0 unknown.

    A number, as a datetime would be three times as large.
    """

    type: str
    status: str
    since: int


@dataclass(frozen=True, slots=True)
class Node:
    """What is kept of a Node; ``unschedulable`` is spec.unschedulable, by whomever.

    ``conditions``: all but those that say what a healthy node's kubelet says.
    """

    name: str
    uid: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ready: bool = True
    unschedulable: bool = False
    deleting: bool = False
    startup_taint: bool = False
    drain_taint: bool = False
    cordon: Cordon | None = None
    created: datetime | None = None
    conditions: tuple[Told, ...] = ()
    boot_id: str = ""

    @classmethod
    def from_dict(cls, body: Body) -> Node:
        """From a Node as the API gives it; KindError for one without name or uid."""
        metadata = fields.mapping(body, "metadata")
        name = fields.text(metadata, "name", where="metadata")
        uid = fields.text(metadata, "uid", where="metadata")
        if not name or not uid:
            raise KindError(f"Node {name!r} has no name or no uid")
        spec = fields.mapping(body, "spec")
        status = fields.mapping(body, "status")
        taints = {one.get("key") for one in fields.maps(spec, "taints", "spec")}
        conditions = [_told(one) for one in fields.maps(status, "conditions")]
        note = fields.texts(metadata, "annotations").get(CORDON_ANNOTATION)
        return cls(
            name=name,
            uid=uid,
            labels=_interned(fields.texts(metadata, "labels")),
            ready=any(one.type == "Ready" and one.status == TRUE for one in conditions),
            unschedulable=fields.truth(spec, "unschedulable", where="spec"),
            deleting=metadata.get("deletionTimestamp") is not None,
            startup_taint=STARTUP_TAINT in taints,
            drain_taint=DRAIN_TAINT in taints,
            cordon=Cordon.from_text(note) if note is not None else None,
            created=parse_time(metadata.get("creationTimestamp")),
            conditions=tuple(one for one in conditions if USUAL.get(one.type) != one.status),
            boot_id=fields.text(fields.mapping(status, "nodeInfo"), "bootID"),
        )

    @property
    def cordoned_by_others(self) -> bool:
        """Out of service, and not by us (or it had been before we came)."""
        return self.unschedulable and (self.cordon is None or self.cordon.unschedulable_before)

    @property
    def control_plane(self) -> bool:
        return CONTROL_PLANE in self.labels

    def condition(self, kind: str) -> Told | None:
        """The condition of that type, unless it says what is usual."""
        return next((one for one in self.conditions if one.type == kind), None)


def _told(body: Body) -> Told:
    since = parse_time(body.get("lastTransitionTime"))
    return Told(
        sys.intern(fields.text(body, "type")),
        sys.intern(fields.text(body, "status")),
        int(since.timestamp()) if since is not None else 0,
    )


def _interned(labels: Mapping[str, str]) -> dict[str, str]:
    """The same few texts stand on thousands of nodes: one copy of each."""
    return {sys.intern(key): sys.intern(value) for key, value in labels.items()}
