"""What is known of the cluster at one moment: all that a plan depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..kinds.meta import DRAINING
from ..kinds.node import Node
from ..kinds.node_tuning import NodeTuning
from ..kinds.node_tuning_state import NodeTuningState
from ..kinds.pod import Pod


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


@dataclass(frozen=True)
class Settings:
    """The operator's own options, from the chart."""

    max_unavailable: int | str = "20%"
    """The one budget over all nodes and all tunings: nodes in change or being drained."""
    drain: DrainOptions = field(default_factory=DrainOptions)


@dataclass(frozen=True)
class Observed:
    """Everything by name. Plan only when nodes, tunings and states have all been listed once.

    ``pods``: those on each node in :meth:`draining`, shown once per listing, as each time evictions
    are asked for; a node that is missing there waits. ``refusals``: by a pod's uid, why its last
    eviction was refused (the PodDisruptionBudget).
    """

    nodes: Mapping[str, Node]
    tunings: Mapping[str, NodeTuning]
    states: Mapping[str, NodeTuningState]
    now: datetime
    settings: Settings = field(default_factory=Settings)
    pods: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)

    def draining(self) -> tuple[str, ...]:
        """The nodes whose pods the next plan must know."""
        return tuple(
            name
            for name, state in self.states.items()
            if state.spec.restart is not None and state.spec.restart.phase == DRAINING
        )
