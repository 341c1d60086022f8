"""Programs that run beside the tests: found again by what /proc says, also after a crash."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lab import processes
from lab.errors import LabError
from lab.processes import Process

TAIL_LINES = 15
PATIENCE = 20.0
READY_WITHIN = 180.0

_children: dict[int, subprocess.Popen[bytes]] = {}  # kept, so that they can be reaped


def start(name: str, argv: Sequence[str], folder: Path) -> int:
    """Start a program in a session of its own; its pid. What it says goes to FOLDER/name.log.

    Its command line must name something under `folder`: by that it is found again.
    """
    with (folder / f"{name}.log").open("ab") as sink:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    _children[child.pid] = child
    # Popen returns in the middle of exec(2), a moment before /proc shows the new command line
    while alive(child.pid) and not Path(f"/proc/{child.pid}/cmdline").read_bytes():
        time.sleep(0.001)  # between two looks: it ends when the program shows itself or is gone
    return child.pid


def running(folder: Path, program: str | None = None) -> list[Process]:
    """The programs of a state folder (or one of them by name) that run, whoever started them."""
    return of_folder(processes.everyone(), folder, program)


def of_folder(found: Iterable[Process], folder: Path, program: str | None = None) -> list[Process]:
    """Those whose options name a path under the folder.

    An option, not a plain word: an editor or a `tail` that has a file of the folder open is not
    ours. While `ip netns exec` still precedes the program, the first word is not its name.
    """
    inside = f"={folder}/"
    return [
        process
        for process in found
        if any(word.startswith("--") and inside in word for word in process.command)
        and (program is None or program in {Path(word).name for word in process.command[:5]})
    ]


def stop(folder: Path, program: str | None = None) -> None:
    """Ask them to end and wait; those that do not within PATIENCE are killed."""
    found = running(folder, program)
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while any(alive(process.pid) for process in found) and time.monotonic() < deadline:
        time.sleep(0.05)  # between two looks, until the deadline
    kill(folder, program)


def kill(folder: Path, program: str | None = None) -> None:
    """End them at once."""
    found = running(folder, program)
    processes.end(found)
    for process in found:
        child = _children.pop(process.pid, None)
        if child is not None:
            child.wait(PATIENCE)  # /proc shows the first thread's end, which need not be the last


def alive(pid: int) -> bool:
    """True while it runs; a child of ours that ended is reaped by the way."""
    child = _children.get(pid)
    if child is None:
        return processes.alive(pid)
    if child.poll() is None:
        return True
    del _children[pid]
    return False


def wait(
    name: str,
    folder: Path,
    pid: int,
    ready: Callable[[], bool],
    seconds: float = READY_WITHIN,
    every: float = 0.05,
) -> None:
    """Return when `ready` says so; LabError with the end of its log when it dies or takes long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not alive(pid):
            raise LabError(f"{name} ended at its start:\n{tail(folder, name)}")
        if time.monotonic() > deadline:
            raise LabError(f"{name} is not ready after {seconds:.0f} s:\n{tail(folder, name)}")
        time.sleep(every)


def tail(folder: Path, name: str) -> str:
    """The end of a program's log, indented."""
    text = (folder / f"{name}.log").read_text(errors="replace")
    return "\n".join(f"    {line[:400]}" for line in text.splitlines()[-TAIL_LINES:])
