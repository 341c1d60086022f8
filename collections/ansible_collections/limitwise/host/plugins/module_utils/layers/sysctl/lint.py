# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint of existing sysctl files: names, values, and lines that do not do what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Optional, Tuple

from ...catalogue import sysctl as catalogue
from ...catalogue.classes import REFUSED
from ...catalogue.kinds import KINDS, NATURAL_RANGES, ValueKindError
from ...catalogue.problem import ERROR, Problem
from ...catalogue.rules import sysctl as rules
from ...catalogue.sysctl_key import SysctlKey
from ...findings import WARNING, Finding, Place
from ...formats.sysctl_conf import Entry, Rejected, canonical, dotted, parse
from .names import known, removed, suggested
from .values import same

COMMAND = re.compile(r"(?:sysctl\s+)?(?:-w|--write)\s+|sysctl\s+")
SPACED = re.compile(r"([A-Za-z][\w./-]*)\s*[:\s]\s*(\S.*)")
COMMENT = re.compile(r"(\s*)[#;].*", re.DOTALL)
PLAIN_NUMBERS = re.compile(r"-?\d+(\s+-?\d+)*")
DROPPED = "the kernel takes the number and drops the rest"
REFUSED_BY_KERNEL = "the kernel refuses it"

# Looking for a near name takes time; a file with more slips than this is no sysctl file.
MOST_GUESSES = 100
Guess = Callable[[str], Optional[str]]


@dataclass(frozen=True)
class Slip:
    """One thing wrong with a line: its finding, and the right key and value if they are certain."""

    finding: Finding
    key: Optional[str] = None
    value: Optional[str] = None


def lint(data: bytes, file: str) -> List[Finding]:
    """Everything wrong in a file of /etc/sysctl.conf's format; needs no host.

    Names are judged by the catalogue; one that it does not know and that resembles no other is
    a warning only: there are kernels with keys of their own.
    """
    document = parse(data)
    found = [_rejected(line, file) for line in document.rejected]
    first: Dict[str, Entry] = {}
    for entry in document.entries:
        guess = suggested if len(found) < MOST_GUESSES else _no_guess
        slips = [*_name(entry, file, guess), *_value(entry, file)]
        found.extend(_with_fixed_line(slips, entry, document.lines[entry.line - 1].text))
        if not entry.exclude and not entry.glob:
            found.extend(_twice(first.get(entry.path), entry, file))
            first[entry.path] = entry
    return sorted(found, key=lambda one: (one.place.line or 0, one.place.column or 0))


def _rejected(line: Rejected, file: str) -> Finding:
    """A line without ``=``; its right form is certain when it names a known key."""
    match = SPACED.fullmatch(COMMAND.sub("", line.text, count=1))
    fixed = None
    if match is not None and catalogue.lookup(canonical(match.group(1))) is not None:
        fixed = f"{match.group(1)} = {match.group(2)}"
    return rules.NOT_ASSIGNMENT.at(
        Place(file, line.line, line.column), found=line.text, fixed_line=fixed
    )


def _no_guess(_path: str) -> Optional[str]:
    return None


def _name(entry: Entry, file: str, guess: Guess) -> List[Slip]:
    place = Place(file, entry.line, entry.column)
    command = COMMAND.match(entry.raw_key)
    if command is not None:
        bare = entry.raw_key[command.end() :]
        return [Slip(rules.UNKNOWN_KEY.at(place, found=entry.raw_key, suggestion=bare), key=bare)]
    key = known(entry.path)
    if key is None and not entry.glob:
        right = guess(entry.path)
        severity = None if right is not None else WARNING
        finding = rules.UNKNOWN_KEY.at(
            place, found=entry.raw_key, suggestion=right, severity=severity
        )
        return [Slip(finding, key=right)]
    if key is not None and key.until is not None:
        return [Slip(removed(key, entry.raw_key, place))]
    return []


