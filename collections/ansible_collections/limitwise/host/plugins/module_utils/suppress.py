# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching a rule off where it stands: ``# limitwise: ignore LW102``, there or the line above."""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, Iterable, List

from .findings import Finding
from .formats.text import split

MARK = re.compile(r"[#;].*?\blimitwise: *ignore((?:[ ,]+LW[0-9]{3})+)")
CODE = re.compile(r"LW[0-9]{3}")


def kept(
    findings: Iterable[Finding], data: bytes, ignored: Iterable[str] = ()
) -> List[Finding]:
    """The findings that neither the file's own comments nor ``ignored`` codes switch off."""
    codes = frozenset(ignored)
    marks = _marks(data)
    return [
        finding
        for finding in findings
        if finding.code not in codes and finding.code not in marks.get(finding.place.line or 0, ())
    ]


def _marks(data: bytes) -> Dict[int, FrozenSet[str]]:
    """Line number -> the codes that are switched off there."""
    if b"limitwise:" not in data:
        return {}
    marks: Dict[int, FrozenSet[str]] = {}
    for line in split(data):
        match = MARK.search(line.text)
        if match is None:
            continue
        codes = frozenset(CODE.findall(match.group(1)))
        alone = line.text.lstrip().startswith(("#", ";"))
        covered = (line.number, line.number + 1) if alone else (line.number,)
        for number in covered:
            marks[number] = marks.get(number, frozenset()) | codes
    return marks
