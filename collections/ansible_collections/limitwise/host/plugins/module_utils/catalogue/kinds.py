# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of values by name: read one, compare two spellings, take the number out."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Tuple

from . import kernel_values, pam_values, systemd_limits, systemd_values
from .kernel_values import parse_integer
from .problem import INFINITY, ValueKindError

__all__ = [
    "INFINITY",
    "KINDS",
    "NATURAL_RANGES",
    "ValueKindError",
    "as_int",
    "at_least",
    "parse",
    "parse_integer",
    "same",
]

_rlimit = systemd_limits.rlimit

KINDS: Dict[str, Callable[[str], object]] = {
    # below /proc/sys
    "int": kernel_values.parse_integer,
    "uint": kernel_values.parse_integer,
    "long": kernel_values.parse_integer,
    "ulong": kernel_values.parse_integer,
    "ints": kernel_values.parse_integers,
    "uints": kernel_values.parse_integers,
    "ulongs": kernel_values.parse_integers,
    "word": kernel_values.parse_word,
    "words": kernel_values.parse_words,
    "ranges": kernel_values.parse_ranges,
    "text": str.strip,
    # unit files
    "memory": systemd_values.parse_memory,
    "memory-or-0": systemd_values.parse_memory_or_none,
    "tasks": systemd_values.parse_tasks,
    "quota": systemd_values.parse_quota,
    "share": systemd_values.parse_part,
    "weight": systemd_values.parse_weight,
    "cpu-weight": systemd_values.parse_cpu_weight,
    "boolean": systemd_values.parse_boolean,
    "oom-score": systemd_values.parse_oom_score,
    "nice": systemd_values.parse_nice,
    "oom-policy": systemd_values.one_of("continue", "stop", "kill"),
    "managed-oom": systemd_values.one_of("auto", "kill"),
    "managed-oom-preference": systemd_values.one_of("none", "avoid", "omit"),
    "span": systemd_limits.parse_span,
    "cpus": systemd_limits.parse_cpus,
    "bandwidth": systemd_limits.parse_bandwidth,
    "device-weight": systemd_limits.parse_device_weight,
    "device-latency": systemd_limits.parse_device_latency,
    "rlimit-count": _rlimit(systemd_values.parse_count),
    "rlimit-bytes": _rlimit(systemd_values.parse_bytes),
    "rlimit-seconds": _rlimit(systemd_limits.parse_seconds),
    "rlimit-microseconds": _rlimit(systemd_limits.parse_microseconds),
    "rlimit-nice": _rlimit(systemd_limits.parse_nice_limit),
    # limits.conf
    "pam-count": pam_values.counted_in(1),
    "pam-kilobytes": pam_values.counted_in(1024),
    "pam-nice": pam_values.parse_nice,
    "pam-flag": pam_values.parse_flag,
    "pam-path": pam_values.parse_path,
}
"""Kind to parser; every parser raises ValueKindError and nothing else."""

NATURAL_RANGES: Dict[str, Tuple[int, int]] = {
    "int": (-(2**31), 2**31 - 1),
    "ints": (-(2**31), 2**31 - 1),
    "uint": (0, 2**32 - 1),
    "uints": (0, 2**32 - 1),
    "long": (-(2**63), 2**63 - 1),
    "ulong": (0, 2**64 - 1),
    "ulongs": (0, 2**64 - 1),
}
"""What the variable behind a kernel kind can hold at all."""

_READ_BACK_NO_LIMIT = ("max", "infinity", "unlimited", str(INFINITY))


def parse(kind: str, text: str) -> object:
    """The normalised value of a text; ValueKindError when its reader would not take it so.

    The error suggests only what the same reader takes.
    """
    try:
        return KINDS[kind](text)
    except ValueKindError as error:
        if error.suggestion is None or _is_taken(kind, error.suggestion):
            raise
        raise ValueKindError(error.message) from error


def _is_taken(kind: str, text: str) -> bool:
    try:
        KINDS[kind](text)
    except ValueKindError:
        return False
    return True


def same(kind: str, left: str, right: str) -> bool:
    """Whether two spellings are one value ("1G" and "1073741824", tabs and blanks, 0x10 and 16).

    Either may be as a kernel or systemd prints it ("max"). Texts that cannot be read are
    compared word by word.
    """
    return left == right or _read_back(kind, left) == _read_back(kind, right)


def as_int(kind: str, text: str) -> Optional[int]:
    """The number in a value (bytes, counts, microseconds); INFINITY for no limit.

    None when it is no single number: a percentage, a vector, a pair that differs, a word.
    """
    value = _read_back(kind, text)
    if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def at_least(kind: str, live: str, wanted: str) -> Optional[bool]:
    """Whether every number of `live` is at or above that of `wanted`; None if not comparable."""
    have, want = _numbers(kind, live), _numbers(kind, wanted)
    if have is None or want is None or len(have) != len(want):
        return None
    return all(mine >= theirs for mine, theirs in zip(have, want))


def _numbers(kind: str, text: str) -> Optional[Tuple[int, ...]]:
    value = _read_back(kind, text)
    if isinstance(value, int):
        return (value,)
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        return value
    return None


def _read_back(kind: str, text: str) -> object:
    word = text.strip()
    try:
        if word in _READ_BACK_NO_LIMIT and kind not in NATURAL_RANGES:
            word = "unlimited" if kind.startswith("pam-") else "infinity"
        return KINDS[kind](word)
    except ValueKindError:
        return "text", tuple(text.split())
