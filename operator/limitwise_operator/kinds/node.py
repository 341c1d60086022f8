"""A Node, stripped to what decisions need: a few hundred bytes instead of fourteen thousand."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import fields
from .conditions import TRUE
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


@dataclass(frozen=True, slots=True)
class Node:
    """What is kept of a Node; ``unschedulable`` is spec.unschedulable, by whomever."""

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
    pid_pressure: bool = False
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
        conditions = {
            one.get("type"): one.get("status") for one in fields.maps(status, "conditions")
        }
        note = fields.texts(metadata, "annotations").get(CORDON_ANNOTATION)
        return cls(
            name=name,
            uid=uid,
            labels=_interned(fields.texts(metadata, "labels")),
            ready=conditions.get("Ready") == TRUE,
            unschedulable=fields.truth(spec, "unschedulable", where="spec"),
            deleting=metadata.get("deletionTimestamp") is not None,
            startup_taint=STARTUP_TAINT in taints,
            drain_taint=DRAIN_TAINT in taints,
            cordon=Cordon.from_text(note) if note is not None else None,
            created=parse_time(metadata.get("creationTimestamp")),
            pid_pressure=conditions.get("PIDPressure") == TRUE,
            boot_id=fields.text(fields.mapping(status, "nodeInfo"), "bootID"),
        )

    @property
    def cordoned_by_others(self) -> bool:
        """Out of service, and not by us (or it had been before we came)."""
        return self.unschedulable and (self.cordon is None or self.cordon.unschedulable_before)


def _interned(labels: Mapping[str, str]) -> dict[str, str]:
    """The same few texts stand on thousands of nodes: one copy of each."""
    return {sys.intern(key): sys.intern(value) for key, value in labels.items()}
