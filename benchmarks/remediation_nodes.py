"""Real kubelets out of PIDs: who restores service, how soon, and how many pods are hit for it."""

from __future__ import annotations

from cluster import comparison
from cluster.comparison import ALLOWED, KUBELET, LIMITWISE, PARTIES, Outcome
from cluster.nodes import Cluster
from lab.fleet import destroy

from .figures import Figure, progress, tell

NAME = "bench-remediation"


def run() -> None:
    """One course: two leaks, each with three parties, on one cluster of three nodes."""
    destroy(NAME)
    with Cluster.create(NAME, 3) as cluster:
        found = comparison.compare(cluster, progress)
    progress(comparison.table(found))
    for leak in comparison.LEAKS:
        by_party = {one.party: one for one in found if one.leak == leak}
        for party in PARTIES:
            _tell(by_party[party], by_party[KUBELET])


def _tell(one: Outcome, kubelet: Outcome) -> None:
    name = f"exhausted_by_{one.leak}_{one.party.replace(' ', '_')}"
    against = f"{_outage(kubelet):.1f} s with the kubelet alone; of {ALLOWED:.0f} s"
    tell(Figure(f"{name}_no_exec", round(_outage(one), 2), "s", against))
    others = f"{kubelet.innocent} with the kubelet alone"
    tell(Figure(f"{name}_innocent_pods", one.innocent, "pods", others))
    tell(Figure(f"{name}_below_pdb", round(one.short, 1), "s", f"{kubelet.short:.1f} s with it"))
    if one.party == LIMITWISE and one.relieved is not None:
        tell(Figure(f"{name}_relieved", one.relieved, "s", "1 s allowed; by the agent's own log"))


def _outage(one: Outcome) -> float:
    return ALLOWED if one.outage is None else one.outage
