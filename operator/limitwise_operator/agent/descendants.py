"""The processes below one process, and their end: SIGTERM, a wait, SIGKILL until none is left.

Ansible's workers make sessions of their own, so no process group holds a run together. The tree
does, because whoever calls this adopts its orphans (prctl(2), PR_SET_CHILD_SUBREAPER).
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PAUSE = 0.05
UNKILLABLE = 20.0  # seconds after which a process that SIGKILL does not end is left to the kernel


def adopt_orphans() -> None:
    """Let every orphan below this process become its child, not that of process 1."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> bool:
    """Have SIGTERM sent to this process when its parent ends; False when it has ended already.

    The kernel means the thread that made this process (prctl(2)): it has to be the main one.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    return os.getppid() == parent


def _prctl(option: int, value: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def parents() -> dict[int, int]:
    """Every process that is no zombie, and its parent (proc_pid_stat(5), fields 3 and 4)."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stream:
                state, parent = stream.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        if state not in (b"Z", b"X"):
            found[int(name)] = int(parent)
    return found


def below(root: int, known: dict[int, int]) -> set[int]:
    """The descendants of `root` among `known`, a map of process to parent."""
    children: dict[int, list[int]] = {}
    for process, parent in known.items():
        children.setdefault(parent, []).append(process)
    found: set[int] = set()
    todo = [root]
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in found:
                found.add(child)
                todo.append(child)
    return found


def end_all(grace: float) -> int:
    """End every process below this one; gives how many had to be killed after `grace` seconds."""
    me = os.getpid()
    _send(below(me, parents()), signal.SIGTERM)
    deadline = time.monotonic() + grace
    while below(me, parents()) and time.monotonic() < deadline:
        reap()
        time.sleep(PAUSE)
    killed: set[int] = set()
    deadline = time.monotonic() + UNKILLABLE
    while (left := below(me, parents())) and time.monotonic() < deadline:
        killed |= left
        _send(left, signal.SIGKILL)
        reap()
        time.sleep(PAUSE)
    reap()
    return len(killed)


def _send(processes: Iterable[int], number: int) -> None:
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def reap() -> None:
    """Bury every child that has ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
