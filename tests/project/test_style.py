"""Style, types and house rules hold for every file of the project."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from project import tree
from project.commands import run

VENV = Path(sys.prefix)
LONGEST = 450
# Not text of ours: the licence, data, pages that are made from tables and looked up, and what
# only a dashboard's editor or a checker of values reads.
FREE_LENGTH = {
    *("LICENSE", "kernel.config", "go.mod", "go.sum", "rules.md", "kinds.md"),
    *("values.schema.json", "dashboard.json"),
}
# Made from the catalogue or the chart, or by a dashboard's editor.
MADE = (Path("operator/crds"), Path("operator/chart/limitwise/crds"), Path("operator/manifests"))
# Checked with --strict; the tests' own bodies are ruff's business.
TYPED = [
    tree.COLLECTION / "plugins",
    *map(Path, ("cli", "operator", "benchmarks")),
    *map(Path, ("tests/cluster", "tests/lab", "tests/project", "tests/demo")),
]
# Written in two halves, or this file would be the first to break its own rule.
FORBIDDEN = [
    *("/wo" + "rk/", "/root/." + "pyenv", "pyenv/" + "versions/3"),
    *("pypi" + ".org", "python" + "hosted", "galaxy.ansible" + ".com", "crates" + ".io"),
    *("registry." + "npmjs", "proxy.golang" + ".org", "--index" + "-url", "find" + "-links"),
    *("Co-Authored" + "-By", "<<<<" + "<<< "),
]
LEFTOVERS = {
    *("__pycache__", ".mypy_cache", ".hypothesis", ".pytest_cache", ".ruff_cache", ".ansible"),
}

PYTHON = [path for path in tree.files() if path.suffix == ".py"]


def text(path: Path) -> str:
    return (tree.REPOSITORY / path).read_text(encoding="utf-8")


def test_ruff() -> None:
    run(["ruff", "check", "--no-cache", "."], venv=VENV, cwd=tree.REPOSITORY)


def test_mypy() -> None:
    existing = [str(path) for path in TYPED if any((tree.REPOSITORY / path).rglob("*.py"))]
    run(["mypy", "--strict", *existing], venv=VENV, cwd=tree.REPOSITORY)


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_first_line_tells_the_idea(path: Path) -> None:
    module = ast.parse(text(path))
    if not module.body:
        return
    if path.parent == tree.COLLECTION / "plugins/modules":
        assert "\nDOCUMENTATION = " in text(path)
    else:
        first = (ast.get_docstring(module) or "").partition("\n")[0]
        assert first, "no docstring"
        assert first.endswith((".", ":", "?")), f"not a sentence: {first}"


@pytest.mark.parametrize("path", [p for p in PYTHON if p.is_relative_to(tree.ENGINE)], ids=str)
def test_engine_files_run_on_a_bare_target(path: Path) -> None:
    """Licence, empty ``__init__`` (Ansible replaces it), the standard library and nothing else."""
    source = text(path)
    if path.name == "__init__.py":
        assert source == ""
        return
    assert "SPDX-License-Identifier: GPL-3.0-or-later" in source.partition('"""')[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            absolute = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            absolute = [str(node.module)]
        else:
            continue
        packages = {name.partition(".")[0] for name in absolute}
        assert packages <= sys.stdlib_module_names, f"line {node.lineno}: {packages}"


def test_files_can_be_read_in_one_go() -> None:
    long = {
        str(path): count
        for path in tree.files()
        if path.name not in FREE_LENGTH
        and path.parent not in MADE
        and "dashboards" not in path.parts
        and (count := _lines(path)) > LONGEST
    }
    assert not long


def test_nothing_ties_the_project_to_one_machine() -> None:
    found = [
        f"{path}: {word}"
        for path in tree.files()
        for word in FORBIDDEN
        if word.encode() in (tree.REPOSITORY / path).read_bytes()
    ]
    assert not found


def test_no_leftovers_in_git() -> None:
    assert not [str(path) for path in tree.files() if LEFTOVERS & set(path.parts)]


def _lines(path: Path) -> int:
    return (tree.REPOSITORY / path).read_bytes().count(b"\n")
