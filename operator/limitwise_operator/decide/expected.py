"""The cluster as it will be when planned writes about nodes have been made and nothing else was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..kinds.meta import REMEDIATION_FINALIZER
from ..kinds.node_remediation import NodeRemediation
from ..kinds.node_tuning_state import NodeTuningState
from .observed import Observed
from .writes import (
    AddRemediationFinalizer,
    CordonNode,
    CreateRemediation,
    CreateState,
    DeleteRemediation,
    DeleteState,
    RemoveRemediationFinalizer,
    RemoveStartupTaint,
    ReplaceStateSpec,
    SetRemediationStatus,
    UncordonNode,
    Write,
)


def expected(observed: Observed, writes: Iterable[Write]) -> Observed:
    """The same objects where nothing is written; new states are as their agents find them."""
    nodes, states = dict(observed.nodes), dict(observed.states)
    remediations = dict(observed.remediations)
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
                _remediated(remediations, write, observed)
    return replace(observed, nodes=nodes, states=states, remediations=remediations)


def _remediated(
    remediations: dict[str, NodeRemediation], write: Write, observed: Observed
) -> None:
    match write:
        case CreateRemediation(_, spec):
            held = (REMEDIATION_FINALIZER,)
            # Its uid is the server's to give.
            remediations[spec.name] = NodeRemediation(
                spec.name, "", spec, created=observed.now, finalizers=held
            )
        case SetRemediationStatus(_, name, status=status):
            remediations[name] = replace(remediations[name], status=status)
        case AddRemediationFinalizer(_, name):
            one = remediations[name]
            remediations[name] = replace(one, finalizers=(*one.finalizers, REMEDIATION_FINALIZER))
        case RemoveRemediationFinalizer(_, name):
            one = remediations[name]
            left = tuple(each for each in one.finalizers if each != REMEDIATION_FINALIZER)
            remediations[name] = replace(one, finalizers=left)
            if one.deleting and not left:
                del remediations[name]
        case DeleteRemediation(_, name):
            del remediations[name]
        case _:
            pass
