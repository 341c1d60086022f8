# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernel reads numbers and words written to a file below /proc/sys."""

from __future__ import annotations

import re
from typing import FrozenSet, List, Optional, Tuple

from .problem import ValueKindError

_INTEGER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\Z")
_PORT = re.compile(r"[0-9]{1,10}\Z")
_MULTIPLE = re.compile(r"([0-9]{1,20})\s*([kmgtpe])(?:i?b)?\Z", re.IGNORECASE)
_BLANKS = " \t\n"
_LONGEST_NUMBER = 20
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_WORDS_FOR_BOOLEANS = {"true": "1", "yes": "1", "on": "1", "false": "0", "no": "0", "off": "0"}


def parse_integer(text: str) -> int:
    """The number that proc_get_long (kernel/sysctl.c) reads: decimal, 0x hexadecimal, 0 octal.

    What follows the number is refused here even where the kernel drops it silently.
    Raises ValueKindError.
    """
    word = text.strip(_BLANKS)
    if not _INTEGER.match(word):
        raise ValueKindError(
            "%r is not a whole number" % text if word else "the value is empty",
            _suggest_integer(word),
        )
    if len(word) > _LONGEST_NUMBER:
        raise ValueKindError("%r has more digits than the kernel reads" % text)
    return _value_of(word)


def parse_integers(text: str) -> Tuple[int, ...]:
    """A vector such as tcp_rmem: numbers between blanks and tabs. Raises ValueKindError."""
    words = text.split()
    if not words:
        raise ValueKindError("the value is empty")
    try:
        return tuple(parse_integer(word) for word in words)
    except ValueKindError as error:
        raise ValueKindError(error.message, _suggest_vector(words)) from None


def parse_word(text: str) -> str:
    """One word, such as a congestion control or a queueing discipline. Raises ValueKindError."""
    word = text.strip(_BLANKS)
    if not word:
        raise ValueKindError("the value is empty")
    if word[0] in "\"'" and word[-1] == word[0]:
        raise ValueKindError("quotes would become part of the value", word[1:-1].strip() or None)
    if len(word.split()) != 1:
        raise ValueKindError("%r is more than one word" % text)
    return word


def parse_words(text: str) -> FrozenSet[str]:
    """Words whose order does not matter, such as tcp_allowed_congestion_control."""
    words = frozenset(text.split())
    if not words:
        raise ValueKindError("the value is empty")
    return words


def parse_ranges(text: str) -> Tuple[Tuple[int, int], ...]:
    """Numbers and ranges between commas ("8080,9000-9010"), sorted and joined; may be empty.

    Source: proc_do_large_bitmap (kernel/sysctl.c). Raises ValueKindError.
    """
    found = []
    for part in filter(None, text.replace("\n", "").strip().split(",")):
        low, dash, high = part.partition("-")
        if not _PORT.match(low) or (dash and not _PORT.match(high)):
            raise ValueKindError("%r is not a number or a range such as 8000-8010" % part)
        first, last = int(low), int(high if dash else low)
        if last < first:
            raise ValueKindError(
                "the range %s ends before it starts" % part, "%d-%d" % (last, first)
            )
        found.append((first, last))
    return _joined(sorted(found))


def _joined(ranges: List[Tuple[int, int]]) -> Tuple[Tuple[int, int], ...]:
    joined: List[Tuple[int, int]] = []
    for first, last in ranges:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def _value_of(word: str) -> int:
    digits = word.lstrip("-")
    if digits[:2] in ("0x", "0X"):
        number = int(digits, 16)
    elif len(digits) > 1 and digits[0] == "0":
        number = int(digits, 8)
    else:
        number = int(digits)
    return -number if word[0] == "-" else number


def _suggest_integer(word: str) -> Optional[str]:
    bare = word.strip("\"' \t;,").replace("_", "")
    if _INTEGER.match(bare):
        return bare
    if bare.lower() in _WORDS_FOR_BOOLEANS:
        return _WORDS_FOR_BOOLEANS[bare.lower()]
    multiple = _MULTIPLE.match(bare)
    if multiple:
        return str(int(multiple.group(1)) * 1024 ** _POWERS[multiple.group(2).lower()])
    if re.match(r"[1-9][0-9]{0,2}(,[0-9]{3})+\Z", bare):
        return bare.replace(",", "")
    if re.match(r"0[0-9]+\Z", bare):
        return bare.lstrip("0")
    front = re.match(r"(-?[0-9]+)\s*(?:[#;].*|s|ms|%)\Z", bare)
    return front.group(1) if front else None


def _suggest_vector(words: List[str]) -> Optional[str]:
    suggested = [word if _INTEGER.match(word) else _suggest_integer(word) for word in words]
    if any(word is None for word in suggested):
        return None
    return " ".join(word for word in suggested if word is not None)
