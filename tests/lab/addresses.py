"""Who is who on a fleet's network: names, addresses, cards and taps follow from a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import LabError

NETWORK = "10.99.0"
PREFIX = 24
GATEWAY = f"{NETWORK}.1"
FIRST = 10
MOST_HOSTS = 240


@dataclass(frozen=True)
class Seat:
    """The place of host number `number` (from 1) in every fleet."""

    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= MOST_HOSTS:
            raise LabError(f"a fleet has hosts 1 to {MOST_HOSTS}, not {self.number}")

    @property
    def name(self) -> str:
        return f"h{self.number}"

    @property
    def address(self) -> str:
        return f"{NETWORK}.{FIRST + self.number}"

    @property
    def mac(self) -> str:
        """Fixed: a random one leaves stale neighbour entries, and ssh waits for up to 45 s."""
        return f"02:fe:00:00:00:{self.number:02x}"

    @property
    def tap(self) -> str:
        return f"t{self.number}"


def seat_of(name: str) -> Seat:
    """The seat of a host by its name (h1, h2, ...)."""
    match = re.fullmatch(r"h([1-9]\d{0,2})", name)
    if not match:
        raise LabError(f"no host is called {name!r}", "hosts are h1, h2, ...")
    return Seat(int(match[1]))


def namespace_of(fleet: str) -> str:
    """The network namespace of a fleet; checks the fleet's name on the way."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", fleet):
        raise LabError(
            f"a fleet cannot be called {fleet!r}", "use a-z, 0-9 and '-', at most 40 characters"
        )
    return f"lw-{fleet}"
