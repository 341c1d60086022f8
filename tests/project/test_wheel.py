"""``pip install .`` in a clean environment brings the command and the collection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from project import tree
from project.clean import install, install_operator
from project.commands import run

VERSION = (tree.REPOSITORY / "cli/limitwise/__init__.py").read_text().split('"')[-2]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the project and ansible-core."""
    return install(tmp_path_factory.mktemp("clean"))


def test_the_engine_is_importable(clean: Path, tmp_path: Path) -> None:
    engine = "ansible_collections.limitwise.host.plugins.module_utils.findings"
    said = run(
        [str(clean / "bin/python"), "-c", f"import {engine} as e; print(e.__file__)"],
        venv=clean,
        cwd=tmp_path,
    )
    assert Path(said.strip()).is_relative_to(clean)


def test_ansible_finds_the_collection(clean: Path, tmp_path: Path) -> None:
    listed = run(
        ["ansible-galaxy", "collection", "list", "--format", "json", "limitwise.host"],
        venv=clean,
        cwd=tmp_path,
    )
    assert {"limitwise.host": {"version": VERSION}} in json.loads(listed).values()


def test_documentation_of_every_module(clean: Path, tmp_path: Path) -> None:
    modules = (tree.REPOSITORY / tree.COLLECTION / "plugins/modules").glob("[a-z]*.py")
    names = sorted(f"limitwise.host.{path.stem}" for path in modules)
    shown = json.loads(run(["ansible-doc", "--json", *names], venv=clean, cwd=tmp_path))
    assert sorted(shown) == names
    for name in names:
        assert shown[name]["examples"], name
        assert shown[name]["return"], name


def test_command_tells_its_version(clean: Path, tmp_path: Path) -> None:
    assert run(["limitwise", "--version"], venv=clean, cwd=tmp_path) == f"limitwise {VERSION}\n"


def test_command_explains_a_cluster_without_the_extra(clean: Path, tmp_path: Path) -> None:
    """From what kubectl wrote; for a cluster itself the client is missing, which is said."""
    tuning = {"apiVersion": "limitwise.dev/v1alpha1", "kind": "NodeTuning"}
    body = {**tuning, "metadata": {"name": "base"}, "spec": {"nodeSelector": {"all": True}}}
    (tmp_path / "cluster.json").write_text(json.dumps(body))
    command = ["limitwise", "k8s", "status"]
    shown = run([*command, "--from", "cluster.json"], venv=clean, cwd=tmp_path)
    assert "Nothing needs a person." in shown
    with pytest.raises(AssertionError, match=r"limitwise\[operator\]"):
        run(command, venv=clean, cwd=tmp_path)


def test_tests_stay_at_home(clean: Path) -> None:
    site = next(clean.glob("lib/python3.*/site-packages"))
    assert (site / "ansible_collections/limitwise/host/galaxy.yml").is_file()
    assert not (site / "ansible_collections/limitwise/host/tests").exists()
    assert not [name for name in ("lab", "project", "collections") if (site / name).exists()]


def test_the_extra_brings_operator_and_agent(tmp_path: Path) -> None:
    venv = install_operator(tmp_path)
    command = [str(venv / "bin/python"), "-m", "limitwise_operator"]
    for part in ("operator", "agent"):
        assert "--namespace" in run([*command, part, "--help"], venv=venv, cwd=tmp_path)
    imported = "import ansible_runner, limitwise_operator.main as main; print(main.__file__)"
    said = run([str(venv / "bin/python"), "-c", imported], venv=venv, cwd=tmp_path)
    assert Path(said.strip()).is_relative_to(venv)
