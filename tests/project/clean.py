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


def install(folder: Path) -> Path:
    """``pip install .`` of a copy of the project's files; the environment's folder."""
    source = folder / "source"
    tree.copy(Path(), source)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    run([str(venv / "bin/pip"), "install", "--quiet", str(source), CORE], venv=venv, cwd=folder)
    return venv
