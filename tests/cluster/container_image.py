"""Images for a cluster's pods, made here: pause, busybox, and the product in two layers.

No registry and no daemon: the lower layer is a Debian root with the operator's requirements in a
virtual environment (made once per requirements, minutes), the upper one our code (a second). What
people with a builder get from operator/Containerfile is the same; a test compares the two.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import apt, cache, commands, docker_image
from lab.errors import LabError

from . import oci

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "requirements" / "operator.txt"
SUITE, PYTHON = "trixie", "3.13"
HOME = "/opt/limitwise"
SITE = f"{HOME}/lib/python{PYTHON}/site-packages"
USER = "65532:65532"
ENTRYPOINT = (f"{HOME}/bin/python", "-m", "limitwise_operator")
ENVIRONMENT = {
    "PATH": f"{HOME}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
# Folders of the checkout and what they are called in site-packages, as in the wheel.
CODE = (
    ("cli/limitwise", "limitwise"),
    ("collections/ansible_collections/limitwise/host", "ansible_collections/limitwise/host"),
    ("operator/limitwise_operator", "limitwise_operator"),
)
LEFT_OUT = ("__pycache__", "tests")
COMMANDS = ("ansible", "ansible-playbook")
UNUSED = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/zoneinfo", "usr/share/info"),
    *("var/lib/apt", "var/cache", "var/log", "usr/share/lintian", "usr/share/common-licenses"),
    *(f"{SITE[1:]}/{name}" for name in ("ansible_test", "bin", "kubernetes/aio")),
)
PAUSE = "localhost/pause:1"
# As process 1 it must answer SIGTERM, or each stop of a pod waits for a timeout.
PAUSE_SCRIPT = 'trap "exit 0" TERM INT; while :; do sleep 86400 & wait $!; done'
REVISION = 1  # raise when the way of building changes what comes out
# Newest first; pip takes no wheel for an older C library than those named.
PLATFORMS = tuple(f"manylinux_2_{minor}_x86_64" for minor in (*range(41, 16, -1), 12, 5))
# Reads a tar on standard input and adds to each module the code that Python would cache: containers
# have a read-only root, so every start would compile it again.
COMPILE = """
import importlib._bootstrap_external as made, io, sys, tarfile, _imp
source = tarfile.open(fileobj=sys.stdin.buffer, mode="r|")
target = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
for entry in source:
    data = source.extractfile(entry).read() if entry.isfile() else b""
    target.addfile(entry, io.BytesIO(data))
    if entry.name.endswith(".py"):
        code = compile(data, "/" + entry.name, "exec", dont_inherit=True)
        hashed = _imp.source_hash(made._RAW_MAGIC_NUMBER, data)
        compiled = made._code_to_hash_pyc(code, hashed, False)
        cached = tarfile.TarInfo(made.cache_from_source(entry.name))
        cached.size, cached.mode = len(compiled), entry.mode
        target.addfile(cached, io.BytesIO(compiled))
target.close()
"""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Base:
    """The product's lower layer: the folder it was made from, and its name as an image."""

    name: str
    tree: Path
    layer: oci.Layer

    def image(self) -> oci.Image:
        """An image of this layer alone, which keeps it on a node while the product's changes."""
        return oci.Image(self.name, (self.layer,), user=USER)


def version() -> str:
    """The product's version, as its command tells it."""
    text = (REPOSITORY / "cli" / "limitwise" / "__init__.py").read_text()
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if not found:
        raise LabError("cli/limitwise/__init__.py does not say its version")
    return found[1]


def name() -> str:
    """What the product's image is called on a node."""
    return f"localhost/limitwise:{version()}"


def base(say: Say) -> Base:
    """The lower layer from the cache, made first where it is not there."""
    key = cache.key_of(
        *(REVISION, SUITE, REQUIREMENTS.read_text(), ENVIRONMENT, COMMANDS, UNUSED, PLATFORMS)
    )
    place = cache.fetch(f"container-base-{key}", lambda into: _build_base(into, say))
    digest, size = (place / "layer").read_text().split()
    layer = oci.Layer(digest, int(size), place / "layer.tar")
    return Base(f"localhost/limitwise-base:{key}", place / "tree", layer)


def small_images(busybox: bytes) -> tuple[oci.Image, ...]:
    """pause and busybox, from a static busybox."""
    layer = oci.Layer.of(docker_image.root_layer(busybox))
    path = {"PATH": "/bin"}
    return (
        oci.Image(PAUSE, (layer,), ("/bin/sh", "-c", PAUSE_SCRIPT), environment=path),
        oci.Image(docker_image.NAME, (layer,), command=("/bin/sh",), environment=path),
    )


