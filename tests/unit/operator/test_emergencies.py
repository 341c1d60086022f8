"""What remediation needs around the plan: pulses, escalations, figures, and what was deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from prometheus_client import generate_latest

from limitwise_operator.decide.plan import plan
from limitwise_operator.decide.writes import Escalate
from limitwise_operator.effects.answers import ConflictError, DeniedError
from limitwise_operator.effects.escalating import Escalation
from limitwise_operator.figures import Figures
from limitwise_operator.kinds import remediation_policy
from limitwise_operator.kinds.meta import NODE_REMEDIATIONS
from limitwise_operator.kinds.node_remediation import body_of
from limitwise_operator.metrics import Metrics
from limitwise_operator.pulse import Pulse, wants_pulse
from limitwise_operator.store import Store
from rehearsal.clinic import Clinic

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def lease(node: str, renewed: str, lasts: int | None = 60) -> dict[str, Any]:
    spec = {"renewTime": renewed, "leaseDurationSeconds": lasts}
    return {"metadata": {"name": f"limitwise-agent-{node}"}, "spec": spec}


class Leases:
    """A cluster that has only these."""

    def __init__(self) -> None:
        self.found = [lease("a", "t1"), lease("b", "t1"), lease("c", "t1", None)]
        self.found.append({"metadata": {"name": "limitwise-operator"}, "spec": {}})

    def leases(self, _namespace: str) -> list[dict[str, Any]]:
        return self.found


def test_an_agent_is_silent_by_our_own_clock() -> None:
    leases, wall, clock = Leases(), [NOW], [0.0]
    pulse = Pulse(leases, "ns", lambda: wall[0], lambda: clock[0])  # type: ignore[arg-type]
    assert not pulse.feel()
    clock[0] += 50
    wall[0] += timedelta(days=1)  # somebody sets the clock: nobody is silent for that
    leases.found[1] = lease("b", "a time from a clock that is years off")
    assert not pulse.feel()
    assert pulse.silent() == {}
    clock[0] += 20
    assert pulse.silent() == {"a": NOW}
    assert not pulse.feel()
    clock[0] += 60
    assert set(pulse.silent()) == {"a", "b"}
    pulse.feel()
    leases.found[0] = lease("a", "t2")
    assert pulse.feel()
    assert "a" not in pulse.silent()


@pytest.mark.parametrize(
    ("triggers", "wants"),
    [
        ([{"name": "x", "agentSilent": {}}], True),
        ([{"name": "x", "condition": {"type": "PIDPressure"}}], False),
    ],
)
def test_leases_are_listed_only_while_somebody_asks(triggers: Any, wants: bool) -> None:
    store = Store()
    assert not wants_pulse(store)
    spec = {"nodeSelector": {"all": True}, "triggers": triggers}
    body = {"metadata": {"name": "p", "uid": "u", "resourceVersion": "1"}, "spec": spec}
    store.fold("remediationpolicies", body)
    assert wants_pulse(store) is wants


class Pool:
    """Answers a POST, or fails."""

    def __init__(self, status: int = 200, failure: Exception | None = None) -> None:
        self.status, self.failure = status, failure
        self.asked: list[tuple[str, str, bytes]] = []

    def request(self, verb: str, url: str, body: bytes, **options: Any) -> Pool:
        assert options["redirect"] is False
        self.asked.append((verb, url, body))
        if self.failure is not None:
            raise self.failure
        return self

    def release_conn(self) -> None:
        """Nothing is open."""


class Remediators:
    """A cluster that makes objects of others' kinds, or refuses."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.refusal = refusal
        self.made: list[Any] = []

    def create_by_kind(self, body: Any) -> None:
        self.made.append(body)
        if self.refusal is not None:
            raise self.refusal


TEMPLATE = {
    "apiVersion": "self-node-remediation.medik8s.io/v1alpha1",
    "kind": "SelfNodeRemediation",
    "namespace": "medik8s",
    "spec": {"remediationStrategy": "Automatic"},
}


def escalate(webhook: str = "https://x.example/token", template: Any = None) -> Escalate:
    told = remediation_policy.Escalation(webhook=webhook, template=template or {})
    return Escalate("n0", "uid-n0", "n0-1", "uid-1", told, json.dumps({"node": "n0"}))


