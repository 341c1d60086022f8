"""Planning: CPU time of one look at a cluster, and what its states cost the operator in memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any

from limitwise_operator.decide.expected import expected
from limitwise_operator.decide.observed import Observed, Settings
from limitwise_operator.decide.plan import plan
from limitwise_operator.decide.writes import SetTuningStatus
from limitwise_operator.kinds.meta import FINALIZER
from limitwise_operator.kinds.node import Node
from limitwise_operator.kinds.node_tuning import NodeTuning
from limitwise_operator.kinds.node_tuning_state import Applied, NodeTuningState, StateStatus

from .figures import Figure, progress, tell

SIZES = (1000, 5000)
NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
POOLS = 10
UNBOUNDED = {"canary": 0, "maxUnavailable": "100%", "soak": "0s"}


def run(rounds: int) -> None:
    """Four tunings on clusters of each size; CPU time, so that a busy machine does not tell."""
    for size in SIZES:
        progress(f"planning for {size} nodes")
        fresh = _cluster(size)
        settled = _settled(fresh)
        changed = replace(settled, tunings={**settled.tunings, "base": _base(2)})
        for name, observed in (("first", fresh), ("change", changed), ("idle", settled)):
            seconds = median(_cpu(partial(plan, observed)) for _round in range(rounds))
            against = f"{len(plan(observed))} writes"
            tell(Figure(f"plan_{name}_{size}_nodes", round(seconds, 3), "CPU s", against))
    tell(Figure("state_held", round(_state_size(), 1), "KiB", "aim: 10 KiB, 50 MB for 5000"))


def _cpu(work: Callable[[], Any]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _base(shift: int) -> NodeTuning:
    sysctls = {f"net.ipv4.neigh.eth{number}.gc_stale_time": 60 for number in range(40)}
    units = {"containerd.service": {"LimitNOFILE": 1048576, "TasksMax": "infinity"}}
    return _tuning(
        "base", {"sysctl": {**sysctls, "kernel.pid_max": 100000 * shift}, "units": units}
    )


def _tuning(name: str, document: dict[str, Any], **spec: Any) -> NodeTuning:
    return NodeTuning.from_dict(
        {
            "metadata": {"name": name, "uid": f"uid-{name}", "finalizers": [FINALIZER]},
            "spec": {
                "nodeSelector": {"all": True},
                "tuning": document,
                "rollout": UNBOUNDED,
                **spec,
            },
        }
    )


def _cluster(size: int) -> Observed:
    nodes = {}
    for number in range(size):
        name = f"node-{number:05}"
        labels = {"kubernetes.io/hostname": name, "pool": f"pool-{number % POOLS}"}
        nodes[name] = Node(name, f"uid-{name}", labels)
    one_pool = {"nodeSelector": {"matchLabels": {"pool": "pool-1"}}}
    tunings = [
        _base(1),
        _tuning("pool", {"sysctl": {"vm.max_map_count": 262144}}, **one_pool),
        _tuning("high", {"sysctl": {"kernel.threads-max": 4194304}}, priority=10),
        _tuning("rival", {"sysctl": {"kernel.threads-max": 2097152}}, priority=10, **one_pool),
    ]
    settings = Settings(max_unavailable="100%")
    return Observed(nodes, {one.name: one for one in tunings}, {}, NOW, settings)


def _settled(observed: Observed) -> Observed:
    """After all agents have applied what they were told."""
    writes = plan(observed)
    seen = expected(observed, writes)
    states = {
        name: replace(state, status=_status(state.spec.revision))
        for name, state in seen.states.items()
    }
    return _reported(replace(seen, states=states))


def _status(revision: str) -> StateStatus:
    return StateStatus(observed_revision=revision, applied=Applied(revision, "run", NOW))


def _reported(observed: Observed) -> Observed:
    """With the statuses that the tunings are to have."""
    told = {one.tuning: one.status for one in plan(observed) if isinstance(one, SetTuningStatus)}
    tunings = {
        name: replace(one, status=told.get(name, one.status))
        for name, one in observed.tunings.items()
    }
    return replace(observed, tunings=tunings)


def _state_size() -> float:
    """KiB for one more state as the operator holds it, read from what the API sends."""
    specs = [state.spec.to_dict() for state in _settled(_cluster(SIZES[0])).states.values()]
    condition = {"type": "Applied", "status": "True", "reason": "Applied"}
    tracemalloc.start()
    try:
        held = [NodeTuningState.from_dict(_body(spec, condition)).held() for spec in specs]
        size, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return size / len(held) / 1024


def _body(spec: dict[str, Any], condition: dict[str, str]) -> dict[str, Any]:
    name = f"state-of-{spec['nodeUID']}"
    moment = "2026-11-22T20:00:00Z"
    status = {
        "observedRevision": spec["revision"],
        "applied": {"revision": spec["revision"], "runId": f"run-{name}", "time": moment},
        "originals": [{"layer": "sysctl", "key": str(number)} for number in range(50)],
        "conditions": [{**condition, "lastTransitionTime": moment}],
    }
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": f"1{len(name)}"}
    return {"metadata": metadata, "spec": spec, "status": status}
