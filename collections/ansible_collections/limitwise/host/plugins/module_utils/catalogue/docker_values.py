# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How dockerd reads single JSON values of daemon.json: numbers, sizes, addresses, options.

Sources: opts/, registry/config.go and daemon/config of moby 20.10 to 29, and go-units.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from .problem import ERROR, NAME, Problem
from .suggest import nearest

Check = Callable[[object, str], Iterator[Problem]]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_RAM_SIZE = re.compile(r"-?[0-9]+(?:\.[0-9]+)? ?(?:[kmgtp]i?b?|b)?\Z", re.IGNORECASE)
_PERCENT = re.compile(r"[0-9]{1,3}%\Z")
_MIRROR = re.compile(r"https?://[^/?#@\s]+(?:/[^?#\s]*)?\Z")
_CGROUP_DRIVER = re.compile(r"\s*native\.cgroupdriver\s*=\s*(?:systemd|cgroupfs)\s*\Z")


def spelled(value: object) -> str:
    """A value as JSON writes it, for suggestions."""
    return json.dumps(value)


def boolean(value: object, path: str) -> Iterator[Problem]:
    """true or false, without quotes."""
    if not isinstance(value, bool):
        right = {"true": "true", "false": "false", "1": "true", "0": "false"}
        yield _wrong("true or false", value, path, right.get(str(value).lower()))


def text(value: object, path: str) -> Iterator[Problem]:
    """Any string."""
    if not isinstance(value, str):
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        yield _wrong("a string", value, path, spelled(str(value)) if plain else None)


def whole(low: int, high: int) -> Check:
    """A parser of whole numbers without quotes in a range."""

    def check(value: object, path: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int):
            digits = str(value).strip() if isinstance(value, str) else ""
            right = digits if re.match(r"-?[0-9]{1,18}\Z", digits) else None
            yield _wrong("a whole number", value, path, right)
        elif not low <= value <= high:
            message = "%d is out of the range %d to %d" % (value, low, high)
            yield Problem(ERROR, message, None, path)

    return check


def one_of(*words: str) -> Check:
    """One of these strings, in any case where dockerd lowers it."""

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or value not in words:
            right = str(value).lower() if str(value).lower() in words else None
            yield _wrong("one of " + ", ".join(words), value, path, right and spelled(right))

    return check


def list_of(item: Check) -> Check:
    """A list whose every value passes."""

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            right = spelled([value]) if isinstance(value, str) else None
            yield _wrong("a list", value, path, right)
            return
        for index, each in enumerate(value):
            yield from item(each, "%s/%d" % (path, index))

    return check


def map_of(item: Check) -> Check:
    """An object whose every value passes."""

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield _wrong("an object", value, path)
            return
        for name, each in value.items():
            yield from item(each, "%s/%s" % (path, pointer(name)))

    return check


def record(fields: Dict[str, Check], required: Sequence[str] = ()) -> Check:
    """An object of known fields, whose names Go reads in any case and drops when unknown."""

    def check(value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield _wrong("an object", value, path)
            return
        known = {name.lower(): name for name in fields}
        for name, each in value.items():
            own = "%s/%s" % (path, pointer(name))
            if name.lower() in known:
                yield from fields[known[name.lower()]](each, own)
            else:
                message = "dockerd ignores %r here; it knows %s" % (name, ", ".join(fields))
                yield Problem(ERROR, message, nearest(name, fields), own, NAME)
        have = {name.lower() for name in value}
        for name in required:
            if name.lower() not in have:
                yield Problem(ERROR, "%s is missing" % name, None, "%s/%s" % (path, name))

    return check


def anything(_value: object, _path: str) -> Iterator[Problem]:
    """No check: the shape is a plugin's own."""
    return iter(())


def ram_size(value: object, path: str) -> Iterator[Problem]:
    """A size as go-units reads it, in quotes: "64M", "1.5gb", "512"."""
    if not isinstance(value, str):
        yield from text(value, path)
    elif not _RAM_SIZE.match(value):
        yield _wrong("a size such as 64M", value, path)


def disk_size(value: object, path: str) -> Iterator[Problem]:
    """A size or a percentage of the disk, in quotes."""
    if not isinstance(value, str) or not _PERCENT.match(value):
        yield from ram_size(value, path)


def address(value: object, path: str) -> Iterator[Problem]:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value if isinstance(value, str) else "")
    except ValueError:
        yield _wrong("an IP address", value, path)


def interface(value: object, path: str) -> Iterator[Problem]:
    """An address with its prefix length, such as the bridge's own: "172.17.0.1/16"."""
    try:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError(value)
        ipaddress.ip_interface(value)
    except ValueError:
        yield _wrong("an address with a prefix length", value, path)


def mirror(value: object, path: str) -> Iterator[Problem]:
    """A registry mirror: http or https, no query, fragment or credentials."""
    if not isinstance(value, str):
        yield from text(value, path)
    elif not _MIRROR.match(value):
        bare = re.match(r"[A-Za-z0-9.-]+(?::[0-9]+)?/?\Z", value)
        right = spelled("https://" + value) if bare else None
        message = "a mirror is an http(s) URL without query, fragment or credentials"
        yield Problem(ERROR, message, right, path)


def exec_option(value: object, path: str) -> Iterator[Problem]:
    """The one option that dockerd knows: native.cgroupdriver."""
    if not isinstance(value, str) or not _CGROUP_DRIVER.match(value):
        words = "native.cgroupdriver=systemd or native.cgroupdriver=cgroupfs"
        yield _wrong(words, value, path)


def address_pools(value: object, path: str) -> Iterator[Problem]:
    """Pools that networks are cut from: [{"base": "10.200.0.0/13", "size": 24}]."""
    shape = record({"base": interface, "size": whole(1, 128)}, ("base", "size"))
    problems = list(list_of(shape)(value, path))
    yield from problems
    if problems or not isinstance(value, list):
        return
    seen: List[Tuple[int, Network]] = []
    for index, (base, size) in enumerate(pools_of(value)):
        own = "%s/%d" % (path, index)
        if not base.prefixlen <= size <= base.max_prefixlen:
            message = "a /%d has no networks of size %d" % (base.prefixlen, size)
            yield Problem(ERROR, message, None, own + "/size")
        for other, network in seen:
            if network.version == base.version and network.overlaps(base):
                message = "%s overlaps %s of pool %d" % (base, network, other)
                yield Problem(ERROR, message, None, own + "/base")
        seen.append((index, base))


def pools_of(value: object) -> List[Tuple[Network, int]]:
    """Base and size of each well-formed pool of a default-address-pools value."""
    pools: List[Tuple[Network, int]] = []
    for pool in value if isinstance(value, list) else ():
        fields = {str(name).lower(): each for name, each in pool.items()}
        base, size = fields.get("base"), fields.get("size")
        if isinstance(base, str) and isinstance(size, int):
            pools.append((ipaddress.ip_network(base, strict=False), size))
    return pools


def pointer(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _wrong(wanted: str, value: object, path: str, right: Optional[str] = None) -> Problem:
    if isinstance(value, list):
        found = "a list"
    else:
        found = "an object" if isinstance(value, dict) else spelled(value)
    return Problem(ERROR, "%s is wanted, not %s" % (wanted, found), right, path)
