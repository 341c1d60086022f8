"""The private network of a fleet: a namespace with a bridge in it, and a tap per host."""

from __future__ import annotations

import contextlib
from pathlib import Path

from . import commands
from .addresses import GATEWAY, PREFIX, Seat

NAMESPACES = Path("/run/netns")


def exists(namespace: str) -> bool:
    """True when a namespace of that name is there."""
    return (NAMESPACES / namespace).exists()


def create(namespace: str) -> None:
    """A new namespace with its bridge up and the gateway's address on it."""
    commands.output(["ip", "netns", "add", namespace])
    _batch(
        namespace,
        "link set lo up",
        "link add br0 type bridge forward_delay 0",
        f"addr add {GATEWAY}/{PREFIX} dev br0",
        "link set br0 up",
    )


def add_tap(namespace: str, seat: Seat) -> None:
    """A tap on the bridge for one host."""
    _batch(
        namespace,
        f"tuntap add {seat.tap} mode tap",
        f"link set {seat.tap} master br0",
        f"link set {seat.tap} up",
    )


def add_route(namespace: str, subnet: str, seat: Seat) -> None:
    """Reach what lies behind a host, as the pods on it do; said again it changes nothing."""
    _batch(namespace, f"route replace {subnet} via {seat.address}")


def remove_tap(namespace: str, seat: Seat) -> None:
    """Take a host's tap away, even while the last thread of a killed guest still holds it."""
    _batch(namespace, f"link delete {seat.tap}")


def delete(namespace: str) -> None:
    """Remove the namespace, if it is there; its bridge and taps go with it."""
    if exists(namespace):
        commands.output(["ip", "netns", "delete", namespace])


def identity(namespace: str) -> int | None:
    """The namespace's inode number, by which /proc/PID/ns/net tells who is in it."""
    with contextlib.suppress(FileNotFoundError):
        return (NAMESPACES / namespace).stat().st_ino
    return None


def _batch(namespace: str, *lines: str) -> None:
    commands.output(["ip", "-n", namespace, "-batch", "-"], feed="\n".join(lines) + "\n")
