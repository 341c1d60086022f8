"""Fixtures for tests on real kernels: load with pytest_plugins = ["lab.pytest_fleet"]."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from typing import Protocol

import pytest

from . import fleet as fleets
from . import processes
from .fleet import MEMORY, Fleet
from .host import Host


class FleetMaker(Protocol):
    """Makes a fleet of fresh hosts that lasts until the end of the test."""

    def __call__(
        self, hosts: int, *, image: str = "trixie", kernel: str = "built", mem: str = MEMORY
    ) -> Fleet: ...


class HostMaker(Protocol):
    """Gives one host; whether it is fresh or shared is the fixture's business."""

    def __call__(
        self, *, image: str = "trixie", kernel: str = "built", mem: str = MEMORY
    ) -> Host: ...


class Standing:
    """The fleets that last as long as the test session, one per image, kernel and memory."""

    def __init__(self) -> None:
        self._fleets: dict[tuple[str, str, str], Fleet] = {}

    def fleet(self, image: str, kernel: str, mem: str) -> Fleet:
        """That fleet, made at its first use with one host."""
        key = (image, kernel, mem)
        if key not in self._fleets:
            name = f"{_prefix(os.getpid())}{image}-{kernel}-{mem.lower()}"
            self._fleets[key] = Fleet.create(name, 1, image=image, kernel=kernel, mem=mem)
        return self._fleets[key]

    def destroy(self) -> None:
        """Remove them all."""
        for standing in self._fleets.values():
            standing.destroy()


@pytest.fixture(scope="session")
def standing_fleets() -> Iterator[Standing]:
    """Fleets of this session; those of sessions that died are removed first."""
    for name in abandoned(fleets.names()):
        fleets.destroy(name)
    standing = Standing()
    yield standing
    standing.destroy()


@pytest.fixture
def shared_host(standing_fleets: Standing) -> HostMaker:
    """A host that tests share: for those that only look, or clean up behind themselves."""

    def make(*, image: str = "trixie", kernel: str = "built", mem: str = MEMORY) -> Host:
        return standing_fleets.fleet(image, kernel, mem).hosts[0]

    return make


@pytest.fixture
def fresh_host(standing_fleets: Standing) -> Iterator[HostMaker]:
    """A newly made host for this test alone (two to four seconds); any number of them."""
    made: list[tuple[Fleet, Host]] = []

    def make(*, image: str = "trixie", kernel: str = "built", mem: str = MEMORY) -> Host:
        standing = standing_fleets.fleet(image, kernel, mem)
        host = standing.add()
        made.append((standing, host))
        return host

    yield make
    for standing, host in made:
        standing.drop(host)


@pytest.fixture
def fleet(standing_fleets: Standing) -> Iterator[FleetMaker]:
    """A fleet for this test alone."""
    made: list[Fleet] = []
    numbers = itertools.count(1)

    def make(
        hosts: int, *, image: str = "trixie", kernel: str = "built", mem: str = MEMORY
    ) -> Fleet:
        name = f"{_prefix(os.getpid())}own-{next(numbers)}"
        made.append(Fleet.create(name, hosts, image=image, kernel=kernel, mem=mem))
        return made[-1]

    yield make
    for own in made:
        own.destroy()


def abandoned(names: list[str]) -> list[str]:
    """Those fleets of test sessions whose process is no more."""
    found = ((name, re.match(r"pytest-(\d+)-", name)) for name in names)
    return [name for name, match in found if match and not processes.alive(int(match[1]))]


def _prefix(pid: int) -> str:
    return f"pytest-{pid}-"
