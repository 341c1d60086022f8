# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of limits.conf: items, types and domains, as pam_limits knows them.

Source: limits.conf(5) and modules/pam_limits/pam_limits.c of Linux-PAM 1.3.1 to 1.7.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from . import kinds
from .classes import CAP, EXACT, FLOOR, REFUSED
from .problem import ERROR, WARNING, Problem, ValueKindError
from .suggest import nearest


@dataclass(frozen=True)
class LimitItem:
    """One item of limits.conf.

    `kind` is a kind of kinds.KINDS whose numbers are in `unit`; `klass` a class of classes.ALL.
    `rlimit` is the resource it sets (None: the login itself), `proc_label` its row in
    /proc/PID/limits, `scale` how many of that row's units one unit of the file is.
    `since` is the first Linux-PAM that knows it (None: all), `only_on` the distribution that does.
    """

    name: str
    doc: str
    kind: str
    klass: str
    unit: str = ""
    rlimit: Optional[str] = None
    proc_label: Optional[str] = None
    scale: int = 1
    since: Optional[str] = None
    only_on: Optional[str] = None


_KILOBYTES = "kilobytes"

ITEMS: Tuple[LimitItem, ...] = (
    LimitItem(
        "nproc",
        "processes and threads of the user",
        "pam-count",
        FLOOR,
        rlimit="RLIMIT_NPROC",
        proc_label="Max processes",
    ),
    LimitItem(
        "nofile",
        "open files of a process",
        "pam-count",
        FLOOR,
        rlimit="RLIMIT_NOFILE",
        proc_label="Max open files",
    ),
    LimitItem(
        "memlock",
        "locked memory of a process",
        "pam-kilobytes",
        FLOOR,
        _KILOBYTES,
        "RLIMIT_MEMLOCK",
        "Max locked memory",
        1024,
    ),
    LimitItem(
        "stack",
        "stack of the main thread, default of others",
        "pam-kilobytes",
        FLOOR,
        _KILOBYTES,
        "RLIMIT_STACK",
        "Max stack size",
        1024,
    ),
    LimitItem(
        "sigpending",
        "queued signals of the user",
        "pam-count",
        FLOOR,
        rlimit="RLIMIT_SIGPENDING",
        proc_label="Max pending signals",
    ),
    LimitItem(
        "msgqueue",
        "bytes of POSIX message queues of the user",
        "pam-count",
        FLOOR,
        "bytes",
        "RLIMIT_MSGQUEUE",
        "Max msgqueue size",
    ),
    LimitItem(
        "locks",
        "file locks (no effect since Linux 2.4)",
        "pam-count",
        FLOOR,
        rlimit="RLIMIT_LOCKS",
        proc_label="Max file locks",
    ),
    LimitItem(
        "rtprio",
        "real-time priority of a process",
        "pam-count",
        FLOOR,
        rlimit="RLIMIT_RTPRIO",
        proc_label="Max realtime priority",
    ),
    LimitItem(
        "rttime",
        "real-time run without a wait",
        "pam-count",
        FLOOR,
        "microseconds",
        "RLIMIT_RTTIME",
        "Max realtime timeout",
        since="1.7.1",
    ),
    LimitItem(
        "nice",
        "lowest nice level a process may take",
        "pam-nice",
        EXACT,
        "nice level",
        "RLIMIT_NICE",
        "Max nice priority",
    ),
    LimitItem(
        "core",
        "size of a core dump",
        "pam-kilobytes",
        CAP,
        _KILOBYTES,
        "RLIMIT_CORE",
        "Max core file size",
        1024,
    ),
    LimitItem(
        "cpu",
        "CPU time of a process",
        "pam-count",
        CAP,
        "minutes",
        "RLIMIT_CPU",
        "Max cpu time",
        60,
    ),
    LimitItem(
        "fsize",
        "size of a written file",
        "pam-kilobytes",
        CAP,
        _KILOBYTES,
        "RLIMIT_FSIZE",
        "Max file size",
        1024,
    ),
    LimitItem(
        "data",
        "data segment of a process",
        "pam-kilobytes",
        CAP,
        _KILOBYTES,
        "RLIMIT_DATA",
        "Max data size",
        1024,
    ),
    LimitItem(
        "rss",
        "resident memory (no effect since Linux 2.4.30)",
        "pam-kilobytes",
        CAP,
        _KILOBYTES,
        "RLIMIT_RSS",
        "Max resident set",
        1024,
    ),
    LimitItem(
        "as",
        "address space of a process",
        "pam-kilobytes",
        CAP,
        _KILOBYTES,
        "RLIMIT_AS",
        "Max address space",
        1024,
    ),
    LimitItem("maxlogins", "logins of the user at a time", "pam-count", CAP),
    LimitItem("maxsyslogins", "logins of the host at a time", "pam-count", CAP),
    LimitItem(
        "priority", "nice level the user's processes start with", "pam-nice", EXACT, "nice level"
    ),
    LimitItem(
        "nonewprivs",
        "processes can gain no privileges: a security setting",
        "pam-flag",
        REFUSED,
        since="1.5.0",
    ),
    LimitItem(
        "chroot",
        "directory the user is shut in: not a limit",
        "pam-path",
        REFUSED,
        only_on="debian",
    ),
)

TYPES: Tuple[str, ...] = ("soft", "hard", "-")

