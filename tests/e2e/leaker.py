"""Takes tasks on a guest as fast as it can, and writes down when it was refused and let on again.

usage: leaker.py threads|forks|probe MOST LOG   (probe keeps nothing: it tries again and again)

Each line of LOG: {"at": seconds of CLOCK_MONOTONIC, "what": begun|refused|again|enough, "tasks"}.
It goes on trying when it is refused, and keeps all that it has got.
"""

from __future__ import annotations

import _thread
import json
import os
import signal
import sys
import threading
import time

PAUSE = 0.01


def one_more(kind: str) -> bool:
    """Start a task that stays; False when there is no room."""
    try:
        if kind == "threads":
            _thread.start_new_thread(signal.pause, ())
        elif kind == "forks":
            if os.fork() == 0:
                signal.pause()
                os._exit(0)
        else:
            child = os.fork() or os._exit(0)
            os.waitpid(child, 0)
    except (BlockingIOError, RuntimeError):
        return False
    return True


def leak(kind: str, most: int, log: int) -> None:
    """Go on until there are enough, then stay."""

    def tell(what: str, tasks: int) -> None:
        line = json.dumps({"at": time.monotonic(), "what": what, "tasks": tasks})
        os.write(log, line.encode() + b"\n")

    tasks, refused = 0, False
    tell("begun", tasks)
    while tasks < most:
        started = one_more(kind)
        if started is refused:
            refused = not started
            tell("refused" if refused else "again", tasks)
        if started and kind != "probe":
            tasks += 1
        else:
            time.sleep(PAUSE)
    tell("enough", tasks)
    while True:
        signal.pause()


if __name__ == "__main__":
    threading.stack_size(64 * 1024)
    told = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    leak(sys.argv[1], int(sys.argv[2]), told)
