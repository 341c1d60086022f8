"""How values of the catalogue's kinds are written, as patterns that the API server checks.

They keep out what a reader would drop (128g, 2GB, unlimited for systemd); whether a number makes
sense on a host is the engine's judgement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .shapes import Schema, choice, either, text

_SIZE = r"([0-9]{1,20}(\.[0-9]{1,20})?[EPTGMKB]? ?)+"
_PERCENT = r"[0-9]{1,9}(\.[0-9]{1,2})?%"
_SPAN = (
    r"([0-9]{1,19}(\.[0-9]{1,19})? ?(us|usec|ms|msec|s|sec|seconds?|m|min|minutes?|h|hr|hours?"
    r"|d|days?|w|weeks?|M|months?|y|years?)? ?)+"
)
_CPUS = r"[0-9]{1,4}(-[0-9]{1,4})?"
_DEVICE = r"[/%][^\s]*[ \t]+"


@dataclass(frozen=True)
class Quantity:
    """How people write a kind's value: the words for it, and the schema that holds them to it."""

    words: str
    schema: Callable[[str], Schema]


def _written(
    pattern: str, low: int | None = None, high: int | None = None
) -> Callable[[str], Schema]:
    bounds = {"minimum": low, "maximum": high}
    given = {name: edge for name, edge in bounds.items() if edge is not None}
    return lambda description: either(description, f"^({pattern})$", **given)


def _spelled(pattern: str, longest: int = 64) -> Callable[[str], Schema]:
    return lambda description: text(description, longest=longest, pattern=f"^({pattern})$")


def _one_of(*words: str) -> Quantity:
    return Quantity(" or ".join(words), lambda description: choice(description, *words))


def _limit(pattern: str, words: str) -> Quantity:
    one = f"(infinity|{pattern})"
    return Quantity(f"{words}, or infinity; soft:hard sets two", _written(f"{one}(:{one})?", 0))


_NAMES = "a size such as 1.5G (K M G T P E, of 1024)"

QUANTITIES: dict[str, Quantity] = {
    "memory": Quantity(
        f"{_NAMES}, a share of RAM such as 80%, or infinity",
        _written(f"infinity|{_SIZE}|{_PERCENT}", 1),
    ),
    "memory-or-0": Quantity(
        f"{_NAMES}, a share of RAM such as 80%, 0 for none at all, or infinity",
        _written(f"infinity|{_SIZE}|{_PERCENT}", 0),
    ),
    "tasks": Quantity(
        "a number, a share of the host's such as 30%, or infinity",
        _written(f"infinity|[0-9]{{1,20}}|{_PERCENT}", 1),
    ),
    "quota": Quantity("a share of one CPU such as 400%", _spelled(_PERCENT)),
    "share": Quantity("a share such as 60%", _spelled(_PERCENT)),
    "weight": Quantity("1 to 10000", _written("[0-9]{1,5}", 1, 10000)),
    "cpu-weight": Quantity("1 to 10000, or idle", _written("[0-9]{1,5}|idle", 1, 10000)),
    "boolean": Quantity(
        "1 or 0, or a quoted yes or no", _written("1|0|yes|no|true|false|on|off", 0, 1)
    ),
    "oom-score": Quantity("-1000 to 1000", _written("[+-]?[0-9]{1,4}", -1000, 1000)),
    "oom-policy": _one_of("continue", "stop", "kill"),
    "managed-oom": _one_of("auto", "kill"),
    "managed-oom-preference": _one_of("none", "avoid", "omit"),
    "span": Quantity("a time such as 100ms or 5min 20s", _written(f"infinity|{_SPAN}", 0)),
    "cpus": Quantity(
        "numbers and ranges such as 0-3,8", _written(rf"{_CPUS}([ ,]+{_CPUS})*", 0, 8191)
    ),
    "bandwidth": Quantity(
        "a device and a rate a second such as /dev/sda 5M (of 1000), or infinity",
        _spelled(f"{_DEVICE}(infinity|{_SIZE})", 512),
    ),
    "device-weight": Quantity(
        "a device and a weight such as /dev/sda 200", _spelled(f"{_DEVICE}[0-9]{{1,5}}", 512)
    ),
    "device-latency": Quantity(
        "a device and a time such as /dev/sda 25ms", _spelled(f"{_DEVICE}{_SPAN}", 512)
    ),
    "rlimit-count": _limit("[0-9]{1,20}", "a number"),
    "rlimit-bytes": _limit(_SIZE, _NAMES),
    "rlimit-seconds": _limit(_SPAN, "a time such as 10min (a bare number is seconds)"),
    "rlimit-microseconds": _limit(_SPAN, "a time such as 2s (a bare number is microseconds)"),
    "rlimit-nice": Quantity(
        "0 to 40, or a nice level with its sign, -20 to +19", _written("[+-]?[0-9]{1,2}", -20, 40)
    ),
}
"""Kind of the catalogue to how it is written in a NodeTuning."""
