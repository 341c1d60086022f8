"""What the operator asks of a node's agent in an emergency, and what the agent answers.

All of it is in the node's NodeTuningState: ``spec.watch``, ``spec.incident`` and ``spec.task`` are
the operator's, ``status.pressure`` and ``status.task`` are the agent's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from . import fields
from .fields import Body
from .times import format_time, parse_time

# Levels at which tasks run out, as in the engine's ceilings.
HOST, KUBEPODS, SLICE, POD = "host", "kubepods", "slice", "pod"
LEVELS = (HOST, KUBEPODS, SLICE, POD)

# What an agent can be asked to do.
APPLY, VERIFY = "Apply", "Verify"
TASKS = (APPLY, VERIFY)

# How far it is with it.
RUNNING, DONE, FAILED = "Running", "Done", "Failed"
TASK_STATES = (RUNNING, DONE, FAILED)

# What a culprit can be.
CULPRIT_POD, CULPRIT_GROUP = "Pod", "Group"
CULPRITS = (CULPRIT_POD, CULPRIT_GROUP)

MAX_WATCHED = 32
MAX_RAISED = 16


@dataclass(frozen=True, slots=True)
class Watched:
    """One ceiling to judge: ``id`` is ``policy/trigger``.

    Tight when ``used_percent`` of the limit is gone (0: not asked), or when it will be gone
    ``within`` so many seconds at the present rate (0: not asked); either is enough. ``lasting``
    seconds (JSON: ``for``) make it a trigger. ``subject``: the slice's or unit's name; empty for
    the host, for kubepods as a whole, and for whichever pod it is.
    """

    id: str
    level: str
    subject: str = ""
    used_percent: int = 0
    within: float = 0.0
    lasting: float = 0.0

    @classmethod
    def from_dict(cls, body: Body) -> Watched:
        return cls(
            fields.text(body, "id"),
            fields.text(body, "level"),
            fields.text(body, "subject"),
            fields.number(body, "usedPercent"),
            fields.number(body, "withinSeconds"),
            fields.number(body, "forSeconds"),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "level": self.level,
            "subject": self.subject,
            "usedPercent": self.used_percent,
            "withinSeconds": round(self.within),
            "forSeconds": round(self.lasting),
        }


@dataclass(frozen=True, slots=True)
class Relief:
    """Leave to raise ceilings at once, and how far.

    ``at``: percent of a limit that is gone when it is raised. ``most``: the highest value for
    ``threads`` (kernel.threads-max), ``pids`` (kernel.pid_max), ``kubepods``, ``slice`` and
    ``pod`` (pids.max of these cgroups); what is not named is not raised. ``cap``: whether a culprit
    that is no pod is held at its present size.
    """

    at: int = 95
    most: tuple[tuple[str, int], ...] = ()
    cap: bool = True

    @classmethod
    def from_dict(cls, body: Body) -> Relief:
        most = fields.mapping(body, "most")
        return cls(
            fields.number(body, "at", 95),
            tuple(sorted((str(name), fields.number(most, name)) for name in most)),
            fields.truth(body, "cap", True),
        )

    def to_dict(self) -> dict[str, Any]:
        return {"at": self.at, "most": dict(self.most), "cap": self.cap}


@dataclass(frozen=True, slots=True)
class Watch:
    """What all policies together want of one node's agent."""

    ceilings: tuple[Watched, ...] = ()
    relief: Relief | None = None

    @classmethod
    def from_dict(cls, body: Body) -> Watch:
        relief = body.get("relief")
        return cls(
            tuple(Watched.from_dict(one) for one in fields.maps(body, "ceilings")),
            Relief.from_dict(fields.mapping(body, "relief")) if relief is not None else None,
        )

    def to_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ceilings": [one.to_dict() for one in self.ceilings[:MAX_WATCHED]]}
        if self.relief is not None:
            body["relief"] = self.relief.to_dict()
        return body


