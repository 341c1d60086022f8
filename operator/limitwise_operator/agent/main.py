"""The agent as a process: puts its parts together, starts its threads, ends in order."""

from __future__ import annotations

import gc
import select
import signal
import sys
import time
from types import FrameType

from ansible_collections.limitwise.host.plugins.module_utils.findings import LimitwiseError
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host

from ..effects.access import AccessError, found
from ..effects.cluster import Cluster
from ..effects.door import Door, Manners
from ..effects.retrying import Patience
from .heartbeat import Heartbeat
from .loop import Loop
from .node import Node
from .options import Options
from .page import Pages
from .relieving import Relieving
from .reporting import Reporting
from .run import Runs
from .telling import Telling
from .watching import Mailbox, Stream, Watching

# A turn may plan (commands of the host, 90 s each at most) and ask the API; a watch says something
# every SILENCE seconds, or is made anew after a pause.
LOOP_STUCK = 600.0
WATCH_STUCK = 600.0
# It looks every second at least; one look at a node with very many cgroups takes some.
RELIEF_STUCK = 60.0
MANNERS = Manners(
    answer=15.0, rate=5.0, burst=10, in_flight=2, patience=Patience(attempts=2, total=10.0)
)


class Agent:
    """All parts of one agent; ``run`` returns the exit status."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.telling = Telling(options.node_name)
        settings = found(options.kubeconfig)
        cluster = Cluster(Door(settings, MANNERS, self.telling))
        self.runs = Runs(options.runs)
        self.mailbox = Mailbox()
        self.relieving = Relieving(
            Host.mounted(options.host_root), options.pod_uid, self.telling, self.mailbox.wake
        )
        self.loop = Loop(
            Node(options.host_root, options.allow), self.runs,
            Reporting(cluster, options.node_name), self.telling,
            options.interval, options.timeout,
        )
        self.loop.relieved_by(self.relieving)
        self.watching = Watching(
            options.node_name, cluster, Stream(settings).events, self.mailbox,
            self.telling.watch_broke,
        )
        self.heartbeat = Heartbeat(
            cluster, options.namespace, options.node_name, options.heartbeat,
            lambda: not self.wrong(), self.telling.heart_missed,
        )
        self.stopping = False

    def wrong(self) -> str:
        """What keeps this agent from its work; empty when nothing does."""
        now = time.monotonic()
        if now - self.loop.beat > LOOP_STUCK:
            return f"the loop has not turned for {now - self.loop.beat:.0f} s"
        if now - self.watching.beat > WATCH_STUCK:
            return f"the watch has not moved for {now - self.watching.beat:.0f} s"
        if now - self.relieving.beat > RELIEF_STUCK:
            return f"nothing has been relieved for {now - self.relieving.beat:.0f} s"
        return ""

    def run(self) -> int:
        """Until SIGTERM or SIGINT, or with ``once`` until nothing is left to do."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        left = self.runs.clear()
        self.telling.said("info", "begins", left=left)
        if self.options.port:
            Pages(self.options.port, self.telling.page, self.wrong).start()
        self.watching.start()
        self.relieving.start()
        if not self.options.once:
            self.heartbeat.start()
        # What has been made by now stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        seen = False
        while not self.stopping:
            fresh, body = self.mailbox.take()
            if fresh:
                self.loop.see(body)
                seen = True
            wait = self.loop.turn()
            if self.options.once and seen and self.loop.idle:
                break
            if not self.stopping:
                select.select([self.mailbox.reader], [], [], wait)
        self.loop.stop()
        self.relieving.stop()
        self.telling.said("info", "ends")
        return 0

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        self.mailbox.wake()


def run(options: Options) -> int:
    """Run the agent of one node; the process's exit status: 2 when it cannot even begin."""
    try:
        agent = Agent(options)
    except (LimitwiseError, AccessError, OSError) as error:
        print(f"limitwise agent: {error}", file=sys.stderr)
        return 2
    return agent.run()
