"""A rollout over a thousand nodes whose operator is killed at random moments, and one it changes.

However often it is killed, no budget is exceeded and no node is told the same thing twice.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from cluster import kwok
from cluster.agent_sim import Agents, Conduct
from cluster.control_plane import ControlPlane
from cluster.operators import Operator
from cluster.rollouts import NAMESPACE, Rollouts, sysctl
from cluster.slate import Slate, wait

NODES = 1000
AT_ONCE = 100
KILLS = 8
SEEDS = (1, 2)
WITHIN = 900.0


@pytest.fixture
def rollouts(kinds: Slate, control_plane: ControlPlane, tmp_path: Path) -> Rollouts:
    kinds.namespace(NAMESPACE)
    return Rollouts(kinds, control_plane, tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_random_moments(rollouts: Rollouts, seed: int) -> None:
    kwok.create_nodes(rollouts.api, NODES, make=kwok.ready_node)
    path = rollouts.folder / "killed.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.plane.token())
    operator = Operator(path, rollouts.folder, lease_seconds=10)
    chance = random.Random(seed)
    with Agents(rollouts.api, Conduct(takes=0.5, plans=False)) as agents, operator:
        operator.wait_ready("leading")
        rollouts.tuning(rollout={"canary": 5, "maxUnavailable": AT_ONCE, "soak": "1s"})
        _killed_meanwhile(operator, agents, chance, rounds=1)
        rollouts.wait_counts(current=NODES, seconds=WITHIN)
        assert set(agents.reported.values()) == {1}
        rollouts.change(tuning=sysctl(2097152))
        _killed_meanwhile(operator, agents, chance, rounds=2)
        rollouts.wait_counts(current=NODES, seconds=WITHIN)
    assert agents.most <= AT_ONCE
    assert len(agents.reported) == NODES
    assert set(agents.reported.values()) == {2}


def _killed_meanwhile(
    operator: Operator, agents: Agents, chance: random.Random, rounds: int
) -> None:
    """Kill it at moments spread over the rollout; a moment is a count of nodes that are done."""
    for done in sorted(chance.sample(range(NODES), KILLS)):
        told = (rounds - 1) * NODES + done
        wait(lambda goal=told: agents.reported.total() > goal, f"{told} results", WITHIN)  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.2))  # not always just after a result
        operator.kill()
        operator.start()
