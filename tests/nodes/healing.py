"""An incident on a real node as tests see it: who was hit, who served, how it was healed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cluster import bystander, incidents, leaks
from cluster.api import Body
from cluster.bystander import PODS, Seen
from cluster.incidents import Service, Victim
from cluster.installed import Installed
from cluster.leaks import Leak
from cluster.nodes import pod
from lab import docker_image
from lab.host import Host

LEAK = "leak"
UNIT = "leak.service"
REPLICAS, LEAST = 6, 5


@dataclass
class Incident:
    """What happened: what users and bystanders saw, and the remediation that ended it."""

    installed: Installed
    victim: Victim
    seen: Seen
    service: Service
    began: int
    remediation: Body = field(default_factory=dict)

    @property
    def node(self) -> Host:
        return self.victim.node

    @property
    def status(self) -> Body:
        found: Body = self.remediation["status"]
        return found

    def until_ended(self) -> None:
        """Wait for the end, and show it."""
        self.remediation = incidents.ended(self.installed, self.node.name)
        print(f"\n{incidents.journal(self.remediation)}")
        for act in self.acts:
            print(f"  {act.what} {act.before} -> {act.after} within {act.seconds} s")

    @property
    def acts(self) -> list[incidents.Act]:
        """What the agent raised and capped since the begin."""
        return incidents.reliefs(self.installed, self.node.name)[self.began :]

    def leak(self, leak: Leak) -> Body:
        """A pod that leaks there."""
        return self.installed.cluster.api.apply(leaks.in_pod(LEAK, leak, self.node))

    @property
    def named(self) -> str:
        """The culprit's name, as soon as it is known."""
        found = incidents.of(self.installed.cluster, self.node.name)
        culprit = found[0].get("status", {}).get("culprit", {}) if found else {}
        return str(culprit.get("name", ""))

    def takes_pods(self) -> None:
        """The node runs what it is given."""
        cluster = self.installed.cluster
        node = cluster.api.get(f"/api/v1/nodes/{self.node.name}")
        assert not node["spec"].get("unschedulable")
        assert "limitwise" not in str(node["spec"].get("taints"))
        cluster.run(pod("fresh", docker_image.NAME, ["sleep", "1000"], self.node))
        cluster.api.delete(f"{PODS}/fresh", gracePeriodSeconds="0")


@contextmanager
def others(installed: Installed) -> Iterator[Installed]:
    """The product in a cluster in which others serve."""
    leaks.install(installed.cluster)
    with bystander.bystanders(installed.cluster, REPLICAS, LEAST):
        yield installed


@contextmanager
def small_node(installed: Installed) -> Iterator[Victim]:
    """The first node, which is as it was when the block ends."""
    cluster, node = installed.cluster, installed.cluster.nodes[0]
    bystander.spread(cluster, node.name, REPLICAS)
    with incidents.victim(cluster, node) as made:
        try:
            yield made
        finally:
            leaks.stop(node, UNIT)
            cluster.api.delete(f"{PODS}/{LEAK}", gracePeriodSeconds="0")
            incidents.clear(cluster)
            installed.clear()


@contextmanager
def incident(
    installed: Installed, victim: Victim, level: str, most: dict[str, int], **more: Any
) -> Iterator[Incident]:
    """Watch what happens on that node, with a policy for that level."""
    cluster, node = installed.cluster, victim.node.name
    began = len(incidents.reliefs(installed, node))
    trigger = {"name": level, "ceiling": {"level": level, "usedPercent": 85}}
    relief = {"at": 80, "most": most, "cap": True}
    incidents.policy(cluster, level, **{"triggers": [trigger], "relief": relief, **more})
    incidents.watched_everywhere(installed)
    # a kubelet that was restarted may call its pods unready for a moment
    cluster.until("all bystanders serve", lambda: bystander.serving(cluster) == REPLICAS)
    with bystander.watched(cluster, LEAST) as seen, incidents.used(cluster, node) as service:
        yield Incident(installed, victim, seen, service, began)


def nobody_else_was_hit(incident: Incident) -> None:
    """Nobody but the culprit went, all bystanders served throughout, and users saw nothing."""
    assert incident.seen.innocent(LEAK) == {}
    assert incident.seen.lowest == REPLICAS, incident.seen.story
    assert incident.service.outage == 0.0
