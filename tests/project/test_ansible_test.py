"""ansible-test's own verdict on the collection, on every ansible-core that is at hand.

All sanity tests run. The first run on a machine makes their environments.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from project import venvs
from project.ansible_test import ansible_test, copy_collection

# "newest" needs a Python that not every machine has: no Python, no test.
CORES = [name for name in ("dev", "newest") if venvs.at_hand(name)]


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    return copy_collection(tmp_path)


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> Path:
    """The environment of one ansible-core."""
    return venvs.make(request.param)


def python_of(core: Path) -> str:
    """The major.minor of an environment's Python, as ansible-test wants it."""
    return next((core / "lib").glob("python3.*")).name.removeprefix("python")


def test_sanity(core: Path, collection: Path) -> None:
    # with --lint what is wrong comes last, after the tale of all that was installed
    ansible_test(core, collection, "sanity", "--lint", "--python", python_of(core))


def test_units(core: Path, collection: Path) -> None:
    said = ansible_test(core, collection, "units", "--python", python_of(core))
    assert " passed" in said
