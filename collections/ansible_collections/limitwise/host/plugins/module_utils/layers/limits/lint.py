# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in a limits.conf or limits.d file: everything that pam_limits passes over.

Sources: limits.conf(5); Linux-PAM's modules/pam_limits/pam_limits.c from 1.3.1 to 1.7.2.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Tuple

from ...catalogue import kinds
from ...catalogue import limits as catalogue
from ...catalogue.rules import limits as rules
from ...findings import Finding, Place
from ...formats import limits_conf
from ...formats.limits_conf import Document, Entry, Rejected, lowered
from . import repair
from .accounts import (
    GROUP,
    LOGINS_OF_ALL,
    LOGINS_OF_GROUP,
    USER,
    BadRangeError,
    is_known,
    range_of,
    source_of,
)
from .effective import (
    LOGINS,
    SOFT,
    UNTYPED,
    WHOLE_REST,
    Setting,
    as_taken,
    ends_in_return,
    kinds_of,
    read_source,
)
from .facts import NO_FACTS, Facts

# The kernel's default of fs.nr_open, and the most it can be set to (fs/file.c, sysctl_nr_open_max).
USUAL_NR_OPEN, HIGHEST_NR_OPEN = 1048576, 2147483584
NOFILE_FIXED = (1, 5, 2)
BLANKS_COUNTED = (1, 6, 0)
LONGEST_SHOWN = 60
LONGEST_FIXED = 1000


def lint(data: bytes, file: str, facts: Facts = NO_FACTS) -> List[Finding]:
    """Findings of one file's bytes; what cannot be known without the host is not guessed."""
    document = limits_conf.parse(data)
    for line in document.lines:
        if "\0" in line.text:
            return [rules.NUL_BYTE.at(Place(file, line.number, line.text.index("\0") + 1))]
    reader = _Lint(document, file, facts)
    found = [*reader.skipped(), *reader.no_limits()]
    for entry in document.entries:
        found.extend(reader.entry(entry))
    found.extend(reader.among_lines(read_source(file, data, facts.version).settings))
    return found


def shown(text: str) -> str:
    """A text short enough for a message."""
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def fixed(line: Optional[str]) -> Optional[str]:
    """A corrected line, unless it is longer than anybody would read."""
    return line if line is not None and len(line) <= LONGEST_FIXED else None


