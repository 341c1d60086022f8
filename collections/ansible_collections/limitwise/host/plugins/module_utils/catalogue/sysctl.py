# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking up sysctls: is it known, what may it hold, what comes before what."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Dict, FrozenSet, Iterable, Iterator, List, Optional, Tuple

from . import kinds
from .problem import ERROR, WARNING, Problem, ValueKindError, sensible
from .suggest import nearest
from .sysctl_key import SysctlKey
from .sysctl_order import PRECEDES
from .sysctl_table_fs import FS
from .sysctl_table_kernel import KERNEL
from .sysctl_table_net import NET
from .sysctl_table_net_ipv4 import IPV4
from .sysctl_table_net_ipv6 import IPV6
from .sysctl_table_netfilter import NETFILTER
from .sysctl_table_refused import REFUSED_KEYS
from .sysctl_table_vm import VM

KEYS: Tuple[SysctlKey, ...] = KERNEL + VM + FS + NET + IPV4 + IPV6 + NETFILTER + REFUSED_KEYS


def _by_path() -> Iterator[Tuple[str, SysctlKey]]:
    for key in KEYS:
        yield key.path, key
        for alias in key.aliases:
            yield alias, key


_BY_PATH: Dict[str, SysctlKey] = dict(_by_path())
_TREES: FrozenSet[str] = frozenset(path[:-3] for path in _BY_PATH if path.endswith("/**"))


def lookup(path: str) -> Optional[SysctlKey]:
    """The key of a canonical path ("net/ipv4/tcp_rmem"), or None when it is unknown.

    An alias gives the key under its own canonical path. A key that stands for every interface
    comes back with the path that was asked for. O(components of the path).
    """
    found = _BY_PATH.get(path)
    if found:
        return found
    parts = path.split("/")
    if not all(parts) or ".." in parts or "." in parts:
        return None
    for index in range(len(parts)):
        pattern = "/".join([*parts[:index], "*", *parts[index + 1 :]])
        if pattern in _BY_PATH:
            return replace(_BY_PATH[pattern], path=path)
    for length in range(len(parts) - 1, 0, -1):
        tree = "/".join(parts[:length])
        if tree in _TREES:
            return replace(_BY_PATH[tree + "/**"], path=path)
    return None


def counterpart(path: str) -> Optional[str]:
    """The other key of a pair that says one thing in two units, or None."""
    key = lookup(path)
    return key.counterpart if key is not None else None


def nearest_key(path: str) -> Optional[str]:
    """The canonical path that was most likely meant by an unknown one, or None.

    The same last word elsewhere ("kernel/swappiness") counts when there is only one such key.
    """
    parts = path.split("/")
    here = nearest(path, _spelled_for(parts))
    if here:
        return here
    last = parts[-1]
    elsewhere = {key.path for key in KEYS if key.path.rsplit("/", 1)[-1] == last}
    if len(elsewhere) == 1:
        only = elsewhere.pop()
        return None if "*" in only else only
    return None


def check(key: SysctlKey, text: str) -> Tuple[Problem, ...]:
    """What the kernel would refuse (error) or take as nonsense (warning) of a value for a key."""
    return sensible(_check(key, text), partial(_check, key))


def _check(key: SysctlKey, text: str) -> Tuple[Problem, ...]:
    try:
        value = kinds.parse(key.kind, text)
    except ValueKindError as error:
        return (Problem(ERROR, error.message, error.suggestion),)
    if isinstance(value, str) and key.words and value not in key.words:
        message = "%r is not one of %s" % (value, ", ".join(key.words))
        return (Problem(ERROR, message, nearest(value, key.words)),)
    if isinstance(value, int):
        return tuple(_out_of_range(key, (value,)))
    if key.arity > 1 and isinstance(value, tuple):
        if len(value) != key.arity:
            message = "%d numbers are needed, not %d" % (key.arity, len(value))
            return (Problem(ERROR, message),)
        return tuple(_out_of_range(key, value)) + tuple(_falling(key, value))
    return ()


def apply_order(paths: Iterable[str]) -> List[str]:
    """The same paths in the order in which they must be written; otherwise as given."""
    given = list(dict.fromkeys(paths))
    wanted = set(given)
    ordered: Dict[str, None] = {}

    def add(path: str) -> None:
        for earlier in PRECEDES.get(path, ()):
            if earlier in wanted and earlier not in ordered:
                add(earlier)
        ordered[path] = None

    for path in given:
        add(path)
    return list(ordered)


def _spelled_for(parts: List[str]) -> Iterator[str]:
    """All known paths, with the components of `parts` where a key stands for any interface."""
    for path in _BY_PATH:
        if path.endswith("/**"):
            continue
        if "*" not in path:
            yield path
            continue
        own = path.split("/")
        if len(own) == len(parts):
            yield "/".join(part if name == "*" else name for name, part in zip(own, parts))


def _out_of_range(key: SysctlKey, numbers: Tuple[int, ...]) -> Iterator[Problem]:
    natural_low, natural_high = kinds.NATURAL_RANGES[key.kind]
    low = natural_low if key.low is None else key.low
    high = natural_high if key.high is None else key.high
    for number in numbers:
        if not low <= number <= high:
            nearest_edge = low if number < low else high
            message = "%d is out of the range %d to %d" % (number, low, high)
            yield Problem(ERROR, message, str(nearest_edge) if len(numbers) == 1 else None)
        elif key.sane_low is not None and number < key.sane_low:
            yield Problem(WARNING, "%d is below %d: %s" % (number, key.sane_low, key.doc))
        elif key.sane_high is not None and number > key.sane_high:
            yield Problem(WARNING, "%d is above %d: %s" % (number, key.sane_high, key.doc))


def _falling(key: SysctlKey, numbers: Tuple[int, ...]) -> Iterator[Problem]:
    rising = sorted(numbers)
    if key.ascending and list(numbers) != rising:
        right = " ".join(str(number) for number in rising)
        yield Problem(key.ascending, "the numbers fall where they must rise", right)
