# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cgroups are watched: kubepods, the pods and containers in it, and what is named.

Pods come and go: the folders are listed again about once a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from ..ceilings.ceiling import CONTAINER, KUBEPODS, POD, SLICE, above
from ..ceilings.group_name import name_of
from .descriptors import Descriptors

AGAIN = 1.0  # seconds until the pods are listed again
SEARCH_AGAIN = 10.0  # seconds until a name that was nowhere is searched for again


@dataclass(frozen=True)
class Place:
    """A watched cgroup: its level, its subject, its path."""

    level: str
    subject: str
    group: str


class Places:
    """The watched cgroups of one hierarchy; ``root`` is where it is mounted for this process."""

    def __init__(
        self, root: str, descriptors: Descriptors, clock: Callable[[], float]
    ) -> None:
        self._root, self._descriptors, self._clock = root, descriptors, clock
        self._pods: Tuple[Place, ...] = ()
        self._listed: Optional[float] = None
        self._named: Dict[str, str] = {}
        self._searched: Dict[str, float] = {}

    def find(self, watched: Sequence[str]) -> List[Place]:
        """kubepods, pods and the named ones with the slices around them, each once."""
        now = self._clock()
        if self._listed is None or now - self._listed >= AGAIN:
            self._pods = tuple(self._in_kubepods())
            self._listed = now
        found = {place.group: place for place in self._pods}
        for place in list(found.values()):
            self._add_outer(place.group, found)
        for name in watched:
            group = self._group_of(name, now)
            if group is not None:
                found.setdefault(group, Place(SLICE, name_of(group)[1], group))
                self._add_outer(group, found)
        return list(found.values())

    def _add_outer(self, group: str, found: Dict[str, Place]) -> None:
        for outer in above(group)[1:-1]:
            found.setdefault(outer, Place(SLICE, name_of(outer)[1], outer))

    def _in_kubepods(self) -> Iterator[Place]:
        for name in self._inner(""):
            group = "/" + name
            if name_of(group)[0] == KUBEPODS:
                yield from self._below(group, "")
            elif name.startswith("kubelet"):
                for inner in self._inner(group):
                    if name_of(f"{group}/{inner}")[0] == KUBEPODS:
                        yield from self._below(f"{group}/{inner}", "")

    def _below(self, group: str, pod: str) -> Iterator[Place]:
        scope, subject = name_of(group)
        if scope == POD:
            pod = subject
        if pod:
            yield Place(POD, pod, group)
        elif scope == KUBEPODS:
            yield Place(KUBEPODS, subject, group)
        if scope != CONTAINER:
            for name in self._inner(group):
                yield from self._below(f"{group}/{name}", pod)

    def _group_of(self, name: str, now: float) -> Optional[str]:
        """Where a slice, a unit or a path is; None while there is none."""
        known = self._named.get(name)
        if known is not None and self._there(known):
            return known
        for likely in _likely(name):
            if self._there(likely):
                self._named[name] = likely
                return likely
        if "/" in name or now - self._searched.get(name, now - SEARCH_AGAIN) < SEARCH_AGAIN:
            return None
        self._searched[name] = now
        for group in self._in_slices(""):
            if group.rpartition("/")[2] == name:
                self._named[name] = group
                return group
        return None

    def _there(self, group: str) -> bool:
        return self._descriptors.read(f"{self._root}{group}/pids.current") is not None

    def _in_slices(self, group: str) -> Iterator[str]:
        """All units: they are in slices only. Inside a unit anybody may have made the cgroups."""
        for name in self._inner(group):
            yield f"{group}/{name}"
            if name.endswith(".slice"):
                yield from self._in_slices(f"{group}/{name}")

    def _inner(self, group: str) -> List[str]:
        return self._descriptors.names(self._root + group)


def _likely(name: str) -> List[str]:
    """Where a unit of that name usually is: ``a-b.slice`` is in ``a.slice`` (systemd.slice(5))."""
    if name.startswith("/"):
        return [name]
    if name.endswith(".slice"):
        parts = name[: -len(".slice")].split("-")
        steps = ["-".join(parts[: end + 1]) + ".slice" for end in range(len(parts))]
        return ["/" + "/".join(steps)]
    return [f"/system.slice/{name}", f"/{name}"]
