"""Remediation when things break: the operator killed at every write, the API server failing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from api.remediating import check_evictions, check_settled
from cluster.agent_sim import Agents, Conduct
from cluster.fault_rules import Act, Delay, Lose, Refuse, Swallow
from cluster.faults import FaultProxy
from cluster.kwok import Kwok
from cluster.onlooker import Onlooker
from cluster.operators import Operator
from cluster.pods import PODS, Pods
from cluster.remediations import Incidents
from cluster.rollouts import Rollouts
from cluster.slate import wait
from cluster.trouble import Answer

# Everything that a remediation writes, but what says who leads.
WRITES = "limitwise.dev/v1alpha1|/nodes/|/eviction|/events"
NODES, BUDGET = 4, 2
DAY = 86400


@pytest.fixture
def incidents(rollouts: Rollouts, agents: Agents) -> Iterator[Incidents]:
    """Agents that take a moment for every task, and pods that run and end."""
    agents.usual = Conduct(apply=(Answer(takes=0.2),), verify=(Answer(takes=0.2),))
    with Kwok(rollouts.plane, PODS):
        yield Incidents(rollouts)


@pytest.fixture
def pods(incidents: Incidents) -> Pods:
    """No pod yet."""
    return Pods(incidents.rollouts.api)


def prepared(incidents: Incidents, pods: Pods, count: int = NODES) -> list[str]:
    """So many nodes with a pod each, and n9, which somebody has cordoned."""
    names = incidents.rollouts.nodes(count)
    incidents.rollouts.nodes(1, first=9)
    incidents.set_cordon("n9", cordoned=True)
    for name in names:
        pods.run(f"web-{name}", name)
    return names


def trouble(incidents: Incidents, names: list[str]) -> None:
    """All of them at once, under a small budget, in which n9 counts too."""
    incidents.policy(budget={"maxUnavailable": BUDGET + 1})
    for name in names:
        incidents.condition(name)


def test_killed_after_every_write_it_goes_on_where_it_was(
    incidents: Incidents, pods: Pods, faults: FaultProxy
) -> None:
    rollouts = incidents.rollouts
    rollouts.tuning()
    path = rollouts.folder / "killed.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.plane.token(), faults.server)
    operator = Operator(path, rollouts.folder)
    mark, lives = rollouts.plane.audit.mark(), 0
    names = prepared(incidents, pods, count=1)
    with Onlooker(rollouts.api) as seen:
        trouble(incidents, names)

        def over() -> bool:
            return incidents.ends() == {"Succeeded": 1} and not incidents.marked()

        while not over():
            lives += 1
            assert lives < 60
            # The server has done the write; whoever asked for it never learns so.
            faults.add(Swallow(then=operator.kill), "write", WRITES)
            with operator:
                wait(lambda: not operator.alive or over(), "it wrote and died", 60.0)
            faults.clear()
        with operator:
            operator.wait_ready("leading")
            incidents.wait(lambda: not incidents.of("n0")["metadata"].get("finalizers"), "it ends")
    assert lives >= 8
    assert seen.cordons == {"n0": 1}
    assert len(incidents.all()) == 1
    check_evictions(rollouts.plane, mark, pods, names)
    check_settled(incidents, seen, foreign=["n9"])


FAULTS: Mapping[str, tuple[Act, int]] = {
    "409": (Refuse(409), 5),
    "429": (Refuse(429, retry_after=1), 6),
    "500": (Refuse(500), 8),
    "lost": (Lose(), 6),
    "swallowed": (Swallow(), 6),
    "late": (Delay(1.5), 6),
}


def lost(faults: FaultProxy) -> Counter[str]:
    """By pod, how many of its evictions were never answered."""
    return Counter(
        one.call.name
        for one in faults.writes()
        if one.call.subresource == "eviction" and not one.status
    )


# The others are tried by `make soak`.
USUAL = ("409", "swallowed", "late")


@pytest.mark.parametrize("fault", USUAL)
def test_refused_lost_and_late_writes_are_made_good(
    incidents: Incidents, pods: Pods, faults: FaultProxy, fault: str
) -> None:
    made_good(incidents, pods, faults, fault)


def made_good(incidents: Incidents, pods: Pods, faults: FaultProxy, fault: str) -> None:
    """All are healed within the budget although that befalls writes, evictions too."""
    act, times = FAULTS[fault]
    rollouts = incidents.rollouts
    mark = rollouts.plane.audit.mark()
    names = prepared(incidents, pods)
    with (
        Onlooker(rollouts.api) as seen,
        rollouts.operator("--max-unavailable", "100%", server=faults.server) as operator,
    ):
        faults.add(act, "write", WRITES, nth=2, times=times)
        faults.add(act, "write", "/eviction", nth=2, times=2)
        trouble(incidents, names)
        ends = incidents.wait_ended(NODES, seconds=90.0)
        assert operator.alive
    assert ends == {"Succeeded": NODES}
    assert seen.most_out <= BUDGET + 1
    assert seen.most_active <= BUDGET
    check_evictions(rollouts.plane, mark, pods, names, lost(faults))
    check_settled(incidents, seen, foreign=["n9"])


@pytest.mark.parametrize("by", [-DAY, DAY])
def test_nobody_waits_for_a_clock_that_was_set(
    incidents: Incidents, pods: Pods, by: int
) -> None:
    rollouts = incidents.rollouts
    mark = rollouts.plane.audit.mark()
    operator = with_clock(rollouts)
    names = prepared(incidents, pods)
    # It may not leave, so this drain lasts for its ten minutes, or for as long as the clock says.
    pods.budget("web", "web-n0")
    with Onlooker(rollouts.api) as seen, operator:
        operator.wait_ready("leading")
        trouble(incidents, names)
        incidents.wait_phase("n0", "Draining")
        operator.set_clock(by)
        ends = incidents.wait_ended(NODES, seconds=90.0)
        assert operator.alive
    assert incidents.phase("n0") == "GaveBack"
    # another that was in the middle of its drain may have been given back too
    assert set(ends) <= {"GaveBack", "Succeeded"}
    assert pods.there("web-n0")
    assert seen.most_out <= BUDGET + 1
    assert seen.most_active <= BUDGET
    check_evictions(rollouts.plane, mark, pods, names)
    check_settled(incidents, seen, foreign=["n9"])


def with_clock(rollouts: Rollouts) -> Operator:
    """One whose clock can be set."""
    path = rollouts.folder / "clock.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.plane.token())
    words = ("--max-unavailable", "100%")
    made = Operator(path, rollouts.folder, words=words, clock=rollouts.folder / "clock")
    made.set_clock(0)
    return made


def test_watches_are_cut_and_the_api_server_restarts(
    incidents: Incidents, pods: Pods, faults: FaultProxy
) -> None:
    rollouts = incidents.rollouts
    mark = rollouts.plane.audit.mark()
    path = rollouts.folder / "long.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.plane.token(), faults.server)
    # A leader that cannot renew ends itself and is started again: here it is patient instead.
    words = ("--max-unavailable", "100%")
    operator = Operator(path, rollouts.folder, words=words, lease_seconds=180)
    names = prepared(incidents, pods)
    with Onlooker(rollouts.api) as seen, operator:
        operator.wait_ready("leading")
        trouble(incidents, names)
        for done in (1, 2):
            incidents.wait(
                lambda least=done: incidents.ends()["Succeeded"] >= least,  # type: ignore[misc]
                f"{done} are done",
            )
            # a client that was cut off a moment ago waits before it asks again
            incidents.wait(lambda: faults.watches >= 1, "a watch is open")
            faults.cut_watches()
        rollouts.plane.restart_apiserver()
        ends = incidents.wait_ended(NODES, seconds=120.0)
        assert operator.alive
    assert ends == {"Succeeded": NODES}
    assert seen.most_out <= BUDGET + 1
    assert seen.most_active <= BUDGET
    check_evictions(rollouts.plane, mark, pods, names, lost(faults))
    check_settled(incidents, seen, foreign=["n9"])