def _value(entry: Entry, file: str) -> List[Slip]:
    if entry.exclude:
        return []
    place = Place(file, entry.line, entry.value_column)
    key = catalogue.lookup(entry.path)
    if key is None or key.kind == "text" or key.klass == REFUSED:
        return _comment_after_numbers(entry, place)
    head, comment = _before_comment(key, entry.value)
    if comment:
        return [_comment(key, entry.value, head, comment, place)]
    if len(entry.value) > 1 and entry.value[0] in "\"'" and entry.value[-1] == entry.value[0]:
        inner = entry.value[1:-1].strip()
        right = inner if _reads(key, inner) else None
        return [Slip(rules.QUOTED.at(
            place, found=entry.value, suggestion=right, what=dotted(entry.path)
        ), value=right)]
    return [_problem(key, entry, problem, place) for problem in catalogue.check(key, entry.value)]


def _problem(key: SysctlKey, entry: Entry, problem: Problem, place: Place) -> Slip:
    rule = rules.BAD_VALUE if problem.severity == ERROR else rules.ODD_VALUE
    finding = rule.at(
        place, found=entry.value, suggestion=problem.suggestion, what=dotted(entry.path),
        problem=problem.message,
    )
    # The nearest end of a range is a hint; another spelling of the same number is certain.
    certain = problem.suggestion is not None and not _parses(key, entry.value)
    return Slip(finding, value=problem.suggestion if certain else None)


def _before_comment(key: SysctlKey, value: str) -> Tuple[str, str]:
    """The value and the comment behind it, when what stands before it can be read."""
    match = COMMENT.search(value)
    if match is None or not _parses(key, value[: match.start()]):
        return value, ""
    return value[: match.start()], match.group()


def _comment(key: SysctlKey, value: str, head: str, comment: str, place: Place) -> Slip:
    dropped = key.kind in NATURAL_RANGES and comment[0].isspace()
    finding = rules.INLINE_COMMENT.at(
        place, found=comment.strip(), suggestion=head, severity=WARNING if dropped else None,
        outcome=DROPPED if dropped else REFUSED_BY_KERNEL,
    )
    return Slip(finding, value=head if _reads(key, head) else None)


def _comment_after_numbers(entry: Entry, place: Place) -> List[Slip]:
    """A comment behind a plain number of a key whose values nobody knows."""
    match = re.fullmatch(rf"({PLAIN_NUMBERS.pattern})\s+[#;].*", entry.value, re.DOTALL)
    if match is None:
        return []
    head = match.group(1)
    finding = rules.INLINE_COMMENT.at(
        place, found=entry.value[len(head) :].strip(), suggestion=head, severity=WARNING,
        outcome=DROPPED,
    )
    return [Slip(finding, value=head)]


def _twice(earlier: Optional[Entry], entry: Entry, file: str) -> List[Finding]:
    if earlier is None or same(catalogue.lookup(entry.path), earlier.value, entry.value):
        return []
    return [
        rules.SET_TWICE.at(
            Place(file, entry.line, entry.column), found=entry.value, what=dotted(entry.path),
            first=earlier.value, line=earlier.line,
        )
    ]


def _with_fixed_line(slips: List[Slip], entry: Entry, text: str) -> List[Finding]:
    """The findings of a line, each with the whole line as it should stand, if all is certain."""
    certain = all(slip.key is not None or slip.value is not None for slip in slips)
    fixed = _fixed(slips, entry, text) if slips and certain else None
    return [replace(slip.finding, fixed_line=fixed) for slip in slips]


def _fixed(slips: List[Slip], entry: Entry, text: str) -> str:
    key = next((slip.key for slip in slips if slip.key is not None), entry.raw_key)
    value = next((slip.value for slip in slips if slip.value is not None), entry.value)
    start, end = entry.column - 1, entry.column - 1 + len(entry.raw_key)
    return text[:start] + key + text[end : entry.value_column - 1] + value


def _parses(key: SysctlKey, text: str) -> bool:
    try:
        KINDS[key.kind](text)
    except ValueKindError:
        return False
    return bool(text.strip())


def _reads(key: SysctlKey, text: str) -> bool:
    return _parses(key, text) and not any(
        problem.severity == ERROR for problem in catalogue.check(key, text)
    )
