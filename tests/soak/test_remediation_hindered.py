"""Remediation with people and faults in its way: the cases that `make test` leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import test_remediation_faults as broken
from api import test_remediation_people as people
from cluster.agent_sim import Agents, Conduct
from cluster.control_plane import ControlPlane
from cluster.faults import FaultProxy
from cluster.kwok import Kwok
from cluster.pods import PODS, Pods
from cluster.remediations import Incidents
from cluster.rollouts import NAMESPACE, Rollouts
from cluster.slate import Slate
from cluster.trouble import Answer


@pytest.fixture
def incidents(kinds: Slate, control_plane: ControlPlane, tmp_path: Path) -> Iterator[Incidents]:
    kinds.namespace(NAMESPACE)
    with Kwok(control_plane, PODS):
        yield Incidents(Rollouts(kinds, control_plane, tmp_path))


@pytest.mark.parametrize("phase", sorted(set(people.PHASES) - set(people.USUAL)))
def test_people_win(incidents: Incidents, phase: str) -> None:
    with Agents(incidents.rollouts.api) as agents:
        people.interfere(incidents, agents, phase)


@pytest.mark.parametrize("fault", sorted(set(broken.FAULTS) - set(broken.USUAL)))
def test_faults_are_made_good(incidents: Incidents, faults: FaultProxy, fault: str) -> None:
    takes = (Answer(takes=0.2),)
    with Agents(incidents.rollouts.api, Conduct(apply=takes, verify=takes)):
        broken.made_good(incidents, Pods(incidents.rollouts.api), faults, fault)
