"""Conditions by the Kubernetes conventions: a transition time changes only with the status."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from . import fields
from .fields import Body
from .times import format_time, parse_time

TRUE = "True"
FALSE = "False"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; ``since`` is lastTransitionTime, ``generation`` observedGeneration."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    since: datetime | None = None
    generation: int | None = None

    @classmethod
    def from_dict(cls, body: Body) -> Condition:
        """KindError for a field of a wrong type."""
        generation = body.get("observedGeneration")
        return cls(
            sys.intern(fields.text(body, "type")),
            sys.intern(fields.text(body, "status")),
            sys.intern(fields.text(body, "reason")),
            fields.text(body, "message"),
            parse_time(body.get("lastTransitionTime")),
            generation if isinstance(generation, int) else None,
        )

    def to_dict(self) -> dict[str, object]:
        """As status.conditions has it."""
        return fields.present(
            {
                "type": self.type,
                "status": self.status,
                "reason": self.reason,
                "message": self.message,
                "lastTransitionTime": format_time(self.since) if self.since else None,
                "observedGeneration": self.generation,
            }
        )

    @property
    def true(self) -> bool:
        return self.status == TRUE


Conditions = tuple[Condition, ...]


def read(body: Body, key: str = "conditions") -> Conditions:
    """All conditions of a status."""
    return tuple(Condition.from_dict(one) for one in fields.maps(body, key))


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type."""
    return next((one for one in conditions if one.type == kind), None)


def carried(before: Iterable[Condition], wanted: Iterable[Condition], now: datetime) -> Conditions:
    """The wanted conditions, each with the time of its last change of status."""
    old: Mapping[str, Condition] = {one.type: one for one in before}
    return tuple(_carry(old.get(one.type), one, now) for one in wanted)


def _carry(before: Condition | None, wanted: Condition, now: datetime) -> Condition:
    kept = before is not None and before.status == wanted.status and before.since is not None
    return replace(wanted, since=before.since if kept and before else now.replace(microsecond=0))
