# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Descriptors kept back: a file can be opened although this process has no more of them left.

EMFILE (RLIMIT_NOFILE, getrlimit(2)) is the process's own, so giving up one that was opened in time
makes room. ENFILE (fs.file-max) does not hold for CAP_SYS_ADMIN: fs/file_table.c.
"""

from __future__ import annotations

import errno
import os
import threading
from typing import Callable, List, Optional, TypeVar

from ..host.files import ABSENT

SPARE = 4
LARGEST = 4096
READING = os.O_RDONLY | os.O_CLOEXEC
WRITING = os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC
FULL = (errno.EMFILE, errno.ENFILE)
# An attribute of a controller that is off, or of a cgroup that has just been removed.
NO_VALUE = (*ABSENT, errno.EOPNOTSUPP, errno.EINVAL)

Answer = TypeVar("Answer")


class Descriptors:
    """Opens files for short; a few places for that are held from the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spare: List[int] = []
        self._fill()

    def read(self, path: str) -> Optional[str]:
        """A small file without its last newline; None when there is no such file or value."""
        try:
            return self._with_room(lambda: _read(path)).decode("ascii", "replace").rstrip("\n")
        except OSError as error:
            if error.errno in NO_VALUE:
                return None
            raise

    def write(self, path: str, value: str) -> None:
        """Write a value with one system call; OSError when the kernel refuses."""
        self._with_room(lambda: _write(path, value.encode("ascii")))

    def names(self, path: str) -> List[str]:
        """The folders in a folder, sorted; none when it is gone."""
        try:
            return self._with_room(lambda: _folders(path))
        except OSError as error:
            if error.errno in NO_VALUE:
                return []
            raise

    def close(self) -> None:
        """Give the places back."""
        with self._lock:
            while self._spare:
                os.close(self._spare.pop())

    def _with_room(self, call: Callable[[], Answer]) -> Answer:
        """The call's answer; where it finds no descriptor left, one that was kept back is given."""
        try:
            return call()
        except OSError as error:
            if error.errno not in FULL:
                raise
        with self._lock:
            if self._spare:
                os.close(self._spare.pop())
        try:
            return call()
        finally:
            self._fill()

    def _fill(self) -> None:
        try:
            with self._lock:
                while len(self._spare) < SPARE:
                    self._spare.append(os.open(os.devnull, READING))
        except OSError as error:
            if error.errno not in FULL:
                raise


def _read(path: str) -> bytes:
    descriptor = os.open(path, READING)
    try:
        return os.read(descriptor, LARGEST)
    finally:
        os.close(descriptor)


def _write(path: str, data: bytes) -> int:
    descriptor = os.open(path, WRITING)
    try:
        return os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _folders(path: str) -> List[str]:
    with os.scandir(path) as entries:
        return sorted(one.name for one in entries if one.is_dir(follow_symlinks=False))