MISTAKEN: Dict[str, str] = {
    "noproc": "nproc", "nprocs": "nproc", "procs": "nproc", "processes": "nproc",
    "maxproc": "nproc", "nthreads": "nproc", "threads": "nproc", "ulimit": "nofile",
    "nofiles": "nofile", "nfile": "nofile", "nfiles": "nofile", "openfiles": "nofile",
    "files": "nofile", "fd": "nofile", "fds": "nofile", "filedescriptors": "nofile",
    "memlocked": "memlock", "mlock": "memlock", "lockedmem": "memlock", "stacksize": "stack",
    "coredump": "core", "corefile": "core", "cputime": "cpu", "filesize": "fsize",
    "maxlogin": "maxlogins", "logins": "maxlogins", "pending": "sigpending", "vmem": "as",
    "addressspace": "as", "rtpriority": "rtprio", "prio": "priority", "mqueue": "msgqueue",
}  # fmt: skip
"""Words that are no items, and the item that is meant."""

_BY_NAME: Dict[str, LimitItem] = {item.name: item for item in ITEMS}
_TYPES_NOT_READ = ("maxlogins", "maxsyslogins", "nonewprivs")
_RANGE = re.compile(r"(?P<sign>[@%]?)(?:(?P<low>[0-9]+):(?P<high>[0-9]*)|:(?P<only>[0-9]+))\Z")
_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
_ODD = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True)
class Domain:
    """Whom a line is for.

    `form`: "user", "group", "uids", "gids", "everyone" (`*`), "logins-of-all" (`%`),
    "logins-of-group" (`%group`), "logins-of-gid" (`%:gid`). `name` is the user or group;
    `low` and `high` (None: no end) bound the ids.
    """

    form: str
    name: str = ""
    low: Optional[int] = None
    high: Optional[int] = None


def lookup(name: str) -> Optional[LimitItem]:
    """The item of that name in any case, or None."""
    return _BY_NAME.get(name.lower())


def nearest_item(word: str) -> Optional[str]:
    """The item that was most likely meant by an unknown word, or None."""
    folded = word.strip(_QUOTES).lower().replace("-", "").replace("_", "")
    return MISTAKEN.get(folded) or nearest(word.strip(_QUOTES), _BY_NAME)


def nearest_type(word: str) -> Optional[str]:
    """The type that was most likely meant, or None."""
    bare = word.strip(_QUOTES)
    if bare in ("\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "--", "both", "*"):
        return "-"
    return nearest(bare, ("soft", "hard"))


def check_type(word: str, item: str) -> Tuple[Problem, ...]:
    """What is wrong with a type; the items that are about logins take any word there."""
    if word.lower() in TYPES or item.lower() in _TYPES_NOT_READ:
        return ()
    message = "%r is no type: the line is ignored in silence" % word
    return (Problem(ERROR, message, nearest_type(word)),)


def check_item(word: str) -> Tuple[Problem, ...]:
    """What is wrong with an item."""
    if lookup(word):
        return ()
    message = "%r is no item of limits.conf: the line is ignored in silence" % word
    return (Problem(ERROR, message, nearest_item(word)),)


def check_value(item: LimitItem, text: str) -> Tuple[Problem, ...]:
    """What pam_limits would misread or ignore in a value."""
    try:
        kinds.parse(item.kind, text)
    except ValueKindError as error:
        return (Problem(ERROR, error.message, error.suggestion),)
    return ()


def parse_domain(text: str) -> Domain:
    """Whom a line is for. ValueKindError when nobody can be meant or the line is skipped."""
    odd = _ODD.search(text)
    if odd or text[:1] in _QUOTES or text[-1:] in _QUOTES:
        bare = _ODD.sub("", text).strip(_QUOTES)
        raise ValueKindError("%r matches nobody: quotes belong to it" % text, bare or None)
    if text == "*":
        return Domain("everyone")
    if text == "%":
        return Domain("logins-of-all")
    if ":" in text:
        return _parse_range(text)
    sign, name = (text[0], text[1:]) if text[:1] in ("@", "%") else ("", text)
    if not name:
        raise ValueKindError("%r names no group" % text)
    if text.startswith("*"):
        raise ValueKindError("%r matches nobody: a blank is missing after *" % text, "*")
    if text == "-":
        raise ValueKindError("'-' matches nobody: the domain is missing", "*")
    forms = {"": "user", "@": "group", "%": "logins-of-group"}
    return Domain(forms[sign], name)


def check_domain(text: str, item: str) -> Tuple[Problem, ...]:
    """What is wrong with a domain for an item."""
    try:
        domain = parse_domain(text)
    except ValueKindError as error:
        return (Problem(ERROR, error.message, error.suggestion),)
    if domain.form.startswith("logins-of") and item.lower() not in ("maxlogins", "maxsyslogins"):
        message = "%% domains count for maxlogins only: the line is ignored for %s" % item
        return (Problem(ERROR, message, "*" if text == "%" else "@" + text[1:]),)
    if domain.form == "user" and domain.name.lower() in TYPES:
        message = "%r is read as a user: the domain is missing" % text
        return (Problem(WARNING, message, None),)
    return ()


def _parse_range(text: str) -> Domain:
    found = _RANGE.match(text)
    if not found:
        raise ValueKindError("%r is no range of ids: the line is skipped" % text)
    if found.group("only"):
        low = high = int(found.group("only"))
    else:
        low = int(found.group("low"))
        high = int(found.group("high")) if found.group("high") else -1
    if 0 <= high < low:
        raise ValueKindError("the range %s ends before it starts" % text)
    if found.group("sign") == "%":
        if not found.group("only"):
            raise ValueKindError("%r: logins are counted by %%:gid, not by ranges" % text)
        return Domain("logins-of-gid", "", low, low)
    form = "gids" if found.group("sign") else "uids"
    return Domain(form, "", low, None if high < 0 else high)
