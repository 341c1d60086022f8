"""Which PodDisruptionBudgets a pod is under: an eviction's refusal does not always name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..decide import selector
from ..kinds.node_tuning import NodeSelector
from .cluster import Cluster
from .door import Body

MOST = 1  # of budgets on a pod that the eviction API can deal with


def of_pod(cluster: Cluster, namespace: str, name: str) -> tuple[str, ...]:
    """The names of the budgets that select a pod, as both are now."""
    labels = cluster.get_pod(namespace, name)["metadata"].get("labels") or {}
    found = cluster.disruption_budgets(namespace)
    return tuple(sorted(one["metadata"]["name"] for one in found if _selects(one, labels)))


def text(names: Sequence[str]) -> str:
    """How a refusal begins."""
    if not names:
        return ""
    listed = " and ".join(names)
    if len(names) > MOST:
        return f"PodDisruptionBudgets {listed} are both on it, with which no eviction works: "
    return f"PodDisruptionBudget {listed}: "


def _selects(budget: Body, labels: Mapping[str, str]) -> bool:
    """A budget without a selector selects nothing, an empty one everything (policy/v1)."""
    wanted: Any = budget["spec"].get("selector")
    if wanted is None:
        return False
    if not wanted.get("matchLabels") and not wanted.get("matchExpressions"):
        return True
    return selector.matches(NodeSelector.from_dict(wanted), labels)
