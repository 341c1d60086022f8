# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How systemd reads the values of resource settings and limits in unit files.

Sources: src/basic/parse-util.c, percent-util.c, rlimit-util.c, time-util.c and
src/core/load-fragment.c of systemd 257. What systemd would drop with a warning is an error here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Optional, Union

from .problem import INFINITY, ValueKindError

_UNLIMITED_WORDS = ("unlimited", "infinite", "infinity", "max", "none", "inf", "-1")
_BLANKS = " \t\n\r"
_COUNT = re.compile(
    r"(?P<sign>[+-]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)"
    r"|0[oO](?P<oct>[0-7]+)|(?P<old>0[0-7]*)|(?P<dec>[1-9][0-9]*))\Z"
)
_BASES = (("hex", 16), ("bin", 2), ("oct", 8), ("old", 8), ("dec", 10))
_SIZE_PART = re.compile(r"\s*\+?(\d{1,20})(?:\.(\d{0,20}))?\s*([EPTGMKB]?)", re.ASCII)
_LOOSE_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*([kmgtpe]?)(?:i?b)?\Z", re.IGNORECASE)
_PERCENT = re.compile(r"\+?(\d{1,9})(?:\.(\d{1,2}))?%\Z", re.ASCII)
_SUFFIXES = "EPTGMKB"


@dataclass(frozen=True)
class Share:
    """A part of a whole in hundredths of a percent: 80% is Share(8000)."""

    permyriad: int


Amount = Union[int, Share]


def parse_count(text: str) -> int:
    """A whole number as safe_atou64 reads it (0x, 0b, 0o and leading 0 are bases)."""
    found = _COUNT.match(text.lstrip(_BLANKS))
    if not found:
        raise ValueKindError("%r is not a whole number" % text, _loose_count(text))
    digits, base = next(
        (found.group(name), base) for name, base in _BASES if found.group(name) is not None
    )
    if len(digits) > 64:
        raise ValueKindError("%r is larger than 64 bits" % text, "infinity")
    number = int(digits, base)
    if number > INFINITY:
        raise ValueKindError("%r is larger than 64 bits" % text, "infinity")
    if found.group("sign") == "-" and number:
        raise ValueKindError("%r is negative" % text, "infinity" if number == 1 else None)
    return number


def parse_bytes(text: str, base: int = 1024) -> int:
    """A size as parse_size reads it: "1.5G", "1G 512M", capital K M G T P E B only."""
    total, at, next_suffix = 0, 0, 0
    while True:
        part = _SIZE_PART.match(text, at)
        if not part or not part.group(1):
            raise ValueKindError("%r is not a size that systemd reads" % text, loose_size(text))
        whole, fraction, suffix = part.groups()
        rank = _SUFFIXES.index(suffix) if suffix else len(_SUFFIXES)
        if rank < next_suffix:
            raise ValueKindError("%r has its units in the wrong order" % text)
        factor: int = base ** max(0, _SUFFIXES.index("B") - rank)
        total += int(whole) * factor + _fraction(fraction or "", factor)
        if total > INFINITY:
            raise ValueKindError("%r is larger than 64 bits" % text, "infinity")
        at, next_suffix = part.end(), rank + 1
        if at == len(text):
            return total


def parse_share(text: str) -> Share:
    """A percentage with up to two decimals, or per mille, or per ten thousand; no upper end."""
    for symbol, scale in (("\u2031", 1), ("\u2030", 10)):
        if text.endswith(symbol):
            found = re.match(r"(\d{1,9})(?:\.(\d))?\Z", text[:-1], re.ASCII)
            if found and (scale == 10 or found.group(2) is None):
                return Share(int(found.group(1)) * scale + int(found.group(2) or 0))
    found = _PERCENT.match(text)
    if not found:
        raise ValueKindError("%r is not a percentage" % text, _loose_share(text))
    decimals = (found.group(2) or "").ljust(2, "0")
    return Share(int(found.group(1)) * 100 + int(decimals))


def parse_part(text: str) -> Share:
    """A percentage of at most 100%."""
    share = parse_share(text)
    if share.permyriad > 10000:
        raise ValueKindError("%s is more than the whole and would be dropped" % text)
    return share


def parse_memory(text: str) -> Amount:
    """MemoryMax= and its kin: a size of at least one byte, a percentage of RAM, or infinity."""
    amount = parse_memory_or_none(text)
    if amount == 0:
        raise ValueKindError("0 is out of range here and would be dropped")
    return amount


