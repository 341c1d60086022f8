"""A container image with nothing but busybox, made without registry or container tool."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

NAME = "localhost/busybox:1"
APPLETS = (
    *("ash", "cat", "date", "dd", "echo", "env", "false", "free", "grep", "head", "hostname", "id"),
    *("ip", "kill", "ls", "mount", "nc", "nproc", "ping", "ps", "seq", "sh", "sleep", "sysctl"),
    *("tail", "top", "true", "uname", "wc", "wget"),
)
DATE = "2026-01-01T00:00:00Z"


def archive(busybox: bytes) -> bytes:
    """A docker-archive (for `docker load`) of a static busybox; the tag is NAME."""
    layer = root_layer(busybox)
    layer_id = hashlib.sha256(layer).hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": DATE,
            "config": {"Env": ["PATH=/bin"], "WorkingDir": "/", "Cmd": ["/bin/sh"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_id}"]},
            "history": [{"created": DATE, "created_by": "limitwise lab"}],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [NAME], "Layers": [f"{layer_id}/layer.tar"]}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        _add(tar, config_name, config, 0o644)
        _add(tar, f"{layer_id}/layer.tar", layer, 0o644)
        _add(tar, "manifest.json", json.dumps(manifest).encode(), 0o644)
    return out.getvalue()


def root_layer(busybox: bytes) -> bytes:
    """A root file system with busybox and its applets, as an uncompressed tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(folder)
        _add(tar, "bin/busybox", busybox, 0o755)
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        _add(tar, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", 0o644)
        _add(tar, "etc/group", b"root:x:0:\n", 0o644)
    return out.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))