class _Lint:
    """Looks through one file."""

    def __init__(self, document: Document, file: str, facts: Facts) -> None:
        self.document = document
        self.file = file
        self.facts = facts

    def text(self, line: int) -> str:
        return self.document.lines[line - 1].text

    def place(self, line: int, column: Optional[int] = None) -> Place:
        return Place(self.file, line, column)

    # --- lines that pam_limits skips --------------------------------------------------------------

    def skipped(self) -> Iterator[Finding]:
        for line in self.document.rejected:
            place = self.place(line.line, line.columns[0] if line.columns else 1)
            finding = self._lookalikes(line.line)
            if finding is not None:
                yield finding
                continue
            meant = repair.of_skipped(line)
            if meant.domain_missing:
                yield rules.MISSING_DOMAIN.at(
                    place, found=shown(line.fields[0]), suggestion=meant.word,
                    fixed_line=fixed(meant.line),
                )
            else:
                yield rules.SKIPPED_LINE.at(
                    place, found=shown(line.text.strip()), suggestion=meant.word,
                    fixed_line=fixed(meant.line), reason=_reason(line, meant),
                )

    def no_limits(self) -> Iterator[Finding]:
        for rule in self.document.no_limits:
            place = self.place(rule.line, rule.domain_column)
            if source_of(rule.domain) not in (USER, GROUP):
                yield rules.EMPTY_NO_LIMITS.at(place, found=shown(rule.domain))
            else:
                yield from self._domain(rule.domain, place)

    def _lookalikes(self, line: int) -> Optional[Finding]:
        text = self.text(line)
        plain = text.isascii() and not any(quote in text for quote in repair.QUOTES)
        if plain or len(text) > LONGEST_FIXED:
            return None
        strange, right = repair.plain(text)
        if strange is None:
            return None
        return rules.LOOKALIKES.at(
            self.place(line, text.index(strange) + 1), found=shown(strange), fixed_line=fixed(right)
        )

    # --- whole lines ------------------------------------------------------------------------------

    def entry(self, entry: Entry) -> Iterator[Finding]:
        """The first thing that makes a line void, else what is wrong with its domain and value."""
        finding = self._lookalikes(entry.line) or self._type(entry) or self._item(entry)
        if finding is not None:
            yield finding
            return
        yield from self._domain(entry.domain, self.place(entry.line, entry.domain_column), entry)
        yield from self._value(entry)

    def _type(self, entry: Entry) -> Optional[Finding]:
        if kinds_of(lowered(entry.type), lowered(entry.item)):
            return None
        meant = repair.of_type(entry, self.text(entry.line))
        if meant.domain_missing:
            return rules.MISSING_DOMAIN.at(
                self.place(entry.line, entry.domain_column), found=shown(entry.domain),
                suggestion=meant.word,
            )
        return rules.UNKNOWN_TYPE.at(
            self.place(entry.line, entry.type_column), found=shown(entry.type),
            suggestion=meant.word, fixed_line=fixed(meant.line),
        )

    def _item(self, entry: Entry) -> Optional[Finding]:
        name = lowered(entry.item)
        item = catalogue.lookup(name)
        place = self.place(entry.line, entry.item_column)
        if item is None:
            meant = repair.of_item(entry, self.text(entry.line))
            return rules.UNKNOWN_ITEM.at(
                place, found=shown(entry.item), suggestion=meant.word, fixed_line=fixed(meant.line)
            )
        since, version = version_of(item.since), self.facts.version
        if since and version and version < since:
            return rules.TOO_NEW.at(
                place, found=name, since=item.since, version=written(version)
            )
        return None

    def _domain(
        self, domain: str, place: Place, entry: Optional[Entry] = None
    ) -> Iterator[Finding]:
        kind = source_of(domain)
        try:
            numbers = range_of(domain)
        except BadRangeError:
            yield rules.BAD_RANGE.at(place, found=shown(domain))
            return
        if domain.isascii() and numbers is None and domain != "*":
            try:
                catalogue.parse_domain(domain)
            except kinds.ValueKindError as error:
                yield rules.BAD_DOMAIN.at(
                    place, found=shown(domain), suggestion=error.suggestion, reason=error.message
                )
                return
        if kind in (LOGINS_OF_GROUP, LOGINS_OF_ALL) and entry is not None:
            if lowered(entry.item) != LOGINS:
                yield rules.LOGINS_ONLY.at(place, found=shown(domain))
                return
            if numbers is not None and not numbers.exact:
                yield rules.BAD_RANGE.at(place, found=shown(domain))
                return
        if not is_known(domain, self.facts.accounts):
            what = "user" if kind == USER else "group"
            name = domain if kind == USER else domain[1:]
            yield rules.NOBODY.at(place, found=shown(name), what=what)

    # --- values -----------------------------------------------------------------------------------

    def _value(self, entry: Entry) -> Iterator[Finding]:
        name, word = lowered(entry.item), lowered(entry.value)
        place = self.place(entry.line, entry.value_column)
        item = catalogue.lookup(name)
        no_limit = word in ("unlimited", "infinity", "-")
        if no_limit and ends_in_return(self.document, entry) and self._takes_whole_rest():
            text = self.text(entry.line)
            yield rules.CARRIAGE_RETURN.at(place, found=entry.value, fixed_line=fixed(text))
            return
        try:
            if item is not None:
                kinds.parse(item.kind, word if name != "chroot" else entry.value)
        except kinds.ValueKindError as error:
            yield self._wrong(entry, place, error)
            return
        if no_limit and self.facts.version == BLANKS_COUNTED and self._has_blanks(entry):
            yield rules.BLANKS_BEFORE_WORD.at(place, found=entry.value)
        if name == "nofile":
            yield from self._nofile(entry, place)

    def _takes_whole_rest(self) -> bool:
        return self.facts.version is None or self.facts.version >= WHOLE_REST

    def _has_blanks(self, entry: Entry) -> bool:
        text = self.text(entry.line).partition("#")[0]
        between = text[entry.item_column - 1 + len(entry.item) : entry.value_column - 1]
        return len(between) > 1 or text[-1:] in (" ", "\t")

    def _wrong(self, entry: Entry, place: Place, error: kinds.ValueKindError) -> Finding:
        meant = repair.of_value(entry, self.text(entry.line), error.suggestion)
        is_read = as_taken(lowered(entry.item), entry.value) is not None
        rule = rules.MISREAD_VALUE if is_read else rules.REFUSED_VALUE
        return rule.at(
            place, found=shown(entry.value), suggestion=meant.word, fixed_line=fixed(meant.line),
            what=lowered(entry.item), reason=shown_reason(error.message),
        )

    def _nofile(self, entry: Entry, place: Place) -> Iterator[Finding]:
        taken = as_taken("nofile", entry.value)
        version = self.facts.version
        if taken == "unlimited":
            if version is not None and version < NOFILE_FIXED:
                yield rules.UNLIMITED_NOFILE.at(
                    place, found=entry.value, version=written(version)
                )
            return
        number = int(taken or "0")
        top = self.facts.nr_open
        if number > (top if top is not None else USUAL_NR_OPEN):
            sure = top is not None or number > HIGHEST_NR_OPEN
            yield rules.ABOVE_NR_OPEN.at(
                place, found=entry.value, severity=None if sure else "warning",
                nr_open=top if top is not None else f"{USUAL_NR_OPEN} unless it was raised",
            )

    # --- lines against each other -----------------------------------------------------------------

    def among_lines(self, settings: Tuple[Setting, ...]) -> Iterator[Finding]:
        last: Dict[Tuple[str, str, str], Setting] = {}
        by_line: Dict[int, List[Setting]] = {}
        for setting in settings:
            last[setting.domain, setting.kind, setting.item] = setting
            by_line.setdefault(setting.line, []).append(setting)
        for line, parts in by_line.items():
            later = [last[one.domain, one.kind, one.item] for one in parts]
            differ = any(one.value != by.value for one, by in zip(parts, later))
            if differ and all(by.line > line for by in later):
                what = f"{parts[0].domain} {parts[0].item}"
                yield rules.DEAD_LINE.at(self.place(line), what=shown(what), by=later[0].line)
        for (domain, kind, name), soft in last.items():
            hard = last.get((domain, "hard", name))
            if kind == SOFT and hard is not None and above(name, soft.value, hard.value):
                yield rules.SOFT_ABOVE_HARD.at(
                    self.place(soft.line), found=soft.value, what=name, hard=hard.value,
                    where=hard.where, suggestion=hard.value,
                )


def above(item: str, left: str, right: str) -> bool:
    """Whether one value of an item is above another; False where they cannot be compared."""
    entry = catalogue.lookup(item)
    if entry is None or item in UNTYPED or item == "nice":
        return False
    mine, other = kinds.as_int(entry.kind, left), kinds.as_int(entry.kind, right)
    return mine is not None and other is not None and mine > other


def shown_reason(message: str) -> str:
    """A parser's message, which quotes the value, cut to a readable length."""
    return message if len(message) <= 3 * LONGEST_SHOWN else message[: 3 * LONGEST_SHOWN] + "..."


def version_of(text: Optional[str]) -> Tuple[int, ...]:
    """``1.5.0`` as numbers; empty for None."""
    return tuple(int(part) for part in text.split(".")) if text else ()


def written(version: Tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _reason(line: Rejected, meant: repair.Repair) -> str:
    count = len(line.fields)
    if meant.word is not None:
        return "a blank is missing"
    if count == 3 and line.fields[1] and catalogue.lookup(lowered(line.fields[1])):
        return "the type (soft, hard or -) is missing"
    if count == 3:
        return "it has three fields, and a limit has four"
    return "a limit has four fields: domain, type, item and value"
