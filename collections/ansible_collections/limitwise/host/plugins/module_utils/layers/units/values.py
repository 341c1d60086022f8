# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One limit in its three spellings: a unit file's, systemd's own figure, a cgroup attribute's.

Source: systemd.resource-control(5), src/basic/limits-util.c and src/core/cgroup.c of systemd 257,
Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Dict, Optional, Tuple

from ...catalogue import kinds
from ...catalogue.problem import ERROR
from ...catalogue.systemd_values import Share
from ...catalogue.unit_directive import Directive
from ...catalogue.unit_directives import check_value

INFINITY = "infinity"
WHOLE = 10000  # hundredths of a percent
PERIOD = 100000  # microseconds: systemd's CPUQuotaPeriodSec= unless it is set

COMMENT = re.compile(r"\s+[#;].*", re.DOTALL)
"""What somebody took for a comment at a line's end."""

MEMORY_KINDS = ("memory", "memory-or-0")


@dataclass(frozen=True)
class Totals:
    """What percentages are parts of: bytes of RAM, tasks of the system; None when unknown.

    ``tasks`` is min(threads-max, pid_max - 1, pids.max of the root); systemd rounds shares of
    memory down to whole pages of ``page`` bytes, as the kernel does with every size.
    """

    memory: Optional[int] = None
    tasks: Optional[int] = None
    page: int = 4096


UNKNOWN = Totals()


def resolved(kind: str, text: str, totals: Totals) -> object:
    """A value as what it comes to on a host; a share stays one where its whole is unknown."""
    try:
        value = kinds.parse(kind, text)
    except kinds.ValueKindError:
        return ("text", text)
    if kind == "tasks" and isinstance(value, Share) and totals.tasks is not None:
        return totals.tasks * value.permyriad // WHOLE
    if kind in MEMORY_KINDS:
        if isinstance(value, Share) and totals.memory is not None:
            value = totals.memory // totals.page * value.permyriad // WHOLE * totals.page
        if isinstance(value, int) and value != kinds.INFINITY:
            return value // totals.page * totals.page
    return value


def right_value(directive: Directive, text: str) -> Optional[str]:
    """The value itself when systemd takes it, the one that was certainly meant, or None."""
    bare = COMMENT.sub("", text)
    guesses = [one.suggestion for one in check_value(directive, bare)]
    for candidate in (text, bare, *guesses):
        if candidate and is_taken(directive, candidate):
            return candidate
    return None


def is_taken(directive: Directive, text: str) -> bool:
    """Whether systemd takes a text as the directive's value."""
    return not any(one.severity == ERROR for one in check_value(directive, text))


def same(kind: str, one: str, other: str, totals: Totals) -> bool:
    """Whether two texts come to the same limit on a host."""
    return one == other or resolved(kind, one, totals) == resolved(kind, other, totals)


def number(kind: str, text: str, totals: Totals) -> Optional[int]:
    """The limit as a number (INFINITY for none); None when it is no single number."""
    value = resolved(kind, text, totals)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def raised(kind: str, one: str, other: str) -> str:
    """The higher of two rlimits, soft and hard each; ``one`` where they cannot be compared."""
    left, right = kinds.parse(kind, one), kinds.parse(kind, other)
    if not isinstance(left, tuple) or not isinstance(right, tuple):
        return one
    soft, hard = max(left[0], right[0]), max(left[1], right[1])
    if (soft, hard) in (left, right):
        return one if (soft, hard) == left else other
    return pair(soft, hard)


def pair(soft: int, hard: int) -> str:
    """An rlimit as a unit file writes it."""
    words = [INFINITY if one == kinds.INFINITY else str(one) for one in (soft, hard)]
    return words[0] if soft == hard else ":".join(words)


# --- cgroup attributes -------------------------------------------------------------------------


def _plain(text: str) -> str:
    return INFINITY if text == "max" else text


def _quota(text: str) -> str:
    """``cpu.max``: quota and period in microseconds, as a percentage of one CPU."""
    quota, _blank, period = text.partition(" ")
    if quota == "max":
        return INFINITY
    permyriad = int(quota) * WHOLE // int(period or PERIOD)
    whole, rest = divmod(permyriad, 100)
    return f"{whole}.{rest:02d}%" if rest else f"{whole}%"


def _io_weight(text: str) -> str:
    """``io.weight``: the line of the default; lines for single devices may follow it."""
    words = text.split()
    return words[1] if words[:1] == ["default"] and len(words) > 1 else text


def _cpu_weight(text: str) -> str:
    """``cpu.weight`` reads 0 in an idle cgroup (``cpu.idle`` is 1 then)."""
    return "idle" if text == "0" else text


FROM_ATTRIBUTE: Dict[str, Callable[[str], str]] = {
    "cpu.max": _quota,
    "cpu.weight": _cpu_weight,
    "io.weight": _io_weight,
}


def from_attribute(attribute: str, text: str) -> str:
    """What a cgroup attribute holds, as a unit file would write it (``max`` is infinity)."""
    return FROM_ATTRIBUTE.get(attribute, _plain)(text.strip())


# --- systemd's own figures ---------------------------------------------------------------------

PROPERTIES: Dict[str, Tuple[str, ...]] = {"CPUQuota": ("CPUQuotaPerSecUSec",)}
UNSET = {"": INFINITY, "[not set]": "100"}


def properties(directive: str) -> Tuple[str, ...]:
    """The properties of ``systemctl show`` that tell a directive's figure."""
    if directive.startswith("Limit"):
        return (directive, directive + "Soft")
    return PROPERTIES.get(directive, (directive,))


def from_properties(directive: str, shown: Dict[str, str]) -> Optional[str]:
    """systemd's figure as a unit file would write it; None when it was not shown."""
    names = properties(directive)
    if not all(name in shown for name in names):
        return None
    if directive.startswith("Limit"):
        hard, soft = (shown[name] for name in names)
        return hard if hard == soft else f"{soft}:{hard}"
    if directive == "CPUQuota":
        return _quota_figure(shown[names[0]])
    text = shown[names[0]]
    return UNSET.get(text, text)


def _quota_figure(text: str) -> str:
    """CPUQuotaPerSecUSec= is CPU time in each second of wall time: ``1.5s`` is 150%."""
    span = kinds.as_int("span", text)
    if span is None:
        return text
    return INFINITY if span == kinds.INFINITY else _quota(f"{span} 1000000")
