# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes the tasks: the pod, unit or user that grew most, or has most; decided by values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

from ..ceilings.ceiling import CONTAINER, POD
from ..ceilings.group_name import name_of
from .levels import Level
from .owner import owner
from .protected import Protected
from .tree import Group, Sample

POD_KIND, GROUP_KIND = "Pod", "Group"
LEAST_GROWTH = 16  # tasks; less is what any service does
LEAST_SPAN = 1.0  # seconds without any growth after which the biggest is it
LEAST_SHARE = 2  # one of so many parts of all growth, or of all tasks, makes a culprit


@dataclass(frozen=True)
class Culprit:
    """``kind`` Pod: ``subject`` is its uid, ``container`` the fullest one's id. Group: ``subject``
    is the unit's or slice's name. ``group``: its cgroup. ``growth``: tasks a minute.
    """

    kind: str
    subject: str
    container: str
    group: str
    tasks: int
    growth: int
    refused: int = 0


@dataclass(frozen=True)
class Suspect:
    """One that could be it, with what it did between two samples."""

    group: str
    tasks: int
    grown: int
    refused: int


def find(
    samples: Sequence[Sample], tight: Optional[Level], protected: Protected
) -> Optional[Culprit]:
    """The culprit by two or more samples of all cgroups, oldest first; None: nobody stands out.

    Never by a single look: who is big has done nothing yet. Only when nothing has grown for a
    second, since nothing can, the biggest is it.

    ``tight``: the ceiling that is full; only what it holds can be it. Who is protected counts in
    the totals and is never it: when one of them is what grows, nobody innocent is named for it.
    """
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    within = tight.group if tight is not None else ""
    suspects = _suspects(first, last, within)
    best = _most(suspects, last.at - first.at)
    if best is None or protected.group(best.group):
        return None
    pod = _pod_of(best.group)
    if pod is not None and pod in protected.pods:
        return None
    span = last.at - first.at
    growth = round(best.grown * 60 / span) if span > 0 else 0
    if pod is not None:
        container = _fullest_container(last, best.group)
        return Culprit(
            POD_KIND, pod, container, best.group, best.tasks, growth, best.refused
        )
    name = best.group.rpartition("/")[2]
    return Culprit(GROUP_KIND, name, "", best.group, best.tasks, growth, best.refused)


def _suspects(first: Sample, last: Sample, within: str) -> List[Suspect]:
    before: Dict[str, Group] = {group.path: group for group in first.groups}
    found: Dict[str, Suspect] = {}
    for group in last.groups:
        answering = owner(group.path)
        inside = not within or f"{group.path}/".startswith(within + "/")
        holder = within.startswith(f"{group.path}/")
        if answering is None or not (inside or holder):
            continue
        was = before.get(group.path, Group(group.path, 0))
        refused = max(0, group.refused - was.refused)
        if answering == group.path:
            grown = group.tasks - was.tasks
            found[answering] = Suspect(answering, group.tasks, grown, refused)
        elif answering in found:
            one = found[answering]
            most = max(one.refused, refused)
            found[answering] = Suspect(one.group, one.tasks, one.grown, most)
    return list(found.values())


def _most(suspects: Sequence[Suspect], span: float) -> Optional[Suspect]:
    """By growth if somebody grew; else by refused forks; else by size. Each must stand out."""
    grown = sum(max(0, one.grown) for one in suspects)
    best = max(suspects, key=lambda one: (one.grown, one.tasks), default=None)
    if best is not None and best.grown >= LEAST_GROWTH and _part(best.grown, grown):
        return best
    refused = sum(one.refused for one in suspects)
    best = max(suspects, key=lambda one: (one.refused, one.tasks), default=None)
    if best is not None and best.refused and _part(best.refused, refused):
        return best
    if span < LEAST_SPAN or grown >= LEAST_GROWTH:
        return None
    tasks = sum(one.tasks for one in suspects)
    best = max(suspects, key=lambda one: one.tasks, default=None)
    return best if best is not None and _part(best.tasks, tasks) else None


def _part(one: int, everything: int) -> bool:
    return one * LEAST_SHARE >= everything


def _pod_of(path: str) -> Optional[str]:
    scope, subject = name_of(path)
    return subject if scope == POD else None


def _fullest_container(sample: Sample, pod: str) -> str:
    inside: List[Tuple[int, str]] = [
        (group.tasks, name_of(group.path)[1]) for group in sample.groups
        if group.path.startswith(pod + "/") and name_of(group.path)[0] == CONTAINER
    ]
    return max(inside)[1] if inside else ""
