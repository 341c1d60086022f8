# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in a unit file or drop-in: everything that systemd skips with a line in its log.

Sources: systemd.syntax(7), systemd.unit(5), systemd.resource-control(5), systemd.exec(5).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from ...catalogue import unit_directives as catalogue
from ...catalogue.problem import ERROR, WARNING
from ...catalogue.rules import units as rules
from ...catalogue.unit_directive import Directive
from ...catalogue.unit_names import KNOWN
from ...findings import Finding, Place
from ...formats.unit_file import Document, Entry, parse
from . import memory as unit_memory
from . import values as unit_values
from .values import right_value

COMMON_SECTIONS = ("Unit", "Install")
SAME_VALUE = ("MemoryLimit", "BlockIOAccounting")
"""Deprecated directives whose value their replacement takes as it is."""
LONGEST = 80


@dataclass(frozen=True)
class Subject:
    """Which unit a file is for, as far as its path tells: name or empty, type or empty."""

    name: str
    kind: str
    dropin: bool

    @property
    def layer(self) -> str:
        return "slices" if self.kind == "slice" else "units"


def subject_of(file: str, name: Optional[str] = None) -> Subject:
    """The unit of a file: ``name`` when given, else from ``x.slice`` or ``x.slice.d/y.conf``."""
    folder, base = os.path.split(file)
    parent = os.path.basename(folder)
    dropin = parent.endswith(".d")
    guess = name or (parent[:-2] if dropin else base)
    kind = guess.rpartition(".")[2]
    if kind not in catalogue.SECTION_OF_TYPE and kind not in ("target", "device"):
        return Subject("", "", dropin)
    return Subject(guess if "." in guess else "", kind, dropin)


def lint(data: bytes, file: str, unit_name: Optional[str] = None) -> List[Finding]:
    """Findings of one file's bytes; ``unit_name`` where the path does not tell the unit."""
    subject = subject_of(file, unit_name)
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        reason = "it holds NUL bytes, so this is no unit file"
        return [rules.UNREADABLE_LINE.at(Place(file, line), layer=subject.layer, reason=reason)]
    return list(_Lint(parse(data), file, subject).findings())


