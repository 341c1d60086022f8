"""Remediation at length: 200 with random deaths, 600 of 1,000 nodes at once, noise on 5,000.

However often operator and agents die: every remediation ends, the budget is never passed, no node
is left cordoned by us, no pod is evicted twice or from the wrong node, cordons of others stay.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.remediating import check_evictions, check_settled
from cluster import kwok
from cluster.agent_sim import SILENT, Agents, Conduct
from cluster.api import Body
from cluster.control_plane import ControlPlane
from cluster.onlooker import Onlooker
from cluster.operators import Operator
from cluster.pods import PODS, Pods
from cluster.remediations import PIDS, Incidents
from cluster.rollouts import NAMESPACE, STATES, Rollouts
from cluster.slate import Slate
from cluster.trouble import Answer

REMEDIATIONS, AT_ONCE, KILLS, FOREIGN = 200, 20, 25, 5
STORM, STORM_AT_ONCE = 1000, 100
NOISY, NOISE, REAL, FLAPS = 5000, 50, 10, 10
SEEDS = (1, 2)
WITHIN = 1800.0
THREADS = 8
WORDS = ("--max-unavailable", "100%")


@pytest.fixture
def incidents(kinds: Slate, control_plane: ControlPlane, tmp_path: Path) -> Incidents:
    kinds.namespace(NAMESPACE)
    return Incidents(Rollouts(kinds, control_plane, tmp_path))


def node(name: str, number: int) -> Body:
    """A node of which only what decisions need is there."""
    made = kwok.ready_node(name, number)
    made["status"]["images"] = []
    return made


@contextmanager
def operating(incidents: Incidents) -> Iterator[Operator]:
    """An operator that can be killed and started again."""
    rollouts = incidents.rollouts
    path = rollouts.folder / "killed.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.plane.token())
    with Operator(path, rollouts.folder, words=WORDS, lease_seconds=10) as made:
        made.wait_ready("leading", 120.0)
        yield made


def each(work: Callable[[str], object], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, names))


def watched(incidents: Incidents, count: int) -> None:
    """Wait until the operator counts so many nodes and has told each of their agents."""

    def told() -> bool:
        states = incidents.rollouts.api.get(STATES, limit="1")
        there = len(states["items"]) + states["metadata"].get("remainingItemCount", 0)
        counted = incidents.status().get("nodes", {}).get("matched")
        return bool(counted == count == there)

    incidents.wait(told, f"{count} nodes are watched", WITHIN)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_deaths_over_200_remediations(incidents: Incidents, seed: int) -> None:
    rollouts, pods, chance = incidents.rollouts, Pods(incidents.rollouts.api), random.Random(seed)
    names = kwok.create_nodes(rollouts.api, REMEDIATIONS, make=node)
    foreign = sorted(chance.sample(names, FOREIGN))
    each(lambda name: incidents.set_cordon(name, cordoned=True), foreign)
    takes = (Answer(takes=0.3),)
    usual = Conduct(apply=takes, verify=takes, plans=False)
    with (
        kwok.Kwok(rollouts.plane, PODS),
        Agents(rollouts.api, usual) as agents,
        Onlooker(rollouts.api) as seen,
        operating(incidents) as operator,
    ):
        each(lambda name: [pods.run(f"{name}-{n}", name) for n in range(2)], names)
        incidents.policy(budget={"maxUnavailable": AT_ONCE + FOREIGN})
        watched(incidents, REMEDIATIONS)
        mark = rollouts.plane.audit.mark()
        waiting = chance.sample(names, len(names))
        kills = sorted(chance.sample(range(1, REMEDIATIONS), KILLS))
        deadline = time.monotonic() + WITHIN
        while waiting or kills:
            assert time.monotonic() < deadline, incidents.ends()
            batch, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            each(incidents.condition, batch)
            if kills:
                _deaths(incidents, operator, agents, chance, kills.pop(0), batch)
        ends = incidents.wait_ended(REMEDIATIONS, WITHIN)
    assert ends == {"Succeeded": REMEDIATIONS}
    assert seen.most_active <= AT_ONCE + FOREIGN
    # Nodes that others had cordoned before are in the budget whether they are healed or not.
    assert seen.most_out <= AT_ONCE + FOREIGN
    assert set(seen.cordons.values()) == {1}
    check_evictions(rollouts.plane, mark, pods, names)
    assert pods.running() == {}
    check_settled(incidents, seen, foreign)


def _deaths(
    incidents: Incidents,
    operator: Operator,
    agents: Agents,
    chance: random.Random,
    done: int,
    batch: list[str],
) -> None:
    """Kill the operator when so many are done, and let an agent be dead meanwhile."""
    dead = chance.choice(batch) if batch else ""
    agents.conducts[dead] = Conduct(SILENT)
    incidents.wait(lambda: incidents.ends()["Succeeded"] >= min(done, _most(incidents)), "", WITHIN)
    time.sleep(chance.uniform(0.0, 0.5))  # not always just after an end
    operator.kill()
    operator.start()
    del agents.conducts[dead]


def _most(incidents: Incidents) -> int:
    """How many can have succeeded by now at least: those that nothing holds up."""
    return max(1, incidents.ends().total() - AT_ONCE)


def test_sixty_percent_of_a_thousand_nodes_at_once(incidents: Incidents) -> None:
    rollouts, pods = incidents.rollouts, Pods(incidents.rollouts.api)
    names = kwok.create_nodes(rollouts.api, STORM, make=node)
    troubled = names[: STORM * 6 // 10]
    lasting = troubled[: STORM * 35 // 100]
    with (
        kwok.Kwok(rollouts.plane, PODS),
        Agents(rollouts.api, Conduct(plans=False)),
        Onlooker(rollouts.api) as seen,
        operating(incidents),
    ):
        each(lambda name: pods.run(f"web-{name}", name), lasting)
        incidents.policy(
            budget={"maxUnavailable": STORM_AT_ONCE}, storm={"limit": "40%", "cooldown": "5s"}
        )
        watched(incidents, STORM)
        mark = rollouts.plane.audit.mark()
        each(incidents.condition, troubled)
        incidents.wait(lambda: "TooMany" in seen.storms.get("base", ()), "a storm", WITHIN)
        begun = len(incidents.all())
        each(lambda name: incidents.condition(name, "False"), set(troubled) - set(lasting))
        incidents.wait(lambda: seen.storms["base"][-1] in ("HalfOpen", "Calm"), "half open", WITHIN)
        incidents.wait(lambda: seen.storms["base"][-1] == "Calm", "calm", WITHIN)
        ends = incidents.wait_ended(len(lasting), WITHIN)
    assert begun <= len(lasting)
    assert set(ends) == {"Succeeded"}
    assert {one["spec"]["node"] for one in incidents.all()} >= set(lasting)
    assert seen.most_out <= STORM_AT_ONCE
    assert seen.most_active <= STORM_AT_ONCE
    assert set(seen.cordons.values()) == {1}
    check_evictions(rollouts.plane, mark, pods, troubled)
    check_settled(incidents, seen)


def test_noise_on_five_thousand_nodes(incidents: Incidents) -> None:
    rollouts = incidents.rollouts
    names = kwok.create_nodes(rollouts.api, NOISY, make=node)
    noisy, real = names[:NOISE], names[-REAL:]
    with (
        Agents(rollouts.api, Conduct(plans=False)),
        Onlooker(rollouts.api) as seen,
        operating(incidents) as operator,
    ):
        # Longer than any flap, however slow this machine is.
        incidents.policy(triggers=[{**PIDS, "for": "30s"}], budget={"maxUnavailable": REAL // 2})
        watched(incidents, NOISY)
        mark = rollouts.plane.audit.mark()
        each(incidents.condition, real)
        for _flap in range(FLAPS):
            each(incidents.condition, noisy)
            time.sleep(1.0)  # a flap lasts: that is what is tested
            each(lambda name: incidents.condition(name, "False"), noisy)
        writes = rollouts.plane.audit.since(mark)
        ends = incidents.wait_ended(REAL, WITHIN)
        assert operator.alive
    assert ends == {"Succeeded": REAL}
    assert {one["spec"]["node"] for one in incidents.all()} == set(real)
    assert seen.most_out <= REAL // 2
    # What does not last makes nobody write.
    assert {one.name for one in writes if one.resource == "nodetuningstates"} <= set(real)
    check_settled(incidents, seen)
