# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to a machine: files, kernel values, cgroups, commands, and what it has."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import Dict, Iterator, Optional, Sequence

from ..findings import HostError, LockedError, Place
from .commands import PATH, Commands, Completed
from .files import ABSENT, Files, host_error
from .kernel import Kernel

LIVE = "live"
IMAGE = "image"
MOUNTED = "mounted"

SYSTEMD_BINARIES = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")


class Host:
    """A machine in one of three forms.

    live: the machine this process runs on. image: a directory with a system's files; its runtime
    values are unknown and its commands are not run. mounted: a live machine whose root is mounted
    at ``root`` (an agent in a pod that shares the host's namespaces).
    """

    def __init__(self, form: str, root: str = "/") -> None:
        if form not in (LIVE, IMAGE, MOUNTED):
            raise ValueError(form)
        if not os.path.isdir(root):
            raise HostError("there is no such directory", place=Place(root), remedy="check --root")
        self.form = form
        self.files = Files(root)
        self.kernel = Kernel(os.path.join(self.files.root, "proc"))
        self._commands = Commands(("chroot", self.files.root) if form == MOUNTED else ())

    @classmethod
    def live(cls) -> Host:
        return cls(LIVE)

    @classmethod
    def image(cls, root: str) -> Host:
        return cls(IMAGE, root)

    @classmethod
    def mounted(cls, root: str) -> Host:
        return cls(MOUNTED, root)

    @property
    def running(self) -> bool:
        """Whether there is a kernel behind it: runtime values can be read and written."""
        return self.form != IMAGE

    # --- commands -------------------------------------------------------------------------------

    def run(self, argv: Sequence[str], *, timeout: float = 90.0) -> Completed:
        """Run a program of the host; its exit status is the caller's to judge."""
        return self._runnable(argv).run(argv, timeout=timeout)

    def must(self, argv: Sequence[str], *, timeout: float = 90.0) -> Completed:
        """Run a program of the host; HostError unless it succeeds."""
        return self._runnable(argv).must(argv, timeout=timeout)

    def _runnable(self, argv: Sequence[str]) -> Commands:
        if not self.running:
            raise HostError(f"{argv[0]} cannot run in an image", place=Place(self.files.root))
        return self._commands

    def which(self, name: str) -> Optional[str]:
        """The first place of a program on the standard search path."""
        for folder in PATH.split(":"):
            if self.files.exists(f"{folder}/{name}"):
                return f"{folder}/{name}"
        return None

    # --- what it has ----------------------------------------------------------------------------

    @property
    def has_systemd(self) -> bool:
        """systemd is (or, in an image, will be) process 1."""
        if self.running:
            return self.files.exists("/run/systemd/system")
        return any(self.files.exists(path) for path in SYSTEMD_BINARIES)

    @property
    def has_docker(self) -> bool:
        return self.which("dockerd") is not None

    def release(self) -> Dict[str, str]:
        """The fields of /etc/os-release (man os-release); empty when there is none."""
        fields = {}
        text = (self.files.read("/etc/os-release") or b"").decode("utf-8", "replace")
        for line in text.splitlines():
            name, equals, value = line.partition("=")
            if equals:
                fields[name.strip()] = value.strip().strip("\"'")
        return fields

    def proc(self, path: str) -> Optional[str]:
        """A file below /proc as text; None when absent or the host is an image."""
        if not self.running:
            return None
        data = self.files.read("/proc/" + path)
        return None if data is None else data.decode("utf-8", "replace")

    def sysctl(self, path: str) -> Optional[str]:
        """A value below /proc/sys; None when absent or the host is an image."""
        return self.kernel.read(path) if self.running else None

    def write_cgroup(self, path: str, value: str) -> None:
        """Write a cgroup attribute by its absolute path; one whose cgroup is gone is no error."""
        try:
            with open(self.files.locate(path), "w", encoding="ascii") as stream:
                stream.write(value)
        except OSError as error:
            if error.errno in ABSENT:
                return
            raise host_error(error, path, "write") from error

    @property
    def boot_id(self) -> str:
        """The kernel's name for this boot; empty for an image."""
        return (self.sysctl("kernel/random/boot_id") or "").strip()

    # --- one run at a time ----------------------------------------------------------------------

    @contextmanager
    def lock(self, path: str) -> Iterator[None]:
        """Hold the host for one run; LockedError at once when another run holds it."""
        real = self.files.locate(path)
        try:
            descriptor = os.open(real, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise host_error(error, path, "lock") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.read(descriptor, 200).decode("utf-8", "replace").strip() or "unknown"
                raise LockedError(
                    f"another run holds this host (process {holder})",
                    place=Place(path),
                    remedy="wait for it to end, then run again",
                ) from error
            try:
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
            except OSError as error:
                raise host_error(error, path, "lock") from error
            yield
        finally:
            os.close(descriptor)
