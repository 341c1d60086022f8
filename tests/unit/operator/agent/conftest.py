"""The fake host of the agent's tests, and a guard that the real one stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.operator.agent.fake_root import SYSCTLS, FakeRoot

WATCHED = tuple(name for name in SYSCTLS if name not in ("fs/file-nr", "kernel/random/boot_id"))


def real() -> dict[str, str]:
    """What this very machine has."""
    return {name: Path("/proc/sys", name).read_text() for name in WATCHED}


@pytest.fixture(autouse=True)
def _this_machine_stays_as_it_is() -> Iterator[None]:
    before, state = real(), Path("/var/lib/limitwise").exists()
    yield
    assert real() == before
    assert Path("/var/lib/limitwise").exists() == state


@pytest.fixture
def root(tmp_path: Path) -> FakeRoot:
    """A host whose root is at tmp_path/root."""
    return FakeRoot(tmp_path / "root")
