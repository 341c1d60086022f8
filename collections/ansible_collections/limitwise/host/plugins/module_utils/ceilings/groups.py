# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of every cgroup: tasks and memory, what is in use, and what was refused already.

Source: Documentation/admin-guide/cgroup-v2.rst and kernel/cgroup/pids.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

from ..host.cgroups import MOUNT, Folder, folders, hierarchy
from ..host.machine import Host
from .ceiling import MEMORY, MEMORY_HIGH, PIDS, Ceiling, simple
from .group_name import name_of

# File caches are given back under pressure: they count only where there is a use at all.
CACHES = ("active_file", "inactive_file")
WORTH_ASKING = 2  # memory.stat is dear, and read when half of the limit is in use
OLD_MEANING = "pids_localevents"


@dataclass(frozen=True)
class Event:
    """What the kernel has refused or done at a limit since the cgroup was made.

    ``what``: ``forks`` (refused), ``memory`` (ran out, so that something was killed) or
    ``throttled`` (above memory.high). ``own``: whether it was this cgroup's own limit. A kernel
    up to 6.10 counts a refused fork in the cgroup that forked, whosever limit it was; from 6.11 on
    pids.events.local counts it in the cgroup whose limit it was.
    """

    what: str
    scope: str
    subject: str
    count: int
    own: bool
    group: str
    source: str


Found = Tuple[Tuple[Ceiling, ...], Tuple[Event, ...]]


def read_groups(host: Host) -> Found:
    """The ceilings and events of all cgroups; none on a host without a tree to read."""
    top = hierarchy(host)
    if top is None:
        return (), ()
    ceilings: List[Ceiling] = []
    events: List[Event] = []
    local = top == MOUNT and OLD_MEANING not in (host.proc("self/mounts") or "")
    for folder in folders(host, top):
        base = top + folder.path.rstrip("/")
        tasks = _tasks(folder, base)
        memory = _memory(folder, base) if top == MOUNT else []
        refused = _refused(folder, base, local)
        ceilings += tasks + memory
        events += refused
        if memory:
            events += _memory_events(folder, base)
    return tuple(ceilings), tuple(events)


def number(text: Optional[str]) -> Optional[int]:
    """A number of a cgroup file; None for ``max`` and for a file that is not there."""
    return int(text) if text is not None and text.isdigit() else None


def counters(text: Optional[str]) -> Dict[str, int]:
    """The lines of a flat keyed file such as memory.events."""
    pairs = (line.split() for line in (text or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _tasks(folder: Folder, base: str) -> List[Ceiling]:
    limit = number(folder.read("pids.max"))
    if limit is None:
        return []
    scope, subject = name_of(folder.path)
    used = number(folder.read("pids.current"))
    return [simple(PIDS, scope, subject, limit, used, f"{base}/pids.max", folder.path)]


def _memory(folder: Folder, base: str) -> List[Ceiling]:
    limits = [
        (resource, attribute, limit)
        for resource, attribute in ((MEMORY, "memory.max"), (MEMORY_HIGH, "memory.high"))
        for limit in [number(folder.read(attribute))]
        if limit is not None
    ]
    if not limits:
        return []
    scope, subject = name_of(folder.path)
    used = number(folder.read("memory.current"))
    if used is not None and used * WORTH_ASKING >= min(limit for _what, _name, limit in limits):
        stat = counters(folder.read("memory.stat"))
        used = max(0, used - sum(stat.get(name, 0) for name in CACHES))
    return [
        simple(resource, scope, subject, limit, used, f"{base}/{attribute}", folder.path)
        for resource, attribute, limit in limits
    ]


def _refused(folder: Folder, base: str, local: bool) -> List[Event]:
    attribute = "pids.events"
    count = counters(folder.read(attribute)).get("max", 0)
    if not count:
        return []
    own = counters(folder.read("pids.events.local")) if local else {}
    if "max" in own:
        attribute, count = "pids.events.local", own["max"]
    if not count:
        return []
    return [
        Event(
            "forks", *name_of(folder.path), count, "max" in own, folder.path, f"{base}/{attribute}"
        )
    ]


def _memory_events(folder: Folder, base: str) -> List[Event]:
    # "oom" is counted where the limit is, "oom_kill" where the victim was
    own = "memory.events.local"
    text = folder.read(own)
    if text is None:
        # before Linux 5.2 memory.events itself was about the cgroup alone
        own = "memory.events"
        text = folder.read(own)
    counted = counters(text)
    scope, subject = name_of(folder.path)
    return [
        Event(what, scope, subject, counted[word], True, folder.path, f"{base}/{own}")
        for what, word in (("memory", "oom"), ("throttled", "high"))
        if counted.get(word)
    ]
