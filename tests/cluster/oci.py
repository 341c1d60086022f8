"""Container images as archives in the OCI layout, written without any container tool.

Formats: opencontainers/image-spec v1.1 (image-layout.md, manifest.md, config.md). containerd takes
the image's full name from the annotation `io.containerd.image.name`.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DATE = "2026-01-01T00:00:00Z"
PREFIX = "application/vnd.oci.image"
MANIFEST, CONFIG, LAYER = (
    f"{PREFIX}.{kind}" for kind in ("manifest.v1+json", "config.v1+json", "layer.v1.tar")
)


@dataclass(frozen=True)
class Layer:
    """An uncompressed layer, so that its digest is its diff id as well.

    Without content it is only named: whoever imports the archive has it from an earlier one.
    """

    digest: str
    size: int
    content: Path | bytes | None

    @staticmethod
    def of(content: Path | bytes) -> Layer:
        """A layer that the archive carries; a file is read once here and once when written."""
        if isinstance(content, bytes):
            return Layer(_digest(content), len(content), content)
        with content.open("rb") as handle:
            total = hashlib.file_digest(handle, "sha256").hexdigest()
        return Layer(f"sha256:{total}", content.stat().st_size, content)

    def elsewhere(self) -> Layer:
        """The same layer, only named."""
        return Layer(self.digest, self.size, None)


@dataclass(frozen=True)
class Image:
    """What a container of this image starts with; layers from the lowest up."""

    name: str
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def config(self) -> bytes:
        """The image configuration (config.md), without fields that say nothing."""
        run = {
            "User": self.user,
            "Env": [f"{name}={value}" for name, value in self.environment.items()],
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "WorkingDir": "/",
            "Labels": dict(self.labels),
        }
        return _json(
            {
                "created": DATE,
                "architecture": "amd64",
                "os": "linux",
                "config": {key: value for key, value in run.items() if value},
                "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in self.layers]},
                "history": [{"created": DATE, "created_by": "limitwise"} for _ in self.layers],
            }
        )

    def manifest(self) -> bytes:
        """The manifest (manifest.md)."""
        config = self.config()
        return _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": _descriptor(CONFIG, _digest(config), len(config)),
                "layers": [_descriptor(LAYER, layer.digest, layer.size) for layer in self.layers],
            }
        )


def archive(images: Sequence[Image]) -> bytes:
    """An archive with these images: `ctr images import`, `podman load`, `skopeo oci-archive:`."""
    index: list[dict[str, object]] = []
    documents: dict[str, bytes] = {}
    layers: dict[str, Layer] = {}
    for image in images:
        manifest, config = image.manifest(), image.config()
        documents |= {_digest(manifest): manifest, _digest(config): config}
        layers |= {layer.digest: layer for layer in image.layers}
        names = {
            "io.containerd.image.name": image.name,
            "org.opencontainers.image.ref.name": image.name.rpartition(":")[2],
        }
        index.append(
            {**_descriptor(MANIFEST, _digest(manifest), len(manifest)), "annotations": names}
        )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", _json({"schemaVersion": 2, "manifests": index}))
        for digest, data in documents.items():
            _add(tar, _path(digest), data)
        for digest, layer in layers.items():
            if isinstance(layer.content, bytes):
                _add(tar, _path(digest), layer.content)
            elif layer.content:
                _add(tar, _path(digest), layer.content.read_bytes())
    return out.getvalue()


def _descriptor(kind: str, digest: str, size: int) -> dict[str, object]:
    return {"mediaType": kind, "digest": digest, "size": size}


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
