# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about slices and units (LW3nn)."""

from __future__ import annotations

from typing import Tuple

from .rule import Rule

BAD_NAME = Rule(
    "LW301", "bad-unit-name", "units", "error",
    "{found!r} cannot be a unit with limits: {reason}",
    "A drop-in under a name that systemd never looks up sets nothing, and nobody is told.",
)
UNKNOWN_DIRECTIVE = Rule(
    "LW302", "unknown-directive", "units", "error",
    "systemd knows no {found} in [{section}]: the line does nothing",
    "systemd logs 'Unknown key name' and goes on: the limit does not exist, and "
    "systemd-analyze verify ends with status 0 all the same (systemd#11651).",
)
WRONG_SECTION = Rule(
    "LW303", "wrong-section", "units", "error",
    "{found} has no place in [{section}]: the line does nothing",
    "A directive is read in its own sections only: resource limits in that of the unit's type, "
    "Limit*= never in a slice, because a slice starts no process.",
)
DROPPED = Rule(
    "LW304", "dropped-value", "units", "error",
    "{directive} is not set at all: {reason}",
    "systemd drops a value that it cannot read, and the limit is then none at all: MemoryMax=128g "
    "(lower case), 2GB, TasksMax=unlimited and CPUQuota=50 all mean no limit.",
)
INLINE_COMMENT = Rule(
    "LW305", "inline-comment", "units", "error",
    "{directive} is not set at all: a comment at a line's end is part of the value, {found!r}",
    "Comments have lines of their own in unit files; anything behind the value belongs to it, and "
    "the whole is dropped.",
)
UNKNOWN_SECTION = Rule(
    "LW306", "unknown-unit-section", "units", "error",
    "systemd knows no section [{found}] in a {kind} unit: nothing in it is read",
    "Sections that are not known are skipped with one line in the log; those whose name begins "
    "with X- are meant for other programs.",
)
DEPRECATED = Rule(
    "LW307", "deprecated-directive", "units", "warning",
    "{found} is deprecated: {suggestion} has taken its place",
    "The directives of cgroup v1 are translated for now and go with it: systemd 258 has dropped "
    "cgroup v1.",
)
LIVELOCK = Rule(
    "LW308", "memory-livelock", "units", "error",
    "{subject} has MemoryHigh={high} below MemoryMax={maximum} and no swap: what settles "
    "in between is throttled for ever and never killed",
    "Above MemoryHigh the kernel only slows down and reclaims. Anonymous memory without swap "
    "cannot be reclaimed, so the whole cgroup stalls (memory.pressure full 80 %, oom_kill 0) and "
    "systemd-oomd, which looks for page scans, never acts. Let MemoryMax kill: set "
    "MemoryHigh=infinity, or leave some swap.",
)
HIGH_ALONE = Rule(
    "LW309", "memory-high-without-max", "units", "warning",
    "{subject} has MemoryHigh={high} and {maximum}: nothing ever ends what grows beyond it",
    "MemoryHigh is a brake, not a wall: without a MemoryMax above it a runaway crawls on and holds "
    "its memory; with a MemoryMax at or below it the brake never works.",
)
UNREADABLE_LINE = Rule(
    "LW310", "unreadable-line", "units", "error",
    "systemd does not read this line: {reason}",
    "A line without '=', before any section, or behind a broken section header is skipped with a "
    "message in the log.",
)
OVERRIDDEN = Rule(
    "LW311", "overridden", "units", "error",
    "{what} would stay {found}: this file is read after ours and wins",
    "Drop-ins are sorted by file name across all directories; one that sorts after "
    "zz-limitwise.conf has the last word. Remove the line, rename the file, or name it in "
    "takeover.",
)
LEFTOVER = Rule(
    "LW312", "set-property-leftover", "units", "warning",
    "{what}={found} was left here by systemctl set-property; our value {wanted} wins at the next "
    "reload",
    "set-property writes a second truth beside the unit files; the two drift apart, and who looks "
    "at one of them is misled about the other.",
)
CONTRADICTED = Rule(
    "LW313", "contradicted", "units", "info",
    "{what}={found} here has no effect: our drop-in says {wanted}",
    "Two files of the administrator's say different things about one limit.",
)
TOO_NEW = Rule(
    "LW314", "directive-too-new", "units", "error",
    "{what} needs systemd {since}, the host has {found}: it would be ignored",
    "An older systemd skips a directive that it does not know, and the limit does not exist.",
)
NO_CONTROLLER = Rule(
    "LW315", "no-controller", "units", "error",
    "{what} cannot be enforced: the kernel has no {found} controller switched on",
    "Without the cgroup controller systemd writes the value nowhere. Some distributions boot with "
    "cgroup_disable=memory; kernels without SMP have no cpuset.",
)
NO_SUCH_UNIT = Rule(
    "LW316", "no-such-unit", "units", "warning",
    "the host has no unit {found}: the limit waits for it",
    "A drop-in for a misspelt or missing service is never read.",
)
REPEATED = Rule(
    "LW317", "repeated-directive", "units", "warning",
    "{directive} is set again in line {later}: this line does nothing",
    "Of several assignments of one limit in a file only the last counts.",
)
WRONG_LAYER = Rule(
    "LW318", "wrong-layer", "units", "error",
    "{found} belongs under {suggestion}",
    "Slices and other units are two layers of a tuning, so that one can be purged without "
    "the other.",
)

RULES: Tuple[Rule, ...] = (
    BAD_NAME, UNKNOWN_DIRECTIVE, WRONG_SECTION, DROPPED, INLINE_COMMENT, UNKNOWN_SECTION,
    DEPRECATED, LIVELOCK, HIGH_ALONE, UNREADABLE_LINE, OVERRIDDEN, LEFTOVER, CONTRADICTED, TOO_NEW,
    NO_CONTROLLER, NO_SUCH_UNIT, REPEATED, WRONG_LAYER,
)
