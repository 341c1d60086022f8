"""What writes become: patches of Nodes, outcomes of refused writes, Events that are not noise."""

from __future__ import annotations

import copy
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from limitwise_operator.decide.writes import (
    AddFinalizer,
    CordonNode,
    CreateState,
    EvictPod,
    RecordEvent,
    SetTuningStatus,
    UncordonNode,
)
from limitwise_operator.effects import node_patches
from limitwise_operator.effects.answers import (
    ApiError,
    ConflictError,
    MissingError,
    StoppedError,
    TooManyError,
    UnreachableError,
)
from limitwise_operator.effects.events import BURST, FRESH, RECOUNT, Recorder
from limitwise_operator.effects.performing import Performer, by_subject
from limitwise_operator.kinds.meta import CORDON_ANNOTATION, DRAIN_TAINT, STARTUP_TAINT
from limitwise_operator.kinds.node import Cordon
from limitwise_operator.kinds.node_tuning import TuningStatus
from limitwise_operator.kinds.node_tuning_state import NOTHING, StateSpec

Body = dict[str, Any]
NOTE = Cordon("NodeTuning/base", False, datetime(2026, 11, 22, 20, 30, tzinfo=UTC))
OTHERS = {"key": "example.org/other", "effect": "NoExecute", "value": "x"}
OURS = {"key": DRAIN_TAINT, "effect": "NoSchedule"}


def node(*taints: Body, unschedulable: bool = False, notes: Body | None = None) -> Body:
    spec: Body = {"taints": list(taints)} if taints else {}
    if unschedulable:
        spec["unschedulable"] = True
    metadata: Body = {"name": "n", "uid": "u", "resourceVersion": "7"}
    if notes is not None:
        metadata["annotations"] = notes
    return {"metadata": metadata, "spec": spec}


def patched(body: Body, ops: node_patches.Ops) -> Body:
    """A JSON patch of adds and removes, as the API server makes it."""
    made = copy.deepcopy(body)
    for op in ops:
        *parents, last = [
            part.replace("~1", "/").replace("~0", "~") for part in op["path"].split("/")[1:]
        ]
        place = made
        for part in parents:
            place = place[part]
        if op["op"] == "remove":
            del place[last]
        else:
            place[last] = op["value"]
    return made


@pytest.mark.parametrize("before", [node(), node(OTHERS), node(OTHERS, notes={"a": "b"})])
def test_a_cordon_and_its_undoing_leave_the_node_as_it_was(before: Body) -> None:
    cordoned = patched(before, node_patches.cordon(before, NOTE))
    assert cordoned["spec"]["unschedulable"] is True
    assert OURS in cordoned["spec"]["taints"]
    note = cordoned["metadata"]["annotations"][CORDON_ANNOTATION]
    assert Cordon.from_text(note) == NOTE
    assert node_patches.cordon(cordoned, NOTE) == []
    after = patched(cordoned, node_patches.uncordon(cordoned, schedulable=True))
    assert after["spec"].get("taints", []) == before["spec"].get("taints", [])
    assert "unschedulable" not in after["spec"]
    assert after["metadata"].get("annotations", {}) == before["metadata"].get("annotations", {})
    assert node_patches.uncordon(after, schedulable=True) == []


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("by", ["NodeRemediation/x", "NodeTuning/x"])
def test_who_cordons_or_uncordons_before_us_makes_our_note_outdated(before: bool, by: str) -> None:
    note = Cordon(by, before, NOTE.time)
    assert not node_patches.outdated(node(unschedulable=before), note)
    ours = by.startswith("NodeRemediation")
    assert node_patches.outdated(node(unschedulable=not before), note) is ours
    noted = node(unschedulable=not before, notes={CORDON_ANNOTATION: note.to_text()})
    assert not node_patches.outdated(noted, note)


def test_an_administrator_s_cordon_stays() -> None:
    cordoned = node(OURS, unschedulable=True, notes={CORDON_ANNOTATION: NOTE.to_text()})
    after = patched(cordoned, node_patches.uncordon(cordoned, schedulable=False))
    assert after["spec"] == {"taints": [], "unschedulable": True}


