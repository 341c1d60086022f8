# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pam_limits reads the values of limits.conf; what it would misread in silence is an error.

Source: modules/pam_limits/pam_limits.c (process_limit) of Linux-PAM 1.3.1 to 1.7.2.
"""

from __future__ import annotations

import re
from typing import Callable, Optional

from .problem import INFINITY, ValueKindError

_NO_LIMIT = ("-1", "-", "unlimited", "infinity")
_DIGITS = re.compile(r"\+?([0-9]{1,20})\Z")
_MULTIPLE = re.compile(r"([0-9]{1,20})\s*([kmgt])(?:i?b)?\Z", re.IGNORECASE)
_LOOSE_NO_LIMIT = ("unlimit", "unlimted", "infinite", "inf", "max", "none")


def counted_in(unit: int) -> Callable[[str], int]:
    """A parser of a number of `unit` bytes (1 for plain counts), or no limit (INFINITY)."""

    def parse(text: str) -> int:
        word = text.strip().lower()
        if word in _NO_LIMIT:
            return INFINITY
        found = _DIGITS.match(word)
        if found and int(found.group(1)) <= INFINITY:
            return int(found.group(1))
        if word[:1] == "-":
            raise ValueKindError("%r is read as a huge number, not as a negative one" % text)
        raise ValueKindError(_misread(word), _suggest(word, unit))

    return parse


def parse_nice(text: str) -> int:
    """nice and priority: a nice level, -20 to 19; there is no word for "no limit"."""
    found = re.match(r"([+-]?[0-9]{1,3})\Z", text.strip())
    if not found:
        raise ValueKindError("%r is not a nice level of -20 to 19" % text)
    level = int(found.group(1))
    if not -20 <= level <= 19:
        raise ValueKindError("%d is out of the range -20 to 19" % level)
    return level


def parse_flag(text: str) -> int:
    """nonewprivs: 0 or 1."""
    if text.strip() not in ("0", "1"):
        raise ValueKindError("%r is neither 0 nor 1" % text)
    return int(text)


def parse_path(text: str) -> str:
    """chroot (Debian): an absolute path."""
    path = text.strip()
    if not path.startswith("/"):
        raise ValueKindError("%r is not an absolute path" % text)
    return path


def _misread(word: str) -> str:
    front = re.match(r"[0-9]+", word)
    if not word:
        return "the value is empty"
    if front:
        return "%r is read as %s: what follows the digits is dropped in silence" % (
            word,
            front.group(),
        )
    return "%r is not a number, and the line is ignored" % word


def _suggest(word: str, unit: int) -> Optional[str]:
    bare = word.strip("\"' \t;,").replace("_", "")
    if bare in _NO_LIMIT or bare in _LOOSE_NO_LIMIT:
        return "unlimited"
    if _DIGITS.match(bare):
        return bare
    found = _MULTIPLE.match(bare)
    if not found:
        return None
    amount = int(found.group(1)) * 1024 ** (1 + "kmgt".index(found.group(2)))
    return str(amount // unit) if amount >= unit else None
