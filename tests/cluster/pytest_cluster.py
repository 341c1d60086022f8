"""Fixtures for tests on a real API server: pytest_plugins = ["cluster.pytest_cluster"]."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import processes

from . import control_plane as planes
from .control_plane import ControlPlane
from .faults import FaultProxy
from .slate import DEFINITIONS, Slate, documents

CRDS = Path(__file__).resolve().parents[2] / "operator" / "crds"


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """etcd and the API server, one of each for this process's tests.

    Those of sessions that died are removed first. Further components: plane.with_parts(...).
    """
    remove_abandoned()
    plane = ControlPlane(planes.states() / f"pytest-{os.getpid()}")
    try:
        plane.start()
        yield plane
    finally:
        plane.destroy()


@pytest.fixture
def api(control_plane: ControlPlane) -> Iterator[Slate]:
    """The API server without anything of other tests in it, as cluster-admin sees it."""
    slate = Slate(control_plane)
    slate.clear()
    yield slate
    slate.clear()
    slate.close()


@pytest.fixture(scope="session")
def defined() -> dict[str, int]:
    """Definitions this session applied (their text) and the generation the server gave each."""
    return {}


@pytest.fixture
def kinds(api: Slate, defined: dict[str, int]) -> Slate:
    """The same with our own kinds, from operator/crds."""
    for path in sorted(CRDS.glob("*.yaml")):
        text = path.read_text()
        for definition in documents(text):
            answer = api.request("GET", f"{DEFINITIONS}/{definition['metadata']['name']}")
            there = answer.body["metadata"]["generation"] if answer.status == 200 else 0
            if defined.get(text) != there:
                defined[text] = api.apply(definition)["metadata"]["generation"]
    return api


@pytest.fixture
def faults(control_plane: ControlPlane) -> Iterator[FaultProxy]:
    """A proxy before the API server to which a test adds faults."""
    with FaultProxy(control_plane) as proxy:
        yield proxy


def remove_abandoned() -> None:
    """End the control planes of test sessions whose process is no more."""
    for name in abandoned(planes.names()):
        planes.destroy(planes.states() / name)


def abandoned(names: list[str]) -> list[str]:
    """Those control planes of test sessions whose process is no more."""
    found = ((name, re.fullmatch(r"pytest-(\d+)", name)) for name in names)
    return [name for name, match in found if match and not processes.alive(int(match[1]))]
