"""Simulated agents in an emergency, on the real API server: what tests of the operator build on."""

from __future__ import annotations

from typing import Any

import pytest

from api.tunings import STATES, node_tuning_state
from cluster.agent_sim import Agents, Conduct
from cluster.api import Body
from cluster.slate import Slate, wait
from cluster.trouble import WITH_APPLY, WITH_INCIDENT, Answer, Level, Trouble
from limitwise_operator.kinds.watch import CULPRIT_POD, KUBEPODS, Culprit

WATCH: Body = {
    "ceilings": [{"id": "p/full", "level": KUBEPODS, "usedPercent": 90}],
    "relief": {"at": 95, "most": {KUBEPODS: 2000}},
}
LEAK = Culprit(CULPRIT_POD, "uid-1", "c1", 900, 600)


@pytest.fixture
def api(kinds: Slate) -> Slate:
    """One state that is watched."""
    kinds.create(STATES, node_tuning_state(watch=WATCH))
    return kinds


def said(api: Slate, part: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"{STATES}/h1").get("status", {}).get(part, {})
    return found


def answer(api: Slate) -> tuple[str | None, str | None]:
    task = said(api, "task")
    return task.get("id"), task.get("state")


def ask(api: Slate, **spec: Any) -> None:
    api.merge(f"{STATES}/h1", {"spec": spec})


def test_an_incident_from_pressure_to_calm(api: Slate) -> None:
    with Agents(api) as agents:
        agents.press("h1", Trouble((Level(KUBEPODS, "", 1000, 960),), LEAK))
        wait(lambda: bool(said(api, "pressure").get("fired")), "its trigger has fired")
        assert said(api, "pressure")["culprit"]["subject"] == "uid-1"
        ask(api, incident="nr-1")
        wait(lambda: said(api, "pressure").get("fired") == [], "relief counts in an incident")
        agents.calm("h1")
        wait(lambda: "culprit" not in said(api, "pressure"), "the culprit is gone")
        assert said(api, "pressure")["raised"][0]["after"] == "2000"
        ask(api, incident=None)
        wait(lambda: not said(api, "pressure"), "relief is given back")


@pytest.mark.parametrize("ends", [WITH_INCIDENT, WITH_APPLY])
def test_a_trouble_that_ends_by_itself(api: Slate, ends: str) -> None:
    with Agents(api) as agents:
        agents.press("h1", Trouble(relieves=False, ends=ends))
        wait(lambda: bool(said(api, "pressure").get("fired")), "its trigger has fired")
        ask(api, incident="nr-1", task={"id": "nr/1/apply", "do": "Apply"})
        wait(lambda: not said(api, "pressure"), "all is calm")


def test_tasks_are_answered_once_and_as_told(api: Slate) -> None:
    answers = (Answer("Failed", message="no"), Answer(takes=0.2), Answer(""))
    with Agents(api, Conduct(verify=answers)) as agents:
        for number, state in ((1, "Failed"), (2, "Done"), (3, "Running")):
            name = f"nr/{number}/verify"
            ask(api, task={"id": name, "do": "Verify", "seconds": 1})
            wait(lambda: answer(api) == (name, state), f"{name} is {state}")  # noqa: B023
        both = ["nr/1/verify", "nr/2/verify"]
        wait(lambda: agents.answered["h1"] == both, "both are counted")


def test_a_heartbeat_of_any_age(api: Slate) -> None:
    api.namespace("limitwise-system")
    agents = Agents(api)
    agents.beat("h1", age=300.0)
    path = "/apis/coordination.k8s.io/v1/namespaces/limitwise-system/leases/limitwise-agent-h1"
    first = api.get(path)["spec"]["renewTime"]
    agents.beat("h1")
    assert api.get(path)["spec"]["renewTime"] > first
