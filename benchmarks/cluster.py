"""The operator at 1,000 and 5,000 nodes: memory, writes, reaction, start, a change everywhere.

etcd, API server and operator are real processes; kwok keeps the nodes; agents are played by the
real agent's loop and reporting over one recorded host, one node-bound token each (cluster.played).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

from cluster.audit import Write
from cluster.operators import Operator
from cluster.played import HEARTBEAT, INTERVAL
from cluster.slate import wait

from .figures import Figure, progress, tell
from .processes import Taken, load, taken
from .site import Site, by_agents, by_operator, poll, site

PLAYED = "agents played by the real agent's reporting over a recorded host"
PEER = 0.45  # MiB of memory that NodeWright's sizing asks for each node, up to 1,000 nodes
PEER_REQUEUE = 2.0  # s between two looks of NodeWright
ROOM = {1000: 100, 5000: 160}  # MiB
CHANGES = 50
IDLE_SECONDS = 60.0
LOOKS = 30_000  # of idle agents in all: a quarter of an hour of a thousand nodes
WITHIN = 900.0
ADMIN = "lab-admin"
SELECTED = {"matchLabels": {"kubernetes.io/hostname": "sim-0000"}}


@dataclass
class Course:
    """What is measured at one size, in its order."""

    site: Site
    loads: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        """The nodes."""
        return len(self.site.nodes)

    def tell(
        self, name: str, value: float, unit: str, against: str, ratio: float | None = None
    ) -> None:
        """One figure of this size."""
        full = f"cluster_{self.count}_{name}"
        shown = None if ratio is None else round(ratio, 2)
        tell(Figure(full, round(value, 3), unit, against, shown))

    def step(self, text: str) -> None:
        """For people; with the machine's load, of which the worst is told in the end."""
        self.loads.append(load())
        progress(f"{self.count} nodes: {text} (load {self.loads[-1]:.1f})")

    def run(self) -> None:
        """Every figure."""
        with self.site.operator() as operator:
            operator.wait_ready("leading", 120.0)
            self.site.tune("all", 4194304)
            self.site.current("all", self.count, operator, WITHIN)
            self.step("all are tuned")
            self.everywhere(operator)
            self.idle(operator)
            self.reaction(operator)
            lives = [taken(operator.pid)]
            operator.stop()
            self.start(operator)
            lives.append(taken(operator.pid))
        self.memory(lives)
        self.step("measured")
        self.tell("load", max(self.loads), "processes", "2 cores; the worst minute")

    def everywhere(self, operator: Operator) -> None:
        """A change of a tuning of all nodes, without budget: written, then answered by agents."""
        audit, answering = self.site.plane.audit, self.site.agents.answering
        mark, before = audit.mark(), taken(operator.pid)
        answering.clear()
        self.site.change("all", {"kernel.pid_max": 2097152})
        poll(
            lambda: len(_specs(audit.since(mark))) >= self.count, "all states are written", WITHIN
        )
        found = audit.since(mark)
        used = taken(operator.pid).cpu - before.cpu
        asked = min(map(_time, _changes(found, "all")))
        written = max(map(_time, _specs(found))) - asked
        self.step(f"changed in {written:.1f} s")
        began = time.time()
        answering.set()
        self.site.current("all", self.count, operator, WITHIN)
        found = audit.since(mark)
        applied = max(map(_time, by_agents(found))) - began
        all_used = taken(operator.pid).cpu - before.cpu
        self.step(f"answered by all agents in {applied:.1f} s")
        bare = self.site.write_all()
        self.step(f"the same writes alone: {bare:.1f} s")
        against = f"as many bare writes by 8 threads: {bare:.1f} s"
        self.tell(
            "change_written", written, "s",
            f"{against}; aim 60 s at 5,000; agents answer afterwards", bare / written,
        )
        self.tell("change_written_cpu", used, "CPU s", "the operator's own share of that")
        self.tell("change_answered", applied, "s", f"{against}; {PLAYED}", bare / applied)
        self.tell("change_whole_cpu", all_used, "CPU s", "the operator's, until all are current")
        whole = by_operator(found) + by_agents(found)
        each = [one for one in whole if one.resource.startswith("nodetuningstates")]
        self.tell(
            "writes_per_node_and_change", len(each) / self.count, "writes", f"aim 3; {PLAYED}"
        )
        self.tell("writes_per_change_besides", len(whole) - len(each), "writes", "of all nodes")

    def idle(self, operator: Operator) -> None:
        """Nothing happens: an hour of the agents' clock, a minute of the operator's."""
        wait(lambda: not self.site.agents.waiting, "the agents are done", WITHIN)
        self.site.agents.beat()
        wait(lambda: not self.site.agents.waiting, "the agents have beaten", WITHIN)
        before, mark = taken(operator.pid), self.site.plane.audit.mark()
        began = time.monotonic()
        looks = max(1, LOOKS // self.count)
        for _look in range(looks):
            self.site.agents.pass_time(INTERVAL * 1.2)
            wait(lambda: not self.site.agents.waiting, "the agents have looked", WITHIN)
        wait(lambda: time.monotonic() - began > IDLE_SECONDS, "a minute is over", IDLE_SECONDS * 2)
        spent = time.monotonic() - began
        cpu = taken(operator.pid).share_since(before)
        found = self.site.plane.audit.since(mark)
        hours = {"operator": spent / 3600, "agents": looks * INTERVAL / 3600}
        writes = len(by_operator(found)) / hours["operator"]
        writes += len(by_agents(found)) / hours["agents"]
        self.step(f"idle for {spent:.0f} s, {looks} looks each")
        seen = f"0 besides heartbeats; {spent:.0f} s of the operator, {looks} looks of each agent"
        self.tell("idle_writes_per_node_hour", writes / self.count, "writes", f"{seen}; {PLAYED}")
        self.tell("idle_operator_cpu", cpu, "m", "thousandths of a core, with kwok's heartbeats")
        self._heartbeats()

    def _heartbeats(self) -> None:
        mark = self.site.plane.audit.mark()
        self.site.agents.beat()
        wait(lambda: not self.site.agents.waiting, "the agents have beaten", WITHIN)
        enough = self.site.plane.audit.wait(
            mark, lambda found: len(_beats(found)) >= self.count, 60.0
        )
        hourly = len(_beats(enough)) / self.count * 3600 / (HEARTBEAT * 0.95)
        self.tell("heartbeats_per_node_hour", hourly, "writes", f"a Lease every {HEARTBEAT:.0f} s")

    def reaction(self, operator: Operator) -> None:
        """From the change of a tuning of one node until the operator writes that node's state."""
        self.site.tune("one", 0, nodeSelector=SELECTED, tuning=_one(0), priority=1)
        self.site.current("one", 1, operator, 120.0)
        mark = self.site.plane.audit.mark()
        for number in range(1, CHANGES + 1):
            before = self.site.agents.applied.total()
            self.site.change("one", _one(number)["sysctl"])
            wait(
                lambda last=before: self.site.agents.applied.total() > last,  # type: ignore[misc]
                "the node has it", 120.0,
            )
        delays = _delays(self.site.plane.audit.since(mark), "one")
        worst = quantiles(delays, n=100, method="inclusive")[98]
        self.step(f"{len(delays)} changes: median {median(delays):.2f} s, p99 {worst:.2f} s")
        against = f"{PEER_REQUEUE:.0f} s between NodeWright's looks; aim 1 s"
        self.tell("reaction_median", median(delays), "s", against, PEER_REQUEUE / median(delays))
        self.tell("reaction_p99", worst, "s", against, PEER_REQUEUE / worst)

    def start(self, operator: Operator) -> None:
        """A new operator, for which a change is waiting: from its start to the write it plans."""
        bare = median(self.site.list_nodes() for _ in range(3))
        mark = self.site.plane.audit.mark()
        self.site.change("one", _one(CHANGES + 1)["sysctl"])
        began = time.time()
        operator.start()
        found = self.site.plane.audit.wait(mark, lambda writes: bool(_specs(writes)), 300.0)
        spent = min(map(_time, _specs(found))) - began
        operator.wait_ready("leading", 60.0)
        self.step(f"started in {spent:.1f} s, a bare list of nodes takes {bare:.1f} s")
        against = f"a bare list of the nodes: {bare:.2f} s; aim 10 s at 5,000"
        self.tell("start_to_first_plan", spent, "s", against, bare / spent)

    def memory(self, lives: list[Taken]) -> None:
        """Of both lives: the largest use after all that, and the peak."""
        now, most = max(one.resident for one in lives), max(one.most for one in lives)
        room = f"aim {ROOM.get(self.count, 100)} MiB"
        peer = PEER * self.count
        against = f"{peer:.0f} MiB by NodeWright's sizing (validated to 1,000 nodes); {room}"
        self.tell("operator_rss", now, "MiB", against, peer / now)
        self.tell("operator_rss_peak", most, "MiB", against, peer / most)


def run(count: int) -> None:
    """All figures of so many nodes."""
    with (
        tempfile.TemporaryDirectory(prefix="limitwise-bench-") as folder,
        site(count, Path(folder)) as made,
    ):
        Course(made).run()


def _one(number: int) -> dict[str, dict[str, int]]:
    return {"sysctl": {"vm.max_map_count": 262144 + number}}


def _time(write: Write) -> float:
    return datetime.fromisoformat(write.time).timestamp()


def _changes(writes: Iterable[Write], tuning: str) -> list[Write]:
    """A person's writes of a NodeTuning."""
    return [
        one for one in writes
        if one.resource == "nodetunings" and one.name == tuning and one.user == ADMIN
    ]


def _specs(writes: list[Write]) -> list[Write]:
    """The operator's writes of NodeTuningStates that were taken."""
    return [
        one for one in by_operator(writes)
        if one.resource == "nodetuningstates" and one.status < 300
    ]


def _beats(writes: Iterable[Write]) -> list[Write]:
    return [
        one for one in writes
        if one.resource == "leases" and one.name.startswith("limitwise-agent-")
    ]


def _delays(writes: list[Write], tuning: str) -> list[float]:
    """Seconds from each change to the first state that was written after it."""
    specs = sorted(map(_time, _specs(writes)))
    asked = sorted(map(_time, _changes(writes, tuning)))
    return [next(at for at in specs if at > begun) - begun for begun in asked]
