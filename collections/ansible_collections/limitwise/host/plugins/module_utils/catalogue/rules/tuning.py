# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the tuning document as a whole (LW0nn)."""

from __future__ import annotations

from .rule import Rule

UNKNOWN_SECTION = Rule(
    "LW001", "unknown-section", "tuning", "error",
    "there is no layer or policy named {found!r}",
    "A misspelt layer would otherwise be left out in silence and its limits never be raised.",
)
NOT_BUILT = Rule(
    "LW002", "layer-not-built", "tuning", "error",
    "the layer {found!r} is not built yet in this version",
    "The name belongs to the tuning document, but this version cannot apply it; "
    "taking it in silence would promise a limit that nobody sets.",
)
WRONG_SHAPE = Rule(
    "LW003", "wrong-shape", "tuning", "error",
    "{what} must be {wanted}, not {found}",
    "A value of another shape cannot be compared with what the host has.",
)
UNKNOWN_POLICY = Rule(
    "LW004", "unknown-policy", "tuning", "error",
    "policy has no key {found!r}",
    "A misspelt policy would leave the host with the default behaviour.",
)
BAD_POLICY = Rule(
    "LW005", "bad-policy-value", "tuning", "error",
    "policy {what} must be {wanted}, not {found!r}",
    "The policy decides what a run may disrupt; it is never guessed.",
)
CONFLICT = Rule(
    "LW006", "conflict", "tuning", "error",
    "{what} is {found} and {other} at the same priority {priority} (from {names})",
    "Two tunings of equal priority that differ have no right answer: the key is left as it was.",
)
NOT_A_LIMIT = Rule(
    "LW007", "not-a-limit", "tuning", "error",
    "{found} is not a limit: a tuning may not set it ({reason})",
    "A tuning may set limits only. Keys that run programs or change security would make a tuning "
    "a way to root; the host's own /etc/limitwise/allow can name exceptions, key by key.",
)
TWICE = Rule(
    "LW008", "twice", "tuning", "error",
    "{what} is given twice: {first} and {second}",
    "Two spellings of one key in one document contradict each other.",
)
ABOVE_MAXIMUM = Rule(
    "LW009", "above-maximum", "tuning", "error",
    "{what} is {found}, above the maximum {maximum} that the policy states",
    "policy.maximum is the author's own promise of how far a ceiling may be raised.",
)
SKIPPED = Rule(
    "LW010", "layer-skipped", "tuning", "warning",
    "the layer {found} is skipped: {reason}",
    "The host lacks what the layer needs; the other layers are applied.",
)
NO_WAY = Rule(
    "LW011", "unsafe-text", "tuning", "error",
    "{what} holds a character that its file cannot hold: {found!r}",
    "A line break or comment sign inside a value would become another setting.",
)
UNKNOWN_NAME = Rule(
    "LW012", "unknown-policy-name", "tuning", "error",
    "policy {what} names {found!r}, which is no limit",
    "A misspelt name in policy.maximum would bind nobody, and its ceiling be raised without end.",
)

RULES = (
    UNKNOWN_SECTION, NOT_BUILT, WRONG_SHAPE, UNKNOWN_POLICY, BAD_POLICY, CONFLICT, NOT_A_LIMIT,
    TWICE, ABOVE_MAXIMUM, SKIPPED, NO_WAY, UNKNOWN_NAME,
)
