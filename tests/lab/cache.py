"""What is expensive to make is made once: folders in the user's cache, named by their recipe."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path


def folder() -> Path:
    """The lab's cache: ${LIMITWISE_CACHE:-${XDG_CACHE_HOME:-~/.cache}/limitwise}/lab."""
    chosen = os.environ.get("LIMITWISE_CACHE")
    if chosen:
        return Path(chosen) / "lab"
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "limitwise" / "lab"


def key_of(*recipe: object) -> str:
    """A short name for a recipe: equal recipes (by repr) have equal keys."""
    return hashlib.sha256(repr(recipe).encode()).hexdigest()[:16]


def cached(name: str) -> Path | None:
    """The finished artifact of that name, or None."""
    path = folder() / name
    return path if path.is_dir() else None


def fetch(name: str, build: Callable[[Path], None]) -> Path:
    """The artifact `name`, built into an empty folder by `build` where it is not there yet.

    A second caller waits for the first; a build that dies leaves nothing that counts as finished.
    """
    found = cached(name)
    if found:
        return found
    folder().mkdir(parents=True, exist_ok=True)
    with locked(folder() / f".{name}.lock"):
        final, partial = folder() / name, folder() / f".{name}.partial"
        if not final.is_dir():
            if partial.exists():
                shutil.rmtree(partial)
            partial.mkdir()
            build(partial)
            partial.rename(final)
        return final


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; the kernel drops it when the process dies.

    Programs that the lab starts meanwhile inherit it: should the holder be killed, the next waits
    until nothing of his still works. The holder may remove the file: who waited for a removed one
    starts over.
    """
    while True:
        with path.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not _still_there(path, handle.fileno()):
                continue
            os.set_inheritable(handle.fileno(), True)
            yield
            return


def _still_there(path: Path, descriptor: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
