"""Remediation when people interfere, and when the operator dies: who wins, what is given back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from limitwise_operator.decide.plan import plan
from limitwise_operator.kinds.meta import REMEDIATION_FINALIZER
from limitwise_operator.kinds.node import Cordon
from limitwise_operator.kinds.node_remediation import RemediationStatus
from rehearsal.clinic import QUICK, Clinic

PHASES = ["Cordoning", "Draining", "Applying", "Verifying"]


@pytest.mark.parametrize("phase", ["Draining", "Applying", "Verifying"])
def test_who_puts_the_node_back_in_service_wins(phase: str) -> None:
    clinic = Clinic()
    clinic.tune()
    clinic.put()
    clinic.falls_ill("n0")
    clinic.until(phase)
    clinic.world.nodes["n0"] = replace(clinic.world.nodes["n0"], unschedulable=False)
    clinic.rest()
    assert clinic.phase() == "Cancelled"
    node = clinic.world.nodes["n0"]
    assert (node.unschedulable, node.drain_taint, node.cordon) == (False, False, None)


def test_another_s_cordon_stays_before_and_after() -> None:
    clinic = Clinic()
    clinic.put()
    clinic.world.nodes["n0"] = replace(clinic.world.nodes["n0"], unschedulable=True)
    clinic.falls_ill("n0")
    clinic.until("Succeeded")
    node = clinic.world.nodes["n0"]
    assert node.unschedulable
    assert not node.drain_taint


@pytest.mark.parametrize("before", [False, True])
def test_a_cordon_is_known_by_its_note_when_the_status_never_came(before: bool) -> None:
    clinic = Clinic()
    clinic.tune()
    clinic.put(retries={"tries": 1}, escalation={"node": "GiveBack"})
    clinic.world.nodes["n0"] = replace(clinic.world.nodes["n0"], unschedulable=before)
    clinic.falls_ill("n0")
    clinic.operate()
    one = clinic.the()
    clinic.world.remediations[one.name] = replace(one, status=RemediationStatus())
    clinic.operate()
    status = clinic.the().status
    assert (status.cordoned, status.unschedulable_before) == (True, before)
    clinic.until("Escalated", ok=False)
    clinic.rest()
    node = clinic.world.nodes["n0"]
    assert (node.unschedulable, node.drain_taint, node.cordon) == (before, False, None)


@pytest.mark.parametrize("phase", PHASES)
def test_a_deleted_incident_gives_the_node_back(phase: str) -> None:
    clinic = Clinic()
    clinic.tune()
    clinic.put()
    clinic.falls_ill("n0")
    clinic.until(phase)
    name = clinic.the().name
    clinic.world.delete_remediation(name)
    assert clinic.world.remediations[name].finalizers == (REMEDIATION_FINALIZER,)
    clinic.put(pauseRequests=["enough"])
    clinic.rest()
    assert name not in clinic.world.remediations
    assert not clinic.world.nodes["n0"].unschedulable


@pytest.mark.parametrize("phase", PHASES)
def test_a_deleted_policy_waits_for_its_nodes(phase: str) -> None:
    clinic = Clinic()
    clinic.tune()
    clinic.put()
    clinic.operate()
    clinic.falls_ill("n0")
    clinic.until(phase)
    clinic.world.delete_policy("p")
    clinic.operate()
    assert "p" in clinic.world.policies
    clinic.rest()
    assert "p" not in clinic.world.policies
    assert clinic.phase() == "Cancelled"
    assert not clinic.world.nodes["n0"].unschedulable
    assert clinic.world.states["n0"].spec.watch is None


@pytest.mark.parametrize("phase", PHASES)
def test_a_node_that_goes_or_is_replaced_ends_it(phase: str) -> None:
    clinic = Clinic()
    clinic.tune()
    clinic.put()
    clinic.falls_ill("n0")
    clinic.until(phase)
    name = clinic.the().name
    clinic.world.remove_node("n0")
    clinic.join("n0")
    clinic.world.nodes["n0"] = replace(clinic.world.nodes["n0"], uid="another")
    clinic.rest()
    assert clinic.world.remediations[name].status.phase == "Cancelled"
    assert not clinic.world.nodes["n0"].unschedulable


@pytest.mark.parametrize("phase", PHASES)
def test_what_is_under_way_goes_on_by_the_policy_as_it_was(phase: str) -> None:
    clinic = Clinic()
    clinic.tune()
    clinic.put()
    clinic.falls_ill("n0")
    clinic.until(phase)
    clinic.put(pauseRequests=["upgrade"], steps={**QUICK, "drain": {"when": "Never"}})
    clinic.rest()
    assert clinic.phase() == "Succeeded"
    assert clinic.world.evicted == ["pod-n0"]


def test_a_cordon_that_no_incident_is_behind_is_undone() -> None:
    clinic = Clinic()
    orphan = Cordon("NodeRemediation/gone", False, None)
    clinic.world.nodes["n0"] = replace(
        clinic.world.nodes["n0"], unschedulable=True, drain_taint=True, cordon=orphan
    )
    clinic.operate()
    assert not clinic.world.nodes["n0"].unschedulable


def test_an_incident_that_somebody_else_made_is_held_and_cared_for() -> None:
    clinic = Clinic()
    clinic.put()
    clinic.falls_ill("n0")
    clinic.operate()
    one = clinic.the()
    clinic.world.remediations[one.name] = replace(one, finalizers=())
    clinic.operate()
    assert clinic.the().held


# --- limits ------------------------------------------------------------------------------------


def test_a_node_that_is_kept_out_is_for_people_to_see_to() -> None:
    clinic = Clinic()
    clinic.put(retries={"tries": 1})
    clinic.falls_ill("n0")
    clinic.until("Escalated", ok=False)
    clinic.recovers("n0")
    clinic.world.tick(5)
    clinic.falls_ill("n0")
    clinic.rest()
    assert len(clinic.world.remediations) == 1
    clinic.world.nodes["n0"] = replace(clinic.world.nodes["n0"], unschedulable=False)
    clinic.rest()
    assert len(clinic.world.remediations) == 2
    assert clinic.phase() == "Succeeded"
    assert clinic.world.nodes["n0"].cordon is None


@pytest.mark.parametrize("meddled", [False, True])
@pytest.mark.parametrize("killed_after", range(24))
def test_killed_after_any_write_it_goes_on(killed_after: int, meddled: bool) -> None:
    """A new operator finds everything that it needs in the cluster."""
    clinic = Clinic()
    clinic.world.lingers = True
    clinic.tune()
    clinic.put()
    clinic.operate()
    clinic.falls_ill("n0")
    left = killed_after
    for _pass in range(60):
        clinic.belief.listed()
        writes = plan(clinic.belief.observed())
        done = writes[:left] if 0 < left < len(writes) else writes
        clinic.belief.carry_out(done)
        if left and left <= len(writes) and meddled:
            clinic.world.delete_remediation(clinic.the().name)
        left = max(0, left - len(writes))
        for name in clinic.world.nodes:
            clinic.world.answer(name)
            clinic.world.kubelet(name)
        clinic.world.tick(1)
        if meddled and left == 0:
            clinic.put(pauseRequests=["enough"])
    clinic.rest()
    assert clinic.phase() in ("", "Succeeded")
    assert clinic.world.evicted.count("pod-n0") <= 1
    node = clinic.world.nodes["n0"]
    assert (node.unschedulable, node.drain_taint, node.cordon) == (False, False, None)
    assert clinic.world.states["n0"].spec.incident == ""
