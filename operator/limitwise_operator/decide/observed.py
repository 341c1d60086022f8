"""What is known of the cluster at one moment: all that a plan depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..kinds.meta import DRAINING
from ..kinds.node import Node
from ..kinds.node_remediation import CORDONING, EVICTING_CULPRIT, NodeRemediation
from ..kinds.node_remediation import DRAINING as EMPTYING
from ..kinds.node_tuning import NodeTuning
from ..kinds.node_tuning_state import NodeTuningState
from ..kinds.pod import Pod
from ..kinds.remediation_policy import RemediationPolicy

LISTED = (EVICTING_CULPRIT, CORDONING, EMPTYING)
"""Phases of a remediation that look at the node's pods."""


@dataclass(frozen=True)
class DrainOptions:
    """What a drain may do to pods that lose something by it, and how long it may take."""

    empty_dir: bool = True
    """Evict pods with emptyDir volumes; otherwise they block."""
    unmanaged: bool = False
    """Evict pods without a controller, which nobody makes again; otherwise they block."""
    timeout: timedelta = timedelta(minutes=30)
    retry_after: timedelta = timedelta(hours=1)
    """A drain that did not end in time is given up, and tried again after this."""
    opt_out: tuple[str, ...] = ()
    """Annotations and labels: a pod on which one of these is "false" blocks."""


@dataclass(frozen=True)
class Settings:
    """The operator's own options, from the chart."""

    max_unavailable: int | str = "20%"
    """The one budget over all nodes and all tunings: nodes in change or being drained."""
    drain: DrainOptions = field(default_factory=DrainOptions)
    own_node: str = ""
    """The node that the operator itself runs on, which comes last."""
    delete_pods: bool = False
    """Whether the operator has leave to delete pods that may not be evicted."""


@dataclass(frozen=True)
class Observed:
    """Everything by name. Plan only when nodes, tunings and states have all been listed once.

    ``pods``: those on each node in :meth:`draining`, shown once per listing, as each time evictions
    are asked for; a node that is missing there waits. ``refusals``: by a pod's uid, why its last
    eviction was refused (the PodDisruptionBudget); ``resting``: uids of those that are not to be
    asked for yet. ``granted``: by node, how many evictions were granted since its drain began.
    ``silent``: by node, since when its agent no longer renews its Lease. ``departed``: by node,
    when a NodeRemediation of it was deleted.
    """

    nodes: Mapping[str, Node]
    tunings: Mapping[str, NodeTuning]
    states: Mapping[str, NodeTuningState]
    now: datetime
    settings: Settings = field(default_factory=Settings)
    pods: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, RemediationPolicy] = field(default_factory=dict)
    remediations: Mapping[str, NodeRemediation] = field(default_factory=dict)
    resting: frozenset[str] = frozenset()
    granted: Mapping[str, int] = field(default_factory=dict)
    silent: Mapping[str, datetime] = field(default_factory=dict)
    departed: Mapping[str, datetime] = field(default_factory=dict)

    def draining(self) -> tuple[str, ...]:
        """The nodes whose pods the next plan must know."""
        restarting = (
            name
            for name, state in self.states.items()
            if state.spec.restart is not None and state.spec.restart.phase == DRAINING
        )
        remediated = (
            name
            for name, one in self.active().items()
            if one.status.phase in LISTED and name in self.nodes
        )
        return tuple(dict.fromkeys((*restarting, *remediated)))

    def active(self) -> dict[str, NodeRemediation]:
        """By node, its unfinished NodeRemediation: the oldest, should there be several."""
        found: dict[str, NodeRemediation] = {}
        for name in sorted(self.remediations):
            one = self.remediations[name]
            if not one.finished and _first(one, found.get(one.spec.node)):
                found[one.spec.node] = one
        return found


def _first(one: NodeRemediation, other: NodeRemediation | None) -> bool:
    """Whether it is older; times are to the second, so that the name decides between equals."""
    if other is None:
        return True
    if one.created is None or other.created is None:
        return False
    return one.created < other.created
