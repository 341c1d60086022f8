"""Looks at a guest with the engine: a request as JSON on standard input, its answer as output.

Copied to the guest like the driver. A request: {"do": "survey", "users": false} |
{"do": "effective", "groups": [...]} | {"do": "drift", "tuning": {...}} |
{"do": "enforce", "tuning": {...}, "takeover": []} | {"do": "exhaust", "orphans": 0}, each with
"mounted": "/host" for a running host whose root is mounted there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any, Dict, List

from ansible_collections.limitwise.host.plugins.module_utils import engine
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import (
    binding,
    effective,
)
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.judge import judge
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.survey import Asked, survey
from ansible_collections.limitwise.host.plugins.module_utils.drift.watch import observe
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read


def surveyed(host: Host, request: Dict[str, Any]) -> Dict[str, Any]:
    started = time.perf_counter()
    found = survey(host, Asked(users=request.get("users", False)))
    seconds = time.perf_counter() - started
    return {
        "ceilings": [{**one.as_dict(), "group": one.group} for one in found.ceilings],
        "events": [one.__dict__ for one in found.events],
        "findings": [one.as_dict() for one in judge(found)],
        "seconds": seconds,
    }


def effectively(host: Host, request: Dict[str, Any]) -> Dict[str, Any]:
    found = survey(host).ceilings
    return {
        group: [effective(found, group, "pids"), effective(found, group, "memory")]
        for group in request["groups"]
    }


def drifting(host: Host, request: Dict[str, Any]) -> Dict[str, Any]:
    tuning, _found = read(request["tuning"])
    started = time.perf_counter()
    found = observe(host, tuning)
    seconds = time.perf_counter() - started
    return {"drifts": [one.as_dict() for one in found], "seconds": seconds}


def enforcing(host: Host, request: Dict[str, Any]) -> Dict[str, Any]:
    tuning, _found = read(request["tuning"])
    options = engine.Options(takeover=tuple(request.get("takeover", ())))
    return engine.apply(host, tuning, options).as_dict()


def exhausting(host: Host, request: Dict[str, Any]) -> Dict[str, Any]:
    """Measure the binding ceiling of tasks, then fork until the kernel refuses, and count."""
    orphans = [_orphan() for _number in range(request["orphans"])]
    children: List[int] = []
    with open("/proc/self/cgroup", encoding="ascii") as stream:
        group = stream.read().strip().rpartition(":")[2]
    first = binding(survey(host).ceilings, group)
    with suppress(BlockingIOError):
        while True:
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    for child in (*children, *orphans):
        os.kill(child, signal.SIGKILL)
    return {"forked": len(children), "first": first and first.as_dict()}


def _orphan() -> int:
    """A process whose group's leader is gone: the leader's id stays taken. Its own id."""
    ready, told = os.pipe()
    leader = os.fork()
    if leader == 0:
        os.setpgid(0, 0)
        member = os.fork()
        if member == 0:
            signal.pause()
        os.write(told, str(member).encode())
        os._exit(0)
    os.waitpid(leader, 0)
    os.close(told)
    member = int(os.read(ready, 20))
    os.close(ready)
    return member


DOING = {
    "survey": surveyed, "effective": effectively, "drift": drifting, "enforce": enforcing,
    "exhaust": exhausting,
}
FORK_FREE = ("survey", "effective", "drift")


def main() -> None:
    request = json.load(sys.stdin)
    if request["do"] in FORK_FREE:
        # a look that starts a process must fail even where nobody counts processes
        sys.addaudithook(_refuse)
    host = Host.mounted(request["mounted"]) if "mounted" in request else Host.live()
    json.dump(DOING[request["do"]](host, request), sys.stdout)


def _refuse(event: str, _arguments: Any) -> None:
    if event in ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"):
        raise AssertionError(f"{event} while only looking")


if __name__ == "__main__":
    main()
