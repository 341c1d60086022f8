"""Exhausted real nodes, compared: the kubelet alone, `kubectl drain`, and the product."""

from __future__ import annotations

from cluster import comparison
from cluster.comparison import DRAIN, KUBELET, LEAKS, LIMITWISE
from cluster.pytest_nodes import ClusterMaker


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