def parse_memory_or_none(text: str) -> Amount:
    """MemorySwapMax=, MemoryMin= and their kin: as parse_memory, and 0 too."""
    if text == "infinity":
        return INFINITY
    if "%" in text or text[-1:] in ("\u2030", "\u2031"):
        return parse_part(text)
    amount = parse_bytes(text)
    if amount == INFINITY:
        raise ValueKindError("%s is out of range and would be dropped" % text, "infinity")
    return amount


def parse_tasks(text: str) -> Amount:
    """TasksMax=: a number of at least 1, a percentage, or infinity."""
    if text == "infinity":
        return INFINITY
    if "%" in text or text[-1:] in ("\u2030", "\u2031"):
        return parse_part(text)
    number = parse_count(text)
    if not 0 < number < INFINITY:
        raise ValueKindError("%s is out of range and would be dropped" % text)
    return number


def parse_quota(text: str) -> Share:
    """CPUQuota=: a percentage of one CPU above 0; there is no word for "no quota"."""
    if text.lower() in _UNLIMITED_WORDS:
        raise ValueKindError("a CPU quota is a percentage; no quota is an empty value")
    share = parse_share(text)
    if not 0 < share.permyriad <= 2**31 - 1:
        raise ValueKindError("%s is out of range and would be dropped" % text)
    return share


def parse_weight(text: str) -> int:
    """IOWeight= and its kin: 1 to 10000."""
    weight = parse_count(text)
    if not 1 <= weight <= 10000:
        raise ValueKindError("%s is out of the range 1 to 10000" % text)
    return weight


def parse_cpu_weight(text: str) -> int:
    """CPUWeight=: 1 to 10000, or idle (which is 0)."""
    return 0 if text == "idle" else parse_weight(text)


def parse_boolean(text: str) -> bool:
    """1 yes y true t on, 0 no n false f off, in any case."""
    word = text.lower()
    if word in ("1", "yes", "y", "true", "t", "on"):
        return True
    if word in ("0", "no", "n", "false", "f", "off"):
        return False
    raise ValueKindError("%r is not a boolean" % text)


def parse_oom_score(text: str) -> int:
    """OOMScoreAdjust=: -1000 to 1000."""
    return _ranged(text, -1000, 1000)


def parse_nice(text: str) -> int:
    """Nice=: -20 to 19."""
    return _ranged(text, -20, 19)


def one_of(*words: str) -> Callable[[str], str]:
    """A parser of exactly these words."""

    def parse(text: str) -> str:
        if text in words:
            return text
        right = text.lower() if text.lower() in words else None
        raise ValueKindError("%r is not one of %s" % (text, ", ".join(words)), right)

    return parse


def loose_size(text: str) -> Optional[str]:
    """The size that was meant by "128g", "2GB", "2 GiB" or "unlimited", as systemd spells it."""
    word = text.strip().strip("\"'").strip(";,")
    if word.lower() in _UNLIMITED_WORDS:
        return "infinity"
    found = _LOOSE_SIZE.match(word)
    return found.group(1) + found.group(2).upper() if found else None


def _ranged(text: str, low: int, high: int) -> int:
    found = re.match(r"\s*([+-]?\d{1,9})\Z", text, re.ASCII)
    if not found:
        raise ValueKindError("%r is not a whole number" % text)
    number = int(found.group(1))
    if not low <= number <= high:
        raise ValueKindError("%s is out of the range %d to %d" % (text, low, high))
    return number


def _fraction(digits: str, factor: int) -> int:
    return int(digits) * factor // 10 ** len(digits) if digits else 0


def _loose_count(text: str) -> Optional[str]:
    word = text.strip().strip("\"'").rstrip(";,").replace("_", "")
    if word.lower() in _UNLIMITED_WORDS:
        return "infinity"
    found = _LOOSE_SIZE.match(word)
    if not found or "." in found.group(1):
        return None
    return str(int(found.group(1)) * 1024 ** (" kmgtpe".index(found.group(2).lower() or " ")))


def _loose_share(text: str) -> Optional[str]:
    word = text.replace(" ", "").strip("\"'")
    if re.match(r"\d{1,9}(\.\d{1,2})?\Z", word, re.ASCII):
        return word + "%"
    return word if word != text and _PERCENT.match(word) else None
