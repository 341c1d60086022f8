# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How systemd reads time spans, rlimits, CPU lists and per-device settings.

Sources: src/basic/time-util.c, rlimit-util.c and src/core/load-fragment.c of systemd 257.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, FrozenSet, Optional, Set, Tuple

from .problem import INFINITY, ValueKindError
from .systemd_values import loose_size, parse_bytes, parse_count, parse_weight

_SECOND = 1000000
_UNITS: Dict[str, int] = {
    "seconds": _SECOND, "second": _SECOND, "sec": _SECOND, "s": _SECOND,
    "minutes": 60 * _SECOND, "minute": 60 * _SECOND, "min": 60 * _SECOND,
    "months": 2629800 * _SECOND, "month": 2629800 * _SECOND, "M": 2629800 * _SECOND,
    "msec": 1000, "ms": 1000, "m": 60 * _SECOND,
    "hours": 3600 * _SECOND, "hour": 3600 * _SECOND, "hr": 3600 * _SECOND, "h": 3600 * _SECOND,
    "days": 86400 * _SECOND, "day": 86400 * _SECOND, "d": 86400 * _SECOND,
    "weeks": 604800 * _SECOND, "week": 604800 * _SECOND, "w": 604800 * _SECOND,
    "years": 31557600 * _SECOND, "year": 31557600 * _SECOND, "y": 31557600 * _SECOND,
    "usec": 1, "us": 1, "\u03bcs": 1, "\u00b5s": 1,
}  # fmt: skip
_TIME_PART = re.compile(
    r"\s*\+?(\d{0,19})(?:\.(\d{1,19}))?\s*(%s|)" % "|".join(sorted(_UNITS, key=len, reverse=True)),
    re.ASCII,
)
_DEVICE = re.compile(r"(\S+)[ \t]+(\S.*)\Z")

Range = Tuple[int, int]


def parse_span(text: str, unit: int = _SECOND) -> int:
    """A time span in microseconds ("5min 20s", "1.5h", "infinity"); a bare number is in `unit`."""
    if text.strip() == "infinity":
        return INFINITY
    total, at = 0, 0
    while text[at:].strip():
        part = _TIME_PART.match(text, at)
        if not part or not (part.group(1) or part.group(2)):
            raise ValueKindError("%r is not a time span" % text, _loose_span(text))
        whole, fraction, name = part.groups()
        if not name and part.end() < len(text) and not text[part.end() - 1].isspace():
            raise ValueKindError("%r is not a time span" % text, _loose_span(text))
        scale = _UNITS.get(name, unit)
        total += int(whole or 0) * scale
        if fraction:
            total += int(fraction) * scale // 10 ** len(fraction)
        if total >= INFINITY:
            raise ValueKindError("%r is longer than 64 bits of microseconds" % text, "infinity")
        at = part.end()
    if at == 0:
        raise ValueKindError("the time span is empty")
    return total


def rlimit(parse: Callable[[str], int]) -> Callable[[str], Tuple[int, int]]:
    """A parser of Limit*= values: one limit for both, or "soft:hard" with soft not above hard."""

    def parse_pair(text: str) -> Tuple[int, int]:
        if text.count(":") > 1:
            raise ValueKindError("%r is not a limit, or a soft and a hard one" % text)
        soft_text, colon, hard_text = text.partition(":")
        try:
            soft = _one(parse, soft_text)
            hard = _one(parse, hard_text) if colon else soft
        except ValueKindError as error:
            raise ValueKindError(error.message, _suggest_pair(parse, text)) from None
        if soft > hard:
            raise ValueKindError(
                "the soft limit %s is above the hard limit %s" % (soft_text, hard_text),
                "%s:%s" % (hard_text, soft_text),
            )
        return soft, hard

    return parse_pair