@lru_cache(maxsize=256)
def shared(watch: Watch) -> Watch:
    """The one copy of equal watches: thousands of nodes are told the same."""
    return watch


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that a remediation asks of the agent, once: ``id`` names it for good.

    Apply: bring the node to its NodeTunings again, restarts included where they are granted.
    Verify: for ``seconds`` on end no ceiling of ``level`` and ``subject`` and none of the host's
    may have less than ``headroom`` percent left, then ``forks`` tasks must start (in the agent's
    own cgroup).
    """

    id: str
    do: str
    level: str = HOST
    subject: str = ""
    seconds: int = 0
    headroom: int = 0
    forks: int = 0

    @classmethod
    def from_dict(cls, body: Body) -> Task:
        return cls(
            fields.text(body, "id"),
            fields.text(body, "do"),
            fields.text(body, "level", HOST),
            fields.text(body, "subject"),
            fields.number(body, "seconds"),
            fields.number(body, "headroom"),
            fields.number(body, "forks"),
        )

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Fired:
    """A watched ceiling that is tight, for as long as was asked; ``left``: seconds, 0 unknown."""

    id: str
    since: datetime | None
    level: str = HOST
    subject: str = ""
    limit: int = 0
    used: int = 0
    left: int = 0

    @classmethod
    def from_dict(cls, body: Body) -> Fired:
        return cls(
            fields.text(body, "id"),
            parse_time(body.get("since")),
            fields.text(body, "level", HOST),
            fields.text(body, "subject"),
            fields.number(body, "limit"),
            fields.number(body, "used"),
            fields.number(body, "secondsLeft"),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "since": format_time(self.since) if self.since else None,
            "level": self.level,
            "subject": self.subject,
            "limit": self.limit,
            "used": self.used,
            "secondsLeft": self.left,
        }


@dataclass(frozen=True, slots=True)
class Raised:
    """One ceiling that was changed at once: ``what`` is kernel.pid_max or a cgroup's path."""

    what: str
    before: str
    after: str

    @classmethod
    def from_dict(cls, body: Body) -> Raised:
        return cls(*(fields.text(body, key) for key in ("what", "before", "after")))

    def to_dict(self) -> dict[str, Any]:
        return {"what": self.what, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Culprit:
    """Who takes the tasks. ``kind`` Pod: ``subject`` is its uid, ``container`` the id of the one
    in it; Group: ``subject`` is the unit or slice. ``tasks`` it has now; ``growth`` tasks a minute;
    ``capped``: it is held at its present size.
    """

    kind: str
    subject: str
    container: str = ""
    tasks: int = 0
    growth: int = 0
    capped: bool = False

    @classmethod
    def from_dict(cls, body: Body) -> Culprit:
        return cls(
            fields.text(body, "kind"),
            fields.text(body, "subject"),
            fields.text(body, "container"),
            fields.number(body, "tasks"),
            fields.number(body, "growth"),
            fields.truth(body, "capped"),
        )

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Pressure:
    """What an agent says of an emergency; an empty one means that all is calm.

    ``fired``: triggers that hold. ``raised`` and ``capped``: what relief has changed and not given
    back. ``spent``: it is tight still, and nothing may be raised further. ``relieved``: when a
    ceiling was raised first in this emergency.
    """

    fired: tuple[Fired, ...] = ()
    raised: tuple[Raised, ...] = ()
    capped: tuple[Raised, ...] = ()
    spent: bool = False
    relieved: datetime | None = None
    culprit: Culprit | None = None

    @classmethod
    def from_dict(cls, body: Body) -> Pressure:
        culprit = body.get("culprit")
        return cls(
            tuple(Fired.from_dict(one) for one in fields.maps(body, "fired")),
            tuple(Raised.from_dict(one) for one in fields.maps(body, "raised")),
            tuple(Raised.from_dict(one) for one in fields.maps(body, "capped")),
            fields.truth(body, "spent"),
            parse_time(body.get("relieved")),
            Culprit.from_dict(fields.mapping(body, "culprit")) if culprit else None,
        )

    def to_dict(self) -> dict[str, Any]:
        return fields.present(
            {
                "fired": [one.to_dict() for one in self.fired[:MAX_WATCHED]],
                "raised": [one.to_dict() for one in self.raised[:MAX_RAISED]],
                "capped": [one.to_dict() for one in self.capped[:MAX_RAISED]],
                "spent": self.spent,
                "relieved": format_time(self.relieved) if self.relieved else None,
                "culprit": self.culprit.to_dict() if self.culprit else None,
            }
        )


CALM = Pressure()


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How far the agent is with the task of that id; ``message`` for people, with figures."""

    id: str
    state: str
    message: str = ""
    time: datetime | None = field(default=None)

    @classmethod
    def from_dict(cls, body: Body) -> TaskEnd:
        return cls(
            fields.text(body, "id"),
            fields.text(body, "state"),
            fields.text(body, "message"),
            parse_time(body.get("time")),
        )

    def to_dict(self) -> dict[str, Any]:
        return fields.present(
            {
                "id": self.id,
                "state": self.state,
                "message": self.message,
                "time": format_time(self.time) if self.time else None,
            }
        )
