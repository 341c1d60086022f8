# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the ceilings of a running host: what is nearly used up, what was refused (LW7nn)."""

from __future__ import annotations

from .rule import Rule

LAYER = "ceilings"

NEARLY_EXHAUSTED = Rule(
    "LW701", "nearly-exhausted", LAYER, "warning",
    "{what}: {used} of {limit} in use, {headroom} left; {remedy}",
    "The next burst fails: fork and pthread_create with EAGAIN, open with EMFILE or ENFILE, memory "
    "by a kill. An error from 95 % on, when a login may already be impossible.",
)
FORKS_REFUSED = Rule(
    "LW702", "forks-refused", LAYER, "warning",
    "{what} has refused {found} forks at its own pids.max since it was made; {remedy}",
    "pids.events.local counts them in the cgroup whose limit it was (Linux 6.11 and newer); the "
    "program said 'Resource temporarily unavailable'.",
)
FORKS_FAILED_IN = Rule(
    "LW703", "forks-failed-in", LAYER, "warning",
    "{found} forks of processes in {what} failed at a pids.max, its own or that of a cgroup "
    "around it; the first to be hit now is {binding}",
    "Kernels up to 6.10 count in pids.events of the cgroup that forked, whosever limit was hit: "
    "the slice that refused shows 0.",
)
OUT_OF_MEMORY = Rule(
    "LW704", "out-of-memory", LAYER, "warning",
    "{what} ran out of memory {found} times at its own memory.max; {remedy}",
    "Something in it was killed each time (memory.events.local: oom).",
)
THROTTLED = Rule(
    "LW705", "throttled", LAYER, "warning",
    "{what} is held at its memory.high (throttled {found} times): it gets slower and is never "
    "killed; {remedy}",
    "A working set above memory.high that cannot be swapped out is throttled for ever, and "
    "everyone in the cgroup with it: 'super slow', high load, no kill.",
)
FALSE_FIX = Rule(
    "LW706", "out-of-reach", LAYER, "info",
    "{what} allows {found} but can never have them: {outer} allows {limit} for all inside it",
    "A clone() fails at the lowest ceiling of all: raising one and leaving the next is the classic "
    "false fix.",
)

RULES = (
    NEARLY_EXHAUSTED, FORKS_REFUSED, FORKS_FAILED_IN, OUT_OF_MEMORY, THROTTLED, FALSE_FIX,
)
