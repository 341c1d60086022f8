# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about a run on a host: ownership, present use, reading back, rolling back (LW6nn)."""

from __future__ import annotations

from .rule import Rule

OTHER_OWNER = Rule(
    "LW601", "other-owner", "run", "error",
    "the file belongs to the owner {found!r}, not to {owner!r}; say adopt to take it over",
    "Two writers with different documents would undo each other's settings for ever.",
)
BELOW_USE = Rule(
    "LW602", "below-present-use", "run", "error",
    "{what} would go to {found}, but {used} are in use now and a margin of {margin} is kept",
    "A ceiling below its present use makes the next fork, open or allocation fail at once.",
)
NOT_IN_FORCE = Rule(
    "LW603", "not-in-force", "run", "error",
    "{what} is {found}, wanted {wanted}",
    "The value was read back from the kernel, systemd or Docker and is not the wanted one.",
)
NOT_PERSISTENT = Rule(
    "LW604", "not-persistent", "run", "error",
    "{what} will be {found} after the next boot, wanted {wanted}",
    "The value in force now would be lost, or another file overrides ours.",
)
EDITED_SINCE = Rule(
    "LW605", "edited-since", "run", "error",
    "somebody has edited what run {run} wrote: {what}",
    "Rolling back would destroy work that Limitwise knows nothing about.",
)
LATER_RUN = Rule(
    "LW606", "changed-by-later-run", "run", "warning",
    "{what} was changed by the later run {found}; it is left as it is",
    "A later run holds the value now: roll that one back first.",
)
KERNEL_MOVED = Rule(
    "LW607", "runtime-moved", "run", "warning",
    "{what} is {found} now, not the {wanted} that run {run} had set; it is left as it is",
    "Another program wrote the value after the run.",
)
FAILED = Rule(
    "LW608", "run-failed", "run", "error",
    "{found}; {outcome}",
    "An act of the run failed; what had been done was taken back in reverse order.",
)
UNFINISHED = Rule(
    "LW609", "unfinished-run", "run", "warning",
    "run {found} was killed before it ended; this run completes or replaces it",
    "Its journal is whole: it can still be rolled back.",
)
STILL_NEEDED = Rule(
    "LW610", "act-still-needed", "run", "warning",
    "{what} takes effect at the next {found}",
    "The file is right, but what runs now keeps its old limit until then.",
)
UNCONFIRMED = Rule(
    "LW611", "unconfirmed", "run", "info",
    "the host rolls back by itself unless run {found} is confirmed within {seconds} s",
    "Commit-confirm: a tuning that locks its administrator out takes itself back.",
)

RULES = (
    OTHER_OWNER, BELOW_USE, NOT_IN_FORCE, NOT_PERSISTENT, EDITED_SINCE, LATER_RUN, KERNEL_MOVED,
    FAILED, UNFINISHED, STILL_NEEDED, UNCONFIRMED,
)
