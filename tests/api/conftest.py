"""What tests of the operator on the real API server share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.agent_sim import Agents
from cluster.control_plane import ControlPlane
from cluster.rollouts import NAMESPACE, Rollouts
from cluster.slate import Slate


@pytest.fixture
def rollouts(kinds: Slate, control_plane: ControlPlane, tmp_path: Path) -> Rollouts:
    """Our kinds and namespace, no node and no operator yet."""
    kinds.namespace(NAMESPACE)
    return Rollouts(kinds, control_plane, tmp_path)


@pytest.fixture
def agents(rollouts: Rollouts) -> Iterator[Agents]:
    """Simulated agents on all nodes; by default they succeed at once."""
    with Agents(rollouts.api) as made:
        yield made