def parse_seconds(text: str) -> int:
    """LimitCPU=: whole seconds, rounded up from a time span."""
    span = parse_span(text)
    return span if span == INFINITY else -(-span // _SECOND)


def parse_microseconds(text: str) -> int:
    """LimitRTTIME=: a time span whose bare number is in microseconds."""
    return parse_span(text, 1)


def parse_nice_limit(text: str) -> int:
    """LimitNICE=: raw 0..40, or a nice level written with its sign, -20..+19."""
    number = parse_count(text.lstrip("+-") if text[:1] in ("+", "-") else text)
    if text[:1] == "+" and number < 20:
        return 20 - number
    if text[:1] == "-" and number <= 20:
        return 20 + number
    if text[:1] not in ("+", "-") and number <= 40:
        return number
    raise ValueKindError("%s is out of the range 0 to 40, or -20 to +19 with its sign" % text)


def parse_cpus(text: str) -> FrozenSet[int]:
    """AllowedCPUs=: indices and ranges between blanks or commas, as a set."""
    cpus: Set[int] = set()
    for part in text.replace(",", " ").split():
        found = re.match(r"(\d{1,4})(?:-(\d{1,4}))?\Z", part, re.ASCII)
        if not found:
            raise ValueKindError("%r is not a CPU or a range such as 0-3" % part)
        first = int(found.group(1))
        last = int(found.group(2) or first)
        if last < first:
            raise ValueKindError(
                "the range %s ends before it starts" % part, "%d-%d" % (last, first)
            )
        cpus.update(range(first, last + 1))
    if not cpus:
        raise ValueKindError("the list is empty")
    return frozenset(cpus)


def parse_bandwidth(text: str) -> Tuple[str, int]:
    """IOReadBandwidthMax= and its kin: a device and a rate, K M G T of base 1000, or infinity."""
    device, rate = _device_and(text)
    if rate == "infinity":
        return device, INFINITY
    try:
        amount = parse_bytes(rate, 1000)
    except ValueKindError as error:
        right = loose_size(rate)
        raise ValueKindError(error.message, right and "%s %s" % (device, right)) from None
    if amount == 0:
        raise ValueKindError("a rate of 0 is dropped")
    return device, amount


def parse_device_weight(text: str) -> Tuple[str, int]:
    """IODeviceWeight=: a device and a weight of 1 to 10000."""
    device, weight = _device_and(text)
    return device, parse_weight(weight)


def parse_device_latency(text: str) -> Tuple[str, int]:
    """IODeviceLatencyTargetSec=: a device and a time span, in microseconds."""
    device, span = _device_and(text)
    return device, parse_span(span)


def _device_and(text: str) -> Tuple[str, str]:
    found = _DEVICE.match(text.strip())
    if not found:
        raise ValueKindError("%r is not a device and a value" % text)
    if not found.group(1).startswith(("/", "%")):
        raise ValueKindError("%r is not an absolute path" % found.group(1))
    return found.group(1), found.group(2)


def _one(parse: Callable[[str], int], text: str) -> int:
    if text == "infinity":
        return INFINITY
    number = parse(text)
    if number >= INFINITY:
        raise ValueKindError("%s is out of range" % text, "infinity")
    return number


def _suggest_pair(parse: Callable[[str], int], text: str) -> Optional[str]:
    parts = [_suggest_one(parse, part) for part in text.split(":")]
    return None if None in parts else ":".join(filter(None, parts))


def _suggest_one(parse: Callable[[str], int], text: str) -> Optional[str]:
    try:
        _one(parse, text)
    except ValueKindError as error:
        return error.suggestion
    return text


def _loose_span(text: str) -> Optional[str]:
    word = text.strip().strip("\"'")
    if word.lower() in ("infinity", "unlimited", "never", "-1"):
        return "infinity"
    found = re.match(r"(\d{1,19})\s*([A-Za-z]+)\Z", word, re.ASCII)
    if found and found.group(2).lower() in _UNITS:
        return found.group(1) + found.group(2).lower()
    return None
