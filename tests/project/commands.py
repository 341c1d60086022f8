"""Run one of the project's tools with a known environment and show all it said when it fails."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

# What would make a tool's verdict depend on who runs it and from where.
UNWANTED = ("PYTHONPATH", "VIRTUAL_ENV", "GIT_DIR", "MAKEFLAGS", "MAKELEVEL", "PYTEST_ADDOPTS")


def environment(venv: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with ``venv`` first in PATH, without what steers tools."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in UNWANTED and not name.startswith(("ANSIBLE_", "PYTEST_"))
    }
    path = f"{venv / 'bin'}:{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **(extra or {})}


def run(
    argv: list[str], *, venv: Path, cwd: Path, extra: Mapping[str, str] | None = None
) -> str:
    """Standard output of a command that must succeed; AssertionError with its whole output."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=environment(venv, extra),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr + done.stdout
    assert done.returncode == 0, f"{' '.join(argv)}: exit status {done.returncode}\n{said}"
    return done.stdout
