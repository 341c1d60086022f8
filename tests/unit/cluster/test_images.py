"""Container images as archives: every blob is what its name says, and what is made is agreed on."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cluster import container_image, oci
from cluster.container_image import CODE, HOME, SITE

ROOT = container_image.REPOSITORY
CONTAINERFILE = (ROOT / "operator" / "Containerfile").read_text()
LOWER, UPPER = oci.Layer.of(b"lower layer"), oci.Layer.of(b"upper")


def unpacked(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {entry.name: _read(tar, entry) for entry in tar}


def _read(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    handle = tar.extractfile(entry)
    assert handle is not None
    return handle.read()


def blob(files: dict[str, bytes], descriptor: dict[str, Any]) -> bytes:
    data = files[f"blobs/{descriptor['digest'].replace(':', '/')}"]
    assert len(data) == descriptor["size"]
    return data


def test_every_blob_is_what_its_name_says() -> None:
    images = [
        oci.Image("localhost/a:1", (LOWER, UPPER), ("/bin/x",), user="65532"),
        oci.Image("localhost/b:2", (LOWER,), command=("sh",), environment={"A": "1"}),
    ]
    files = unpacked(oci.archive(images))
    assert json.loads(files.pop("oci-layout")) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(files.pop("index.json"))
    for path, data in files.items():
        assert path == f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"
    names = [entry["annotations"]["io.containerd.image.name"] for entry in index["manifests"]]
    assert names == ["localhost/a:1", "localhost/b:2"]
    manifest = json.loads(blob(files, index["manifests"][0]))
    config = json.loads(blob(files, manifest["config"]))
    assert [blob(files, layer) for layer in manifest["layers"]] == [b"lower layer", b"upper"]
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    assert config["config"] == {"User": "65532", "Entrypoint": ["/bin/x"], "WorkingDir": "/"}


def test_a_layer_that_is_elsewhere_is_named_and_not_carried() -> None:
    files = unpacked(oci.archive([oci.Image("localhost/a:1", (LOWER.elsewhere(), UPPER))]))
    index = json.loads(files["index.json"])
    lower, upper = json.loads(blob(files, index["manifests"][0]))["layers"]
    assert blob(files, upper) == b"upper"
    assert lower["digest"] == LOWER.digest
    assert f"blobs/{LOWER.digest.replace(':', '/')}" not in files


def test_a_file_is_the_same_layer_as_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "layer").write_bytes(b"lower layer")
    layer = oci.Layer.of(tmp_path / "layer")
    assert (layer.digest, layer.size) == (LOWER.digest, LOWER.size)
    made = [oci.archive([oci.Image("localhost/a:1", (each,))]) for each in (layer, LOWER)]
    assert made[0] == made[1]


def test_the_code_is_the_wheel_s_and_has_no_tests() -> None:
    packed = container_image.code_tar()
    assert packed == container_image.code_tar()
    names = unpacked(packed)
    assert f"{SITE[1:]}/limitwise/__init__.py" in names
    assert f"{SITE[1:]}/limitwise_operator/__init__.py" in names
    collection = f"{SITE[1:]}/ansible_collections/limitwise/host"
    assert f"{collection}/galaxy.yml" in names
    assert f"{collection}/plugins/module_utils/engine.py" in names
    assert not [name for name in names if "/tests/" in name or "__pycache__" in name]
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]
    assert {source for source, _ in CODE} == set(wheel["wheel"]["only-include"])


def test_the_containerfile_makes_the_same_image() -> None:
    entry = re.search(r"^ENTRYPOINT (.+)$", CONTAINERFILE, re.MULTILINE)
    user = re.findall(r"^USER (.+)$", CONTAINERFILE, re.MULTILINE)
    assert entry is not None
    assert tuple(json.loads(entry[1])) == container_image.ENTRYPOINT
    assert user == [container_image.USER]
    joined = CONTAINERFILE.replace("\\\n", " ")
    copied = re.findall(r"^COPY +(?!--)(\S+) +(\S+)$", joined, re.MULTILINE)
    assert copied == [
        ("requirements/operator.txt", "/tmp/operator.txt"),
        *((source, f"{SITE}/{target}") for source, target in CODE),
    ]
    assert _environment(joined) == container_image.ENVIRONMENT
    assert f"python3 -m venv {HOME}" in joined
    for unused in ("ansible_test", "kubernetes/aio"):
        assert f"{SITE}/{unused}" in joined
        assert f"{SITE[1:]}/{unused}" in container_image.UNUSED
    assert f"FROM docker.io/library/debian:{container_image.SUITE}-slim\n" in joined


def _environment(text: str) -> dict[str, str]:
    (line,) = re.findall(r"^ENV +(.+)$", text, re.MULTILINE)
    return dict(word.split("=", 1) for word in line.split())


def _pins(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_image_has_what_the_tests_were_run_with() -> None:
    image, tested = _pins("operator.txt"), _pins("dev.txt")
    both = image.keys() & tested.keys()
    assert {name: image[name] for name in both} == {name: tested[name] for name in both}
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [re.split(r"[ <>=;]", line)[0] for line in extra["optional-dependencies"]["operator"]]
    assert {*wanted, "PyYAML"} <= image.keys()


@pytest.mark.parametrize("name", ["pause", "busybox"])
def test_small_images_start_a_shell(name: str) -> None:
    images = {image.name: image for image in container_image.small_images(b"\x7fELF")}
    image = images[f"localhost/{name}:1"]
    assert (image.entrypoint or image.command)[0] == "/bin/sh"
