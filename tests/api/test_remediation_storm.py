"""Many nodes in trouble at once, and trouble that comes and goes: no more is done than may be."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from api.remediating import check_evictions, check_settled
from cluster.agent_sim import Agents
from cluster.kwok import Kwok
from cluster.onlooker import Onlooker
from cluster.pods import PODS, Pods
from cluster.remediations import PIDS, QUICK, Incidents
from cluster.rollouts import Rollouts

NODES, AT_ONCE, BUDGET = 30, 18, 3
WITHIN = 150.0


@pytest.fixture
def incidents(rollouts: Rollouts, agents: Agents) -> Iterator[Incidents]:
    """Agents that answer every task well, and pods that run and end."""
    del agents
    with Kwok(rollouts.plane, PODS):
        yield Incidents(rollouts)


def test_sixty_percent_at_once_are_healed_within_the_budget(incidents: Incidents) -> None:
    rollouts, pods = incidents.rollouts, Pods(incidents.rollouts.api)
    names = rollouts.nodes(NODES)
    for name in names[:AT_ONCE]:
        pods.run(f"web-{name}", name)
    mark = rollouts.plane.audit.mark()
    with Onlooker(rollouts.api) as seen, rollouts.operator("--max-unavailable", "100%"):
        incidents.policy(budget={"maxUnavailable": BUDGET})
        for name in names[:AT_ONCE]:
            incidents.condition(name)
        ends = incidents.wait_ended(AT_ONCE, WITHIN)
    assert ends == {"Succeeded": AT_ONCE}
    assert seen.most_out <= BUDGET
    assert seen.most_active <= BUDGET
    assert seen.cordons == dict.fromkeys(names[:AT_ONCE], 1)
    check_evictions(rollouts.plane, mark, pods, names[:AT_ONCE])
    check_settled(incidents, seen)


def test_a_storm_stops_what_is_new_and_ends_by_one_that_succeeds(incidents: Incidents) -> None:
    rollouts = incidents.rollouts
    names = rollouts.nodes(NODES)
    for name in names[:AT_ONCE]:
        incidents.condition(name)
    steps = {**QUICK, "drain": {"when": "Always", "timeout": "60s"}}
    with Onlooker(rollouts.api) as seen, rollouts.operator("--max-unavailable", "100%"):
        # All of them are in trouble before the policy is there: the first look sees a storm.
        incidents.policy(
            budget={"maxUnavailable": BUDGET},
            storm={"limit": "40%", "cooldown": "8s"},
            steps=steps,
        )
        incidents.wait(lambda: incidents.status().get("nodes", {}).get("waiting") == AT_ONCE, "all")
        assert len(incidents.status()["would"]) == AT_ONCE
        assert incidents.all() == []
        assert seen.cordons == {}
        healthy = names[6:AT_ONCE]
        for name in healthy:
            incidents.condition(name, "False")
        ends = incidents.wait_ended(AT_ONCE - len(healthy), WITHIN)
        incidents.wait(lambda: seen.storms["base"][-1] == "Calm", "it is calm")
        incidents.wait_told("base", "StormBegan", "StormEnded")
    assert ends == {"Succeeded": AT_ONCE - len(healthy)}
    told = [one for one in seen.storms["base"] if one != "Calm"]
    assert told == ["TooMany", "CoolingDown", "HalfOpen"]
    assert seen.most_out <= BUDGET
    check_settled(incidents, seen)


def test_trouble_that_never_lasts_is_none_and_one_that_returns_is_left_to_rest(
    incidents: Incidents,
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(2)
    with Onlooker(rollouts.api) as seen, rollouts.operator("--max-unavailable", "100%"):
        lasting = {**PIDS, "for": "60s"}
        incidents.policy(triggers=[lasting], cooldown="1h")
        for _flap in range(4):
            # n0 is never in trouble for long enough; n1 always is.
            incidents.condition("n0", lasted=20)
            if not incidents.all():
                incidents.condition("n1", lasted=56)
            time.sleep(1.2)  # a flap lasts: that is what is tested
            incidents.condition("n0", "False")
        incidents.wait_phase("n1", "Succeeded")
        for _flap in range(2):
            incidents.condition("n1", "False")
            incidents.condition("n1", lasted=56)
        incidents.wait(
            lambda: any(
                "left alone" in one.get("message", "") for one in incidents.status()["would"]
            ),
            "it rests",
        )
    assert {one["spec"]["node"] for one in incidents.all()} == {"n1"}
    assert seen.cordons == {"n1": 1}
    check_settled(incidents, seen)
