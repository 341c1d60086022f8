"""What `limitwise k8s` concludes: who is needed, what comes next, what a remediation's log is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError
from limitwise.k8s import story
from limitwise.k8s.explain import explain
from limitwise.k8s.needs import needs
from limitwise.k8s.objects import READERS, Cluster, cluster_of
from limitwise.k8s.picture import picture
from limitwise_operator.kinds.meta import REMEDIATION_POLICY
from limitwise_operator.kinds.node_remediation import (
    CANCELLED,
    DRAINING,
    GAVE_BACK,
    PENDING,
    PHASES,
    RELIEVING,
    SUCCEEDED,
    VERIFYING,
    NodeRemediation,
)
from limitwise_operator.kinds.node_tuning import Conflict, Counts, TuningStatus
from limitwise_operator.kinds.remediation_policy import PolicyCounts, PolicyStatus
from limitwise_operator.kinds.watch import Pressure
from unit.cli.incidents import (
    CALM_STATUS,
    DRAINED,
    FAILED_ROLLOUT,
    GIVEN_UP,
    HEALTHY,
    IN_TROUBLE,
    NOW,
    PRESSED,
    TO_DRAIN,
    Incident,
    ago,
    lease,
    node,
    policy,
    state,
    told,
    tuning,
)

Body = dict[str, Any]
CRYING = state(status=replace(CALM_STATUS, pressure=PRESSED))
SPENT = state(status=replace(CALM_STATUS, pressure=replace(PRESSED, spent=True)))
STORM = PolicyStatus(
    1, PolicyCounts(9, 6), conditions=(told("Storm", "True", "Limit", "6 of 9 nodes"),)
)
INVALID = PolicyStatus(1, conditions=(told("Valid", "False", "Invalid", "for: 3 days"),))
TO_VERIFY = ((RELIEVING, 300.0), (VERIFYING, 20.0))
ENDED = {
    phase: Incident(phases=((RELIEVING, 99.0), (phase, 50.0)), message="said", ended=True)
    for phase in (SUCCEEDED, GAVE_BACK, CANCELLED)
}

# The trouble of those that have ended, going on.
AGAIN = state(status=replace(
    CALM_STATUS,
    pressure=replace(PRESSED, fired=(replace(PRESSED.fired[0], since=ago(104)),)),
))  # fmt: skip
# The kubelet's condition in these objects has been on for 90 seconds.
CURED = Incident(phases=((RELIEVING, 85.0), (SUCCEEDED, 50.0)), ended=True)


def read(*bodies: Body) -> Cluster:
    return cluster_of(bodies, NOW)


NEEDS: dict[str, tuple[Sequence[Body], list[str]]] = {
    "healthy": (HEALTHY, []),
    "a drain that has waited long": (IN_TROUBLE, ["DrainBlocked"]),
    "a drain that has waited a little": (
        [replace(DRAINED, phases=((DRAINING, 30.0),)).body], [],
    ),
    "relieving in time": ([node(), CRYING, policy(), Incident().body], []),
    "relieving for too long": (
        [node(), policy(), Incident(phases=((RELIEVING, 999.0),)).body], ["Stuck"],
    ),
    "verifying in time": ([node(), policy(), Incident(phases=TO_VERIFY).body], []),
    "pending until a time to come": (
        [Incident(phases=((PENDING, 999.0),), more={"not_before": ago(-60)}).body], [],
    ),
    "pending beyond its time": (
        [Incident(phases=((PENDING, 9999.0),), more={"not_before": ago(600)}).body], ["Stuck"],
    ),
    "escalated, still cordoned": (
        [node(by=f"NodeRemediation/{GIVEN_UP.name}"), policy(), GIVEN_UP.body], ["Escalated"],
    ),
    "escalated, and somebody has mended it": ([node(), policy(), GIVEN_UP.body], []),
    "escalated, and the node is another one": (
        [{**node(), "metadata": {"name": "h1", "uid": "new"}}, GIVEN_UP.body], [],
    ),
    "escalated, no nodes at hand": ([GIVEN_UP.body], ["Escalated"]),
    "exhausted, it will be remediated": ([node(), CRYING, policy()], []),
    "exhausted, no policy for it": (
        [node(), CRYING, policy(nodeSelector={"matchLabels": {"pool": "x"}})], ["Unattended"],
    ),
    "exhausted, only reported": ([node(), CRYING, policy(mode="Report")], ["Unattended"]),
    "exhausted, paused": ([node(), SPENT, policy(pauseRequests=["upgrade"])], ["Unattended"]),
    "exhausted, one policy reports and one acts": (
        [node(), SPENT, policy(mode="Report"), policy("acts")], [],
    ),
    "exhausted, policies not at hand": ([node(), CRYING], []),
    "the kubelet's word, only reported": (
        [node(pressed="True"), policy(mode="Report")], ["Unattended"],
    ),
    "given back, and exhausted still": (
        [node(), AGAIN, policy(), ENDED[GAVE_BACK].body], ["Unattended"],
    ),
    "given back, and exhausted again": ([node(), CRYING, policy(), ENDED[GAVE_BACK].body], []),
    "cured, and the kubelet says it still": (
        [node(pressed="True"), policy(mode="Report"), CURED.body], [],
    ),
    "paused and calm": ([node(), state(), policy(pauseRequests=["upgrade"])], []),
    "left cordoned by one that has ended": (
        [node(by=f"NodeRemediation/{ENDED[SUCCEEDED].name}"), ENDED[SUCCEEDED].body],
        ["LeftCordoned"],
    ),
    "left cordoned by one that is nowhere": ([node(by="NodeRemediation/x"), state()],
                                            ["LeftCordoned"]),
    "cordoned for a restart": ([node(by="NodeTuningState/h1"), state()], []),
    "storm": ([node(), policy(status=STORM)], ["Storm"]),
    "invalid policy": ([policy(status=INVALID)], ["Invalid"]),
    "failed rollout": ([node(), tuning(status=FAILED_ROLLOUT)], ["RolloutStopped"]),
    "failed node": ([tuning(status=TuningStatus(1, "r", Counts(3, 2, failed=1)))], ["Failed"]),
    "failed node, its tuning not at hand": (
        [state(status=replace(
            CALM_STATUS, conditions=(told("Applied", "False", "Failed", "EINVAL"),)
        ))],
        ["Failed"],
    ),
    "conflict": (
        [tuning(status=TuningStatus(1, "r", conflicts=(Conflict("sysctl x", "dense"),)))],
        ["Conflict"],
    ),
    "operator alive": ([tuning(), lease("limitwise-operator", 2, 12)], []),
    "operator silent": ([tuning(), lease("limitwise-operator", 60, 12)], ["Silent"]),
    "agent alive": ([node(), state(), lease("limitwise-agent-h1", 60)], []),
    "agent silent": ([node(), state(), lease("limitwise-agent-h1", 600)], ["AgentSilent"]),
    "agent of a node that has gone": ([node(), state(), lease("limitwise-agent-h9", 600)], []),
    "unreadable": ([node(), state(), {**state("h2"), "spec": 3}], ["Unreadable"]),
}  # fmt: skip


@pytest.mark.parametrize(("bodies", "wanted"), NEEDS.values(), ids=NEEDS)
def test_what_needs_a_person(bodies: Sequence[Body], wanted: list[str]) -> None:
    found = needs(read(*bodies))
    assert [one.what for one in found] == wanted
    assert all(one.message for one in found)


@pytest.mark.parametrize("bodies", [case[0] for case in NEEDS.values()], ids=NEEDS)
def test_every_node_of_every_case_can_be_explained(bodies: Sequence[Body]) -> None:
    cluster = read(*bodies)
    json.dumps(picture(cluster))
    for name in cluster.names():
        shown = explain(cluster, name)
        json.dumps(shown)
        assert shown["next"]
        of_it = [one.what for one in needs(cluster) if f" {name}" in one.about]
        assert set(of_it) <= {one["what"] for one in shown["needs"]}


def test_many_exhausted_nodes_are_one_need() -> None:
    names = [f"n{number:04}" for number in range(600)]
    crying = [{**CRYING, "metadata": {**CRYING["metadata"], "name": name}} for name in names]
    found = needs(read(*map(node, names), *crying, policy(mode="Report")))
    assert [one.about for one in found] == ["Nodes n0000, n0001, n0002, n0003, n0004 and 595 more"]


EXPECTED = {
    DRAINED: "waits for default/web-1 (PodDisruptionBudget web)",
    Incident(phases=((RELIEVING, 5.0),)): "the culprit is dealt with (at most 35s more)",
    Incident(phases=TO_VERIFY): "20% headroom for 30s on end and 32 forks",
    Incident(phases=((PENDING, 9.0),), message="budget", more={"not_before": ago(-90)}):
        "waits: budget; try 1 in 1m30s",
    GIVEN_UP: "a person is needed; the node stays cordoned",
    ENDED[SUCCEEDED]: "nothing: it has succeeded",
    ENDED[GAVE_BACK]: "given back as it is",
    ENDED[CANCELLED]: "cancelled",
    Incident(phases=((DRAINING, 9999.0),)): "(overdue)",
    Incident(phases=(("", 9.0),)): "the operator has not begun",
    Incident(phases=(("Dancing", 9.0),)): "'Dancing' is not known here",
}  # fmt: skip


@pytest.mark.parametrize(("incident", "wanted"), EXPECTED.items(), ids=EXPECTED.values())
def test_what_comes_next(incident: Incident, wanted: str) -> None:
    shown = explain(read(node(), incident.body), "h1")
    assert wanted in shown["next"] or wanted in shown["remediation"]["next"]


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_has_its_words(phase: str) -> None:
    one = NodeRemediation.from_dict(Incident(phases=((phase, 5.0),)).body)
    assert "not known" not in story.comes_next(one, NOW)
    assert one.finished or story.stuck(one, NOW) is None


def test_a_remediation_reads_as_a_log() -> None:
    shown = explain(read(*IN_TROUBLE), "h1")["remediation"]
    assert [line["phase"] for line in shown["log"]] == [
        "Trigger", "Started", *(phase for phase, _start in TO_DRAIN),
    ]  # fmt: skip
    times = [line["time"] for line in shown["log"]]
    assert times == sorted(times)
    assert [line["seconds"] for line in shown["log"][2:]] == [5, 64, 1, None]
    assert {fact["what"] for fact in shown["facts"]} == {
        "culprit", "raised", "evicted", "blocked by", "cordoned",
    }  # fmt: skip


def test_explain_tells_where_values_come_from_and_who_wins() -> None:
    shown = explain(read(*IN_TROUBLE), "h2")
    assert [(one["name"], one["value"], one["tuning"]) for one in shown["wanted"]] == [
        ("kernel.pid_max", "4194304", "base"), ("containerd.service TasksMax", "9", "base"),
    ]  # fmt: skip
    assert [one["winner"] for one in shown["drift"]] == ["/etc/sysctl.d/zz.conf"]
    assert [one["mark"] for one in shown["ceilings"]] == [95, 50]
    assert shown["applied"]["current"]
    assert shown["conflicts"][0]["tunings"] == ["base", "dense"]


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-1, 9), st.text("a\n\x1b", max_size=3))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["name", "status", "items", "phase"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(IN_TROUBLE),
    st.lists(st.sampled_from(["spec", "status", "metadata", "steps", "pressure"]), max_size=3),
    VALUES,
)
def test_no_wrong_object_is_a_traceback(body: Body, path: list[str], value: Any) -> None:
    """Any part replaced by anything: it is named as unreadable, or it is shown."""
    changed = json.loads(json.dumps(body))
    inner = changed
    for key in path[:-1]:
        inner = inner[key] if isinstance(inner.get(key), dict) else inner
    inner[path[-1] if path else "status"] = value
    cluster = read(*HEALTHY, changed)
    json.dumps(picture(cluster))
    for name in cluster.names():
        json.dumps(explain(cluster, name))


@pytest.mark.parametrize("body", [*IN_TROUBLE, *HEALTHY, GIVEN_UP.body])
def test_recorded_objects_are_what_the_kinds_write(body: Body) -> None:
    """What is read and written again is the same: the tables above hold no stale shapes."""
    read_back = READERS[body["kind"]](body)
    if hasattr(read_back, "status"):
        assert read_back.status.to_dict() == body["status"]
    if body["kind"] not in ("Node", "NodeTuning", REMEDIATION_POLICY):
        assert read_back.spec.to_dict() == body["spec"]


def test_lists_of_a_typed_kind_and_wrong_items() -> None:
    bodies = [{"apiVersion": "v1", "kind": "NodeList", "items": [{"metadata": {"name": "a",
                                                                              "uid": "b"}}]}]
    assert list(cluster_of(bodies, NOW).nodes) == ["a"]
    with pytest.raises(InputError):
        cluster_of([{"kind": "NodeList", "items": [3]}], NOW)


def test_pressure_that_is_over_is_shown_as_relief() -> None:
    held = replace(CALM_STATUS, pressure=Pressure(raised=PRESSED.raised, relieved=ago(9)))
    shown = explain(read(node(), state(status=held), policy()), "h1")
    assert [one["word"] for one in shown["signs"]] == ["Relieved"]
    assert "given back" in shown["next"]
