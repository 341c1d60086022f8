"""Whose processes are whose: read from /proc, never from a pid file that may be stale."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError

GONE_WITHIN = 20.0


@dataclass(frozen=True)
class Process:
    """What /proc tells of one process: its network namespace (inode) and command line."""

    pid: int
    group: int
    namespace: int
    command: tuple[str, ...]


def everyone() -> Iterator[Process]:
    """All living processes of this machine that root can look into (zombies left out)."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                yield _look(entry)


def _look(entry: Path) -> Process:
    stat = (entry / "stat").read_text().rpartition(")")[2].split()
    if stat[0] in "ZX":
        raise ProcessLookupError(entry.name)
    command = (entry / "cmdline").read_bytes().rstrip(b"\0").decode(errors="replace").split("\0")
    namespace = (entry / "ns" / "net").stat().st_ino
    return Process(int(entry.name), int(stat[2]), namespace, tuple(command))


def of_fleet(found: Iterable[Process], namespace: int | None, folder: Path) -> list[Process]:
    """Those that belong to the fleet with this namespace and state folder.

    Guests run inside the namespace; should it be gone, their uml_dir= still names the folder. An
    ssh master lives outside, but writes its socket's path into its title. A fleet's name may begin
    like another's, so paths are compared with the slash that ends the folder's name.
    """
    inside = f"{folder}/"
    return [
        process
        for process in found
        if (namespace is not None and process.namespace == namespace)
        or any(word.startswith(f"uml_dir={inside}") for word in process.command)
        or process.command[0].startswith(f"ssh: {inside}")
    ]


def of_host(found: Iterable[Process], folder: Path) -> list[Process]:
    """The processes of one guest: the kernel's own and, by its process group, its children."""
    every = list(found)
    mine = f"uml_dir={folder}/"
    groups = {p.group for p in every if any(word.startswith(mine) for word in p.command)}
    return [process for process in every if process.group in groups]


def end(processes: Iterable[Process]) -> None:
    """Kill these and wait until they are gone; LabError when one stays."""
    left = [process.pid for process in processes if process.pid != os.getpid()]
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + GONE_WITHIN
    while left := [pid for pid in left if alive(pid)]:
        if time.monotonic() > deadline:
            raise LabError(f"processes {left} do not end though killed")
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """True while the process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
