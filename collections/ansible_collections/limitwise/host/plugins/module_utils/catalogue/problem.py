# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with one value: the error that parsers raise and the problem that checks return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Iterable, Optional, Tuple

INFINITY = 2**64 - 1
"""No limit, as systemd and RLIM_INFINITY write it in 64 bits."""

ERROR = "error"
WARNING = "warning"

VALUE = "value"
NAME = "name"


class ValueKindError(ValueError):
    """A text that its reader would refuse, drop or misread.

    `message` says what is wrong, `suggestion` is the whole right spelling (None when unknown).
    """

    def __init__(self, message: str, suggestion: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a key or value; the caller adds the place.

    `severity` is "error" (refused, dropped or misread) or "warning" (accepted, but nonsense);
    `path` is the JSON pointer of what is wrong in daemon.json, empty elsewhere. `about` says
    whether it is the "value" there or its "name"; `suggestion` is a right one, as files spell it.
    """

    severity: str
    message: str
    suggestion: Optional[str] = None
    path: str = ""
    about: str = VALUE


def sensible(
    problems: Iterable[Problem], check: Callable[[str], Iterable[Problem]]
) -> Tuple[Problem, ...]:
    """The problems without the suggestions that the same check would call an error."""

    def is_taken(text: str) -> bool:
        return not any(one.severity == ERROR for one in check(text))

    return tuple(
        one if one.suggestion is None or is_taken(one.suggestion)
        else replace(one, suggestion=None)
        for one in problems
    )
