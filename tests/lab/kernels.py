"""The guests' kernel: built from Debian's newest linux-source, or Debian's packaged one."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import apt, cache, commands
from .errors import LabError

CONFIG = Path(__file__).with_name("kernel.config")
SECCOMP_SINCE = (6, 16)  # arch/um: "um: Implement kernel side of SECCOMP based process handling"
NEWER_SUITES = ("trixie-backports", "sid")
OLD_SUITE = "bookworm"  # Linux 6.1: pids.events as it was before 6.11
BUILD_REVISION = 1  # raise when the way of building changes what comes out
NICE = ("nice", "-n", "10")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Kernel:
    """A User-mode Linux program, its options, and the disk of its modules where it has any."""

    name: str
    binary: Path
    options: tuple[str, ...] = ()
    modules: Path | None = None


def built(say: Say) -> Kernel:
    """Newest source, no modules, PSI, seccomp mode (three times faster to boot than ptrace)."""
    place = cache.fetch(_built_name(), lambda into: _build(into, say))
    return Kernel("built", place / "linux", ("seccomp=on",))


def packaged(say: Say) -> Kernel:
    """Debian's user-mode-linux of bookworm (6.1), unpacked rather than installed."""
    name = f"kernel-packaged-{cache.key_of(BUILD_REVISION, OLD_SUITE)}"
    place = cache.fetch(name, lambda into: _unpack(into, say))
    return Kernel("packaged", place / "linux", (), place / "modules.ext4")


KERNELS: dict[str, Callable[[Say], Kernel]] = {"built": built, "packaged": packaged}


def get(name: str, say: Say) -> Kernel:
    """The kernel of that name from the cache, made first where it is not there."""
    if name not in KERNELS:
        raise LabError(f"no kernel is called {name!r}", f"known: {', '.join(KERNELS)}")
    return KERNELS[name](say)


def quickest() -> str:
    """The kernel that can be had without a build: `built` where it is cached, else `packaged`."""
    return "built" if cache.cached(_built_name()) else "packaged"


def _built_name() -> str:
    return f"kernel-built-{cache.key_of(BUILD_REVISION, CONFIG.read_text())}"


def _build(into: Path, say: Say) -> None:
    log, work = into / "build.log", into / "work"
    source = _unpack_source(work, log, say)
    out = work / "out"
    out.mkdir()
    make = [*NICE, "make", "-s", "ARCH=um", "-C", str(source), f"O={out}"]
    merge = source / "scripts" / "kconfig" / "merge_config.sh"
    jobs = os.cpu_count() or 1
    say(f"kernel: building {source.name} with {jobs} jobs (5 to 10 minutes; log: {log})")
    commands.logged([*make, "defconfig"], log)
    commands.logged([str(merge), "-m", ".config", str(CONFIG)], log, cwd=out)
    commands.logged([*make, "olddefconfig"], log)
    commands.logged([*make, f"-j{jobs}", "linux"], log)
    commands.logged(["strip", "-o", str(into / "linux"), str(out / "linux")], log)
    (into / "source").write_text(source.name + "\n")
    shutil.copy(out / ".config", into / "config")
    shutil.rmtree(work)
    say("kernel: built")


def _unpack_source(work: Path, log: Path, say: Say) -> Path:
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    for suite in dict.fromkeys([codename, *NEWER_SUITES]):
        say(f"kernel: looking for linux-source in {suite}")
        archive = apt.Archive(suite, work / suite, log)
        newest = apt.newest_source(archive.names("^linux-source-[0-9.]+$"))
        if newest and newest[0] >= SECCOMP_SINCE:
            say(f"kernel: downloading {newest[1]} of {suite}")
            archive.unpack(newest[1], work / "package")
            (tarball,) = (work / "package" / "usr" / "src").glob("linux-source-*.tar.xz")
            commands.logged(["tar", "-xf", str(tarball), "-C", str(work)], log)
            return work / newest[1]
    raise LabError(f"the Debian mirror has no kernel source of {SECCOMP_SINCE} or newer")


def _unpack(into: Path, say: Say) -> None:
    log, work = into / "unpack.log", into / "work"
    say(f"kernel: downloading user-mode-linux of {OLD_SUITE}")
    apt.Archive(OLD_SUITE, work / "apt", log).unpack("user-mode-linux", work / "package")
    shutil.move(work / "package" / "usr" / "bin" / "linux.uml", into / "linux")
    disk = into / "modules.ext4"
    with disk.open("wb") as handle:
        handle.truncate(256 << 20)
    tree = work / "package" / "usr" / "lib" / "uml" / "modules"
    commands.logged(
        ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-d", str(tree), str(disk)], log
    )
    shutil.rmtree(work)
