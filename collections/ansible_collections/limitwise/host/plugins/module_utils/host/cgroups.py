# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cgroup tree of a host, folder by folder: a few system calls each, no fork, no command."""

from __future__ import annotations

import errno
import os
from typing import Iterator, List, Optional

from .files import ABSENT, host_error
from .machine import Host

MOUNT = "/sys/fs/cgroup"
UNIFIED = MOUNT + "/cgroup.controllers"
PIDS_V1 = MOUNT + "/pids"

LARGEST = 65536
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_RDONLY | os.O_CLOEXEC
# kernfs counts a folder's folders in its links as other file systems do: 2 means there is none.
LEAF_LINKS = 2
# An attribute of a controller that is off, or of a cgroup that has just been removed.
NO_VALUE = (*ABSENT, errno.EOPNOTSUPP, errno.EINVAL)


def hierarchy(host: Host) -> Optional[str]:
    """The folder in which limits of tasks stand: version 2's, else version 1's; None: neither."""
    if not host.running:
        return None
    if host.files.exists(UNIFIED):
        return MOUNT
    return PIDS_V1 if host.files.is_directory(PIDS_V1) else None


class Folder:
    """One cgroup that is open now; ``path`` begins with a slash and is ``/`` for the root."""

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def read(self, attribute: str) -> Optional[str]:
        """An attribute without its last newline; None when the cgroup has none of that name."""
        try:
            descriptor = os.open(attribute, FILE_FLAGS, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in NO_VALUE:
                return None
            raise host_error(error, f"{self.path}/{attribute}", "read") from error
        try:
            return os.read(descriptor, LARGEST).decode("ascii", "replace").rstrip("\n")
        except OSError as error:
            if error.errno in NO_VALUE:
                return None
            raise host_error(error, f"{self.path}/{attribute}", "read") from error
        finally:
            os.close(descriptor)


def folders(host: Host, top: str) -> Iterator[Folder]:
    """Every cgroup below ``top`` and itself, parents first; each is open until the next one.

    One that ends meanwhile is left out. HostError when the tree may not be read.
    """
    try:
        yield from _walk(os.open(host.files.locate(top), FOLDER_FLAGS), "/")
    except OSError as error:
        raise host_error(error, top, "read") from error


def _walk(descriptor: int, path: str) -> Iterator[Folder]:
    try:
        yield Folder(path, descriptor)
        if os.fstat(descriptor).st_nlink == LEAF_LINKS:
            return
        for name in _inner(descriptor):
            try:
                inner = os.open(name, FOLDER_FLAGS, dir_fd=descriptor)
            except FileNotFoundError:
                continue
            yield from _walk(inner, f"{path.rstrip('/')}/{name}")
    finally:
        os.close(descriptor)


def _inner(descriptor: int) -> List[str]:
    """The names of the folders in one; none when it has just been removed."""
    try:
        with os.scandir(descriptor) as entries:
            return sorted(one.name for one in entries if one.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
