"""The table of programs agrees with the go.mod files, and nothing is built without need."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest

from cluster import binaries
from cluster.binaries import ASSETS, MODULE_OF, Module
from lab import cache
from lab.errors import LabError

MODULES = list(MODULE_OF.values())
PROGRAMS = ("kube-apiserver", "etcd", "kubectl")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Go, assets or a filled cache."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LIMITWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(ASSETS, raising=False)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_package_is_a_pinned_tool(module: Module) -> None:
    pins = (module.folder / "go.mod").read_text()
    block = re.search(r"^tool \((.*?)^\)|^tool (\S+)$", pins, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert set((block[1] or block[2]).split()) == {package.path for package in module.packages}
    assert (module.folder / "go.sum").stat().st_size > 0


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_versions_told_to_the_programs_are_those_pinned(module: Module) -> None:
    told = re.findall(r"ersion=v?(\S+)", module.ldflags)
    pins = (module.folder / "go.mod").read_text()
    for version in told:
        assert f" v{version} " in pins or f" v{version}\n" in pins


def test_kubernetes_own_parts_are_of_its_version() -> None:
    pins = (MODULE_OF["kubernetes"].folder / "go.mod").read_text()
    version = re.search(r"k8s\.io/kubernetes v1\.(\S+)", pins)
    assert version is not None
    staging = re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ v0\.(\S+)$", pins, re.MULTILINE)
    assert len(staging) > 20
    assert set(staging) == {version[1]}


@pytest.mark.parametrize(
    "other",
    [{"ldflags": ""}, {"tags": "more"}, {"packages": ()}],
    ids=lambda other: next(iter(other)),
)
def test_a_changed_recipe_is_another_artifact(other: dict[str, object]) -> None:
    module = MODULE_OF["etcd"]
    changed = dataclasses.replace(module, **other)  # type: ignore[arg-type]
    assert changed.key("go1.26.8") != module.key("go1.26.8")
    assert module.key("go1.26.9") != module.key("go1.26.8")


def test_each_program_comes_from_one_module() -> None:
    programs = [package.program for module in MODULES for package in module.packages]
    assert len(programs) == len(set(programs))


def test_without_go_or_assets_the_error_says_what_to_do(nowhere: None) -> None:
    assert "install Go" in binaries.missing("etcd")
    with pytest.raises(LabError, match=f"install Go .* or set {ASSETS}"):
        binaries.path("etcd")


def test_assets_are_used_for_what_they_have(
    nowhere: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for program in PROGRAMS:
        (tmp_path / program).touch()
    monkeypatch.setenv(ASSETS, str(tmp_path))
    assert binaries.missing(*PROGRAMS) == ""
    assert binaries.path("etcd") == tmp_path / "etcd"
    assert "no kwok:" in binaries.missing("etcd", "kwok")


def test_go_builds_what_is_pinned_whatever_the_user_s_own_flags(
    nowhere: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    go.write_text(
        "#!/bin/bash\n"
        '[ "$1" = version ] && { echo go version go1.26.8; exit; }\n'
        'echo "$GOFLAGS $GOOS $GOWORK $CGO_ENABLED $PWD $*" >>"$LIMITWISE_CACHE/calls"\n'
        'while [ "$1" != -o ]; do shift; done; echo made >"$2"\n'
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOOS", "plan9")
    said: list[str] = []
    for _ in range(2):
        assert binaries.path("ctr", said.append).read_text() == "made\n"
    calls = (cache.folder().parent / "calls").read_text().splitlines()
    folder = MODULE_OF["containerd"].folder
    assert [call.startswith(f"-mod=readonly  off 0 {folder} build ") for call in calls] == [
        True
    ] * 3
    assert [line.split()[0] for line in said] == ["building", "built"] * 3
