# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule: one code, its severity, its words, and why it exists; findings are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ...findings import NOWHERE, Finding, Place


@dataclass(frozen=True)
class Rule:
    """One thing that Limitwise looks for.

    ``message`` is a format text; its names are filled by :meth:`at`. ``why`` is for the reference
    page: what happens to the host and where that is known from.
    """

    code: str
    name: str
    layer: str
    severity: str
    message: str
    why: str

    def at(
        self,
        place: Place = NOWHERE,
        *,
        found: Optional[str] = None,
        suggestion: Optional[str] = None,
        fixed_line: Optional[str] = None,
        layer: Optional[str] = None,
        severity: Optional[str] = None,
        **words: object,
    ) -> Finding:
        """The finding of this rule at a place; ``words`` fill the message."""
        message = self.message.format(found=found, suggestion=suggestion, **words)
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            layer=layer or self.layer,
            message=message,
            place=place,
            found=found,
            suggestion=suggestion,
            fixed_line=fixed_line,
        )
