"""What a node shall be, as one shared value: thousands of states hold the same few contents.

A content is immutable by agreement (its maps are never written to) and equal by hash. Contents
are interned: reading a state whose content is known gives the object that is there already, so a
state costs its own few fields and one reference. The pool is weak: what no state holds is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

from . import fields
from .fields import EMPTY, Body
from .meta import RESTORE

IN_PART = "0" * 12
"""Instead of a revision: some of a former content of that NodeTuning, perhaps not all of it."""


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Which content of which NodeTuning is in the document; ``revision``: see NodeTuning, or
    IN_PART.
    """

    name: str
    uid: str
    revision: str
    priority: int = 0
    on_delete: str = RESTORE

    @classmethod
    def from_dict(cls, body: Body) -> SourceRef:
        return cls(
            fields.text(body, "name"),
            fields.text(body, "uid"),
            fields.text(body, "revision"),
            fields.number(body, "priority"),
            fields.text(body, "onDelete", RESTORE),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "uid": self.uid,
            "revision": self.revision,
            "priority": self.priority,
            "onDelete": self.on_delete,
        }


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """A key that several tunings of one priority want differently: it is left as it was."""

    key: str
    tunings: tuple[str, ...]

    @classmethod
    def from_dict(cls, body: Body) -> KeyConflict:
        names = tuple(str(name) for name in fields.sequence(body, "tunings"))
        return cls(fields.text(body, "key"), names)

    def to_dict(self) -> dict[str, Any]:
        return {"key": self.key, "tunings": list(self.tunings)}


@dataclass(frozen=True, eq=False)
class Content:
    """The merged document with where each value is from. Make it with :func:`content`.

    ``provenance`` has a NodeTuning's name for each ``layer|subject|key``. A name that is not among
    the ``sources`` is of a tuning that has gone and left its values (onDelete: Keep).
    ``revision`` covers all but the preview, which changes nothing on the node.
    """

    tuning: Mapping[str, Any] = field(default_factory=dict)
    preview: Mapping[str, Any] | None = None
    sources: tuple[SourceRef, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    conflicts: tuple[KeyConflict, ...] = ()
    revision: str = ""
    identity: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @classmethod
    def from_dict(cls, body: Body) -> Content:
        """The content in a state's spec, interned."""
        preview = body.get("preview")
        return content(
            fields.mapping(body, "tuning", "spec"),
            fields.mapping(body, "preview", "spec") if preview is not None else None,
            tuple(SourceRef.from_dict(one) for one in fields.maps(body, "sources", "spec")),
            fields.texts(body, "provenance", "spec"),
            tuple(KeyConflict.from_dict(one) for one in fields.maps(body, "conflicts", "spec")),
        )

    def to_dict(self) -> dict[str, Any]:
        """Its part of a state's spec."""
        body: dict[str, Any] = {
            "revision": self.revision,
            "sources": [one.to_dict() for one in self.sources],
            "provenance": dict(self.provenance),
            "conflicts": [one.to_dict() for one in self.conflicts],
        }
        if self.tuning:
            body["tuning"] = dict(self.tuning)
        if self.preview is not None:
            body["preview"] = dict(self.preview)
        return body

    @cached_property
    def by_name(self) -> Mapping[str, SourceRef]:
        """The sources by name."""
        return {one.name: one for one in self.sources}

    def source(self, name: str) -> SourceRef | None:
        """The source of that name."""
        return self.by_name.get(name)


_pool: WeakValueDictionary[str, Content] = WeakValueDictionary()


def content(
    tuning: Mapping[str, Any] = EMPTY,
    preview: Mapping[str, Any] | None = None,
    sources: tuple[SourceRef, ...] = (),
    provenance: Mapping[str, str] = EMPTY,
    conflicts: tuple[KeyConflict, ...] = (),
) -> Content:
    """The one content of these parts, with its revision."""
    enforced = [
        tuning,
        [(one.name, one.uid, one.revision, one.priority) for one in sources],
        provenance,
        [(one.key, one.tunings) for one in conflicts],
    ]
    revision = fields.digest(enforced)
    kept = [(one.name, one.on_delete) for one in sources]
    identity = fields.digest([revision, preview, kept], 32)
    known = _pool.get(identity)
    if known is None:
        known = Content(tuning, preview, sources, provenance, conflicts, revision, identity)
        _pool[identity] = known
    return known


def preview_revision(preview: Mapping[str, Any]) -> str:
    """The revision that an agent gives with the plan of a preview: the hash of its document."""
    return fields.digest(preview)
