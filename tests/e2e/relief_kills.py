"""Kills a reliever on a guest at every step of a relief, and says what the next one left behind.

Each relief is a child of this process that kills itself before the N-th system call that changes
something, or in the midst of it where that is a record. The next process takes over, holds, and
gives back: then every value must be what it was. Result: JSON on standard output.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from typing import Any, Callable, Dict, List

from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import STATE
from ansible_collections.limitwise.host.plugins.module_utils.relief.acts import Relief
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Gauges
from ansible_collections.limitwise.host.plugins.module_utils.relief.plan import Leave, plan
from ansible_collections.limitwise.host.plugins.module_utils.relief.protected import protected

GROUPS = "/sys/fs/cgroup"
FILES = (
    "/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max", f"{GROUPS}/small.slice/pids.max",
    f"{GROUPS}/small.slice/still.service/pids.max",
)
CALLS = ("write", "pwrite", "fsync", "fdatasync", "rename", "mkdir", "ftruncate")
LEAVE = Leave(0, {"threads": 60000, "pids": 60000, "slice": 800}, True)
MOST_STEPS = 300


class Suicide:
    """Counts the calls that change something and ends this process at one of them."""

    def __init__(self, at: int) -> None:
        self.left = at
        for name in CALLS:
            setattr(os, name, self.watched(getattr(os, name)))

    def watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*words: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                if call.__name__ == "pwrite":
                    # a record that is there by half
                    call(words[0], words[1][: len(words[1]) // 2], *words[2:])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*words, **named)

        return instead


def relieved() -> None:
    """A whole relief: take over, raise, cap, have it undone, hold, give back."""
    host = Host.live()
    gauges = Gauges(host)
    relief = Relief(host, gauges, protected(host))
    relief.adopt()
    relief.hold()
    relief.raise_(plan(gauges.read(["small.slice"]), LEAVE).raises)
    relief.cap("/small.slice/still.service", 1)
    undone = FILES[2]
    with open(undone, "w") as stream:
        stream.write("60")
    relief.hold()
    relief.release()
    relief.close()


def values() -> Dict[str, str]:
    """All values that a relief here can touch."""
    found = {}
    for path in FILES:
        with open(path) as stream:
            found[path] = stream.read().strip()
    return found


def in_child(work: Callable[[], None]) -> bool:
    """Do the work in a child; whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(3)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"a relief failed: {status}")
    return os.WIFSIGNALED(status)


def taken_over() -> None:
    """What the next process does when all is calm."""
    host = Host.live()
    relief = Relief(host, Gauges(host), protected(host))
    relief.adopt()
    relief.hold()
    relief.release()
    assert not relief.raised
    assert not relief.capped
    relief.close()


def killed(step: int) -> bool:
    def work() -> None:
        Suicide(step)
        relieved()

    return in_child(work)


def main() -> Dict[str, Any]:
    before = values()
    problems: List[str] = []
    for step in range(1, MOST_STEPS):
        ended = not killed(step)
        in_child(taken_over)
        problems += [
            f"step {step}: {path} is {value}, was {before[path]}"
            for path, value in values().items() if value != before[path]
        ]
        if ended:
            return {"steps": step - 1, "problems": problems}
        if step % 2:
            shutil.rmtree(STATE)
    return {"steps": MOST_STEPS, "problems": [*problems, "it never ended"]}


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
