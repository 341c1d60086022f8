"""What tests of remediation on kwok nodes share: pods that end, and what must hold in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from cluster.audit import Write
from cluster.control_plane import ControlPlane
from cluster.onlooker import Onlooker
from cluster.pods import Pods
from cluster.remediations import Incidents

GRANTED = range(200, 300)


def evictions(plane: ControlPlane, mark: int) -> list[Write]:
    """The evictions that were granted since a mark of the audit log."""
    return [
        one
        for one in plane.audit.since(mark)
        if one.resource == "pods/eviction" and one.status in GRANTED
    ]


def check_evictions(
    plane: ControlPlane,
    mark: int,
    pods: Pods,
    nodes: Iterable[str],
    lost: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """No pod was evicted twice, and none from a node that had no incident.

    ``lost``: by pod, how often the answer to an eviction was; that one had to be asked for again.
    """
    granted = Counter(one.name for one in evictions(plane, mark))
    assert all(count <= 1 + lost.get(name, 0) for name, count in granted.items()), granted
    allowed = set(nodes)
    assert {pods.home[name] for name in granted} <= allowed


def check_settled(incidents: Incidents, seen: Onlooker, foreign: Iterable[str] = ()) -> None:
    """Nothing is left of any incident; cordons of others are there still."""
    assert incidents.marked() == []
    assert sorted(incidents.out()) == sorted(foreign)
    assert seen.doubled == set()
    held = [one["metadata"]["name"] for one in incidents.all() if one["metadata"].get("finalizers")]
    assert held == []