class _Lint:
    """One file with what is known about it."""

    def __init__(self, document: Document, file: str, subject: Subject) -> None:
        self.document = document
        self.file = file
        self.subject = subject
        own = catalogue.SECTION_OF_TYPE.get(subject.kind)
        self.allowed = (
            (*COMMON_SECTIONS, *([own] if own else [])) if subject.kind else tuple(KNOWN)
        )

    def findings(self) -> Iterator[Finding]:
        for line in self.document.rejected:
            yield rules.UNREADABLE_LINE.at(
                self.place(line.line, line.column), layer=self.subject.layer, reason=line.reason
            )
        for section in self.document.sections:
            yield from self.section(section.name, section.line, section.column)
        for entry in self.document.entries:
            if entry.section in self.allowed:
                yield from self.entry(entry)
        yield from self.repeated()
        yield from self.memory()

    def place(self, line: int, column: Optional[int] = None) -> Place:
        return Place(self.file, line, column)

    # --- sections and names ---------------------------------------------------------------------

    def section(self, name: str, line: int, column: int) -> Iterator[Finding]:
        if name in self.allowed or name.startswith("X-"):
            return
        near = catalogue.nearest_section(name)
        near = near if near in self.allowed else None
        if near is None and name in KNOWN:
            near = catalogue.SECTION_OF_TYPE.get(self.subject.kind)
        yield rules.UNKNOWN_SECTION.at(
            self.place(line, column), layer=self.subject.layer,
            severity=ERROR if near else WARNING, found=shown(name), suggestion=near,
            fixed_line=f"[{near}]" if near else None, kind=self.subject.kind or "systemd",
        )

    def entry(self, entry: Entry) -> Iterator[Finding]:
        directive = catalogue.lookup(entry.key)
        if not catalogue.is_known(entry.section, entry.key):
            yield self.misplaced(entry, directive)
        elif directive is not None and entry.value:
            yield from self.value(entry, directive)

    def misplaced(self, entry: Entry, directive: Optional[Directive]) -> Finding:
        """A name that systemd does not know in its section, or not at all."""
        place = self.place(entry.line, entry.column)
        if catalogue.sections_of(entry.key):
            return rules.WRONG_SECTION.at(
                place, layer=self.subject.layer, severity=ERROR if directive else WARNING,
                found=shown(entry.key), section=entry.section,
            )
        near = catalogue.nearest_directive(entry.section, entry.key)
        return rules.UNKNOWN_DIRECTIVE.at(
            place, layer=self.subject.layer, severity=ERROR if near else WARNING,
            found=shown(entry.key), suggestion=near, section=entry.section,
            fixed_line=None if near is None else self.respelled(entry, near),
        )

    def respelled(self, entry: Entry, name: str) -> Optional[str]:
        """The line with the right name; None where its value would not be right either."""
        directive = catalogue.lookup(name)
        value: Optional[str] = entry.value
        if directive is not None:
            value = right_value(directive, entry.value)
        return None if value is None else self.line_with(entry, name, value)

    # --- values ---------------------------------------------------------------------------------

    def value(self, entry: Entry, directive: Directive) -> Iterator[Finding]:
        place = self.place(entry.line, entry.value_column or entry.column)
        for problem in catalogue.check_value(directive, entry.value):
            if directive.replacement is not None:
                keeps = directive.name in SAME_VALUE
                yield rules.DEPRECATED.at(
                    self.place(entry.line, entry.column), layer=self.subject.layer,
                    found=entry.key, suggestion=directive.replacement,
                    fixed_line=self.respelled(entry, directive.replacement) if keeps else None,
                )
                continue
            right = right_value(directive, entry.value)
            fixed = None if right is None else self.line_with(entry, entry.key, right)
            commented = unit_values.COMMENT.search(entry.value)
            rule = rules.INLINE_COMMENT if commented else rules.DROPPED
            yield rule.at(
                place, layer=self.subject.layer, severity=problem.severity,
                found=shown(entry.value), suggestion=right, fixed_line=fixed,
                directive=entry.key, reason=shown(problem.message),
            )

    def line_with(self, entry: Entry, name: str, value: str) -> Optional[str]:
        """The entry's line with this name and value; None where it goes over several lines."""
        if entry.last_line != entry.line or entry.value_column is None:
            return None
        text = self.document.lines[entry.line - 1].text
        start = entry.column - 1
        between = text[start + len(entry.key) : entry.value_column - 1]
        return f"{text[:start]}{name}{between}{value}"

    # --- several lines together -----------------------------------------------------------------

    def limits(self) -> Iterator[Tuple[Entry, Directive]]:
        """The assignments of limits that stand where systemd reads them."""
        for entry in self.document.entries:
            directive = catalogue.lookup(entry.key)
            if directive is not None and entry.section in (*self.allowed, *directive.sections):
                yield entry, directive

    def repeated(self) -> Iterator[Finding]:
        last: Dict[Tuple[str, str], Entry] = {}
        for entry, directive in self.limits():
            key = (entry.section, entry.key)
            earlier = last.get(key)
            if earlier is not None and earlier.value and entry.value and not directive.multiple:
                yield rules.REPEATED.at(
                    self.place(earlier.line, earlier.column), layer=self.subject.layer,
                    found=shown(earlier.value), directive=entry.key, later=entry.line,
                )
            last[key] = entry

    def memory(self) -> Iterator[Finding]:
        """MemoryHigh with what stands beside it, section by section."""
        settings: Dict[str, Dict[str, str]] = {}
        high: Dict[str, Entry] = {}
        for entry, directive in self.limits():
            readable = right_value(directive, entry.value) == entry.value
            if entry.key in unit_memory.NAMES and (readable or not entry.value):
                settings.setdefault(entry.section, {})[entry.key] = entry.value
                if entry.key == "MemoryHigh":
                    high[entry.section] = entry
        for section, entry in high.items():
            kept = {key: value for key, value in settings[section].items() if value}
            yield from unit_memory.check(
                kept, self.subject.name or self.file, self.subject.layer,
                self.place(entry.line, entry.column), whole=not self.subject.dropin,
            )


def shown(text: str) -> str:
    """A text short enough for a message."""
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
