"""The agent's relieving thread alone on a guest, resident, with what it tells in a file.

usage: agent_reliever.py LOG < ORDERS   (ORDERS: {"watch": ..., "incident": ...} as in a spec)

Each line of LOG: {"at": seconds of CLOCK_MONOTONIC, "did": ready|pressure|said|verdict, ...}. A
file /run/agent.orders that is there replaces the orders, once.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from limitwise_operator.agent.pressing import Orders
from limitwise_operator.agent.relieving import Relieving
from limitwise_operator.kinds.watch import Task, Watch

NEW = "/run/agent.orders"


class Log:
    """Lines of JSON, each with one write: nothing else is needed of the system."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.relieving: Relieving | None = None

    def tell(self, did: str, **more: Any) -> None:
        line = {"at": time.monotonic(), "did": did, **more}
        os.write(self.file, json.dumps(line, default=str).encode() + b"\n")

    def said(self, level: str, word: str, **more: Any) -> None:
        self.tell("said", word=word, more=more)

    def relieved(self, what: str, seconds: float) -> None:
        self.tell("relieved", what=what, seconds=seconds)

    def pressed(self, percents: Mapping[str, int]) -> None:
        return

    def woken(self) -> None:
        found = self.relieving
        if found is not None and found.pressure is not None:
            self.tell("pressure", pressure=found.pressure.to_dict())
        if found is not None and found.verdict is not None:
            self.tell("verdict", well=found.verdict.well, message=found.verdict.message)


def orders(told: Mapping[str, Any]) -> Orders:
    """As the loop makes them of a spec."""
    task = Task.from_dict(told["task"]) if "task" in told else None
    watch = Watch.from_dict(told["watch"]) if "watch" in told else None
    return Orders(watch, told.get("incident", ""), task)


def main() -> None:
    """Until killed."""
    log = Log(sys.argv[1])
    log.relieving = Relieving(Host.live(), "", log, log.woken)
    log.relieving.order(orders(json.load(sys.stdin)))
    log.relieving.tick()
    log.relieving.start()
    log.tell("ready")
    while True:
        time.sleep(0.1)
        if os.path.exists(NEW):
            with open(NEW, encoding="utf-8") as stream:
                log.relieving.order(orders(json.load(stream)))
            os.unlink(NEW)


if __name__ == "__main__":
    main()
