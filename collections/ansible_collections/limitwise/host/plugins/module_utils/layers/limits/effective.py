# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which line of limits.conf and limits.d wins, as pam_limits decides it at a login.

Sources: limits.conf(5); process_limit and parse_config_file of Linux-PAM's pam_limits.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

from ...catalogue.problem import INFINITY
from ...formats import limits_conf
from ...formats.limits_conf import lowered
from .accounts import (
    EVERYBODY,
    GROUP,
    LOGINS_OF_ALL,
    LOGINS_OF_GROUP,
    ROOT,
    USER,
    Accounts,
    User,
    matches,
    members,
    source_of,
)

SOFT, HARD, BOTH = "soft", "hard", "-"
NO_LIMIT = ("-1", "-", "unlimited", "infinity")
FRONT = re.compile(r"[ \t]*([+-]?)([0-9]+)")
WORDS = 1 << 64
# From this Linux-PAM on the value is the whole rest of the line; before, its first word.
WHOLE_REST = (1, 6, 0)

RLIMITS = (
    "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile",
    "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
)
# One number each, for which neither soft nor hard is looked at.
UNTYPED = ("maxlogins", "maxsyslogins", "nonewprivs")
LOGINS = "maxlogins"
# The last line about these wins, whatever its domain is worth.
UNRANKED = ("priority", "nonewprivs")
SIGNED = ("nice", "priority")
NUMBERS = frozenset((*RLIMITS, *SIGNED, "maxlogins", "maxsyslogins"))
NOT_NUMBERS = {"nonewprivs": re.compile("[01]"), "chroot": re.compile("/.*")}


@dataclass(frozen=True)
class Setting:
    """What one line says about one item: ``kind`` is soft or hard, ``-`` for an item without both.

    ``value`` is what pam_limits makes of the text: ``64`` of ``64k``. ``is_half``: the line's type
    is ``-``, so it says the other kind, too.
    """

    file: str
    line: int
    domain: str
    kind: str
    item: str
    value: str
    is_half: bool = False

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class NoLimits:
    """``user -``: pam_limits sets nothing at all in that user's sessions."""

    file: str
    line: int
    domain: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Source:
    """One file as pam_limits takes it; lines that it skips are not there."""

    path: str
    settings: Tuple[Setting, ...]
    no_limits: Tuple[NoLimits, ...] = ()

    def without(self, lines: Iterable[int]) -> Source:
        gone = frozenset(lines)
        return Source(
            self.path,
            tuple(setting for setting in self.settings if setting.line not in gone),
            tuple(rule for rule in self.no_limits if rule.line not in gone),
        )


Chain = Tuple[Source, ...]
"""The files in the order in which pam_limits reads them: limits.conf, then limits.d by name."""


def read_source(path: str, data: bytes, version: Optional[Tuple[int, ...]] = None) -> Source:
    """A file's bytes as a source; by Linux-PAM of this version, the newest where it is unknown."""
    document = limits_conf.parse(data)
    by_word = version is not None and version < WHOLE_REST
    settings: List[Setting] = []
    for entry in document.entries:
        value = entry.value.split()[0] if by_word else entry.value
        if not by_word and ends_in_return(document, entry):
            value += "\r"
        settings.extend(_taken(path, entry, value))
    no_limits = tuple(NoLimits(path, rule.line, rule.domain) for rule in document.no_limits)
    return Source(path, tuple(settings), no_limits)


def ends_in_return(document: limits_conf.Document, entry: limits_conf.Entry) -> bool:
    """Whether the value has the carriage return of a line that ends as on Windows behind it."""
    line = document.lines[entry.line - 1]
    return line.ending == "\r\n" and "#" not in line.text


def _taken(path: str, entry: limits_conf.Entry, text: str) -> Iterator[Setting]:
    item, value = lowered(entry.item), as_taken(lowered(entry.item), text)
    if value is None:
        return
    if source_of(entry.domain) in (LOGINS_OF_GROUP, LOGINS_OF_ALL) and item != LOGINS:
        return
    kinds = kinds_of(lowered(entry.type), item)
    for kind in kinds:
        yield Setting(path, entry.line, entry.domain, kind, item, value, len(kinds) == 2)


def kinds_of(type_word: str, item: str) -> Tuple[str, ...]:
    """What a line's type sets of an item: soft, hard, both, the only value (``-``), or nothing."""
    if item in UNTYPED:
        return (BOTH,)
    if type_word not in (SOFT, HARD, BOTH):
        return ()
    if item not in RLIMITS:
        return (BOTH,)
    return (SOFT, HARD) if type_word == BOTH else (type_word,)


