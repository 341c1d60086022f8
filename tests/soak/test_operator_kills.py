"""The operator killed at each write of a rollout: just before the server has it, and just after."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from cluster.agent_sim import Agents, Conduct
from cluster.control_plane import ControlPlane
from cluster.fault_rules import Lose, Swallow
from cluster.faults import FaultProxy
from cluster.operators import Operator
from cluster.rollouts import NAMESPACE, Rollouts
from cluster.slate import Slate, wait

NODES = 3
# More than a rollout over that many nodes writes: the last indices are never reached.
INDICES = range(1, 16)
WRITES = "limitwise.dev/v1alpha1|/events"


@pytest.fixture
def rollouts(kinds: Slate, control_plane: ControlPlane, tmp_path: Path) -> Rollouts:
    kinds.namespace(NAMESPACE)
    return Rollouts(kinds, control_plane, tmp_path)


@pytest.mark.parametrize("act", [Lose, Swallow])
@pytest.mark.parametrize("index", INDICES)
def test_killed_at_one_write(
    rollouts: Rollouts, faults: FaultProxy, act: type[Lose] | type[Swallow], index: int
) -> None:
    rollouts.nodes(NODES)
    path = rollouts.folder / "killed.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.plane.token(), faults.server)
    operator = Operator(path, rollouts.folder, lease_seconds=5)
    with Agents(rollouts.api, Conduct(takes=0.1)) as agents, operator:
        operator.wait_ready("leading")
        faults.add(act(then=operator.kill), "write", WRITES, nth=index)
        rollouts.tuning(rollout={"maxUnavailable": 1})
        wait(partial(_ended, rollouts, operator), "it was killed, or had no more to write", 60.0)
        faults.clear()
        if not operator.alive:
            operator.start()
        rollouts.wait_ready()
    assert agents.most == 1
    assert set(agents.reported.values()) == {1}
    assert len(agents.reported) == NODES


def _ended(rollouts: Rollouts, operator: Operator) -> bool:
    return not operator.alive or rollouts.condition("Ready").get("reason") == "AllCurrent"
