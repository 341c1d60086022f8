# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings and errors: what Limitwise has to say, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

ERROR = "error"
WARNING = "warning"
INFO = "info"
SEVERITIES = (ERROR, WARNING, INFO)


@dataclass(frozen=True)
class Place:
    """A position in a file or document; line and column count from 1."""

    file: Optional[str] = None
    line: Optional[int] = None
    column: Optional[int] = None

    def __str__(self) -> str:
        parts = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return ":".join(parts)


NOWHERE = Place()


@dataclass(frozen=True)
class Finding:
    """Something wrong; ``suggestion`` is the right word, ``fixed_line`` the whole right line."""

    code: str
    severity: str
    layer: str
    message: str
    place: Place = NOWHERE
    found: Optional[str] = None
    suggestion: Optional[str] = None
    fixed_line: Optional[str] = None

    def as_dict(self) -> Dict[str, Any]:
        """The finding as the JSON contract has it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "layer": self.layer,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message,
            "found": self.found,
            "suggestion": self.suggestion,
            "fixed_line": self.fixed_line,
        }

    def __str__(self) -> str:
        where = f"{self.place}: " if str(self.place) else ""
        text = f"{where}{self.severity} {self.code}: {self.message}"
        if self.suggestion is not None:
            text += f" (did you mean {self.suggestion!r}?)"
        return text


def errors(findings: Iterable[Finding]) -> List[Finding]:
    """Only the findings of severity error, in their order."""
    return [finding for finding in findings if finding.severity == ERROR]


def in_order(findings: Iterable[Finding]) -> Tuple[Finding, ...]:
    """Findings sorted as a person reads: by file, line, column, then severity; duplicates once."""

    def position(finding: Finding) -> Tuple[str, int, int, int, str]:
        place = finding.place
        rank = SEVERITIES.index(finding.severity)
        return (place.file or "", place.line or 0, place.column or 0, rank, finding.code)

    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=position))


class LimitwiseError(Exception):
    """Anything that stops a run: what happened, where, and what helps."""

    def __init__(self, message: str, *, place: Place = NOWHERE, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.place}: " if str(self.place) else ""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{where}{self.message}{remedy}"


class InputError(LimitwiseError):
    """The caller's document or words cannot be used."""


class HostError(LimitwiseError):
    """The host refused: missing rights, read-only or full file system, a command that failed."""


class LockedError(HostError):
    """Another run holds the host."""


class FindingsError(InputError):
    """The document has findings of severity error; nothing was written."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        wrong = errors(self.findings)
        first = f"; the first: {wrong[0]}" if wrong else ""
        noun = "error" if len(wrong) == 1 else "errors"
        super().__init__(f"{len(wrong)} {noun} found, nothing was written{first}")
