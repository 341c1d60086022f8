"""Kills a run on a guest at every step, and says after which steps the host did not come back.

usage: kill_loop.py rollback|apply  (the tuning as JSON on standard input; result JSON on output)

Each run is a child of this process that kills itself at the N-th event that changes something:
a file made, renamed or removed, a kernel value written, a command run. `rollback`: the run is then
taken back. `apply`: the next apply completes it, and the originals are restored.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils import engine
from ansible_collections.limitwise.host.plugins.module_utils.findings import Finding
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import STATE, Store
from ansible_collections.limitwise.host.plugins.module_utils.rollback import rollback
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning, read
from e2e.snapshot import differences, everything, snapshot

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
PLACES = ("/etc/", "/proc/sys/", "/sys/", "/var/lib/limitwise/")
EVENTS = ("os.rename", "os.mkdir", "os.rmdir")
MOST = 400


class Suicide:
    """An audit hook that kills its process at one of the events that change something."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.begun = False

    def __call__(self, event: str, words: tuple[Any, ...]) -> None:
        if not self._changes(event, words):
            return
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _changes(self, event: str, words: tuple[Any, ...]) -> bool:
        if event == "open":
            path, _mode, flags = words
            return isinstance(path, str) and path.startswith(PLACES) and bool(flags & WRITING)
        if event == "os.remove":
            return os.path.lexists(words[0])
        if event == "subprocess.Popen":
            # commands before the journal only read
            return self.begun
        if event == "os.rename":
            self.begun = self.begun or str(words[1]).endswith("/acts.json")
        return event in EVENTS


def run_until(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a child that dies at this step; False when it ended before."""
    child = os.fork()
    if child == 0:
        sys.addaudithook(Suicide(step))
        work()
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def taken_back(host: Host) -> tuple[Finding, ...]:
    """Roll the killed run back, if its journal was whole; whatever else stays is a difference."""
    runs = Store(host).runs()
    if not runs or runs[-1].state != "applying":
        return ()
    return rollback(host, "last").findings


def loop(host: Host, tuning: Tuning, mode: str) -> dict[str, Any]:
    """Every step once."""
    whole, before = everything(), snapshot()
    problems: list[str] = []
    wanted = None
    if mode == "apply":
        first = engine.apply(host, tuning)
        problems += [str(finding) for finding in first.findings if finding.severity == "error"]
        wanted = snapshot()
        rollback(host, "original")
        problems += differences("restored after the whole run", before, snapshot())
        shutil.rmtree(STATE, ignore_errors=True)
    for step in range(1, MOST):
        if not run_until(step, lambda: engine.apply(host, tuning)):
            rollback(host, "last")
            problems += differences("at the end", whole, everything())
            return {"steps": step - 1, "problems": problems}
        if wanted is not None:
            done = engine.apply(host, tuning)
            problems += [f"step {step}: {one}" for one in done.findings if one.severity == "error"]
            problems += differences(f"step {step}, completed", wanted, snapshot())
            found = rollback(host, "original").findings
        else:
            found = taken_back(host)
        problems += [f"step {step}: {one}" for one in found]
        problems += differences(f"step {step}", before, snapshot())
        shutil.rmtree(STATE, ignore_errors=True)
    return {"steps": MOST, "problems": [*problems, "it never ended"]}


if __name__ == "__main__":
    document, wrong = read(json.load(sys.stdin))
    assert not wrong, wrong
    json.dump(loop(Host.live(), document, sys.argv[1]), sys.stdout)
