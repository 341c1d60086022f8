# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's default address pools: how many networks they give, and which routes they cover."""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass
from typing import Iterator, Optional, Sequence, Tuple

from ...catalogue.docker_values import Network, pools_of

# Docker's own bridges: their routes lie in the pools by design.
DOCKER_INTERFACES = ("docker", "br-")


@dataclass(frozen=True)
class Route:
    """A route of the host: where it leads, over which interface."""

    network: ipaddress.IPv4Network
    interface: str


def capacity(pools: object) -> int:
    """How many networks a well-formed ``default-address-pools`` value gives."""
    return sum(int(2 ** (size - base.prefixlen)) for base, size in pools_of(pools))


def covered(pools: object, routes: Sequence[Route]) -> Iterator[Tuple[Network, Route]]:
    """Each pool that shares addresses with a route of the host."""
    for base, _size in pools_of(pools):
        for route in routes:
            if isinstance(base, ipaddress.IPv4Network) and base.overlaps(route.network):
                yield base, route


def routes(table: str) -> Tuple[Route, ...]:
    """The routes in /proc/net/route, without default routes and Docker's own bridges.

    Addresses there are hexadecimal numbers in the host's byte order (proc_net(5)).
    """
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or fields[0].startswith(DOCKER_INTERFACES):
            continue
        route = _network(fields[1], fields[7])
        if route is not None and route.prefixlen > 0:
            found.append(Route(route, fields[0]))
    return tuple(found)


def _network(address: str, mask: str) -> Optional[ipaddress.IPv4Network]:
    try:
        return ipaddress.IPv4Network((_number(address), str(ipaddress.IPv4Address(_number(mask)))))
    except ValueError:
        return None


def _number(hexadecimal: str) -> int:
    return int.from_bytes(bytes.fromhex(hexadecimal), "big" if sys.byteorder == "big" else "little")
