"""Tunes a cluster of real nodes, heals one that runs out of PIDs, and gives everything back."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from cluster import bystander, incidents, leaks
from cluster.api import Body
from cluster.incidents import SMALL
from cluster.installed import Installed
from cluster.leaks import Leak
from cluster.nodes import Cluster
from lab.errors import LabError
from lab.fleet import destroy
from lab.host import Host

from .broken import snapshot
from .story import Story

NAME = "demo-cluster"
TUNING = "node-limits"
INSTANCES = "fs.inotify.max_user_instances"
WANTED: dict[str, str] = {"kernel.threads-max": "131072", INSTANCES: "4096"}
AT_ONCE = 2  # nodes: the canary first, then both others
SPEC: Body = {
    "tuning": {
        "sysctl": {key: int(value) for key, value in WANTED.items()},
        "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}],
        "slices": {"student.slice": {"TasksMax": 4096}},
    },
    "rollout": {"canary": 1, "soak": "2s", "maxUnavailable": AT_ONCE},
}
VALUES = "sysctl -n " + " ".join(WANTED)
WATCH = 60.0
LEAK, POLICY = "leak", "out-of-pids"


@dataclass
class Demonstration:
    """The cluster with the product in it, and the story told of them."""

    cluster: Cluster
    story: Story
    installed: Installed | None = None
    before: dict[str, str] | None = None

    @property
    def product(self) -> Installed:
        if self.installed is None:
            raise LabError("nothing is installed yet")
        return self.installed

    def show(self, *words: str) -> None:
        """A kubectl command and what it prints."""
        self.story.say("$ kubectl " + " ".join(words))
        self.story.say(self.cluster.kubectl(*words).rstrip())

    def install(self) -> None:
        self.before = snapshots(self.cluster)
        self.installed = Installed.into(
            self.cluster, agent={"interval": "5s"}, operator={"maxUnavailable": AT_ONCE}
        )
        self.show("get", "pods", "-n", "limitwise-system", "-o", "wide")
        self.story.expect("an operator leads, and every node has its agent", True)

    def report(self) -> None:
        self.product.tuning(TUNING, mode="Report", **SPEC)
        self.product.until("every node shows its plan", self.all_planned)
        self.show("get", "nodetunings,nodetuningstates")
        rows = self.product.state("h1")["status"]["preview"]["changes"]
        for row in rows:
            self.story.say(
                f"  h1: {row['layer']} {row['subject']} {row['key']}: "
                f"{row.get('before', 'unset')} -> {row.get('after', 'unset')}"
            )
        self.story.expect("h1 says what would change", len(rows) == 5)
        self.story.expect("no node was touched", snapshots(self.cluster) == self.before)

    def all_planned(self) -> bool:
        states = (self.product.state(node.name) for node in self.cluster.nodes)
        return all(state.get("status", {}).get("preview") for state in states)

    def enforce(self) -> None:
        self.product.change(TUNING, mode="Enforce")
        self.product.wait_current(TUNING)
        self.show("get", "nodetunings,nodetuningstates")
        for node in self.cluster.nodes:
            values = node.run(VALUES).stdout.split()
            tasks = node.run("systemctl show -p TasksMax --value student.slice").stdout.strip()
            well = values == [*WANTED.values()] and tasks == "4096"
            self.story.expect(f"{node.name}: {' '.join(values)}, TasksMax {tasks}", well)

    def drift(self) -> None:
        node = self.cluster.node("h2")
        self.story.say(f"$ h2# sysctl -w {INSTANCES}=200")
        node.run(f"sysctl -w {INSTANCES}=200")
        seen: list[Body] = []

        def told() -> bool:
            seen[:] = self.product.state("h2")["status"].get("drift", [])
            return bool(seen)

        self.product.until("the drift is told", told, WATCH)
        row = seen[0]
        self.story.say(f"  h2: {row['key']}: {row['wanted']} -> {row['live']} at {row['since']}")
        self.story.expect("h2 tells its drift", row["live"] == "200")
        self.product.until(
            "the value is back", lambda: value(node, INSTANCES) == WANTED[INSTANCES], WATCH
        )
        self.story.expect("h2 has the wanted value again", True)

    def exhaust(self) -> None:
        """A node of a thousand PIDs, a pod that takes them all, and pods that go on serving."""
        node = self.cluster.node("h1")
        leaks.install(self.cluster)
        incidents.policy(self.cluster, POLICY)
        incidents.watched_everywhere(self.product)
        with (
            bystander.bystanders(self.cluster) as least,
            incidents.victim(self.cluster, node) as victim,
        ):
            self.story.say(f"$ h1# sysctl -w kernel.pid_max={SMALL}")
            victim.sysctl(pid_max=SMALL)
            with bystander.watched(self.cluster, least) as seen:
                self.story.say("a pod on h1 takes process after process")
                self.cluster.api.apply(leaks.in_pod(LEAK, Leak(rate=0), node))
                healed = incidents.ended(self.product, node.name)
            self.healed(healed, seen)
        incidents.clear(self.cluster)

    def healed(self, remediation: Body, seen: bystander.Seen) -> None:
        """What was done, and to whom."""
        self.show("get", "noderemediations,remediationpolicies")
        self.story.say(incidents.journal(remediation))
        status = remediation["status"]
        self.story.expect("h1 was healed", status["phase"] == "Succeeded")
        culprit = status.get("culprit", {}).get("name")
        self.story.expect("the pod that took them was named and evicted", culprit == LEAK)
        self.story.expect("h1 was not drained", "Draining" not in incidents.phases(remediation))
        self.story.expect("no other pod was touched", seen.innocent(LEAK) == {})
        self.story.expect(
            f"never fewer than {seen.lowest} of 6 others served", seen.lowest >= seen.least
        )

    def give_back(self) -> None:
        self.story.say(f"$ kubectl delete nodetuning {TUNING}")
        self.product.remove(TUNING)
        after = snapshots(self.cluster)
        for node in self.cluster.nodes:
            same = self.before is not None and after[node.name] == self.before[node.name]
            self.story.expect(f"{node.name}: every file and value is as before", same)


def snapshots(cluster: Cluster) -> dict[str, str]:
    """Of each node: the files and values that a tuning could touch."""
    return {node.name: snapshot(node) + node.run(VALUES).stdout for node in cluster.nodes}


def value(node: Host, key: str) -> str:
    """A sysctl as the node's kernel has it."""
    return node.run(f"sysctl -n {key}").stdout.strip()


def main() -> int:
    """Exit status 0 when everything was as expected."""
    story = Story()
    destroy(NAME)
    made: list[Cluster] = []
    try:
        story.tell("A control plane and three real nodes", lambda: made.append(new(story)))
        with made[0] as cluster:
            show = Demonstration(cluster, story)
            story.tell("Install operator and agents by the chart", show.install)
            story.tell("What a tuning would change (mode: Report)", show.report)
            story.tell("Enforce it: a canary, then the rest", show.enforce)
            story.tell("Somebody writes a value by hand", show.drift)
            story.tell("Delete the tuning: everything goes back", show.give_back)
            story.tell("A node runs out of PIDs: it is healed before your eyes", show.exhaust)
    except LabError as error:
        print(f"demo-cluster: {error}", file=sys.stderr)
        return 2
    story.summary()
    return 0 if story.met else 1


def new(story: Story) -> Cluster:
    """Three nodes that are Ready."""
    cluster = Cluster.create(NAME, 3)
    story.say(cluster.kubectl("get", "nodes").rstrip())
    return cluster


if __name__ == "__main__":
    sys.exit(main())