def test_every_patch_holds_only_for_the_version_that_was_read() -> None:
    tainted = node({"key": STARTUP_TAINT, "effect": "NoSchedule"}, OTHERS)
    for ops in (node_patches.cordon(tainted, NOTE), node_patches.tuned(tainted)):
        assert ops[0] == {"op": "add", "path": "/metadata/resourceVersion", "value": "7"}
    assert patched(tainted, node_patches.tuned(tainted))["spec"]["taints"] == [OTHERS]


class Cluster:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, **refusals: Exception) -> None:
        self.refusals = refusals
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, verb: str) -> Any:
        def asked(*arguments: Any) -> Any:
            self.asked.append((verb, *arguments))
            if verb in self.refusals:
                raise self.refusals[verb]
            if verb in self.answers:
                return self.answers[verb]
            return {"metadata": {"name": "n", "uid": "u", "resourceVersion": "99"}, "spec": {}}

        return asked


class Nobody:
    def tell(self, event: RecordEvent) -> None:
        raise AssertionError(event)


def performer(cluster: Cluster) -> Performer:
    return Performer(cluster, Nobody())  # type: ignore[arg-type]


SPEC = StateSpec("u", NOTHING)
STATUS = SetTuningStatus("t", "u", "5", TuningStatus())
EVENT = RecordEvent("NodeTuning", "t", "u", "Normal", "AllCurrent", "3 of 3")


def refusal(kind: type[ApiError], status: int, message: str = "m") -> ApiError:
    return kind("POST x", status, "R", message)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (refusal(ConflictError, 409), "conflict"),
        (refusal(MissingError, 404), "conflict"),
        (refusal(UnreachableError, 503), "failed"),
        (refusal(TooManyError, 429), "failed"),
        (StoppedError("not the leader"), "stopped"),
    ],
)
def test_a_refused_write_ends_its_subject_s_writes(error: Exception, result: str) -> None:
    cluster = Cluster(create_state=error)
    outcome = performer(cluster).perform(
        "Node/n", [CreateState("n", SPEC), UncordonNode("n", "u", schedulable=True)]
    )
    assert outcome.result == result
    assert outcome.refused == CreateState("n", SPEC)
    assert [verb for verb, *_ in cluster.asked] == ["create_state"]


def test_what_follows_a_refused_status_is_not_told() -> None:
    cluster = Cluster(replace_tuning_status=refusal(ConflictError, 409))
    assert performer(cluster).perform("NodeTuning/t", [STATUS, EVENT]).result == "conflict"


def test_a_status_after_our_own_finalizer_is_for_the_version_that_made() -> None:
    cluster = Cluster()
    outcome = performer(cluster).perform("NodeTuning/t", [AddFinalizer("t", "u", "5"), STATUS])
    assert outcome.result == "done"
    assert [(verb, version) for verb, _name, version, *_ in cluster.asked] == [
        ("add_finalizer", 5),
        ("replace_tuning_status", 99),
    ]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (refusal(TooManyError, 429, "needs 2 healthy pods"), "needs 2 healthy pods"),
        (refusal(UnreachableError, 500, "more than one PodDisruptionBudget"), "more than one"),
        (refusal(MissingError, 404), ""),
        (refusal(ConflictError, 409), ""),
    ],
)
def test_a_pod_that_may_not_go_keeps_no_other_from_going(error: ApiError, why: str) -> None:
    evictions = [EvictPod("n", "ns", f"p{number}", f"uid{number}") for number in range(2)]
    gone = refusal(MissingError, 404)
    outcome = performer(Cluster(evict=error, get_pod=gone)).perform("Node/n", evictions)
    assert outcome.result == "done"
    assert [one.uid for one in outcome.evictions] == ["uid0", "uid1"]
    assert all(
        (why in one.refused) if why else one.refused == "" for one in outcome.evictions
    )


