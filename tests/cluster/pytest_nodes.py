"""Fixtures for tests on real nodes: load with pytest_plugins = ["cluster.pytest_nodes"]."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from typing import Protocol

import pytest

from lab.pytest_fleet import Standing

from .installed import QUICK, Installed
from .node_image import MEMORY
from .nodes import Cluster


class ClusterMaker(Protocol):
    """Makes a cluster of fresh nodes that lasts until the end of the test."""

    def __call__(
        self, nodes: int, *, mem: str = MEMORY, kubelet: Mapping[str, object] | None = None
    ) -> Cluster: ...


@pytest.fixture(scope="session")
def cluster(standing_fleets: Standing) -> Iterator[Cluster]:
    """Three real nodes and a whole control plane, one of each for this process's tests.

    Those of sessions that died go first, with the fleets. A test removes what it makes.
    """
    with Cluster.create(f"{_prefix()}cluster", 3) as made:
        yield made


@pytest.fixture(scope="session")
def installation(cluster: Cluster) -> Installed:
    """The product on that cluster, with agents that look at their nodes every five seconds."""
    return Installed.into(cluster, **QUICK)


@pytest.fixture
def installed(installation: Installed) -> Iterator[Installed]:
    """The same; the NodeTunings of a test are gone, and nodes restored, before the next begins."""
    yield installation
    installation.clear()


@pytest.fixture
def own_cluster(standing_fleets: Standing) -> Iterator[ClusterMaker]:
    """A cluster for this test alone (some fifteen seconds)."""
    made: list[Cluster] = []
    numbers = itertools.count(1)

    def make(
        nodes: int, *, mem: str = MEMORY, kubelet: Mapping[str, object] | None = None
    ) -> Cluster:
        name = f"{_prefix()}cluster-{next(numbers)}"
        made.append(Cluster.create(name, nodes, mem=mem, kubelet=kubelet))
        return made[-1]

    yield make
    for own in made:
        own.destroy()


def _prefix() -> str:
    """The fleet fixtures know by it that the session is over."""
    return f"pytest-{os.getpid()}-"
