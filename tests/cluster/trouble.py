"""A node in trouble as a simulated agent tells it: levels in, what its status says out.

The rules are the agent's own. A trigger holds from its percentage on, after its `for`, and ends
five points below. What may be raised is raised at once, up to the most that is allowed. Until an
incident is named a raised ceiling is judged by its limit before, afterwards by its limit now; it
is given back when the incident is over and the use has fallen below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from limitwise_operator.kinds.watch import (
    CALM,
    DONE,
    HOST,
    KUBEPODS,
    Culprit,
    Fired,
    Pressure,
    Raised,
    Relief,
    Watch,
    Watched,
)

HYSTERESIS = 5
# Where the value that is raised is not called like its level.
VALUE = {HOST: ("pids", "kernel.pid_max")}
NEVER, WITH_INCIDENT, WITH_APPLY = "", "incident", "apply"


@dataclass(frozen=True)
class Level:
    """Tasks at one level: ``limit`` is the one before any relief."""

    level: str = KUBEPODS
    subject: str = ""
    limit: int = 1000
    used: int = 960


@dataclass(frozen=True)
class Trouble:
    """What the agent of a node measures, from the moment it is told to.

    ``relieves``: whether its relief works. It ``ends`` by itself `after` seconds from the moment at
    which an incident is named (WITH_INCIDENT) or an Apply is done (WITH_APPLY), or never.
    """

    levels: tuple[Level, ...] = (Level(),)
    culprit: Culprit | None = None
    relieves: bool = True
    ends: str = NEVER
    after: float = 0.0


@dataclass(frozen=True)
class Answer:
    """How a task is answered: `state` Done, Failed or "" (never), `takes` seconds after Running."""

    state: str = DONE
    takes: float = 0.0
    message: str = "said by a simulated agent"


def pressure(
    watch: Watch, incident: str, trouble: Trouble | None, lasted: float, before: Pressure
) -> Pressure:
    """What the status says `lasted` seconds after the trouble began; ``before`` is what it said."""
    if trouble is None:
        return replace(CALM, raised=before.raised, relieved=before.relieved) if incident else CALM
    now = datetime.now(UTC).replace(microsecond=0)
    relief = watch.relief if trouble.relieves else None
    limits = {one: _limit(one, relief, before) for one in trouble.levels}
    judged = {one: limits[one] if incident else one.limit for one in trouble.levels}
    held = {(one.id, one.subject): one for one in before.fired}
    fired = [
        _fired(watched, level, judged[level], held.get((watched.id, level.subject)), now)
        for watched in watch.ceilings
        for level in trouble.levels
        if _holds(watched, level, judged[level], lasted, held)
    ]
    raised = tuple(
        Raised(_value(one)[1], str(one.limit), str(at))
        for one, at in limits.items()
        if at > one.limit
    )
    spent = watch.relief is not None and any(
        _percent(one.used, at) >= watch.relief.at for one, at in limits.items()
    )
    if not fired and not raised and not spent:
        return CALM
    relieved = (before.relieved or now) if raised else before.relieved
    return Pressure(tuple(fired), raised, (), spent, relieved, trouble.culprit)


def patch(pressure: Pressure) -> dict[str, Any] | None:
    """For a merge patch: what is not said any more is null."""
    if pressure == CALM:
        return None
    return {**dict.fromkeys(pressure.__dataclass_fields__), **pressure.to_dict()}


def _value(level: Level) -> tuple[str, str]:
    """Its name in a relief's `most`, and what it is called in `raised`."""
    return VALUE.get(level.level, (level.level, f"/{level.level}/{level.subject}".rstrip("/")))


def _limit(level: Level, relief: Relief | None, before: Pressure) -> int:
    """The limit now: raised as far as it may be when it is tight, and kept so."""
    if relief is None:
        return level.limit
    name, what = _value(level)
    most = dict(relief.most).get(name, 0)
    tight = _percent(level.used, level.limit) >= relief.at
    kept = any(one.what == what for one in before.raised)
    return max(level.limit, most) if tight or kept else level.limit


def _holds(
    watched: Watched, level: Level, limit: int, lasted: float, held: Mapping[tuple[str, str], Fired]
) -> bool:
    about = watched.level == level.level and watched.subject in ("", level.subject)
    if not about or not watched.used_percent:
        return False
    now = _percent(level.used, limit)
    if (watched.id, level.subject) in held:
        return now > watched.used_percent - HYSTERESIS
    return now >= watched.used_percent and lasted >= watched.lasting


def _fired(
    watched: Watched, level: Level, limit: int, before: Fired | None, now: datetime
) -> Fired:
    since = before.since if before is not None else now
    return Fired(watched.id, since, level.level, level.subject, limit, level.used)


def _percent(used: int, limit: int) -> int:
    return used * 100 // limit
