"""A clean environment: nothing but the project, installed as its users install it, and ansible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from project import tree
from project.commands import run

CORE = next(
    line
    for line in (tree.REPOSITORY / "requirements/dev.txt").read_text().splitlines()
    if line.startswith("ansible-core==")
)

PINNED = tree.REPOSITORY / "requirements/operator.txt"


def install(folder: Path) -> Path:
    """``pip install .`` of a copy of the project's files; the environment's folder."""
    return _installed(folder, "", CORE)


def install_operator(folder: Path) -> Path:
    """``pip install .[operator]`` with the versions that the container image has."""
    return _installed(folder, "[operator]", "-c", str(PINNED))


def _installed(folder: Path, extra: str, *words: str) -> Path:
    source = folder / "source"
    tree.copy(Path(), source)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin/pip"), "install", "--quiet", f"{source}{extra}", *words]
    run(pip, venv=venv, cwd=folder)
    return venv
