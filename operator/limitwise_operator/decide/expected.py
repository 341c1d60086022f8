"""The cluster as it will be when planned writes about nodes have been made and nothing else was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..kinds.node_tuning_state import NodeTuningState
from .observed import Observed
from .writes import (
    CordonNode,
    CreateState,
    DeleteState,
    RemoveStartupTaint,
    ReplaceStateSpec,
    UncordonNode,
    Write,
)


def expected(observed: Observed, writes: Iterable[Write]) -> Observed:
    """The same objects where nothing is written; new states are as their agents find them."""
    nodes, states = dict(observed.nodes), dict(observed.states)
    for write in writes:
        match write:
            case CreateState(node, spec):
                states[node] = NodeTuningState(node, spec, owner_uid=spec.node_uid)
            case ReplaceStateSpec(node, spec=spec):
                states[node] = replace(states[node], spec=spec)
            case DeleteState(node):
                del states[node]
            case CordonNode(node, note=note):
                nodes[node] = replace(
                    nodes[node], unschedulable=True, drain_taint=True, cordon=note
                )
            case UncordonNode(node, schedulable=schedulable):
                left = nodes[node].unschedulable and not schedulable
                nodes[node] = replace(
                    nodes[node], unschedulable=left, drain_taint=False, cordon=None
                )
            case RemoveStartupTaint(node):
                nodes[node] = replace(nodes[node], startup_taint=False)
            case _:
                pass
    return replace(observed, nodes=nodes, states=states)
