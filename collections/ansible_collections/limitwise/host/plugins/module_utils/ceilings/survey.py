# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every ceiling of a running host, read in this process: no fork, no command, nothing written.

The room's interface; everything else in it is a part of this:

``survey(host, asked=NOTHING) -> Survey``
    ``Survey(ceilings, events)``: each :class:`~.ceiling.Ceiling` is finite and has resource, scope,
    subject, limit, used, headroom, source, binding; ``percent`` is how much of it is gone and
    ``as_dict()`` the JSON contract. ``asked = Asked(users=True)`` counts inotify too (reads every
    process's descriptors), ``Asked(processes=(pid, ...))`` adds the rlimits of these processes.
    HostError when the host is an image or has no /proc.
``ceiling.tightest(ceilings, at_least=50)``
    those of which so many percent are gone, the fullest first.
``ceiling.binding(ceilings, group, dimension="tasks")``
    the one that a cgroup (``"/system.slice/ssh.service"``; ``""``: the host) hits first.
``ceiling.effective(ceilings, group, resource)``
    the lowest limit over all ancestors: EffectiveTasksMax=, EffectiveMemoryMax= of systemd.
``judge.judge(survey) -> findings``
    LW7nn: nearly exhausted, forks refused, memory run out or throttled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Tuple

from ..findings import HostError, Place
from ..host.machine import Host
from .ceiling import Ceiling, marked
from .groups import Event, read_groups
from .host_wide import read_host
from .inotify import read_users
from .per_process import read_processes


@dataclass(frozen=True)
class Asked:
    """What is read besides, since it takes long."""

    users: bool = False
    processes: Tuple[int, ...] = ()


NOTHING = Asked()


@dataclass(frozen=True)
class Survey:
    """The ceilings of a host at one moment, and what they have refused so far."""

    ceilings: Tuple[Ceiling, ...]
    events: Tuple[Event, ...] = ()


def survey(host: Host, asked: Asked = NOTHING) -> Survey:
    """Read all ceilings of a host that runs, with ``binding`` set."""
    if not host.running or host.proc("loadavg") is None:
        raise HostError(
            "this is no running system: it has no /proc", place=Place(host.files.root),
            remedy="ceilings are what a kernel enforces now; of an image only files can be read",
        )
    groups, events = read_groups(host)
    found: List[Ceiling] = [*read_host(host), *groups]
    if asked.users:
        found.extend(read_users(host))
    found.extend(read_processes(host, asked.processes))
    return Survey(marked(found), events)
