# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel values below /proc/sys, read and written in this process: no fork, no command."""

from __future__ import annotations

import errno
import os
import stat
from typing import List, Optional

from ..findings import HostError, Place
from .files import ABSENT, host_error

# What is there and cannot be read: a directory, or a file that takes writes only.
NO_VALUE = (errno.EISDIR, errno.EACCES, errno.EPERM, errno.EINVAL, errno.EIO)


class Kernel:
    """The sysctls of one host; paths are relative to /proc/sys, with slashes.

    A sysctl is resolved by the *writer's* namespaces, whichever /proc is mounted at ``proc``.
    """

    def __init__(self, proc: str) -> None:
        self._sys = os.path.join(proc, "sys")

    def _file(self, path: str) -> str:
        parts = path.split("/")
        if not all(parts) or "." in parts or ".." in parts:
            raise HostError(f"{path!r} is no path below /proc/sys")
        return os.path.join(self._sys, *parts)

    def read(self, path: str) -> Optional[str]:
        """The value without its last newline; None when the kernel has no such key."""
        try:
            with open(self._file(path), encoding="utf-8", errors="surrogateescape") as stream:
                return stream.read().rstrip("\n")
        except OSError as error:
            if error.errno in ABSENT or error.errno in NO_VALUE:
                return None
            raise host_error(error, "/proc/sys/" + path, "read") from error

    def exists(self, path: str) -> bool:
        return os.path.isfile(self._file(path))

    def names(self, path: str) -> List[str]:
        """The entries of a directory below /proc/sys; none when it is absent."""
        try:
            return sorted(os.listdir(self._file(path)))
        except OSError:
            return []

    def writable(self, path: str) -> bool:
        """Whether this process could write it: mode bits and mount, not the value."""
        real = self._file(path)
        try:
            mode = os.stat(real).st_mode
        except OSError:
            return False
        return bool(mode & (stat.S_IWUSR | stat.S_IWGRP)) and os.access(real, os.W_OK)

    def write(self, path: str, value: str) -> None:
        """Write a value; HostError with the kernel's word when it refuses."""
        real = self._file(path)
        try:
            descriptor = os.open(real, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
            try:
                os.write(descriptor, value.encode("utf-8", "surrogateescape") + b"\n")
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise HostError(
                    f"the kernel refuses {value!r}: Invalid argument",
                    place=Place("/proc/sys/" + path),
                    remedy="the value is out of the range that this kernel accepts",
                ) from error
            raise host_error(error, "/proc/sys/" + path, "write") from error
