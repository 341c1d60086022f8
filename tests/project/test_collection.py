"""The collection is one that Galaxy would take: metadata, changelog, documentation, contents."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from project import tree
from project.commands import run

VENV = Path(sys.prefix)
FOLDER = tree.REPOSITORY / tree.COLLECTION
MODULES = sorted(path.stem for path in (FOLDER / "plugins/modules").glob("[a-z]*.py"))


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def test_ansible_lint() -> None:
    run(
        ["ansible-lint", "--offline", "--profile", "production", "--strict"],
        venv=VENV,
        cwd=tree.REPOSITORY,
        extra={"ANSIBLE_COLLECTIONS_PATH": str(tree.REPOSITORY / "collections")},
    )


def test_changelog_fragments() -> None:
    run(["antsibull-changelog", "lint"], venv=VENV, cwd=FOLDER)


def test_documentation() -> None:
    run(
        ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "."],
        venv=VENV,
        cwd=FOLDER,
        extra={"ANSIBLE_COLLECTIONS_PATH": str(tree.REPOSITORY / "collections")},
    )


def test_one_version() -> None:
    command = (tree.REPOSITORY / "cli/limitwise/__init__.py").read_text(encoding="utf-8")
    assert f'__version__ = "{load("galaxy.yml")["version"]}"\n' in command


def test_defaults_can_be_set_for_all_modules_of_hosts_at_once() -> None:
    """All but those that never leave the controller, as their attributes tell."""
    sources = {name: (FOLDER / f"plugins/modules/{name}.py").read_text() for name in MODULES}
    of_hosts = [name for name in MODULES if "attributes.controller\n" not in sources[name]]
    assert load("meta/runtime.yml")["action_groups"]["all"] == of_hosts


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The collection, built and installed as a Galaxy user would."""
    run(
        ["ansible-galaxy", "collection", "build", "--output-path", str(tmp_path)],
        venv=VENV,
        cwd=FOLDER,
    )
    [archive] = tmp_path.glob("limitwise-host-*.tar.gz")
    run(
        ["ansible-galaxy", "collection", "install", "--offline", "-p", str(tmp_path), str(archive)],
        venv=VENV,
        cwd=tmp_path,
        extra={"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)},
    )
    with tarfile.open(archive) as names:
        shipped = {Path(name) for name in names.getnames()}
    assert not [path for path in shipped if path.parts[0] == "tests" or "__pycache__" in path.parts]
    assert Path("plugins/module_utils/findings.py") in shipped
    return tmp_path


def test_installed_collection_has_all_modules(installed: Path) -> None:
    listed = run(
        ["ansible-doc", "--list", "--json", "limitwise.host"],
        venv=VENV,
        cwd=installed,
        extra={"ANSIBLE_COLLECTIONS_PATH": str(installed)},
    )
    assert sorted(json.loads(listed)) == [f"limitwise.host.{name}" for name in MODULES]
