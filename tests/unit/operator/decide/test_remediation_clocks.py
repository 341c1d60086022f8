"""Remediation when the operator's clock is set: nobody waits until it has caught up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from limitwise_operator.decide.elapsed import passed
from limitwise_operator.kinds.node import Told
from rehearsal.clinic import QUICK, Clinic

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
YEAR = 365 * 86400
DAY = 86400


@pytest.mark.parametrize(
    ("since", "over"),
    [(-61, True), (-60, True), (-59, False), (0, False), (59, False), (61, True), (YEAR, True)],
)
def test_a_span_is_over_where_its_beginning_is_of_the_future(since: int, over: bool) -> None:
    assert passed(NOW + timedelta(seconds=since), timedelta(seconds=60), NOW) is over


@pytest.mark.parametrize("by", [-YEAR, -90, DAY])
@pytest.mark.parametrize("passes", range(9))
def test_an_incident_ends_wherever_the_clock_is_set(passes: int, by: int) -> None:
    clinic = Clinic()
    clinic.world.lingers = True
    clinic.tune()
    clinic.put()
    clinic.falls_ill("n0")
    for _pass in range(passes):
        clinic.live()
    clinic.world.tick(by)
    clinic.rest()
    assert clinic.phase() in ("Succeeded", "GaveBack")
    node = clinic.world.nodes["n0"]
    assert (node.unschedulable, node.drain_taint, node.cordon) == (False, False, None)


@pytest.mark.parametrize("after", ["GiveBack", "DeleteAfter"])
def test_a_drain_that_nobody_can_date_any_more_is_given_up(after: str) -> None:
    clinic = Clinic(delete_pods=True)
    drain = {"when": "Always", "timeout": "10m", "afterTimeout": after, "deleteAfter": "10m"}
    clinic.put(steps={**QUICK, "drain": drain})
    clinic.world.protected["pod-n0"] = "PodDisruptionBudget web: not now"
    clinic.falls_ill("n0")
    clinic.until("Draining")
    clinic.world.tick(-DAY)
    clinic.rest()
    assert clinic.phase() == {"GiveBack": "GaveBack", "DeleteAfter": "Escalated"}[after]
    # that an eviction was refused for so long is not known: nothing is deleted for it
    assert [pod.uid for pod in clinic.world.pods["n0"]] == ["pod-n0"]


def test_a_rest_between_tries_is_no_longer_than_it_was_to_be() -> None:
    clinic = Clinic()
    clinic.put(retries={"tries": 2, "pause": "1m"})
    clinic.falls_ill("n0")
    clinic.until("Pending", ok=False)
    clinic.live(ok=False)
    assert clinic.phase() == "Pending"
    clinic.world.tick(-DAY)
    clinic.until("Succeeded")


def test_after_a_remediation_a_node_is_not_left_alone_for_longer() -> None:
    clinic = Clinic()
    clinic.put(cooldown="10m")
    clinic.falls_ill("n0")
    clinic.until("Succeeded")
    first = clinic.the().name
    clinic.recovers("n0")
    clinic.live()
    clinic.world.tick(-DAY)
    clinic.falls_ill("n0")
    clinic.live()
    assert clinic.the().name != first


def test_a_storm_does_not_cool_down_for_longer() -> None:
    clinic = Clinic(nodes=4)
    clinic.put(storm={"limit": "50%", "cooldown": "60s"})
    clinic.falls_ill("n0", "n1", "n2")
    clinic.operate()
    clinic.recovers("n2")
    clinic.operate()
    assert clinic.active() == set()
    clinic.world.tick(-DAY)
    clinic.live()
    clinic.live()
    assert len(clinic.active()) == 1
    clinic.rest()
    assert {clinic.phase("n0"), clinic.phase("n1")} == {"Succeeded"}


def test_a_condition_whose_node_has_another_clock_counts_while_it_is_there() -> None:
    clinic = Clinic()
    clinic.put(triggers=[{"name": "pids", "for": "1m", "condition": {"type": "PIDPressure"}}])
    clinic.falls_ill("n0")
    told = clinic.world.nodes["n0"].conditions[0]
    ahead = Told(told.type, told.status, told.since + DAY)
    clinic.world.nodes["n0"] = replace(clinic.world.nodes["n0"], conditions=(ahead,))
    clinic.operate()
    assert clinic.active() == {"n0"}
