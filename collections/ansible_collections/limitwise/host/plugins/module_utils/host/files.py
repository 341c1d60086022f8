# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files below a root: symbolic links stay inside it, writes are atomic and keep mode and owner."""

from __future__ import annotations

import errno
import os
import stat
from typing import Iterator, List, Optional, Tuple

from ..acts import FileImage
from ..findings import HostError, Place

LINK_LIMIT = 40
TEMPORARY = ".limitwise-new"

# A process or a cgroup may end between the open and the read of one of its files (proc(5)).
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ESRCH, errno.ENODEV)

REMEDIES = {
    errno.EACCES: "run as root, or with become",
    errno.EPERM: "run as root, or with become; the file may also be immutable (lsattr)",
    errno.EROFS: "the file system is mounted read-only",
    errno.ENOSPC: "the file system is full: free some space and run again",
    errno.EDQUOT: "the disk quota is used up: free some space and run again",
    errno.EISDIR: "a directory stands where a file is expected",
    errno.ENOTDIR: "a file stands where a directory is expected",
    errno.ELOOP: "the symbolic links go round in a circle",
}


def host_error(error: OSError, path: str, verb: str) -> HostError:
    """An OSError as an error with place and remedy."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = REMEDIES.get(error.errno or 0, "")
    return HostError(f"cannot {verb}: {reason}", place=Place(path), remedy=remedy)


class Files:
    """The files of one host; every path is the host's own absolute path."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def locate(self, path: str) -> str:
        """Where ``path`` is for this process: directories' links followed inside the root."""
        if self.root == "/":
            return os.path.normpath(path)
        return os.path.join(self.root, self._resolve(os.path.dirname(path)), os.path.basename(path))

    def _resolve(self, path: str) -> str:
        """``path`` relative to the root, without links; a missing part is kept as it stands."""
        todo = [part for part in path.split("/") if part not in ("", ".")]
        done: List[str] = []
        links = 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                done[-1:] = []
                continue
            here = os.path.join(self.root, *done, part)
            if not os.path.islink(here):
                done.append(part)
                continue
            links += 1
            if links > LINK_LIMIT:
                raise host_error(OSError(errno.ELOOP, ""), path, "follow")
            target = os.readlink(here)
            if target.startswith("/"):
                done = []
            todo = [name for name in target.split("/") if name not in ("", ".")] + todo
        return os.path.join(*done) if done else ""

    def _followed(self, path: str) -> str:
        if self.root == "/":
            return path
        return os.path.join(self.root, self._resolve(path))

    def read(self, path: str) -> Optional[bytes]:
        """The content, links followed; None when there is no such file."""
        try:
            with open(self._followed(path), "rb") as stream:
                return stream.read()
        except OSError as error:
            if error.errno in ABSENT:
                return None
            raise host_error(error, path, "read") from error

    def image(self, path: str) -> Optional[FileImage]:
        """The plain file itself, for a before-image; None when absent; else an error."""
        real = self.locate(path)
        try:
            status = os.lstat(real)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise host_error(error, path, "look at") from error
        if stat.S_ISLNK(status.st_mode):
            raise HostError(
                f"is a symbolic link to {os.readlink(real)}",
                place=Place(path),
                remedy="Limitwise writes plain files only: put a plain file in its place",
            )
        if not stat.S_ISREG(status.st_mode):
            raise HostError("is not a plain file", place=Place(path), remedy="move it away")
        try:
            with open(real, "rb") as stream:
                data = stream.read()
            return FileImage(
                data, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, _xattrs(real)
            )
        except OSError as error:
            raise host_error(error, path, "read") from error

    def write(self, path: str, image: FileImage) -> None:
        """Put the file there at once or not at all: temporary file, fsync, rename, fsync."""
        real = self.locate(path)
        folder = os.path.dirname(real)
        temporary = os.path.join(folder, "." + os.path.basename(real) + TEMPORARY)
        try:
            _remove(temporary)
            try:
                _fill(temporary, image)
                os.rename(temporary, real)
            except OSError:
                _remove(temporary)
                raise
            sync_folder(folder)
        except OSError as error:
            raise host_error(error, path, "write") from error

    def remove(self, path: str) -> None:
        """Remove a file; one that is absent is no error, not even where nothing can be written."""
        real = self.locate(path)
        if not os.path.lexists(real):
            return
        try:
            _remove(real)
            sync_folder(os.path.dirname(real))
        except OSError as error:
            raise host_error(error, path, "remove") from error

    def remove_temporary(self, path: str) -> None:
        """Remove what a killed write of ``path`` left beside it."""
        folder, name = os.path.split(path)
        self.remove(os.path.join(folder, "." + name + TEMPORARY))

    def make_directory(self, path: str, mode: int = 0o755) -> None:
        """Make one directory, exactly with this mode; one that exists is no error."""
        real = self.locate(path)
        try:
            if not os.path.isdir(real):
                os.mkdir(real)
                os.chmod(real, mode)
                sync_folder(os.path.dirname(real))
        except OSError as error:
            raise host_error(error, path, "make the directory") from error

    def remove_directory(self, path: str) -> bool:
        """Remove an empty directory; False when it is in use or absent."""
        real = self.locate(path)
        if not os.path.isdir(real):
            return False
        try:
            os.rmdir(real)
            return True
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.ENOENT, errno.EEXIST, errno.ENOTDIR):
                return False
            raise host_error(error, path, "remove the directory") from error

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(self._followed(path))

    def exists(self, path: str) -> bool:
        """Whether something is there, links followed."""
        return os.path.exists(self._followed(path))

    def link(self, path: str) -> Optional[str]:
        """Where the symbolic link ``path`` points to, as written; None when it is no link."""
        real = self.locate(path)
        return os.readlink(real) if os.path.islink(real) else None

    def make_link(self, path: str, target: str) -> None:
        """Make a symbolic link, replacing a link that stands there."""
        real = self.locate(path)
        try:
            _remove(real)
            os.symlink(target, real)
            sync_folder(os.path.dirname(real))
        except OSError as error:
            raise host_error(error, path, "link") from error

    def names(self, path: str) -> Tuple[str, ...]:
        """The names in a directory, sorted; none when it is absent."""
        try:
            return tuple(sorted(os.listdir(self._followed(path))))
        except OSError as error:
            if error.errno in ABSENT:
                return ()
            raise host_error(error, path, "list") from error

    def missing_parents(self, path: str) -> Iterator[str]:
        """The directories above ``path`` that are not there yet, outermost first."""
        missing = []
        folder = os.path.dirname(path)
        while folder != "/" and not self.exists(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        return reversed(missing)


def _xattrs(real: str) -> Tuple[Tuple[str, bytes], ...]:
    try:
        names = os.listxattr(real)
        return tuple((name, os.getxattr(real, name)) for name in sorted(names))
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS, errno.ENODATA):
            return ()
        raise


def _fill(real: str, image: FileImage) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(real, flags, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(image.data)
        stream.flush()
        if (os.fstat(descriptor).st_uid, os.fstat(descriptor).st_gid) != (image.uid, image.gid):
            os.fchown(descriptor, image.uid, image.gid)
        os.fchmod(descriptor, image.mode)
        for name, value in image.xattrs:
            os.setxattr(descriptor, name, value)
        os.fsync(descriptor)


def _remove(real: str) -> None:
    try:
        os.unlink(real)
    except (FileNotFoundError, NotADirectoryError):
        return


def sync_folder(real: str) -> None:
    """Make a rename or removal in the folder last through a power cut."""
    descriptor = os.open(real, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
