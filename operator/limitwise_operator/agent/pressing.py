"""What an emergency is, by values: what to judge, what to tell, and what is new enough to be told.

A trigger is judged by the limit before relief until an incident is named, so that relief does not
hide from the operator what it relieves; from then on by the limit of now, so that a node to which
relief has given room is not drained for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils.relief import culprit as engine
from ansible_collections.limitwise.host.plugins.module_utils.relief.book import CAPPED, Kept
from ansible_collections.limitwise.host.plugins.module_utils.relief.judge import (
    Ask,
    Judged,
    Tight,
)
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Level, Levels
from ansible_collections.limitwise.host.plugins.module_utils.relief.plan import Leave

from ..kinds.watch import CALM, POD, SLICE, Culprit, Fired, Pressure, Raised, Relief, Task, Watch

FIGURES = 5.0  # seconds between two tellings that differ in figures only
# The names of a tuning's floors among what relief raises.
FLOORS = ("kernel.pid_max", "kernel.threads-max")
TASKS_MAX = "TasksMax"


@dataclass(frozen=True)
class Orders:
    """What is wanted of the relieving thread; ``before``: what the status said when it began.

    ``tuning``: the one in force; relief is not given back to less than it wants. ``verify``: the
    Verify that is to be answered.
    """

    watch: Watch | None = None
    incident: str = ""
    verify: Task | None = None
    tuning: Mapping[str, Any] = field(default_factory=dict)
    before: Pressure = CALM

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """Levels and subjects that somebody asks about."""
        watch = self.watch or Watch()
        found = [(one.level, one.subject) for one in watch.ceilings]
        if watch.relief is not None:
            found += [(POD, "") for name, _most in watch.relief.most if name == POD]
        if self.verify is not None:
            found.append((self.verify.level, self.verify.subject))
        return tuple(sorted(set(found)))

    @property
    def named(self) -> tuple[str, ...]:
        """The slices and units among them."""
        return tuple(subject for level, subject in self.asked if level == SLICE and subject)

    @property
    def pods(self) -> bool:
        """Whether pods one by one are among them."""
        return any(level == POD for level, _subject in self.asked)


def asks(watch: Watch | None) -> tuple[Ask, ...]:
    """The watched ceilings as the engine judges them."""
    return tuple(
        Ask(one.id, one.level, one.subject, one.used_percent, one.within, one.lasting)
        for one in (watch.ceilings if watch is not None else ())
    )


def leave(relief: Relief) -> Leave:
    """The leave to raise, as the engine takes it."""
    return Leave(relief.at, dict(relief.most), relief.cap)


def unrelieved(levels: Levels, kept: Iterable[Kept], floors: Mapping[str, int]) -> Levels:
    """The levels as they will be when relief is given back: at the former limit or the floor."""
    former = {one.source: one for one in kept}
    if not former:
        return levels
    rows = tuple(
        _at_former(row, former[row.source], floors) if row.source in former else row
        for row in levels.rows
    )
    return replace(levels, rows=rows)


def _at_former(row: Level, kept: Kept, floors: Mapping[str, int]) -> Level:
    if kept.how == CAPPED and not kept.before.isdigit():
        return replace(row, limit=None, headroom=None)
    if row.limit is None or not kept.before.isdigit():
        return row
    limit = max(int(kept.before), floors.get(kept.what, 0))
    if kept.how != CAPPED:
        limit = min(row.limit, limit)
    return replace(row, limit=limit, headroom=max(0, limit - row.gone))


def floors(tuning: Mapping[str, Any], groups: Iterable[str]) -> dict[str, int]:
    """What a tuning wants of the values that relief raises, cgroups by their path."""
    sysctls = tuning.get("sysctl") or {}
    found = {name: _whole(sysctls.get(name)) for name in FLOORS}
    for group in groups:
        unit = group.rpartition("/")[2]
        wanted = [(tuning.get(layer) or {}).get(unit) or {} for layer in ("units", "slices")]
        found[group] = max(_whole(one.get(TASKS_MAX)) for one in wanted)
    return {name: value for name, value in found.items() if value}


def _whole(value: Any) -> int:
    text = str(value)
    return int(text) if text.isdigit() else 0


def seeded(watch: Watch | None, before: Pressure, now: float, wall: datetime) -> Judged:
    """The judgement that a killed agent had told: its triggers hold on, since when they did."""
    told = {one.id: one for one in before.fired}
    tight = []
    for ask in asks(watch):
        one = told.get(ask.id)
        if one is not None:
            since = now - max(0.0, (wall - one.since).total_seconds()) if one.since else now
            row = Level(one.level, "pids", one.subject, "", one.limit, one.used, 0, 0, "")
            tight.append(Tight(ask, row, min(since, now - ask.lasting), None, True))
    return Judged(tuple(tight))


@dataclass(frozen=True)
class Happening:
    """Everything that is told of an emergency; times are of the judging clock."""

    fired: Sequence[Tight] = ()
    raised: Sequence[Kept] = ()
    capped: Sequence[Kept] = ()
    spent: bool = False
    relieved: datetime | None = None
    culprit: engine.Culprit | None = None


def pressure(what: Happening, told: Pressure, now: float, wall: datetime) -> Pressure:
    """The status's part; of a trigger that was told already the time is kept."""
    known = {one.id: one.since for one in told.fired}
    fired = tuple(
        Fired(
            one.ask.id,
            known.get(one.ask.id) or wall - timedelta(seconds=now - one.since),
            one.row.level, one.row.subject, one.row.limit or 0, one.row.gone,
            max(1, round(one.left)) if one.left is not None else 0,
        )
        for one in what.fired
    )
    capped = {one.group for one in what.capped}
    found = what.culprit
    named = None if found is None else Culprit(
        found.kind, found.subject, found.container, found.tasks, found.growth,
        found.group in capped,
    )
    relieved = (told.relieved or what.relieved) if what.raised else None
    return Pressure(
        fired, tuple(map(_raised, what.raised)), tuple(map(_raised, what.capped)), what.spent,
        relieved, named,
    )


def _raised(one: Kept) -> Raised:
    return Raised(one.what, one.before, one.after)


def worth_telling(told: Pressure, new: Pressure, since: float) -> bool:
    """Whether it is to be told now, ``since`` so many seconds after the last time.

    What happened is told at once, changed figures seldom.
    """
    return new != told and (since >= FIGURES or essence(new) != essence(told))


def essence(said: Pressure) -> Pressure:
    """What is not merely a figure."""
    culprit = said.culprit
    return replace(
        said,
        fired=tuple(Fired(one.id, None, one.level, one.subject) for one in said.fired),
        relieved=None,
        culprit=replace(culprit, tasks=0, growth=0) if culprit is not None else None,
    )
