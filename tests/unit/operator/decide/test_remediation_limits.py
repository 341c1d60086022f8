"""What keeps a remediation from beginning: budgets, storms, rests, pauses; and who comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from limitwise_operator.kinds.watch import Fired, Pressure
from rehearsal.clinic import KUBEPODS, QUICK, Clinic, reasons
from rehearsal.objects import tuning


def test_budgets_are_shared_with_rollouts() -> None:
    clinic = Clinic(nodes=6, whole=2)
    clinic.put()
    clinic.operate()
    clinic.falls_ill("n0")
    clinic.operate()
    rollout = {"canary": 0, "maxUnavailable": "100%", "soak": "0s"}
    clinic.world.put_tuning(tuning("t", rollout=rollout))
    clinic.operate()
    told = [name for name, state in clinic.world.states.items() if state.spec.go_ahead]
    assert len(told) == 1
    assert "n0" not in told
    clinic.falls_ill("n1", "n2", "n3", "n4", "n5")
    clinic.operate()
    assert clinic.active() == {"n0"}
    status = clinic.world.policies["p"].status
    assert status.nodes.waiting == 5


def test_a_pool_s_budget() -> None:
    clinic = Clinic(nodes=4)
    clinic.put(budget={"maxUnavailable": 1, "poolLabel": "name"})
    clinic.falls_ill("n0", "n1", "n2", "n3")
    clinic.operate()
    assert len(clinic.active()) == 4
    clinic.put(budget={"maxUnavailable": 1})
    clinic.rest()
    clinic.recovers("n0", "n1", "n2", "n3")
    clinic.passes(timedelta(seconds=5))
    clinic.falls_ill("n0", "n1", "n2", "n3")
    clinic.operate()
    assert len(clinic.active()) == 1


def test_a_storm_stops_what_is_new_cools_down_and_opens_by_half() -> None:
    clinic = Clinic(nodes=10)
    clinic.put(storm={"limit": "40%", "cooldown": "60s"})
    clinic.falls_ill("n0")
    clinic.operate()
    clinic.falls_ill("n1", "n2", "n3", "n4", "n5")
    told = reasons(clinic.operate())
    assert "StormBegan" in told
    assert clinic.active() == {"n0"}
    for _second in range(30):
        clinic.live()
    assert clinic.phase("n0") == "Succeeded"
    assert not clinic.world.nodes["n0"].unschedulable
    clinic.recovers("n3", "n4", "n5")
    clinic.live()
    clinic.live(40)
    assert clinic.active() == set()
    clinic.live(30)
    clinic.operate()
    assert len(clinic.active()) == 1
    told = [reason for _second in range(40) for reason in reasons(clinic.live())]
    assert "StormEnded" in told
    clinic.rest()
    assert {clinic.phase("n1"), clinic.phase("n2")} == {"Succeeded"}


def test_pause_and_report_say_what_would_be() -> None:
    clinic = Clinic()
    clinic.put(mode="Report")
    clinic.falls_ill("n0")
    clinic.operate()
    status = clinic.world.policies["p"].status
    assert [row[:2] for row in status.would] == [("n0", "pids")]
    assert "mode is Report" in status.would[0][2]
    clinic.put(pauseRequests=["upgrade of the cluster"])
    clinic.operate()
    assert "upgrade of the cluster" in clinic.world.policies["p"].status.would[0][2]
    assert clinic.world.remediations == {}
    clinic.put()
    clinic.operate()
    assert clinic.active() == {"n0"}


def test_the_last_control_plane_node_stays_and_the_others_come_last() -> None:
    clinic = Clinic(nodes=0, own_node="n9")
    clinic.join("c0", control_plane=True)
    clinic.join("n8")
    clinic.join("n9")
    clinic.put(budget={"maxUnavailable": 1})
    clinic.falls_ill("c0", "n8", "n9")
    order = []
    for _pass in range(120):
        clinic.live()
        order += [name for name in sorted(clinic.active()) if name not in order]
    assert order == ["n8", "n9"]
    would = clinic.world.policies["p"].status.would
    assert [row[0] for row in would] == ["c0"]
    clinic.join("c1", control_plane=True)
    clinic.live()
    assert clinic.active() == {"c0"}


def test_the_tightest_come_first() -> None:
    clinic = Clinic()
    clinic.put(triggers=[KUBEPODS], budget={"maxUnavailable": 1}, steps=QUICK)
    clinic.operate()
    for name, used in (("n0", 910), ("n1", 990), ("n2", 950)):
        one = Fired("p/pods", clinic.world.now, "kubepods", "", 1000, used)
        clinic.world.presses(name, Pressure((one,)))
    clinic.operate()
    assert clinic.active() == {"n1"}


def test_a_node_rests_after_its_remediation() -> None:
    clinic = Clinic()
    clinic.put(cooldown="10m")
    clinic.falls_ill("n0")
    clinic.rest()
    clinic.recovers("n0")
    clinic.world.tick(60)
    clinic.falls_ill("n0")
    clinic.rest()
    assert len(clinic.world.remediations) == 1
    clinic.world.tick(600)
    clinic.live()
    assert len(clinic.world.remediations) == 2


def test_only_so_many_are_kept() -> None:
    clinic = Clinic()
    clinic.put(keep=2)
    for _time in range(5):
        clinic.falls_ill("n0")
        clinic.rest()
        clinic.recovers("n0")
        clinic.world.tick(60)
        clinic.rest()
    assert len(clinic.world.remediations) == 2


def test_a_node_of_two_policies_has_one_incident_and_one_watch() -> None:
    clinic = Clinic()
    clinic.put("a", triggers=[KUBEPODS], relief={"at": 80, "most": {"kubepods": 10, "pids": 5}})
    clinic.put("b", relief={"at": 90, "most": {"kubepods": 20}})
    clinic.operate()
    watch = clinic.world.states["n0"].spec.watch
    assert watch is not None
    assert [one.id for one in watch.ceilings] == ["a/pods", "b/pids"]
    assert watch.relief is None or watch.relief.at == 80
    clinic.world.presses(
        "n0", Pressure((Fired("a/pods", clinic.world.now, "kubepods", "", 10, 9),))
    )
    clinic.falls_ill("n0")
    clinic.operate()
    assert len(clinic.world.remediations) == 1
    clinic.rest()


@pytest.mark.parametrize("hinders", [{"mode": "Report"}, {"pauseRequests": ["a; b", "c"]}])
def test_a_policy_that_may_not_act_keeps_no_other_from_it(hinders: dict[str, Any]) -> None:
    clinic = Clinic(2)
    clinic.put("a", **hinders)
    clinic.put("b")
    clinic.falls_ill("n0")
    clinic.until("Succeeded")
    assert clinic.the().spec.policy == "b"
