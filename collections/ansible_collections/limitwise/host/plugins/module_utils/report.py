# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: what every way in returns, as the JSON contract has it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Optional, Tuple

from .acts import Act, FileImage, WriteFile
from .change import Change
from .findings import Finding, errors, in_order
from .redact import text as redacted


@dataclass(frozen=True)
class FileDiff:
    """One file before and after, as text without credentials; for diff mode."""

    path: str
    before: str
    after: str

    def unified(self) -> str:
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"{self.path} (before)",
            f"{self.path} (after)",
        )
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


@dataclass(frozen=True)
class Report:
    """``ok``: no finding of severity error. ``run_id``: None when nothing was written."""

    changes: Tuple[Change, ...] = ()
    findings: Tuple[Finding, ...] = ()
    skipped: Tuple[str, ...] = ()
    run_id: Optional[str] = None
    files: Tuple[FileDiff, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return not errors(self.findings)

    def as_dict(self) -> Dict[str, Any]:
        return {
            "ok": self.ok,
            "run_id": self.run_id,
            "changes": [change.as_dict() for change in self.changes],
            "findings": [finding.as_dict() for finding in in_order(self.findings)],
            "skipped": list(self.skipped),
        }


def file_diffs(acts: Iterable[Act]) -> Tuple[FileDiff, ...]:
    """A diff for every file that the acts write."""
    found: List[FileDiff] = []
    for act in acts:
        if isinstance(act, WriteFile):
            found.append(FileDiff(act.path, _shown(act, act.before), _shown(act, act.after)))
    return tuple(found)


def _shown(act: WriteFile, image: Optional[FileImage]) -> str:
    if image is None:
        return ""
    return redacted(act.format or "text", image.data).decode("utf-8", "replace")
