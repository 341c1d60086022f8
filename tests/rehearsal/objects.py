"""Short ways to write the objects that plans are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from limitwise_operator.kinds.conditions import FALSE, TRUE, Condition
from limitwise_operator.kinds.meta import FINALIZER
from limitwise_operator.kinds.node import Node
from limitwise_operator.kinds.node_tuning import NodeTuning
from limitwise_operator.kinds.node_tuning_state import (
    APPLIED,
    DRIFTED,
    Applied,
    NodeTuningState,
    StateStatus,
    Waiting,
)

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
PID_MAX = {"sysctl": {"kernel.pid_max": 100000}}


def at(seconds: float) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


def node(name: str, **fields: Any) -> Node:
    """A node that is Ready and in service."""
    return Node(name, f"uid-{name}", **{"labels": {"name": name}, **fields})


def tuning(name: str, document: Mapping[str, Any] = PID_MAX, **spec: Any) -> NodeTuning:
    """A NodeTuning of all nodes that carries our finalizer; ``spec``: as its YAML has it."""
    return NodeTuning.from_dict(
        {
            "metadata": {"name": name, "uid": f"uid-{name}", "finalizers": [FINALIZER]},
            "spec": {"nodeSelector": {"all": True}, "tuning": document, **spec},
        }
    )


def succeeded(
    state: NodeTuningState, time: datetime = START, waiting: tuple[Waiting, ...] = ()
) -> NodeTuningState:
    """The state after its agent has applied it."""
    status = StateStatus(
        observed_revision=state.spec.revision,
        applied=Applied(state.spec.revision, "run", time),
        waiting=waiting,
        conditions=(
            Condition(APPLIED, TRUE, APPLIED, since=time),
            Condition(DRIFTED, FALSE, "AsWanted", since=time),
        ),
    )
    return replace(state, status=status)


def failed(state: NodeTuningState, reason: str = "Failed", message: str = "") -> NodeTuningState:
    """The state after its agent has failed; what was applied before is still known."""
    conditions = (Condition(APPLIED, FALSE, reason, message, START),)
    status = replace(state.status, observed_revision=state.spec.revision, conditions=conditions)
    return replace(state, status=status)


def drifted(state: NodeTuningState, since: datetime) -> NodeTuningState:
    """The state while somebody else's values are in force."""
    others = tuple(one for one in state.status.conditions if one.type != DRIFTED)
    condition = Condition(DRIFTED, TRUE, "Overridden", since=since)
    return replace(state, status=replace(state.status, conditions=(*others, condition)))