def test_budgets_are_named_and_when_to_ask_again_is_kept() -> None:
    body = {"metadata": {"name": "p", "labels": {"app": "web"}}}
    budgets = [
        {"metadata": {"name": "b"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}},
        {"metadata": {"name": "a"}, "spec": {"selector": {}}},
        {"metadata": {"name": "none"}, "spec": {}},
        {"metadata": {"name": "c"}, "spec": {"selector": {"matchLabels": {"app": "x"}}}},
    ]
    two = refusal(UnreachableError, 500, "more than one PodDisruptionBudget")
    cluster = Cluster(evict=two)
    cluster.answers = {"get_pod": body, "disruption_budgets": budgets}
    [one] = performer(cluster).perform("Node/n", [EvictPod("n", "ns", "p", "u")]).evictions
    assert one.refused.startswith("PodDisruptionBudgets a and b are both on it")
    later = TooManyError("POST x", 429, "R", "The disruption budget a needs 2", retry_after="7")
    cluster = Cluster(evict=later)
    [one] = performer(cluster).perform("Node/n", [EvictPod("n", "ns", "p", "u")]).evictions
    assert (one.refused, one.after) == ("The disruption budget a needs 2", 7.0)
    assert [verb for verb, *_ in cluster.asked] == ["evict"]


def test_another_node_of_that_name_is_not_touched() -> None:
    cluster = Cluster()
    outcome = performer(cluster).perform("Node/n", [CordonNode("n", "former", NOTE)])
    assert outcome.result == "conflict"
    assert [verb for verb, *_ in cluster.asked] == ["get_node"]


def test_writes_are_grouped_by_whose_they_are_in_their_order() -> None:
    first, second = CreateState("b", SPEC), CreateState("a", SPEC)
    told = RecordEvent("NodeTuningState", "b", "u", "Normal", "Draining", "")
    assert by_subject([first, STATUS, second, EVENT, told]) == {
        "Node/b": [first, told],
        "NodeTuning/t": [STATUS, EVENT],
        "Node/a": [second],
    }


class Counted:
    def __init__(self) -> None:
        self.results: Counter[str] = Counter()

    def event(self, result: str) -> None:
        self.results[result] += 1


class Ticking:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_same_event_is_told_once_and_counted_after() -> None:
    cluster, counted, clock = Cluster(), Counted(), Ticking()
    recorder = Recorder(cluster, "me", counted, clock)  # type: ignore[arg-type]
    for _ in range(5):
        recorder.tell(EVENT)
    assert [verb for verb, *_ in cluster.asked] == ["create_event"]
    clock.now = RECOUNT
    recorder.tell(EVENT)
    verb, _namespace, name, series = cluster.asked[-1]
    assert (verb, series["count"]) == ("count_event", 6)
    assert name == cluster.asked[0][2]["metadata"]["name"]
    clock.now = FRESH + 1
    recorder.tell(EVENT)
    assert cluster.asked[-1][0] == "create_event"
    assert counted.results == {"told": 3, "counted": 4}


def test_a_flood_of_events_is_cut() -> None:
    cluster, counted = Cluster(), Counted()
    recorder = Recorder(cluster, "me", counted, Ticking())  # type: ignore[arg-type]
    for number in range(500):
        recorder.tell(RecordEvent("NodeTuning", f"t{number}", "u", "Normal", "R", "m"))
    assert counted.results == {"told": BURST, "dropped": 500 - BURST}


def test_an_event_that_cannot_be_told_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted()
    cluster = Cluster(create_event=refusal(UnreachableError, 500))
    Recorder(cluster, "me", counted, Ticking()).tell(EVENT)  # type: ignore[arg-type]
    assert counted.results == {"failed": 1}
    assert "not told" in caplog.text


def test_an_event_has_what_the_api_asks_for() -> None:
    cluster = Cluster()
    long = RecordEvent("NodeTuning", "t", "u", "Warning", "Failed", "x" * 5000)
    Recorder(cluster, "me", Counted(), Ticking()).tell(long)  # type: ignore[arg-type]
    body = cluster.asked[0][2]
    assert len(body["note"]) == 1024
    assert body["regarding"]["apiVersion"] == "limitwise.dev/v1alpha1"
    assert body["metadata"]["namespace"] == "default"
    assert json.dumps(body)
