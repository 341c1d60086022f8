# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read: findings, changes and runs as plain text."""

from __future__ import annotations

from typing import Iterable, List, Sequence

from ansible_collections.limitwise.host.plugins.module_utils.change import ALL, NOTHING, Change
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    Finding,
    errors,
    in_order,
)
from ansible_collections.limitwise.host.plugins.module_utils.journal import Run
from ansible_collections.limitwise.host.plugins.module_utils.report import Report


def findings(found: Iterable[Finding]) -> str:
    """A line per finding, and the right line below where it is known."""
    lines: List[str] = []
    for finding in in_order(found):
        lines.append(printable(str(finding)))
        if finding.fixed_line is not None:
            lines.append(f"    should be: {printable(finding.fixed_line)}")
    return "".join(line + "\n" for line in lines)


def notes(said: Iterable[str]) -> str:
    """A line per note."""
    return "".join(f"note: {printable(one)}\n" for one in said)


def changes(made: Sequence[Change], *, pending: bool) -> str:
    """A table of changes; after a run with what was read back."""
    rows = [("", "key", "before", "after", "in force" if not pending else "next boot", "")]
    for change in made:
        last = change.persistent if pending else change.runtime
        rows.append((
            change.layer, change.name, _value(change.before), _value(change.after, "original"),
            _value(last), _note(change),
        ))
    return table(rows) if made else ""


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]
    return "".join(line.rstrip() + "\n" for line in lines)


def printable(text: str) -> str:
    """Text that cannot play with a terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def report(result: Report, *, pending: bool, diff: bool = False) -> str:
    """A whole report, ending in one line that sums it up."""
    parts = [findings(result.findings), changes(result.changes, pending=pending)]
    if diff:
        parts.extend(one.unified() for one in result.files)
    parts.append(summary(result, pending=pending) + "\n")
    return "\n".join(part for part in parts if part)


def summary(result: Report, *, pending: bool) -> str:
    """One line: what was done or is to be done."""
    wrong = len(errors(result.findings))
    if wrong:
        return f"{count(wrong, 'error')}."
    if not result.changes:
        return "Nothing to do."
    if pending:
        return f"{count(len(result.changes), 'change')} pending."
    return f"{count(len(result.changes), 'change')} made, run {result.run_id}."


def history(runs: Sequence[Run]) -> str:
    """A line per run, oldest first."""
    if not runs:
        return "No runs.\n"
    rows = [("run", "what", "state", "owner", "changes", "layers")]
    for run in runs:
        what = f"{run.what} of {run.of}" if run.of else run.what
        rows.append(
            (run.id, what, run.state, run.owner, str(len(run.changes)), " ".join(run.layers))
        )
    return table(rows)


def count(number: int, noun: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _value(value: str | None, missing: str = "-") -> str:
    return missing if value is None else value.replace("\t", " ")


def _note(change: Change) -> str:
    notes = []
    if change.takes_effect != NOTHING:
        notes.append(f"needs {change.takes_effect}")
    if change.applies_to != ALL:
        notes.append(change.applies_to)
    return ", ".join(notes)
