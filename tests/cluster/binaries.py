"""The programs of a cluster: Go tools pinned by go.mod files, built once into the lab's cache."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import cache, commands
from lab.errors import LabError
from lab.fleet import narrate

MODULES = Path(__file__).parent / "go"
ASSETS = "KUBEBUILDER_ASSETS"
REMEDY = (
    f"install Go 1.26 or newer, or set {ASSETS} to a folder with kube-apiserver, etcd and kubectl"
)
STRIPPED = "-s -w"
KUBERNETES = "k8s.io/component-base/version.git"
CONTAINERD = "github.com/containerd/containerd/v2"


@dataclass(frozen=True)
class Package:
    """One program: the Go package it comes from and the name its file gets."""

    program: str
    path: str


@dataclass(frozen=True)
class Module:
    """The programs that one go.mod pins; changing it rebuilds these and no others."""

    name: str
    packages: tuple[Package, ...]
    ldflags: str = STRIPPED
    tags: str = ""

    @property
    def folder(self) -> Path:
        """Where its go.mod and go.sum are."""
        return MODULES / self.name

    def key(self, go: str) -> str:
        """The cache's name for these programs made by that version of Go."""
        pins = [(self.folder / name).read_text() for name in ("go.mod", "go.sum")]
        return f"go-{self.name}-{cache.key_of(self.packages, self.ldflags, self.tags, go, pins)}"


MODULE_OF = {
    module.name: module
    for module in (
        Module(
            "kubernetes",
            tuple(
                Package(program, f"k8s.io/kubernetes/cmd/{program}")
                for program in (
                    *("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
                    *("kubectl", "kubelet"),
                )
            ),
            f"{STRIPPED} -X {KUBERNETES}Version=v1.36.3"
            f" -X {KUBERNETES}Major=1 -X {KUBERNETES}Minor=36",
        ),
        Module("etcd", (Package("etcd", "go.etcd.io/etcd/server/v3"),)),
        Module("kwok", (Package("kwok", "sigs.k8s.io/kwok/cmd/kwok"),)),
        Module(
            "containerd",
            tuple(
                Package(program, f"{CONTAINERD}/cmd/{program}")
                for program in ("containerd", "containerd-shim-runc-v2", "ctr")
            ),
            f"{STRIPPED} -X {CONTAINERD}/version.Version=2.3.7",
            "no_btrfs no_devmapper no_zfs no_aufs",
        ),
        Module("helm", (Package("helm", "helm.sh/helm/v4/cmd/helm"),)),
        Module(
            "promtool",
            (Package("promtool", "github.com/prometheus/prometheus/cmd/promtool"),),
        ),
    )
}
HOME = {package.program: module for module in MODULE_OF.values() for package in module.packages}
Say = Callable[[str], None]


def path(program: str, say: Say = narrate) -> Path:
    """The program's file, built first where it is not in the cache yet; LabError with a remedy."""
    given = os.environ.get(ASSETS)
    if given and (Path(given) / program).is_file():
        return Path(given) / program
    return _built(HOME[program], say) / program


def get(module: str, say: Say = narrate) -> Path:
    """The folder with all programs of a module, built where it is not there."""
    return _built(MODULE_OF[module], say)


def missing(*programs: str) -> str:
    """Why these programs cannot be had on this machine; empty when they can."""
    given = os.environ.get(ASSETS)
    absent = [program for program in programs if not (given and (Path(given) / program).is_file())]
    if absent and shutil.which("go") is None:
        return f"no {', '.join(absent)}: {REMEDY}"
    return ""


def _built(module: Module, say: Say) -> Path:
    return cache.fetch(module.key(_go_version()), lambda folder: _build(module, folder, say))


def _go_version() -> str:
    if shutil.which("go") is None:
        raise LabError("there is no Go to build the cluster's programs with", REMEDY)
    return commands.output(["go", "version"]).strip()


def _build(module: Module, folder: Path, say: Say) -> None:
    for package in module.packages:
        say(f"building {package.program} (Go; minutes when its modules are not cached) ...")
        began = time.monotonic()
        commands.logged(_argv(module, package, folder), folder / "build.log", cwd=module.folder)
        say(f"built {package.program} in {time.monotonic() - began:.0f} s")


def _argv(module: Module, package: Package, folder: Path) -> list[str]:
    """The user's Go settings stay (proxy, cache), but not those that change what is built."""
    return [
        *("env", "-u", "GOOS", "-u", "GOARCH"),
        *("CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off"),
        *("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", module.ldflags),
        *(("-tags", module.tags) if module.tags else ()),
        *("-o", str(folder / package.program), package.path),
    ]
