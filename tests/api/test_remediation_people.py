"""People who interfere with a remediation, in each of its phases: they win, and nothing is left.

Each of seven nodes has a policy of its own and is brought into the same phase; then something else
happens to each of them, at once, under one operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import pytest

from api.remediating import check_evictions
from cluster.agent_sim import Agents, Conduct
from cluster.api import Body
from cluster.fault_rules import Around
from cluster.faults import FaultProxy
from cluster.kwok import Kwok
from cluster.onlooker import Onlooker
from cluster.pods import PODS, Pods
from cluster.remediations import ENDED, POLICIES, QUICK, REMEDIATIONS, Incidents
from cluster.rollouts import NODES, Rollouts
from cluster.trouble import Answer, Level, Trouble
from limitwise_operator.kinds.watch import FAILED, HOST

NEVER_ANSWERS, FAILS = Answer(""), Answer(FAILED)
# Tight for the trigger, not tight enough for relief: so there is something to wait for.
TIGHT = Trouble((Level(HOST, "", 1000, 900),))
WATCHED: Body = {"name": "host", "ceiling": {"level": "host", "usedPercent": 80}}
PEOPLE = (
    "uncordons", "cordons", "deletes-it", "edits-policy", "pauses", "deletes-node",
    "deletes-policy",
)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """How a node is kept in a phase: by policy, agent and budget; ``cordoned``: by us already."""

    spec: Body = field(default_factory=dict)
    conduct: Conduct = field(default_factory=Conduct)
    blocked: bool = False
    cordoned: bool = True
    by_ceiling: bool = False


def _steps(**steps: Body) -> Body:
    return {**QUICK, **steps}


IF_NEEDED: Body = {"when": "IfNeeded", "after": "1h", "timeout": "60s"}
PHASES: Mapping[str, Held] = {
    "Relieving": Held(
        {
            "triggers": [WATCHED],
            "relief": {"at": 99, "most": {"pids": 2000}},
            "steps": _steps(relieve={"enabled": True, "timeout": "1h"}),
        },
        cordoned=False,
        by_ceiling=True,
    ),
    "EvictingCulprit": Held({"steps": _steps(drain=IF_NEEDED)}, cordoned=False),
    "Draining": Held(blocked=True),
    "Applying": Held(conduct=Conduct(apply=(NEVER_ANSWERS,))),
    "Verifying": Held(conduct=Conduct(verify=(NEVER_ANSWERS,))),
    "Pending": Held(
        {"retries": {"tries": 3, "pause": "1h", "longestPause": "1h"}},
        conduct=Conduct(verify=(FAILS,)),
    ),
}


@pytest.fixture
def incidents(rollouts: Rollouts, agents: Agents) -> Iterator[Incidents]:
    """Pods that run and end, and agents as the test wants them."""
    del agents
    with Kwok(rollouts.plane, PODS):
        yield Incidents(rollouts)


@dataclass
class Stage:
    """Seven nodes in one phase."""

    incidents: Incidents
    agents: Agents
    pods: Pods
    held: Held

    def node(self, person: str) -> str:
        """Whose node is which."""
        return f"n{PEOPLE.index(person)}"

    def enter(self, phase: str) -> None:
        """Bring them all there."""
        rollouts = self.incidents.rollouts
        self.agents.usual = self.held.conduct
        names = rollouts.nodes(len(PEOPLE))
        rollouts.tuning(rollout={"maxUnavailable": "100%", "canary": 0})
        rollouts.wait_ready()
        for name in names:
            rollouts.api.merge(f"{NODES}/{name}", {"metadata": {"labels": {"own": name}}})
            self.pods.run(f"web-{name}", name)
            if self.held.blocked:
                self.pods.budget(name, f"web-{name}")
            selector = {"matchLabels": {"own": name}}
            spec = {"nodeSelector": selector, "cooldown": "1h", **self.held.spec}
            self.incidents.policy(name, **spec)
            self.trouble(name, tight=True)
        for name in names:
            self.incidents.wait_phase(name, phase)

    def trouble(self, name: str, *, tight: bool) -> None:
        """Begin or end it."""
        if self.held.by_ceiling:
            self.agents.press(name, TIGHT if tight else None)
        else:
            self.incidents.condition(name, "True" if tight else "False")

    def interfere(self) -> None:
        """Everybody at once."""
        api, incidents = self.incidents.rollouts.api, self.incidents
        it = self.incidents.of(self.node("deletes-it"))["metadata"]["name"]
        acts: Mapping[str, Callable[[], object]] = {
            "uncordons": partial(incidents.set_cordon, self.node("uncordons"), cordoned=False),
            "cordons": partial(incidents.set_cordon, self.node("cordons"), cordoned=True),
            "deletes-it": lambda: api.delete(f"{REMEDIATIONS}/{it}"),
            "edits-policy": lambda: incidents.change(
                self.node("edits-policy"), steps={"verify": {"for": "7s"}}, cooldown="2h"
            ),
            "pauses": lambda: incidents.change(self.node("pauses"), pauseRequests=["a holiday"]),
            "deletes-node": lambda: api.delete(f"{NODES}/{self.node('deletes-node')}"),
            "deletes-policy": lambda: api.delete(f"{POLICIES}/{self.node('deletes-policy')}"),
        }
        for person in PEOPLE:
            acts[person]()

    def release(self) -> None:
        """Nothing holds them any more."""
        self.agents.usual = Conduct()
        for person in set(PEOPLE) - {"deletes-node"}:
            name = self.node(person)
            self.agents.finish(name)
            if self.held.blocked:
                self.pods.unblock(name)
            if not self.held.cordoned:
                self.trouble(name, tight=False)


# The others are tried by `make soak`.
USUAL = ("Relieving", "Draining", "Verifying")


@pytest.mark.parametrize("phase", USUAL)
def test_people_win_in_every_phase(incidents: Incidents, agents: Agents, phase: str) -> None:
    interfere(incidents, agents, phase)


def interfere(incidents: Incidents, agents: Agents, phase: str) -> None:
    """All of them at once, in that phase."""
    rollouts, held = incidents.rollouts, PHASES[phase]
    pods = Pods(rollouts.api)
    stage = Stage(incidents, agents, pods, held)
    mark = rollouts.plane.audit.mark()
    words = ("--max-unavailable", "100%")
    with Onlooker(rollouts.api) as seen, rollouts.operator(*words):
        stage.enter(phase)
        stage.interfere()
        cancelled = {"deletes-node", "deletes-policy"} | (
            {"uncordons"} if held.cordoned else set()
        )
        for person in cancelled:
            incidents.wait_phase(stage.node(person), "Cancelled")
        incidents.wait(lambda: not incidents.of(stage.node("deletes-it")), "it is gone")
        incidents.wait(
            lambda: rollouts.api.request("GET", f"{POLICIES}/{stage.node('deletes-policy')}").status
            == 404,
            "the policy is gone",
        )
        if phase != "Pending":
            stage.release()
            goes_on = set(PEOPLE) - cancelled - {"deletes-it"}
            for person in goes_on:
                incidents.wait_phase(stage.node(person), "Succeeded")
            unfinished = set()
        else:
            unfinished = {"cordons", "edits-policy", "pauses"}
        for person in set(PEOPLE) - unfinished - {"deletes-node"}:
            _check_node(stage, person)
        assert [incidents.phase(stage.node(one)) for one in unfinished] == ["Pending"] * len(
            unfinished
        )
        # Who deleted it, or undid it, is not overruled by a new one for the same trouble.
        assert all(one == 1 for one in seen.cordons.values()), seen.cordons
    assert seen.doubled == set()
    check_evictions(rollouts.plane, mark, pods, (f"n{number}" for number in range(len(PEOPLE))))


def _check_node(stage: Stage, person: str) -> None:
    """Given back, but for whoever cordoned it before we did."""
    name = stage.node(person)
    node = stage.incidents.node(name)
    assert "limitwise.dev/" not in str(node["metadata"].get("annotations", "")), person
    assert "limitwise.dev/" not in str(node["spec"].get("taints", "")), person
    foreign = person == "cordons" and not stage.held.cordoned
    assert bool(node["spec"].get("unschedulable")) == foreign, person


def test_who_cordons_between_our_look_and_our_cordon_keeps_it(
    incidents: Incidents, faults: FaultProxy
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(1)
    with rollouts.operator(server=faults.server):
        before = partial(incidents.set_cordon, "n0", cordoned=True)
        faults.add(Around(before=before), "patch", "/nodes/n0$")
        incidents.policy()
        incidents.condition("n0")
        ended = incidents.wait_phase("n0", *ENDED)
    assert ended["status"]["phase"] == "Succeeded"
    assert ended["status"]["unschedulableBefore"] is True
    assert incidents.cordoned("n0")
    assert incidents.marked() == []


def test_who_uncordons_just_before_we_do_is_not_in_the_way(
    incidents: Incidents, faults: FaultProxy
) -> None:
    rollouts = incidents.rollouts
    rollouts.nodes(1)
    with rollouts.operator(server=faults.server):
        before = partial(incidents.set_cordon, "n0", cordoned=False)
        # The first patch of the node is our cordon, the second our uncordon.
        faults.add(Around(before=before), "patch", "/nodes/n0$", nth=2)
        incidents.policy()
        incidents.condition("n0")
        ended = incidents.wait_phase("n0", *ENDED)
    assert ended["status"]["phase"] in ("Succeeded", "Cancelled")
    assert not incidents.cordoned("n0")
    assert incidents.marked() == []
