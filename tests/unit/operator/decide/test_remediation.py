"""Remediation step by step: who begins, what is done in which order, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.remediation.ripening import next_moment
from limitwise_operator.effects.performing import subject_of
from limitwise_operator.kinds import conditions
from limitwise_operator.kinds.pod import CRITICAL, Pod
from limitwise_operator.kinds.watch import Culprit, Fired, Pressure, Raised
from rehearsal.clinic import KUBEPODS, PIDS, QUICK, Clinic, reasons

RELIEF: dict[str, Any] = {"relief": {"most": {"kubepods": 5000}}}
GENTLE = {"drain": {"when": "IfNeeded", "after": "30s"}, "verify": {"for": "0s"}}


def fired(clinic: Clinic, **more: Any) -> Pressure:
    one = Fired("p/pods", clinic.world.now, "kubepods", "", 1000, 960)
    return Pressure((one,), **more)


def test_from_detection_to_cordon_there_is_one_write() -> None:
    clinic = Clinic()
    clinic.put()
    clinic.operate()
    clinic.falls_ill("n0")
    found = [one for one in clinic.operate() if getattr(one, "node", "") == "n0"]
    assert [type(one) for one in found[:4]] == [
        made.CreateRemediation,
        made.CordonNode,
        made.SetRemediationStatus,
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


def test_no_pod_goes_for_what_is_no_pod() -> None:
    clinic = Clinic()
    clinic.put(triggers=[KUBEPODS], steps=GENTLE)
    clinic.operate()
    who = Culprit("Group", "leak.service", tasks=900, capped=True)
    clinic.world.presses("n0", fired(clinic, culprit=who, spent=True))
    clinic.until("Succeeded")
    assert clinic.world.evicted == []
    assert not clinic.the().status.cordoned


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


def test_what_happened_is_told_before_anything_else_can_be_refused() -> None:
    clinic = Clinic()
    clinic.put()
    clinic.falls_ill("n0")
    writes = [one for _pass in range(20) for one in clinic.live()]
    order = [type(one).__name__ for one in writes if subject_of(one) == "Node/n0"]
    assert clinic.phase() == "Succeeded"
    begun = order.index("CordonNode")
    assert order[begun : begun + 3] == ["CordonNode", "SetRemediationStatus", "RecordEvent"]
    last = len(order) - 1 - order[::-1].index("RecordEvent")
    assert order[last - 1 :] == [
        "SetRemediationStatus", "RecordEvent", "ReplaceStateSpec", "RemoveRemediationFinalizer",
    ]  # fmt: skip


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