def as_taken(item: str, text: str) -> Optional[str]:
    """The value that pam_limits reads out of a text; None when it skips the line for it."""
    if item in NOT_NUMBERS:
        return text if NOT_NUMBERS[item].fullmatch(text) else None
    word = lowered(text)
    front = FRONT.match(word)
    if item not in NUMBERS:
        return None
    if word in NO_LIMIT and item not in SIGNED:
        return "unlimited"
    if front is None:
        return None
    number = int(front.group(1) + front.group(2)[:30])
    if item not in RLIMITS or item in SIGNED:
        return str(number)
    # strtoull turns a sign into a huge number, and one that is too big into the biggest
    taken = number % WORDS if abs(number) < WORDS else INFINITY
    return "unlimited" if taken == INFINITY else str(taken)


def rank(setting: Setting) -> int:
    """What the line is worth by its domain: the lower wins, and of equals the last."""
    return source_of(setting.domain)


def sets_nothing(chain: Chain, user: User, root_is_exempt: bool) -> Optional[NoLimits]:
    """The no-limits line that ends all limits for this user; None when there is none."""
    for source in chain:
        for rule in source.no_limits:
            named = source_of(rule.domain) in (USER, GROUP)
            if named and matches(rule.domain, user, root_is_exempt):
                return rule
    return None


def winner(
    chain: Chain, user: User, kind: str, item: str, root_is_exempt: bool
) -> Optional[Setting]:
    """The line that decides one limit of a user's new sessions; None: nothing is set."""
    if sets_nothing(chain, user, root_is_exempt) is not None:
        return None
    settings = (one for one in _about(chain, item) if matches(one.domain, user, root_is_exempt))
    return _decided(settings).get(kind)


def in_force(
    chain: Chain, domain: str, kind: str, item: str, accounts: Accounts, root_is_exempt: bool
) -> Optional[Setting]:
    """What new sessions of a domain get: the winner for a user, else the line of the domain
    or, where it has none, that of everybody.
    """
    for user in accounts.users:
        if user.name == domain:
            return winner(chain, user, kind, item, root_is_exempt)
    covered = source_of(domain) in (USER, GROUP) and not (domain == ROOT and root_is_exempt)
    domains = (domain, "*") if covered else (domain,)
    return _decided(one for one in _about(chain, item) if one.domain in domains).get(kind)


def dropped_for(
    chain: Chain, domain: str, item: str, accounts: Accounts, root_is_exempt: bool
) -> Optional[Tuple[User, Setting]]:
    """The first local user whom a ``-`` line of the domain gives no hard limit, with that line:
    its soft limit loses to a more specific one, and no line gives a hard one.
    """
    halves = [one for one in _about(chain, item) if one.domain == domain and one.kind == HARD]
    if not halves or not halves[-1].is_half:
        return None
    for user in members(domain, accounts, root_is_exempt):
        has_none = winner(chain, user, HARD, item, root_is_exempt) is None
        if has_none and sets_nothing(chain, user, root_is_exempt) is None:
            return user, halves[-1]
    return None


def more_specific(
    chain: Chain, domain: str, kind: str, item: str, accounts: Accounts, root_is_exempt: bool
) -> Tuple[Setting, ...]:
    """Lines that win over the domain's own for some whom it means, the last of each domain."""
    found: Dict[str, Setting] = {}
    if item in UNRANKED:
        return ()
    for setting in _about(chain, item):
        if setting.kind != kind or rank(setting) >= source_of(domain):
            continue
        if meets(domain, setting.domain, accounts, root_is_exempt):
            found[setting.domain] = setting
    return tuple(found.values())


def no_limits_within(
    chain: Chain, domain: str, accounts: Accounts, root_is_exempt: bool
) -> Tuple[NoLimits, ...]:
    """No-limits lines that are about the domain or about some whom it means."""
    return tuple(
        rule
        for source in chain
        for rule in source.no_limits
        if source_of(rule.domain) in (USER, GROUP)
        and (rule.domain == domain or meets(domain, rule.domain, accounts, root_is_exempt))
    )


def meets(wide: str, narrow: str, accounts: Accounts, root_is_exempt: bool) -> bool:
    """Whether a line with one domain is about somebody whom another domain means."""
    if narrow == ROOT and root_is_exempt:
        return False
    if source_of(wide) in (EVERYBODY, LOGINS_OF_ALL):
        return True
    inside = members(wide, accounts, root_is_exempt)
    return any(matches(narrow, user, root_is_exempt) for user in inside)


def _about(chain: Chain, item: str) -> Iterator[Setting]:
    for source in chain:
        for setting in source.settings:
            if setting.item == item:
                yield setting


def _decided(settings: Iterable[Setting]) -> Dict[str, Setting]:
    """What holds, by kind, after these lines about one item in their order.

    A line of type ``-`` whose soft limit does not win is dropped whole: process_limit returns
    before it looks at the hard one.
    """
    held: Dict[str, Setting] = {}
    for setting in settings:
        if setting.is_half and setting.kind == HARD:
            soft = held.get(SOFT)
            if soft is None or soft.where != setting.where:
                continue
        now = held.get(setting.kind)
        if now is None or setting.item in UNRANKED or rank(setting) <= rank(now):
            held[setting.kind] = setting
    return held
