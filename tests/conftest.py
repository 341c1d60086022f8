"""What every top-level test shares: the repository's root and which tests this user can run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Real-kernel hosts for any test that asks for one.
pytest_plugins = ["lab.pytest_fleet"]

# A noisy machine makes a time limit per example a coin toss.
settings.register_profile("limitwise", deadline=None, print_blob=True)
settings.load_profile("limitwise")

# Only root can have guests with kernels of their own, and soak tests run when asked for.
# What cannot run is not collected: a skip would look like a result.
collect_ignore = [
    *([] if os.geteuid() == 0 else ["e2e"]),
    *([] if "LIMITWISE_SOAK" in os.environ else ["soak"]),
]


def pytest_report_header() -> list[str]:
    """Say what is left out, so that a green run as a plain user is not taken for the whole."""
    return [f"not collected: tests/{name}" for name in collect_ignore]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root folder."""
    return Path(__file__).resolve().parents[1]
