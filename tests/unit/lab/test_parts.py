"""Doctor's verdicts, a fleet's written state, the container image, the recipes."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from lab import docker_image, doctor, images
from lab.cache import key_of
from lab.doctor import PACKAGES, Report
from lab.errors import LabError
from lab.fleet import Fleet, Spec
from lab.images import Image
from lab.kernels import Kernel


@pytest.mark.parametrize(
    ("states", "missing"),
    [
        (dict.fromkeys(PACKAGES, "ii "), ()),
        (dict.fromkeys(PACKAGES, "hi "), ()),
        ({name: "ii " for name in PACKAGES if name != "flex"}, ("flex",)),
        ({**dict.fromkeys(PACKAGES, "ii "), "flex": "rc ", "rsync": "un "}, ("flex", "rsync")),
    ],
)
def test_doctor_counts_what_is_not_installed(
    states: dict[str, str], missing: tuple[str, ...]
) -> None:
    assert doctor.missing_packages(states) == missing


def test_doctor_gives_the_exact_command() -> None:
    report = Report(("flex", "rsync"), ("the lab needs root",))
    assert not report.well
    assert report.text().splitlines() == [
        "obstacle: the lab needs root",
        "missing packages: flex rsync",
        "run: apt-get install --no-install-recommends flex rsync",
    ]
    assert Report((), ()).well


@pytest.mark.parametrize("seed", [None, Path("/s/seed.tar")])
@pytest.mark.parametrize("modules", [None, Path("/c/modules.ext4")])
def test_a_fleet_is_read_back_as_it_was_written(modules: Path | None, seed: Path | None) -> None:
    spec = Spec(
        Image("trixie", Path("/c/disk.ext4"), Path("/c/id"), "ssh-ed25519 AAAA\n"),
        Kernel("built", Path("/c/linux"), ("seccomp=on",), modules),
        "384M",
        seed,
    )
    assert Spec.from_json(spec.to_json()) == spec


def test_a_fleet_that_is_not_there_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMITWISE_LAB_DIR", str(tmp_path))
    with pytest.raises(LabError, match="no fleet 'none'"):
        Fleet.open("none")


def test_unknown_images_are_refused_with_the_known() -> None:
    with pytest.raises(LabError, match="trixie, bookworm, sysvinit"):
        images.get("slackware", print)


def test_every_recipe_has_a_key_of_its_own() -> None:
    assert len({key_of(recipe) for recipe in images.RECIPES.values()}) == len(images.RECIPES)


def test_the_container_image_is_one_that_docker_loads() -> None:
    archive = docker_image.archive(b"\x7fELF busybox")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        (entry,) = json.load(_member(tar, "manifest.json"))
        assert entry["RepoTags"] == [docker_image.NAME]
        config = json.load(_member(tar, entry["Config"]))
        layer = _member(tar, entry["Layers"][0]).read()
    assert config["rootfs"]["diff_ids"] == [f"sha256:{entry['Layers'][0].split('/')[0]}"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert _member(tar, "bin/busybox").read() == b"\x7fELF busybox"
        assert tar.getmember("bin/sleep").linkname == "busybox"


def _member(tar: tarfile.TarFile, name: str) -> io.BufferedReader:
    found = tar.extractfile(name)
    assert found is not None
    assert isinstance(found, io.BufferedReader)
    return found
