"""Golden images: Debian trees with what a lab host needs, as disks that every host overlays."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import apt, cache, commands, docker_image, guest_files
from .errors import LabError
from .guest_files import TextFile

DISK_SIZE = 4 << 30  # sparse: what a guest may fill, not what the file takes
NICE = ("nice", "-n", "5")
LEFT_OUT = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """A program of this machine's that the image gets; size and time tell a newer one."""

    source: Path
    path: str
    size: int
    changed: int

    @staticmethod
    def of(source: Path, path: str) -> Program:
        """The program as it is now."""
        found = source.stat()
        return Program(source, path, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Recipe:
    """Everything an image is made from; its repr is the cache key."""

    suite: str
    packages: tuple[str, ...]
    files: tuple[TextFile, ...]
    masked: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    size: int = DISK_SIZE
    revision: int = 1  # raise when the way of building changes what comes out


@dataclass(frozen=True)
class Image:
    """A finished golden image."""

    name: str
    disk: Path
    private_key: Path
    host_key: str


BASE = (
    *("acl", "busybox-static", "ca-certificates", "docker.io", "earlyoom", "iproute2", "iptables"),
    *("kmod", "openssh-server", "procps", "python3", "python3-apt", "sudo"),
)
WITH_SYSTEMD = ("dbus", "libpam-systemd", "systemd", "systemd-sysv")
WITHOUT_SYSTEMD = (
    *("initscripts", "orphan-sysvinit-scripts", "sysv-rc", "sysvinit-core"),
    "systemd-standalone-sysusers",  # else openssh-server brings systemd itself
)

PEOPLE = (
    ("groupadd", "--gid", "2000", "student"),
    ("groupadd", "--gid", "2001", "admin"),
    ("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "admin", "ops"),
    ("useradd", "--create-home", "--shell", "/bin/bash", "app"),
    ("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "student", "stud1"),
    ("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "student", "stud2"),
)
LOGINS = ("ops", "app", "stud1", "stud2")
# Docker starts at the first use of its socket, earlyoom when a test enables it: no boot pays.
SYSTEMD_UNITS = (
    ("systemctl", "enable", "lab-net.service"),
    ("systemctl", "disable", "docker.service", "containerd.service", "earlyoom.service"),
)
SYSVINIT_SERVICES = (
    ("update-rc.d", "lab-net", "defaults"),
    *(
        ("update-rc.d", name, "disable")
        for name in (
            *("bootlogs", "brightness", "checkfs.sh", "docker", "earlyoom", "hwclock.sh"),
            *("mount-configfs", "mountnfs.sh", "mountnfs-bootclean.sh", "udev", "urandom"),
        )
    ),
)

RECIPES = {
    "trixie": Recipe(
        "trixie",
        (*WITH_SYSTEMD, *BASE, "docker-cli"),
        (*guest_files.COMMON, *guest_files.SYSTEMD),
        guest_files.MASKED,
        (*PEOPLE, *SYSTEMD_UNITS),
    ),
    "bookworm": Recipe(
        "bookworm",
        (*WITH_SYSTEMD, *BASE),
        (*guest_files.COMMON, *guest_files.SYSTEMD),
        guest_files.MASKED,
        (*PEOPLE, *SYSTEMD_UNITS),
    ),
    "sysvinit": Recipe(
        "trixie",
        (*WITHOUT_SYSTEMD, *BASE, "docker-cli"),
        (*guest_files.COMMON, *guest_files.SYSVINIT),
        (),
        (*PEOPLE, *SYSVINIT_SERVICES),
    ),
}


def get(name: str, say: Say) -> Image:
    """The image of that name from the cache, made first where it is not there (one minute)."""
    recipe = RECIPES.get(name)
    if recipe is None:
        raise LabError(f"no image is called {name!r}", f"known: {', '.join(RECIPES)}")
    place = cache.fetch(
        f"image-{name}-{cache.key_of(recipe, docker_image.NAME)}",
        lambda into: build(name, recipe, into, say),
    )
    return found(name, place)


def found(name: str, place: Path) -> Image:
    """The image that `build` left in a folder."""
    return Image(name, place / "disk.ext4", place / "id", (place / "host_key.pub").read_text())


def build(
    name: str, recipe: Recipe, into: Path, say: Say, programs: Sequence[Program] = ()
) -> None:
    """Make an image in an empty folder."""
    log, tree = into / "build.log", into / "tree"
    say(f"image {name}: installing Debian {recipe.suite} (log: {log})")
    commands.logged(_debootstrap(recipe, tree), log)
    say(f"image {name}: setting up")
    for file in recipe.files:
        _write(tree, file)
    for program in programs:
        _place(tree, program.path, program.source.read_bytes(), 0o755)
    for argv in recipe.commands:
        commands.logged(["chroot", str(tree), *argv], log)
    for unit in recipe.masked:
        link = tree / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    for script in (tree / "etc/update-motd.d").glob("*"):
        script.unlink()
    _keys(tree, into)
    busybox = (tree / "bin/busybox").read_bytes()
    _place(tree, guest_files.DOCKER_IMAGE, docker_image.archive(busybox), 0o644)
    packages = commands.output(["chroot", str(tree), "dpkg-query", "--show"])
    (into / "packages").write_text(packages)
    say(f"image {name}: writing the disk")
    disk = into / "disk.ext4"
    with disk.open("wb") as handle:
        handle.truncate(recipe.size)
    commands.logged(
        [
            *(*NICE, "mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal"),
            *("-d", str(tree), str(disk)),
        ],
        log,
    )
    shutil.rmtree(tree)
    say(f"image {name}: ready")


def _debootstrap(recipe: Recipe, tree: Path) -> list[str]:
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    return [
        *(*NICE, "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory"),
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::Install-Recommends "false"',
        *excluded,
        f"--include={','.join(recipe.packages)}",
        *(recipe.suite, str(tree), apt.mirror().line(recipe.suite)),
    ]


def _keys(tree: Path, into: Path) -> None:
    """A key pair to log in with, a host key for all hosts: known before the first connection."""
    commands.output(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(into / "id")]
    )
    public = (into / "id.pub").read_bytes()
    for user in ("root", *LOGINS):
        home = "root" if user == "root" else f"home/{user}"
        _place(tree, f"/{home}/.ssh/authorized_keys", public, 0o600)
        owned = ["chroot", str(tree), "chown", "-R", f"{user}:{user}", f"/{home}/.ssh"]
        commands.output(owned)
    for key in (tree / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    host_key = tree / "etc/ssh/ssh_host_ed25519_key"
    commands.output(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab-host", "-f", str(host_key)]
    )
    shutil.copy(f"{host_key}.pub", into / "host_key.pub")


def _write(tree: Path, file: TextFile) -> None:
    _place(tree, file.path, file.text.encode(), file.mode)


def _place(tree: Path, path: str, data: bytes, mode: int) -> None:
    target = tree / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_bytes(data)
    target.chmod(mode)