def product(say: Say) -> oci.Image:
    """The product's image of this checkout; its lower layer is named, not carried."""
    lower = base(say)
    code = oci.Layer.of(_compiled(lower.tree, code_tar()))
    return oci.Image(
        name(),
        (lower.layer.elsewhere(), code),
        ENTRYPOINT,
        user=USER,
        environment=ENVIRONMENT,
        labels={
            "org.opencontainers.image.title": "limitwise",
            "org.opencontainers.image.version": version(),
            "org.opencontainers.image.licenses": "GPL-3.0-or-later",
        },
    )


def code_tar() -> bytes:
    """Our code as it lies in the image: the same bytes for the same checkout."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for source, target in CODE:
            for path in _files(REPOSITORY / source):
                inside = f"{SITE[1:]}/{target}/{path.relative_to(REPOSITORY / source)}"
                entry = tarfile.TarInfo(inside)
                entry.size, entry.mode = path.stat().st_size, 0o644
                with path.open("rb") as handle:
                    tar.addfile(entry, handle)
    return out.getvalue()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not set(LEFT_OUT) & set(path.relative_to(folder).parts):
            yield path


def _compiled(tree: Path, code: bytes) -> bytes:
    """The same tar with what Python would cache, made by the image's own Python."""
    done = subprocess.run(
        ["chroot", str(tree), "/usr/bin/python3", "-I", "-c", COMPILE],
        input=code,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"the image's Python refuses our code:\n{done.stderr.decode()}")
    return done.stdout


def _build_base(into: Path, say: Say) -> None:
    log, tree = into / "build.log", into / "tree"
    say(f"container image: installing Debian {SUITE} (log: {log})")
    commands.logged(
        [
            *("mmdebstrap", "--mode=root", "--variant=essential", "--format=directory"),
            '--aptopt=APT::Install-Recommends "false"',
            "--include=python3",
            *(SUITE, str(tree), apt.mirror().line(SUITE)),
        ],
        log,
    )
    say("container image: installing the operator's requirements")
    commands.logged(["chroot", str(tree), "python3", "-m", "venv", "--without-pip", HOME], log)
    commands.logged(_pip(tree), log)
    _same_as_pinned(tree)
    _place_commands(tree)
    for unused in UNUSED:
        shutil.rmtree(tree / unused, ignore_errors=True)
    _people(tree)
    compiling = ["-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash", SITE]
    commands.logged(["chroot", str(tree), "python3", *compiling], log)
    packed = into / "layer.tar"
    commands.logged(
        ["tar", "--numeric-owner", "--sort=name", "-C", str(tree), "-cf", str(packed), "."], log
    )
    layer = oci.Layer.of(packed)
    (into / "layer").write_text(f"{layer.digest} {layer.size}\n")
    say("container image: ready")


def _pip(tree: Path) -> list[str]:
    """pip of this machine installs for the image's Python, which has no pip and no network."""
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--ignore-installed"),
        *("--target", f"{tree}{SITE}", "--python-version", PYTHON, "--implementation", "cp"),
        *("--only-binary=:all:", *platforms, "--requirement", str(REQUIREMENTS)),
    ]


def _same_as_pinned(tree: Path) -> None:
    pinned = {line for line in REQUIREMENTS.read_text().splitlines() if line[:1] not in ("", "#")}
    wanted = {_normal(line.partition("==")[0]) for line in pinned}
    there = {
        _normal(path.name.partition("-")[0]) for path in Path(f"{tree}{SITE}").glob("*.dist-info")
    }
    if wanted != there:
        raise LabError(
            f"not pinned in {REQUIREMENTS.name}, or not needed: {sorted(wanted ^ there)}"
        )


def _normal(project: str) -> str:
    return re.sub(r"[-_.]+", "-", project).lower()


def _place_commands(tree: Path) -> None:
    """The few commands that are started by name, for the interpreter they will run with."""
    for command in COMMANDS:
        text = Path(f"{tree}{SITE}/bin/{command}").read_text()
        place = Path(f"{tree}{HOME}/bin/{command}")
        place.write_text(f"#!{HOME}/bin/python\n{text.partition(chr(10))[2]}")
        place.chmod(0o755)


def _people(tree: Path) -> None:
    number = USER.partition(":")[0]
    with (tree / "etc/passwd").open("a") as people:
        people.write(f"limitwise:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n")
    with (tree / "etc/group").open("a") as groups:
        groups.write(f"limitwise:x:{number}:\n")
    os.chmod(tree, 0o755)
