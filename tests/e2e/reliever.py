"""A resident process on a guest that relieves it: the agent's relieving thread in its barest form.

usage: reliever.py LOG STOP   (standard input: {"at", "most", "cap", "watched", "after"} as JSON)

``after``: a log in which a refused fork must stand before the first turn, so that there is nothing
left when relief begins; it is looked into as often as a turn would come. Empty: at once.

Each line of LOG says what a turn has changed: {"at": seconds of CLOCK_MONOTONIC, "did", "what",
"before", "after"}, with "culprit" and "finding" lines between. It goes on until there is a file
STOP, then gives everything back.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, Dict, List

from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.relief import tree
from ansible_collections.limitwise.host.plugins.module_utils.relief.acts import Done, Relief
from ansible_collections.limitwise.host.plugins.module_utils.relief.culprit import find
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Gauges, Levels
from ansible_collections.limitwise.host.plugins.module_utils.relief.plan import Leave, plan
from ansible_collections.limitwise.host.plugins.module_utils.relief.protected import protected

PERIOD = 0.25
NEAR = 20  # points of percent below the mark from where cgroups are looked at
SAMPLES = 8


class Reliever:
    """One turn every quarter of a second."""

    def __init__(self, host: Host, words: Dict[str, Any], log: int) -> None:
        self.leave = Leave(words["at"], words["most"], words["cap"])
        self.watched: List[str] = words["watched"]
        self.log = log
        self.gauges = Gauges(host)
        self.protected = protected(host)
        self.relief = Relief(host, self.gauges, self.protected)
        self.samples: List[tree.Sample] = []
        self.named = ""
        self.tell("adopted", self.relief.adopt())
        self.tell("held", self.relief.hold())

    def turn(self) -> None:
        # first: what was undone must not be raised from its former value as if it were new
        self.tell("held", self.relief.hold())
        levels = self.gauges.read(self.watched)
        wanted = plan(levels, self.leave, frozenset(one.group for one in self.relief.capped))
        self.tell("raised", self.relief.raise_(wanted.raises))
        self.look(levels)

    def look(self, levels: Levels) -> None:
        """Name and cap the culprit, while a ceiling is near."""
        full = max((row for row in levels.rows), key=lambda row: row.percent)
        if full.percent < self.leave.at - NEAR and not self.relief.raised:
            self.samples.clear()
            return
        self.samples = [*self.samples[1 - SAMPLES :], tree.look(self.gauges)]
        culprit = find(self.samples, full, self.protected)
        if culprit is None:
            return
        if culprit.group != self.named:
            self.named = culprit.group
            self.say(did="culprit", what=culprit.group, kind=culprit.kind, tasks=culprit.tasks)
        if culprit.kind == "Group" and self.leave.cap:
            self.tell("capped", self.relief.cap(culprit.group, culprit.tasks))

    def end(self) -> None:
        self.tell("released", self.relief.release())

    def tell(self, did: str, done: Done) -> None:
        for one in done.changed:
            after = one.back or one.after
            self.say(did=did, what=one.what, before=one.before, after=after)
        for finding in done.findings:
            self.say(did="finding", what=finding.code, text=str(finding))

    def say(self, **words: Any) -> None:
        line = json.dumps({"at": time.monotonic(), **words})
        os.write(self.log, line.encode() + b"\n")


def refused(log: str) -> bool:
    """Whether a fork was refused, as a leaker's log tells."""
    try:
        with open(log, encoding="ascii") as stream:
            return "refused" in stream.read()
    except FileNotFoundError:
        return False


def main() -> None:
    words = json.load(sys.stdin)
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    reliever = Reliever(Host.live(), words, log)
    reliever.say(did="ready", what="")
    while not os.path.exists(sys.argv[2]):
        if not words["after"] or refused(words["after"]):
            reliever.turn()
        time.sleep(PERIOD)
    reliever.end()
    reliever.say(did="ended", what="")


if __name__ == "__main__":
    main()
