# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with limits of several layers together, or with them and this host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import FrozenSet, Iterator, List, Optional, Sequence

from .catalogue import kinds
from .catalogue.rules import consistency as rules
from .catalogue.systemd_values import Share
from .findings import Finding
from .host.machine import Host
from .tuning import Item

MEMINFO = re.compile(r"^MemTotal:\s+([0-9]+) kB$", re.MULTILINE)
DOCKER_NOFILE = re.compile(r"/default-ulimits/nofile/(?:Soft|Hard)")
WHOLE = 10000  # a Share of 100%


@dataclass(frozen=True)
class Ceilings:
    """The host's own ceilings, as they will be with the tuning; None: unknown."""

    nr_open: Optional[int] = None
    threads_max: Optional[int] = None
    pid_max: Optional[int] = None
    memory: Optional[int] = None  # bytes


def check(items: Sequence[Item]) -> List[Finding]:
    """What the tuning alone contradicts itself in."""
    return list(_check(items, wanted(items)))


def check_on(host: Host, items: Sequence[Item]) -> List[Finding]:
    """What the tuning and the host contradict each other in, besides what :func:`check` says."""
    said = set(check(items))
    return [finding for finding in _check(items, ceilings(host, items)) if finding not in said]


def wanted(items: Sequence[Item]) -> Ceilings:
    """The ceilings that the tuning itself names."""

    def sysctl(path: str) -> Optional[int]:
        for item in items:
            if item.layer == "sysctl" and item.key == path:
                return kinds.as_int("ulong", item.text)
        return None

    return Ceilings(sysctl("fs/nr_open"), sysctl("kernel/threads-max"), sysctl("kernel/pid_max"))


def ceilings(host: Host, items: Sequence[Item]) -> Ceilings:
    """Those that will be in force: these sysctls are only raised, so the higher value holds."""
    named = wanted(items)

    def higher(path: str, value: Optional[int]) -> Optional[int]:
        present = kinds.as_int("ulong", host.sysctl(path) or "")
        return max((one for one in (present, value) if one is not None), default=None)

    total = MEMINFO.search(host.proc("meminfo") or "")
    return Ceilings(
        higher("fs/nr_open", named.nr_open),
        higher("kernel/threads-max", named.threads_max),
        higher("kernel/pid_max", named.pid_max),
        int(total.group(1)) * 1024 if total else None,
    )


def _check(items: Sequence[Item], top: Ceilings) -> Iterator[Finding]:
    for item in items:
        if item.layer == "limits":
            yield from _login(item, top)
        elif item.layer == "docker_daemon" and DOCKER_NOFILE.fullmatch(item.key):
            if _above(item, "ulong", top.nr_open):
                yield rules.CONTAINER_ABOVE_NR_OPEN.at(
                    item.place, found=item.text, what=item.key, nr_open=top.nr_open
                )
        elif item.key == "LimitNOFILE" and _above(item, "rlimit-count", top.nr_open):
            yield rules.UNIT_ABOVE_NR_OPEN.at(
                item.place, layer=item.layer, found=item.text, what=item.name, nr_open=top.nr_open
            )
        elif item.key == "TasksMax" and _above(item, "tasks", top.pid_max):
            yield rules.TASKS_ABOVE_PID_MAX.at(
                item.place, layer=item.layer, found=item.text, what=item.name, pid_max=top.pid_max
            )
    yield from _caps(items, top.memory)


def _login(item: Item, top: Ceilings) -> Iterator[Finding]:
    name = item.key.rpartition(" ")[2]
    if name == "nofile" and _above(item, "pam-count", top.nr_open):
        yield rules.LOGIN_ABOVE_NR_OPEN.at(
            item.place, found=item.text, what=item.name, nr_open=top.nr_open
        )
    half = top.threads_max // 2 if top.threads_max is not None else None
    if name == "nproc" and _above(item, "pam-count", half):
        yield rules.NPROC_ABOVE_HALF.at(
            item.place, found=item.text, what=item.name, threads_max=top.threads_max
        )


def _above(item: Item, kind: str, limit: Optional[int]) -> bool:
    """Whether the item's number is above the limit; no limit (infinity) never is."""
    if limit is None:
        return False
    if kind == "rlimit-count":
        # "soft:hard": the hard one is the higher
        number = kinds.as_int(kind, item.text.rpartition(":")[2])
    else:
        number = kinds.as_int(kind, item.text)
    return number is not None and limit < number < kinds.INFINITY


def _caps(items: Sequence[Item], memory: Optional[int]) -> Iterator[Finding]:
    """The caps of trees that are not inside each other, added up."""
    caps = [
        (item, share)
        for item in items
        if item.layer == "slices" and item.key == "MemoryMax"
        for share in [_share(item.text, memory)]
        if share is not None
    ]
    capped = {item.subject for item, _share_of in caps}
    outer = [(item, share) for item, share in caps if not _ancestors(item.subject) & capped]
    total = sum(share for _item, share in outer)
    if len(outer) > 1 and total > WHOLE:
        last = outer[-1][0]
        yield rules.CAPS_ABOVE_RAM.at(
            last.place,
            found=f"{total / 100:g}% of RAM",
            what=", ".join(item.subject for item, _share_of in outer),
        )


def _share(text: str, memory: Optional[int]) -> Optional[float]:
    """A cap in hundredths of a percent of RAM; None when it is none or cannot be known."""
    try:
        amount = kinds.parse("memory", text)
    except kinds.ValueKindError:
        return None
    if isinstance(amount, Share):
        return float(amount.permyriad)
    if not isinstance(amount, int) or memory is None or amount >= kinds.INFINITY:
        return None
    return min(1.0, amount / memory) * WHOLE


def _ancestors(unit: str) -> FrozenSet[str]:
    """``a-b.slice`` and the template ``a-.slice`` are in ``a.slice``; all are in ``-.slice``."""
    parts = unit[: -len(".slice")].split("-") if unit.endswith(".slice") else []
    inside = {"-".join(parts[:length]) + ".slice" for length in range(1, len(parts))}
    return frozenset((inside | {"-.slice"}) - {unit})
