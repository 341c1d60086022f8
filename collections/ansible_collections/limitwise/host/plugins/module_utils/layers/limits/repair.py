# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a broken line of limits.conf was meant to be, where there is only one answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from ...catalogue import limits as catalogue
from ...formats.limits_conf import Entry, Rejected, lowered
from .effective import BOTH, HARD, SOFT

TYPES = (SOFT, HARD, BOTH)
MEANT_BOTH = ("all", "any", "soft,hard", "hard,soft", "soft/hard", "soft+hard", "softhard")
VALUE = re.compile(r"-?[0-9]+[a-z]*|unlimited|infinity", re.IGNORECASE)
JOINED = re.compile(r"([a-z]+)[=:]?([0-9]+|unlimited|infinity)", re.IGNORECASE)
EVERYBODY = "*"
# Nobody means a known word by a longer one.
LONGEST_WORD = 40

# Characters that look like ASCII ones and are not; what they stand for.
LOOKALIKES = {
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u201a\u2032\u2033`", ""),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " "),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2217\u22c6\uff0a\ufe61", "*"),
    **dict.fromkeys("\uff20\ufe6b", "@"),
    **dict.fromkeys("\uff05\ufe6a", "%"),
}
TRANSLATION = str.maketrans(LOOKALIKES)
QUOTES = "\"'`"
QUOTED = re.compile(r"(?<![^ \t])([\"'])([^\"' \t]*)\1(?![^ \t])")


@dataclass(frozen=True)
class Repair:
    """The word that was meant and the whole line as it should stand; None: there is no one answer.

    ``domain_missing`` is the verdict that a domain has been left out.
    """

    word: Optional[str] = None
    line: Optional[str] = None
    domain_missing: bool = False


NONE = Repair()


def plain(text: str) -> Tuple[Optional[str], str]:
    """The first character or quoted word that only looks right, and the text put right."""
    code, sharp, comment = text.partition("#")
    strange = next((character for character in code if character in LOOKALIKES), None)
    right = QUOTED.sub(r"\2", code.translate(TRANSLATION))
    if right == code:
        return None, text
    if strange is None:
        quoted = QUOTED.search(code)
        strange = quoted.group() if quoted else None
    return strange, right + sharp + comment


def item_meant(word: str) -> Optional[str]:
    """The item that a word is or was meant to be."""
    low = lowered(word[:LONGEST_WORD])
    return low if catalogue.lookup(low) is not None else catalogue.nearest_item(low)


def type_meant(word: str) -> Optional[str]:
    """The type that a word is or was meant to be."""
    low = lowered(word)
    if low in TYPES:
        return low
    return BOTH if low in MEANT_BOTH else catalogue.nearest_type(low)


def of_skipped(line: Rejected) -> Repair:
    """A line with a wrong number of fields."""
    if len(line.fields) != 3:
        return NONE
    for attempt in (_without_domain, _joined_domain, _joined_value, _joined_type):
        meant = attempt(line, *line.fields)
        if meant is not NONE:
            return meant
    return NONE


def _without_domain(line: Rejected, first: str, second: str, third: str) -> Repair:
    """``soft nproc 65536``, ``nproc - 65536``"""
    if not VALUE.fullmatch(third):
        return NONE
    for kind, item in ((first, second), (second, first)):
        if lowered(kind) in TYPES and item_meant(item):
            whole = _put(line, (0, f"{EVERYBODY} {kind}"), (1, _spelled(item)))
            return Repair(EVERYBODY, whole, domain_missing=True)
    return NONE


def _joined_domain(line: Rejected, first: str, second: str, _third: str) -> Repair:
    """``*hard nofile 65536``"""
    if first[:1] != EVERYBODY or lowered(first[1:]) not in TYPES or not item_meant(second):
        return NONE
    words = f"{EVERYBODY} {first[1:]}"
    return Repair(words, _put(line, (0, words), (1, _spelled(second))))


def _joined_value(line: Rejected, _first: str, second: str, third: str) -> Repair:
    """``* hard nofile=65536``"""
    joined = JOINED.fullmatch(third)
    if lowered(second) not in TYPES or joined is None or not catalogue.lookup(joined.group(1)):
        return NONE
    words = f"{joined.group(1)} {joined.group(2)}"
    return Repair(words, _put(line, (2, words)))


def _joined_type(line: Rejected, _first: str, second: str, _third: str) -> Repair:
    """``* -nofile 65536``"""
    for word in TYPES:
        rest = second[len(word) :]
        if lowered(second).startswith(word) and catalogue.lookup(rest):
            words = f"{second[: len(word)]} {rest}"
            return Repair(words, _put(line, (1, words)))
    return NONE


def of_type(entry: Entry, text: str) -> Repair:
    """A line whose type is none."""
    if lowered(entry.domain) in TYPES and item_meant(entry.type):
        # "soft nproc 65536 words": a fourth field, but of a line without its domain
        return Repair(EVERYBODY, None, True)
    if catalogue.lookup(lowered(entry.type)) and lowered(entry.item) in TYPES:
        swapped = _replace(text, (entry.type_column, entry.type, entry.item),
                           (entry.item_column, entry.item, entry.type))  # fmt: skip
        return Repair(entry.item, swapped)
    meant = type_meant(entry.type)
    if meant is None:
        return NONE
    return Repair(meant, _replace(text, (entry.type_column, entry.type, meant)))


def of_item(entry: Entry, text: str) -> Repair:
    """A line whose item is none."""
    meant = item_meant(entry.item)
    if meant is None:
        return NONE
    return Repair(meant, _replace(text, (entry.item_column, entry.item, meant)))


def of_value(entry: Entry, text: str, suggestion: Optional[str]) -> Repair:
    """A line whose value is misread: put right where only its dress was wrong."""
    if suggestion is None:
        return NONE
    bare = re.sub(r"[\"'_;,\s]", "", entry.value)
    is_certain = suggestion in (bare, "unlimited")
    right = _replace(text, (entry.value_column, entry.value, suggestion))
    return Repair(suggestion, right if is_certain else None)


def with_value(entry: Entry, text: str, value: str) -> str:
    """The line with another value."""
    return _replace(text, (entry.value_column, entry.value, value))


def _spelled(word: str) -> str:
    return item_meant(word) or word


def _put(line: Rejected, *changes: Tuple[int, str]) -> str:
    return _replace(
        line.text, *((line.columns[index], line.fields[index], new) for index, new in changes)
    )


def _replace(text: str, *changes: Tuple[int, str, str]) -> str:
    """The text with words at their columns replaced, from the last to the first."""
    ordered: Sequence[Tuple[int, str, str]] = sorted(changes, reverse=True)
    for column, old, new in ordered:
        text = text[: column - 1] + new + text[column - 1 + len(old) :]
    return text