@pytest.mark.parametrize(
    ("pool", "webhook", "wrong"),
    [
        (Pool(), "https://x.example/token", ""),
        (Pool(204), "https://x.example/token", ""),
        (Pool(503), "https://x.example/token", "answered 503"),
        (Pool(302), "https://x.example/token", "answered 302"),
        (
            Pool(failure=urllib3.exceptions.ConnectTimeoutError(None, "", "no")),
            "https://x.example/token",
            "ConnectTimeoutError",
        ),
        (Pool(), "http://x.example", "no https address"),
    ],
)
def test_a_webhook_is_asked_once_and_its_address_is_never_told(
    pool: Pool, webhook: str, wrong: str
) -> None:
    said = Escalation(Remediators(), _pool=pool).escalate(escalate(webhook))  # type: ignore[arg-type]
    assert wrong in said if wrong else said == ""
    assert "token" not in said
    assert len(pool.asked) == int(webhook.startswith("https"))


@pytest.mark.parametrize(
    ("refusal", "wrong"),
    [
        (None, ""),
        (ConflictError("POST", 409, "AlreadyExists", "m"), ""),
        (DeniedError("POST", 403, "Forbidden", "no right"), "SelfNodeRemediation was not made"),
    ],
)
def test_another_remediator_gets_an_object_named_like_the_node(
    refusal: Exception | None, wrong: str
) -> None:
    others = Remediators(refusal)
    said = Escalation(others).escalate(escalate("", TEMPLATE))  # type: ignore[arg-type]
    assert wrong in said if wrong else said == ""
    [made] = others.made
    assert (made["kind"], made["metadata"]["name"]) == ("SelfNodeRemediation", "n0")
    assert made["metadata"]["namespace"] == "medik8s"
    assert made["spec"] == TEMPLATE["spec"]


def test_figures_count_each_step_and_end_once() -> None:
    clinic, metrics = Clinic(), Metrics()
    figures = Figures(metrics)
    clinic.put()
    clinic.operate()
    figures.look(clinic.belief.observed())
    clinic.falls_ill("n0")
    for _pass in range(20):
        clinic.live()
        clinic.belief.listed()
        figures.look(clinic.belief.observed())
        figures.look(clinic.belief.observed())
    text = generate_latest(metrics.registry).decode()
    ended = 'limitwise_remediation_total{result="Succeeded",trigger="pids"} 1.0'
    assert ended in text
    assert 'limitwise_remediation_phase_seconds_count{phase="Draining"} 1.0' in text
    assert 'limitwise_remediations{phase="Succeeded"} 1.0' in text
    assert 'limitwise_remediation_oldest_seconds{phase="Draining"} 0.0' in text


def test_who_is_put_off_is_counted_by_its_limit() -> None:
    clinic, metrics = Clinic(), Metrics()
    figures = Figures(metrics)
    clinic.put(pauseRequests=["upgrade"])
    clinic.falls_ill("n0", "n1")
    for _pass in range(3):
        clinic.operate()
        clinic.belief.listed()
        figures.look(clinic.belief.observed())
    text = generate_latest(metrics.registry).decode()
    assert 'limitwise_remediation_blocked_total{limit="paused"} 2.0' in text


def test_a_deleted_incident_leaves_its_node_alone_for_a_while() -> None:
    clinic = Clinic()
    clinic.put(cooldown="10m")
    clinic.falls_ill("n0")
    clinic.rest()
    one = clinic.the()
    store = Store()
    body = body_of(one.spec)
    body["metadata"] |= {"uid": one.uid, "resourceVersion": "9"}
    body["status"] = one.status.to_dict()
    store.fold(NODE_REMEDIATIONS, body)
    store.fold(NODE_REMEDIATIONS, body, deleted=True)
    assert store.departed == {"n0": one.status.ended}
    clinic.world.delete_remediation(one.name)
    clinic.belief.listed()
    observed = replace(clinic.belief.observed(), departed=store.departed)
    assert not any(type(write).__name__ == "CreateRemediation" for write in plan(observed))
