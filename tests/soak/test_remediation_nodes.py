"""Exhausted real nodes: the product beside kubelet and drain, a kubelet's own word, a spike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster import comparison, incidents
from cluster.comparison import DRAIN, KUBELET, LEAKS, LIMITWISE
from cluster.incidents import EVICTION, SMALL, Victim
from cluster.installed import Installed
from cluster.leaks import PROCESSES, Leak
from cluster.nodes import NODES_PATH
from cluster.pytest_nodes import ClusterMaker
from nodes.healing import LEAK, LEAST, incident, nobody_else_was_hit, others, small_node

# The kubelet says PIDPressure at 600 of 1000 and evicts nobody for it yet.
SAYS = {
    "evictionSoft": {"pid.available": "40%"},
    "evictionSoftGracePeriod": {"pid.available": "5m"},
    "evictionHard": {"pid.available": "1%", **EVICTION},
}
# With the node's own some 120 tasks it is more than 600 and less than what it can have.
SEEN, SPIKE = 510, 900


@pytest.fixture(scope="module")
def crowd(installation: Installed) -> Iterator[Installed]:
    """The product in a cluster in which others serve."""
    with others(installation) as made:
        yield made


@pytest.fixture
def victim(crowd: Installed, installed: Installed) -> Iterator[Victim]:
    """The first node, which is as it was when the test ends."""
    with small_node(installed) as made:
        yield made


def test_a_kubelet_s_own_word_drains_a_node_that_its_administrator_has_cordoned(
    installed: Installed, victim: Victim
) -> None:
    victim.sysctl(pid_max=SMALL)
    victim.kubelet(**SAYS)
    cluster, name = installed.cluster, victim.node.name
    trigger = {"name": "pids", "condition": {"type": "PIDPressure"}, "for": "2s"}
    drain = {"when": "Always", "timeout": "2m", "unmanaged": True}
    wanted = {"triggers": [trigger], "steps": {**incidents.POLICY["steps"], "drain": drain}}
    # nothing may be raised, or the kubelet would not see it
    with incident(installed, victim, "host", {}, **wanted) as it:
        cluster.kubectl("cordon", name)
        it.leak(Leak(PROCESSES, most=SEEN, rate=0))
        it.until_ended()
        assert it.seen.lowest >= LEAST

    assert it.status["phase"] == "Succeeded"
    assert {"Cordoning", "Draining", "Verifying"} <= {*incidents.phases(it.remediation)}
    assert it.status["unschedulableBefore"]
    node = cluster.api.get(f"{NODES_PATH}/{name}")
    assert node["spec"]["unschedulable"]
    assert "limitwise.dev" not in str(node["spec"].get("taints"))


def test_a_spike_that_no_kubelet_sees_is_relieved(installed: Installed, victim: Victim) -> None:
    victim.sysctl(pid_max=SMALL)
    with incident(installed, victim, "host", {"pids": 8000}) as it:
        it.leak(Leak(PROCESSES, most=SPIKE, rate=0))
        it.until_ended()

    assert it.status["phase"] == "Succeeded"
    assert it.status["culprit"]["name"] == LEAK
    assert it.acts[0].before == str(SMALL)
    nobody_else_was_hit(it)


def test_the_product_restores_service_first_and_hits_nobody_for_it(
    own_cluster: ClusterMaker,
) -> None:
    found = comparison.compare(own_cluster(3), print)
    print(f"\n{comparison.table(found)}")
    by = {(one.leak, one.party): one for one in found}
    for leak in LEAKS:
        ours = by[leak, LIMITWISE]
        assert ours.innocent == 0
        assert ours.outage is not None
        assert ours.ended is not None
        for party in (KUBELET, DRAIN):
            other = by[leak, party]
            assert other.outage is None or other.outage >= ours.outage
            assert ours.short <= other.short
