# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users and groups of a host, and which of them a domain of limits.conf means.

Sources: limits.conf(5); parse_uid_range and parse_config_file of Linux-PAM's pam_limits.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Optional, Tuple

# What a line's domain is worth: the lower one wins (LIMITS_DEF_* of pam_limits.c).
USER, GROUP, LOGINS_OF_GROUP, LOGINS_OF_ALL, EVERYBODY = range(5)

ROOT = "root"
NUMBER = re.compile(r"[0-9]+")
# UID_MIN of login.defs(5), and nobody: who logs in lies between.
FIRST_PERSON, LAST_PERSON = 1000, 60000
LOCAL_DATABASES = ("files", "compat", "systemd", "altfiles")
# A line of passwd(5) or group(5) that is longer is no account but some other text.
LONGEST = 1 << 20


@dataclass(frozen=True)
class User:
    """One account with all its groups; ``gid`` is the primary one."""

    name: str
    uid: int
    gid: int
    groups: FrozenSet[str]
    gids: FrozenSet[int]

    @property
    def is_person(self) -> bool:
        """Whether it is one that logs in, by the usual range of UIDs."""
        return FIRST_PERSON <= self.uid <= LAST_PERSON


@dataclass(frozen=True)
class Accounts:
    """What /etc/passwd and /etc/group say; not ``complete`` where a directory knows more."""

    users: Tuple[User, ...] = ()
    groups: FrozenSet[str] = frozenset()
    complete: bool = False


UNKNOWN = Accounts()


@dataclass(frozen=True)
class Range:
    """``min:max``, ``min:`` (high is None) or ``:exact`` of UIDs or, after ``@``, of GIDs."""

    low: int
    high: Optional[int]
    exact: bool

    def holds(self, number: int) -> bool:
        return number >= self.low and (self.high is None or number <= self.high)


class BadRangeError(ValueError):
    """A domain with a colon that is no range: pam_limits skips such a line, or it is empty."""


def read_accounts(passwd: bytes, group: bytes, nsswitch: bytes) -> Accounts:
    """The accounts of three files' bytes; lines that are none are left out."""
    member_of: Dict[str, List[str]] = {}
    gid_of: Dict[str, int] = {}
    for name, fields in _records(group, 4):
        if NUMBER.fullmatch(fields[1]):
            gid_of[name] = int(fields[1])
            for member in fields[2].split(","):
                member_of.setdefault(member.strip(), []).append(name)
    name_of = {gid: name for name, gid in reversed(list(gid_of.items()))}
    users = []
    for name, fields in _records(passwd, 7):
        if not (NUMBER.fullmatch(fields[1]) and NUMBER.fullmatch(fields[2])):
            continue
        gid = int(fields[2])
        groups = set(member_of.get(name, ()))
        gids = {gid_of[group] for group in groups} | {gid}
        groups.update([name_of[gid]] if gid in name_of else [])
        users.append(User(name, int(fields[1]), gid, frozenset(groups), frozenset(gids)))
    return Accounts(tuple(users), frozenset(gid_of), bool(users) and _only_local(nsswitch))


def _records(data: bytes, count: int) -> List[Tuple[str, List[str]]]:
    found = []
    for line in data.decode("utf-8", "replace").split("\n"):
        fields = line.split(":") if len(line) < LONGEST else []
        if len(fields) == count and fields[0]:
            found.append((fields[0], fields[1:]))
    return found


def _only_local(nsswitch: bytes) -> bool:
    for line in nsswitch.decode("utf-8", "replace").split("\n"):
        database, colon, sources = line.partition("#")[0].partition(":")
        if colon and database.strip() in ("passwd", "group"):
            words = re.sub(r"\[[^\]]*\]", " ", sources).split()
            if any(word not in LOCAL_DATABASES for word in words):
                return False
    return True


def range_of(domain: str) -> Optional[Range]:
    """The range of UIDs or GIDs that a domain is; None for a name. Raises BadRangeError."""
    if ":" not in domain:
        return None
    low, _colon, high = (domain[1:] if domain[:1] in ("@", "%") else domain).partition(":")
    if not all(NUMBER.fullmatch(part) for part in (low, high) if part) or not (low or high):
        raise BadRangeError(domain)
    if not low:
        return Range(int(high), int(high), True)
    if high and int(high) < int(low):
        raise BadRangeError(domain)
    return Range(int(low), int(high) if high else None, False)


def source_of(domain: str) -> int:
    """What kind of domain it is: USER to EVERYBODY; the lower wins over the higher."""
    if domain == "*":
        return EVERYBODY
    if domain == "%":
        return LOGINS_OF_ALL
    return {"%": LOGINS_OF_GROUP, "@": GROUP}.get(domain[:1], USER)


def matches(domain: str, user: User, root_is_exempt: bool) -> bool:
    """Whether a line with this domain is about the user.

    ``root_is_exempt``: Debian's Linux-PAM, where ``*`` and groups are not about root.
    """
    if domain == user.name:
        return True
    kind = source_of(domain)
    if kind != USER and root_is_exempt and user.name == ROOT:
        return False
    if kind in (EVERYBODY, LOGINS_OF_ALL):
        return True
    try:
        numbers = range_of(domain)
    except BadRangeError:
        return False
    return _holds(kind, domain, numbers, user)


def _holds(kind: int, domain: str, numbers: Optional[Range], user: User) -> bool:
    if kind == USER:
        return numbers is not None and numbers.holds(user.uid)
    if numbers is None:
        return domain[1:] in user.groups
    if numbers.exact:
        return numbers.low in user.gids
    return kind == GROUP and numbers.holds(user.gid)


def members(domain: str, accounts: Accounts, root_is_exempt: bool) -> Tuple[User, ...]:
    """The local users that a line with this domain is about."""
    return tuple(user for user in accounts.users if matches(domain, user, root_is_exempt))


def is_known(domain: str, accounts: Accounts) -> bool:
    """Whether the domain can mean anybody; always True where accounts are not complete."""
    if not accounts.complete or domain in ("*", "%"):
        return True
    try:
        numbers = range_of(domain)
    except BadRangeError:
        return False
    if numbers is not None:
        return True  # a range is written for accounts to come, too
    if domain[:1] in ("@", "%"):
        return domain[1:] in accounts.groups
    return any(user.name == domain for user in accounts.users)
