"""The engine on Python 3.8, the oldest that a target of ansible-core 2.19 may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from project import tree, venvs
from project.commands import run

UNIT_TESTS = tree.COLLECTION / "tests/unit/plugins/module_utils"
COMPILE = "import sys; [compile(open(name, 'rb').read(), name, 'exec') for name in sys.argv[1:]]"


@pytest.fixture(params=["py38"] if venvs.at_hand("py38") else [])
def oldest(request: pytest.FixtureRequest) -> Path:
    """An environment with that Python, where it is at hand."""
    return venvs.make(request.param)


def test_engine_compiles(oldest: Path, repository: Path) -> None:
    sources = [str(path) for path in tree.files(under=tree.ENGINE) if path.suffix == ".py"]
    run([str(oldest / "bin" / "python"), "-c", COMPILE, *sources], venv=oldest, cwd=repository)


def test_engine_passes_its_unit_tests(oldest: Path, repository: Path) -> None:
    said = run(
        [
            *(str(oldest / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-c", "/dev/null", "--rootdir", ".", "--import-mode=importlib", str(UNIT_TESTS)),
        ],
        venv=oldest,
        cwd=repository,
        extra={"PYTHONPATH": "collections", "LIMITWISE_HYPOTHESIS": "again"},
    )
    assert " passed" in said
