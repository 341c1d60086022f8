"""Several tunings on a node: priority, conflicts, provenance, leaving, keeping, reporting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from limitwise_operator.decide.document import plain
from limitwise_operator.decide.merge import KEPT, NEW, PREVIOUS, Part, content_of
from limitwise_operator.kinds.node_tuning_state import NOTHING
from limitwise_operator.kinds.state_content import Content, SourceRef
from rehearsal.cluster import Cluster
from rehearsal.objects import at, tuning

FREE: dict[str, Any] = {"canary": 0, "maxUnavailable": "100%", "soak": "0s"}
PID, FILES = "kernel.pid_max", "fs.file-max"


def part(name: str, priority: int = 0, kind: str = NEW, **sysctl: int) -> Part:
    words = {"pid": PID, "files": FILES}
    one = tuning(name, {"sysctl": {words[key]: value for key, value in sysctl.items()}})
    source = SourceRef(name, one.uid, one.revision, priority)
    return Part(kind, source, plain(one.tuning) if kind == NEW else "")


def sysctl(content: Content) -> Any:
    return content.tuning.get("sysctl", {})


BEFORE = content_of((part("a", pid=1, files=2), part("b", 5, files=3)), NOTHING)


def test_the_higher_priority_wins_and_is_named() -> None:
    assert sysctl(BEFORE) == {PID: 1, FILES: 3}
    assert BEFORE.provenance == {f"sysctl||{PID}": "a", f"sysctl||{FILES}": "b"}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((part("a", kind=PREVIOUS), part("b", 5, PREVIOUS)), {PID: 1, FILES: 3}),
        ((part("a", pid=9), part("b", 5, PREVIOUS)), {PID: 9, FILES: 3}),
        ((part("a", kind=PREVIOUS), part("b", 5, pid=8)), {PID: 8}),
        ((part("a", kind=PREVIOUS),), {PID: 1}),
        ((part("a", pid=1, files=2),), {PID: 1, FILES: 2}),
        ((part("a", kind=KEPT), part("b", 5, files=3)), {PID: 1, FILES: 3}),
        ((part("a", kind=KEPT), part("c", -9, pid=7)), {PID: 7}),
        # In conflict a key keeps what it has, if whoever gave it is still there.
        ((part("a", pid=5), part("c", pid=6), part("b", 5, PREVIOUS)), {PID: 1, FILES: 3}),
        ((part("c", pid=5), part("d", pid=6), part("b", 5, PREVIOUS)), {FILES: 3}),
        # Equal values are no conflict; a higher priority ends one.
        ((part("a", pid=5), part("c", pid=5)), {PID: 5}),
        ((part("a", pid=5), part("c", pid=6), part("d", 1, pid=7)), {PID: 7}),
    ],
)
def test_what_a_node_gets(parts: tuple[Part, ...], expected: dict[str, int]) -> None:
    assert sysctl(content_of(parts, BEFORE)) == expected


def test_a_conflict_is_named_and_repeats_itself() -> None:
    parts = (part("a", pid=5), part("c", pid=6))
    content = content_of(parts, BEFORE)
    assert [(one.key, one.tunings) for one in content.conflicts] == [(f"sysctl||{PID}", ("a", "c"))]
    assert content_of(parts, content) == content


def test_policies_that_bind_are_kept_until_all_have_new_content() -> None:
    policy = {"maximum": {PID: 100}, "allow_lowering": [FILES]}
    first = tuning("a", {"policy": policy, "sysctl": {PID: 9}})
    source = SourceRef("a", first.uid, first.revision)
    before = content_of((Part(NEW, source, plain(first.tuning)),), NOTHING)
    assert before.tuning["policy"] == {"allow_lowering": [FILES], "maximum": {PID: 100}}
    assert content_of((Part(PREVIOUS, source),), before).tuning["policy"] == before.tuning["policy"]
    assert "policy" not in content_of((part("a", pid=9),), before).tuning


# --- in a cluster --------------------------------------------------------------------------------


def both(first: Any, second: Any, **spec: Any) -> Cluster:
    cluster = Cluster(2)
    for name, document in (("a", first), ("b", second)):
        cluster.world.put_tuning(tuning(name, document, rollout=FREE, **spec))
    cluster.settle()
    return cluster


def test_in_conflict_nobody_wins_by_coming_first() -> None:
    cluster = Cluster(3)
    slow = {"canary": 1, "maxUnavailable": 1, "soak": "5m"}
    cluster.world.put_tuning(tuning("a", {"sysctl": {PID: 1000000, FILES: 2}}, rollout=FREE))
    cluster.world.put_tuning(tuning("b", {"sysctl": {PID: 2000000}}, rollout=slow))
    cluster.operate()
    for state in cluster.world.states.values():
        assert sysctl(state.spec.content) == {FILES: 2}
    for name, other in (("a", "b"), ("b", "a")):
        (conflict,) = cluster.of(name).status.conflicts
        assert (conflict.key, conflict.other) == (f"sysctl {PID}", other)
        assert cluster.condition("Conflict", name).true
        assert cluster.of(name).status.nodes.conflicted == 3


@pytest.mark.parametrize("end", ["deleted", "equal", "priority", "unselected"])
def test_a_settled_conflict_gives_the_key_everywhere(end: str) -> None:
    cluster = both({"sysctl": {PID: 1000000}}, {"sysctl": {PID: 2000000}})
    assert cluster.values("n0") == {"sysctl": {}}
    one = cluster.of("b")
    if end == "deleted":
        cluster.world.delete_tuning("b")
    else:
        changed = {
            "equal": tuning("b", {"sysctl": {PID: 1000000}}, rollout=FREE),
            "priority": tuning("b", one.tuning, rollout=FREE, priority=-1),
            "unselected": tuning(
                "b", one.tuning, rollout=FREE, nodeSelector={"matchLabels": {"pool": "x"}}
            ),
        }
        cluster.world.put_tuning(changed[end])
    cluster.settle()
    for name in cluster.world.nodes:
        assert cluster.values(name)["sysctl"] == {PID: 1000000}
    assert not cluster.condition("Conflict").true


def test_a_conflict_that_is_settled_before_the_other_ever_came_is_settled_too() -> None:
    cluster = Cluster(2)
    cluster.world.put_tuning(tuning("a", {"sysctl": {PID: 1000000}}, rollout=FREE))
    cluster.world.put_tuning(
        tuning("b", {"sysctl": {PID: 2000000}}, rollout={**FREE, "paused": True})
    )
    cluster.settle()
    assert cluster.values("n0") == {"sysctl": {}}
    cluster.world.delete_tuning("b")
    cluster.settle()
    assert cluster.values("n0") == {"sysctl": {PID: 1000000}}


@pytest.mark.parametrize(
    ("on_delete", "left"), [("Restore", {}), ("Keep", {"sysctl": {PID: 1000000}})]
)
@pytest.mark.parametrize("way", ["deleted", "forced", "unselected", "reporting"])
def test_what_is_left_of_a_tuning_that_goes(on_delete: str, left: Any, way: str) -> None:
    cluster = Cluster(2)
    spec: dict[str, Any] = {"rollout": FREE, "onDelete": on_delete}
    document = {"sysctl": {PID: 1000000}}
    cluster.world.put_tuning(tuning("a", document, **spec))
    cluster.settle()
    if way == "deleted":
        cluster.world.delete_tuning("a")
    elif way == "forced":
        del cluster.world.tunings["a"]
    elif way == "unselected":
        away = {"nodeSelector": {"matchLabels": {"pool": "x"}}}
        cluster.world.put_tuning(tuning("a", document, **spec, **away))
    else:
        cluster.world.put_tuning(tuning("a", document, **spec, mode="Report"))
    cluster.settle()
    assert cluster.values("n0") == left
    if way in ("deleted", "forced"):
        assert not cluster.world.tunings
    # What was kept gives way to anybody.
    cluster.world.put_tuning(tuning("z", {"sysctl": {PID: 3000000}}, rollout=FREE, priority=-1000))
    cluster.settle()
    assert cluster.values("n0") == {"sysctl": {PID: 3000000}}


def test_a_finalizer_waits_for_reachable_nodes_only() -> None:
    cluster = Cluster(3)
    cluster.put("a", **FREE)
    cluster.settle()
    world = cluster.world
    world.nodes["n1"] = replace(world.nodes["n1"], ready=False)
    world.delete_tuning("a")
    told = cluster.operate()
    assert sorted(told) == ["n0", "n2"]
    cluster.operate()
    assert "a" in world.tunings
    cluster.through(["n0"])
    cluster.operate()
    assert "a" in world.tunings
    cluster.through(["n2"])
    cluster.operate()
    assert "a" not in world.tunings
    # The third gives its values back as soon as it returns, though nobody asks for it any more.
    assert cluster.values("n1")
    world.nodes["n1"] = replace(world.nodes["n1"], ready=True)
    cluster.settle()
    assert not cluster.values("n1")


def test_a_silent_agent_does_not_hold_a_finalizer_for_ever() -> None:
    cluster = Cluster(1)
    cluster.put("a", **FREE)
    cluster.settle()
    cluster.world.delete_tuning("a")
    cluster.operate()
    cluster.world.tick(601)
    cluster.operate()
    assert "a" not in cluster.world.tunings


def test_a_failed_or_paused_rollout_does_not_hold_up_its_deletion() -> None:
    cluster = Cluster(3)
    cluster.put("a", canary=0, maxUnavailable=1)
    (first,) = cluster.operate()
    cluster.world.agent(first, ok=False)
    cluster.operate()
    cluster.put("a", canary=0, maxUnavailable=1, paused=True)
    cluster.world.delete_tuning("a")
    cluster.settle()
    assert not cluster.world.tunings


def test_an_invalid_change_leaves_nodes_as_they_are() -> None:
    cluster = Cluster(2)
    cluster.put("a", {"sysctl": {PID: 1000000}}, **FREE)
    cluster.settle()
    cluster.put("a", {"sysctl": {FILES: "many", PID: 5000000}}, **FREE)
    assert cluster.operate() == []
    assert cluster.condition("Valid").reason == "InvalidTuning"
    assert "many" in cluster.condition("Valid").message
    assert cluster.values("n0") == {"sysctl": {PID: 1000000}}
    cluster.world.delete_tuning("a")
    cluster.settle()
    assert not cluster.values("n0")


@pytest.mark.parametrize("end", [{"sysctl": {PID: 1000000}}, {"sysctl": {PID: 3000000}}])
def test_what_another_gave_as_well_comes_back_when_that_one_has_gone(end: Any) -> None:
    """Its content was never read again meanwhile, and is what the node was told of it at first."""
    cluster = Cluster(2)
    for name in ("a", "b"):
        cluster.put(name, {"sysctl": {PID: 1000000}}, **FREE)
    cluster.settle()
    cluster.put("b", {"sysctl": {FILES: "many"}}, **FREE)
    cluster.world.delete_tuning("a")
    cluster.settle()
    assert not cluster.values("n0")
    cluster.put("b", end, **FREE)
    cluster.settle()
    assert [cluster.values(name) for name in ("n0", "n1")] == [end, end]


def test_report_shows_and_changes_nothing() -> None:
    cluster = Cluster(2)
    cluster.put("a", {"sysctl": {PID: 1000000}}, **FREE)
    cluster.settle()
    revisions = {name: state.spec.revision for name, state in cluster.world.states.items()}
    what_if = tuning("b", {"sysctl": {PID: 2000000}}, mode="Report", priority=1)
    cluster.world.put_tuning(what_if)
    assert sorted(cluster.operate()) == ["n0", "n1"]
    for name, state in cluster.world.states.items():
        assert state.spec.revision == revisions[name]
        assert state.spec.content.preview == {"sysctl": {PID: 2000000}}
        assert sysctl(state.spec.content) == {PID: 1000000}
    assert cluster.condition("Ready", "b").reason == "Reporting"
    cluster.world.delete_tuning("b")
    cluster.settle()
    assert all(state.spec.content.preview is None for state in cluster.world.states.values())
    assert "b" not in cluster.world.tunings


def test_report_alone_gives_a_state_without_a_go_ahead() -> None:
    cluster = Cluster(1)
    cluster.world.put_tuning(tuning("b", {"sysctl": {PID: 2000000}}, mode="Report"))
    cluster.operate()
    spec = cluster.world.states["n0"].spec
    assert spec.go_ahead is None
    assert spec.content.preview == {"sysctl": {PID: 2000000}}
    assert "tuning" not in spec.to_dict()


def test_a_node_of_the_same_name_gets_a_state_of_its_own() -> None:
    cluster = Cluster(1)
    cluster.put("a", **FREE)
    cluster.settle()
    world = cluster.world
    world.nodes["n0"] = replace(world.nodes["n0"], uid="another")
    assert cluster.operate() == ["n0"]
    assert world.states["n0"].spec.node_uid == "another"
    assert world.states["n0"].status.applied is None


def test_a_tuning_whose_windows_are_none_can_be_deleted() -> None:
    cluster = Cluster(2)
    cluster.put("a", {"sysctl": {PID: 1000000}}, **FREE)
    cluster.settle()
    cluster.put("a", {"sysctl": {PID: 1000000}}, windows=[{"cron": "x", "duration": "1h"}], **FREE)
    cluster.operate()
    assert not cluster.condition("Valid").true
    cluster.world.delete_tuning("a")
    cluster.settle()
    assert not cluster.world.tunings
    assert not cluster.values("n0")


def test_a_deletion_waits_for_its_window() -> None:
    cluster = Cluster(2)
    cluster.put("a", {"sysctl": {PID: 1000000}}, **FREE)
    cluster.settle()
    night = {"cron": "0 3 * * *", "duration": "1h"}
    cluster.put("a", {"sysctl": {PID: 1000000}}, windows=[night], **FREE)
    cluster.world.delete_tuning("a")
    assert cluster.operate() == []
    paused = cluster.condition("Paused")
    assert (paused.reason, paused.message) == (
        "WindowClosed", "no window is open until 2026-11-23T03:00:00Z",
    )  # fmt: skip
    cluster.world.tick((at(0).replace(day=23, hour=3) - cluster.world.now).total_seconds())
    cluster.settle()
    assert not cluster.world.tunings
