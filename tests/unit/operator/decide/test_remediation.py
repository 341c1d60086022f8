"""Remediation step by step: who begins, what is done in which order, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.plan import plan
from limitwise_operator.decide.remediation.ripening import next_moment
from limitwise_operator.kinds import conditions
from limitwise_operator.kinds.meta import REMEDIATION_FINALIZER
from limitwise_operator.kinds.node import Cordon
from limitwise_operator.kinds.pod import CRITICAL, Pod
from limitwise_operator.kinds.watch import Culprit, Fired, Pressure, Raised
from rehearsal.clinic import PIDS, QUICK, Clinic, reasons
from rehearsal.objects import tuning

KUBEPODS = {"name": "pods", "ceiling": {"level": "kubepods", "usedPercent": 90}}
RELIEF = {"relief": {"most": {"kubepods": 5000}}}
GENTLE = {"drain": {"when": "IfNeeded", "after": "30s"}, "verify": {"for": "0s"}}


def fired(clinic: Clinic, **more: Any) -> Pressure:
    one = Fired("p/pods", clinic.world.now, "kubepods", "", 1000, 960)
    return Pressure((one,), **more)


def test_detection_to_cordon_is_three_writes() -> None:
    clinic = Clinic()
    clinic.put()
    clinic.operate()
    clinic.falls_ill("n0")
    found = [one for one in clinic.operate() if getattr(one, "node", "") == "n0"]
    assert [type(one) for one in found[:4]] == [
        made.CreateRemediation,
        made.SetRemediationStatus,
        made.CordonNode,
        made.ReplaceStateSpec,
    ]
    assert clinic.phase() == "Cordoning"
    assert clinic.world.nodes["n0"].unschedulable
    assert clinic.world.states["n0"].spec.incident == clinic.the().name


def test_the_whole_course_and_back_in_service() -> None:
    clinic = Clinic()
    clinic.tune()
    clinic.put()
    clinic.falls_ill("n0")
    written: list[made.Write] = []
    for _pass in range(30):
        written += clinic.live()
        if clinic.phase() == "Succeeded":
            break
    clinic.rest()
    status = clinic.the().status
    assert [step.phase for step in status.steps] == [
        "Relieving", "EvictingCulprit", "Cordoning", "Draining", "Applying", "Verifying",
        "Uncordoning",
    ]  # fmt: skip
    assert clinic.world.evicted == ["pod-n0"]
    node = clinic.world.nodes["n0"]
    assert not node.unschedulable
    assert node.cordon is None
    assert clinic.the().finalizers == ()
    spec = clinic.world.states["n0"].spec
    assert (spec.incident, spec.task) == ("", None)
    told = reasons(tuple(written))
    assert told.count("RemediationStarted") == told.count("Remediated") == 1
    own = [
        one
        for one in written
        if getattr(one, "node", "") == "n0"
        and not isinstance(one, (made.EvictPod, made.RecordEvent))
    ]
    assert len(own) <= 14
    assert conditions.find(status.conditions, "Succeeded").true  # type: ignore[union-attr]


def test_the_same_trouble_is_never_remediated_twice() -> None:
    clinic = Clinic()
    clinic.put()
    clinic.falls_ill("n0")
    clinic.rest()
    clinic.passes(timedelta(hours=2))
    clinic.rest()
    assert len(clinic.world.remediations) == 1
    clinic.recovers("n0")
    clinic.passes(timedelta(minutes=1))
    clinic.falls_ill("n0")
    clinic.rest()
    assert len(clinic.world.remediations) == 2


@pytest.mark.parametrize(("seconds", "begins"), [(0, False), (29, False), (30, True)])
def test_a_condition_must_last_and_the_moment_is_known(seconds: int, begins: bool) -> None:
    clinic = Clinic()
    clinic.put(triggers=[{**PIDS, "for": "30s"}])
    clinic.operate()
    clinic.falls_ill("n0")
    clinic.operate()
    ripe = next_moment(clinic.belief.observed())
    assert ripe == clinic.world.now + timedelta(seconds=30)
    clinic.world.tick(seconds)
    clinic.operate()
    assert bool(clinic.of()) is begins


def test_relief_and_culprit_spare_everybody_else() -> None:
    clinic = Clinic()
    leak = Pod("apps", "leak", "leak", "n0", "ReplicaSet")
    clinic.world.pods["n0"].append(leak)
    clinic.put(triggers=[KUBEPODS], steps=GENTLE, **RELIEF)
    clinic.operate()
    culprit = Culprit("Pod", "leak", tasks=900, growth=60)
    clinic.world.presses("n0", fired(clinic))
    clinic.live()
    assert clinic.phase() == "Relieving"
    raised = (Raised("kubepods.slice", "1000", "2000"),)
    relieved = fired(clinic, raised=raised, relieved=clinic.world.now, culprit=culprit)
    clinic.world.presses("n0", relieved)
    clinic.until("EvictingCulprit")
    clinic.live()
    assert clinic.world.evicted == ["leak"]
    clinic.world.presses("n0", Pressure(raised=raised, relieved=clinic.world.now, culprit=culprit))
    clinic.until("Succeeded")
    status = clinic.the().status
    assert clinic.world.evicted == ["leak"]
    assert not status.cordoned
    assert status.culprit is not None
    assert (status.culprit.name, status.culprit.evicted) == ("leak", True)
    assert status.raised == raised


def test_exhausted_still_it_is_drained_after_the_wait() -> None:
    clinic = Clinic()
    clinic.put(triggers=[KUBEPODS], steps=GENTLE)
    clinic.operate()
    clinic.world.presses("n0", fired(clinic, spent=True))
    for _second in range(25):
        clinic.live()
    assert clinic.phase() == "EvictingCulprit"
    assert not clinic.world.nodes["n0"].unschedulable
    clinic.until("Succeeded")
    assert clinic.world.evicted == ["pod-n0"]


@pytest.mark.parametrize(("fires", "drained"), [(True, True), (False, False)])
def test_a_kubelets_sticky_word_alone_drains_nobody(fires: bool, drained: bool) -> None:
    """The agent measures what PIDPressure is about, and says when it is over."""
    clinic = Clinic()
    clinic.put(steps=GENTLE)
    clinic.operate()
    one = Fired("p/pids", clinic.world.now, "host", "", 1000, 950)
    clinic.world.presses("n0", Pressure((one,) if fires else ()))
    clinic.falls_ill("n0")
    clinic.until("Succeeded")
    assert bool(clinic.world.evicted) is drained


@pytest.mark.parametrize(
    ("change", "spared"),
    [
        ({"mirror": True}, "is a static pod"),
        ({"priority": CRITICAL}, "is critical"),
        ({"opted_out": ("cluster-autoscaler.kubernetes.io/safe-to-evict",)}, "has opted out"),
    ],
)
def test_some_culprits_are_named_and_spared(change: dict[str, Any], spared: str) -> None:
    clinic = Clinic()
    leak = replace(Pod("kube-system", "leak", "leak", "n0", "DaemonSet"), **change)
    clinic.world.pods["n0"].append(leak)
    clinic.put(triggers=[KUBEPODS], steps={**GENTLE, "drain": {"when": "Never"}})
    clinic.operate()
    clinic.world.presses("n0", fired(clinic, culprit=Culprit("Pod", "leak", tasks=9)))
    clinic.until("Succeeded")
    assert clinic.world.evicted == []
    culprit = clinic.the().status.culprit
    assert culprit is not None
    assert (culprit.name, culprit.evicted) == ("leak", False)
    assert any(spared in step.message for step in clinic.the().status.steps)


def test_a_culprit_that_is_no_pod_is_named() -> None:
    clinic = Clinic()
    clinic.put(triggers=[KUBEPODS], steps={**GENTLE, "drain": {"when": "Never"}})
    clinic.operate()
    who = Culprit("Group", "user-1000.slice", tasks=900, capped=True)
    clinic.world.presses("n0", fired(clinic, culprit=who))
    told = [reason for _pass in range(8) for reason in reasons(clinic.live())]
    assert "CulpritCapped" in told
    assert clinic.the().status.culprit.name == "user-1000.slice"  # type: ignore[union-attr]


# --- drains ------------------------------------------------------------------------------------


def test_what_blocks_is_named_once_and_the_node_given_back_in_time() -> None:
    clinic = Clinic()
    clinic.put(steps={**QUICK, "drain": {"when": "Always", "timeout": "60s"}})
    clinic.world.protected["pod-n0"] = "PodDisruptionBudget web: needs 2 healthy pods"
    clinic.falls_ill("n0")
    told = [reason for _pass in range(20) for reason in reasons(clinic.live())]
    assert "web-n0" in clinic.the().status.blocking
    assert "PodDisruptionBudget web" in clinic.the().status.blocking
    assert told.count("DrainBlocked") == 1
    clinic.until("GaveBack")
    assert not clinic.world.nodes["n0"].unschedulable
    assert clinic.world.evicted == []


def test_kept_cordoned_it_is_escalated_and_stays_until_its_incident_is_deleted() -> None:
    clinic = Clinic()
    drain = {"when": "Always", "timeout": "60s", "afterTimeout": "KeepCordoned"}
    clinic.put(steps={**QUICK, "drain": drain}, escalation={"webhook": "https://example.org"})
    clinic.world.protected["pod-n0"] = "no"
    clinic.falls_ill("n0")
    clinic.until("Escalated")
    clinic.rest()
    assert clinic.world.nodes["n0"].unschedulable
    assert len(clinic.world.escalations) == 1
    assert clinic.world.policies["p"].status.nodes.escalated == 1
    clinic.world.delete_remediation(clinic.the().name)
    clinic.recovers("n0")
    clinic.rest()
    assert not clinic.world.nodes["n0"].unschedulable


@pytest.mark.parametrize(("leave", "deleted"), [(True, True), (False, False)])
def test_pods_are_deleted_only_with_leave_and_in_time(leave: bool, deleted: bool) -> None:
    clinic = Clinic(delete_pods=leave)
    drain = {"when": "Always", "timeout": "60s"}
    drain |= {"afterTimeout": "DeleteAfter", "deleteAfter": "60s"}
    clinic.put(steps={**QUICK, "drain": drain})
    clinic.world.protected["pod-n0"] = "no"
    clinic.falls_ill("n0")
    for _second in range(100):
        clinic.live()
    assert clinic.world.pods["n0"] != []
    clinic.until("Succeeded" if deleted else "Escalated")
    assert (clinic.world.pods["n0"] == []) is deleted


def test_a_dead_kubelet_is_said_and_escalated() -> None:
    clinic = Clinic()
    clinic.put(triggers=[{"name": "dead", "condition": {"type": "Ready", "status": "Unknown"}}],
               steps={**QUICK, "drain": {"when": "Always", "timeout": "60s"}})  # fmt: skip
    clinic.falls_ill("n0", kind="Ready", status="Unknown")
    clinic.world.nodes["n0"] = replace(clinic.world.nodes["n0"], ready=False)
    clinic.until("Draining")
    clinic.live()
    assert "without its kubelet" in clinic.the().status.blocking
    clinic.until("Escalated")
    assert clinic.world.evicted == []


# --- tries -------------------------------------------------------------------------------------


def test_tries_rest_longer_each_time_and_then_others_are_told() -> None:
    clinic = Clinic()
    clinic.put(retries={"tries": 3, "pause": "1m", "longestPause": "90s"})
    clinic.falls_ill("n0")
    rests = []
    for _try in range(2):
        clinic.until("Pending", ok=False)
        status = clinic.the().status
        assert status.not_before is not None
        rests.append((status.not_before - status.steps[-1].start).total_seconds())
        assert clinic.world.nodes["n0"].unschedulable
        while clinic.phase() == "Pending":
            clinic.live(ok=False)
    clinic.until("Escalated", ok=False)
    assert rests == [60, 90]
    assert clinic.the().status.try_number == 3


def test_escalated_and_given_back_if_the_policy_says_so() -> None:
    clinic = Clinic()
    clinic.put(retries={"tries": 1}, escalation={"node": "GiveBack"})
    clinic.falls_ill("n0")
    clinic.until("Escalated", ok=False)
    assert not clinic.world.nodes["n0"].unschedulable


# --- people ------------------------------------------------------------------------------------

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


def test_relief_goes_no_further_than_a_tuning_lets_anything_be_raised() -> None:
    clinic = Clinic(1)
    most = {"threads": 4000000, "pids": 4000000, "kubepods": 9000}
    clinic.put(relief={"most": most}, steps={})
    clinic.tune(
        tuning={
            "policy": {"maximum": {"kernel/pid_max": 2000000}},
            "sysctl": {"kernel.pid_max": 1000000},
        }
    )
    watch = clinic.world.states["n0"].spec.watch
    assert watch is not None
    assert watch.relief is not None
    assert dict(watch.relief.most) == {**most, "pids": 2000000}


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


def test_many_pods_are_asked_for_a_few_at_a_time() -> None:
    clinic = Clinic()
    clinic.put()
    clinic.world.pods["n0"] = [
        Pod("apps", f"web-{number}", f"pod-{number}", "n0", "ReplicaSet") for number in range(25)
    ]
    clinic.falls_ill("n0")
    asked = [
        sum(isinstance(one, made.EvictPod) for one in clinic.live()) for _pass in range(8)
    ]
    assert [count for count in asked if count] == [10, 10, 5]
    clinic.until("Succeeded")
