"""Objects from dicts and back: foreign shapes are named, what is held is small and shared."""

from __future__ import annotations

import gc
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limitwise_operator.kinds.meta import KindError
from limitwise_operator.kinds.node import Cordon, Node
from limitwise_operator.kinds.node_tuning import NodeTuning, same_content
from limitwise_operator.kinds.node_tuning_state import NodeTuningState, StateSpec, StateStatus
from limitwise_operator.kinds.pod import Pod
from limitwise_operator.kinds.times import format_time, parse_time

NODE: dict[str, Any] = {
    "metadata": {
        "name": "n1",
        "uid": "u1",
        "labels": {"pool": "blue"},
        "annotations": {"limitwise.dev/cordon": '{"by":"NodeTuning/a","unschedulableBefore":true}'},
        "creationTimestamp": "2026-11-22T20:00:00Z",
    },
    "spec": {
        "unschedulable": True,
        "taints": [{"key": "limitwise.dev/untuned", "effect": "NoSchedule"}],
    },
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "PIDPressure", "status": "True"},
        ],
        "images": [{"names": ["x"]}],
    },
}
SPEC: dict[str, Any] = {
    "nodeUID": "u1",
    "goAhead": {"revision": "abc", "time": "2026-11-22T20:00:00Z", "tunings": ["a"]},
    "tuning": {"sysctl": {"kernel.pid_max": 100000}},
    "preview": {"sysctl": {"kernel.pid_max": 200000}},
    "sources": [
        {"name": "a", "uid": "ua", "revision": "0" * 12, "priority": 3, "onDelete": "Keep"}
    ],
    "provenance": {"sysctl||kernel.pid_max": "a"},
    "conflicts": [{"key": "sysctl||fs.file-max", "tunings": ["a", "b"]}],
    "restart": {
        "phase": "Draining", "since": "2026-11-22T20:00:01Z", "unschedulableBefore": False,
    },
}  # fmt: skip
STATUS: dict[str, Any] = {
    "observedRevision": "abc",
    "applied": {"revision": "abc", "runId": "run", "time": "2026-11-22T20:00:02Z"},
    "plan": {
        "revision": "abc", "time": "2026-11-22T20:00:01Z", "changes": [{"key": "x"}], "more": 2,
    },
    "findings": [{"code": "LW1"}],
    "waiting": [{"what": "restart", "unit": "docker.service", "message": "m"}],
    "drift": [{"key": "x"}],
    "ceilings": [{"resource": "pids"}],
    "originals": [{"key": "x"}],
    "bootID": "boot",
    "agentVersion": "1",
    "conditions": [
        {
            "type": "Applied", "status": "True", "reason": "Applied", "message": "",
            "lastTransitionTime": "2026-11-22T20:00:02Z",
        }
    ],
}  # fmt: skip


def state(number: int = 0) -> dict[str, Any]:
    name = f"n{number}"
    owner = {"kind": "Node", "name": name, "uid": f"u{number}"}
    return {
        "metadata": {"name": name, "resourceVersion": str(number), "ownerReferences": [owner]},
        "spec": {**SPEC, "nodeUID": f"u{number}"},
        "status": STATUS,
    }


def test_a_node_is_stripped_to_what_is_used() -> None:
    node = Node.from_dict(NODE)
    assert node.ready
    assert node.startup_taint
    assert not node.drain_taint
    assert node.condition("PIDPressure") is not None
    assert node.condition("Ready") is None
    assert node.cordon == Cordon("NodeTuning/a", True, None)
    assert node.cordoned_by_others
    assert Cordon.from_text(node.cordon.to_text()) == node.cordon


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"by": 1}', "null"])
def test_a_foreign_cordon_note_is_none(text: str) -> None:
    assert Cordon.from_text(text) is None


def test_a_spec_comes_back_as_it_was() -> None:
    read = StateSpec.from_dict(SPEC)
    assert {**SPEC, "revision": read.revision} == read.to_dict()
    assert StateSpec.from_dict(read.to_dict()) == read


def test_a_status_comes_back_as_it_was() -> None:
    assert StateStatus.from_dict(STATUS).to_dict() == STATUS


def test_a_preview_or_a_go_ahead_is_no_new_revision() -> None:
    bare = {key: value for key, value in SPEC.items() if key not in ("preview", "goAhead")}
    assert StateSpec.from_dict(bare).revision == StateSpec.from_dict(SPEC).revision
    assert (
        StateSpec.from_dict({**bare, "tuning": {}}).revision != StateSpec.from_dict(SPEC).revision
    )


def test_lists_that_are_too_long_are_cut_and_counted() -> None:
    rows = [{"key": str(number)} for number in range(300)]
    long = {**STATUS, "plan": {**STATUS["plan"], "changes": rows}, "drift": rows}
    written = StateStatus.from_dict(long).to_dict()
    assert len(written["plan"]["changes"]) == 100
    assert written["plan"]["more"] == 202
    assert len(written["drift"]) == 50


def test_equal_contents_are_one_object_and_cost_little() -> None:
    first = NodeTuningState.from_dict(state(1)).held()
    second = NodeTuningState.from_dict(state(2)).held()
    assert first.spec.content is second.spec.content
    assert first.status.plan is None


def test_five_thousand_states_fit_into_fifty_megabytes() -> None:
    bodies = (state(number) for number in range(500))
    gc.collect()
    tracemalloc.start()
    try:
        held = [NodeTuningState.from_dict(body).held() for body in bodies]
        size, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(held) == 500
    assert size / 500 * 5000 < 50e6


def tuning(**spec: Any) -> NodeTuning:
    return NodeTuning.from_dict({"metadata": {"name": "a"}, "spec": spec})


def test_defaults_of_a_tuning() -> None:
    one = tuning()
    assert (one.mode, one.on_delete, one.restart, one.priority) == (
        "Enforce", "Restore", "Never", 0,
    )  # fmt: skip
    assert (one.rollout.canary, one.rollout.max_unavailable) == (1, "10%")
    assert not one.selector.all


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        ({"tuning": {"sysctl": {"b": 2, "a": 1}}}, True),
        ({"tuning": {"sysctl": {"a": 1, "b": 2}}, "rollout": {"retry": 7}}, True),
        ({"tuning": {"sysctl": {"a": 1, "b": 2}}, "onDelete": "Keep"}, True),
        ({"tuning": {"sysctl": {"a": 1, "b": 3}}}, False),
        ({"tuning": {"sysctl": {"a": 1, "b": 2}}, "priority": 1}, False),
        ({"tuning": {"sysctl": {"a": 1, "b": 2}}, "mode": "Report"}, False),
    ],
)
def test_what_is_new_content(spec: dict[str, Any], same: bool) -> None:
    base = tuning(tuning={"sysctl": {"a": 1, "b": 2}})
    other = tuning(**spec)
    assert same_content(other.revision, base) is same
    assert len(other.revision) == 12
    retried = other.rollout.retry != base.rollout.retry
    assert (other.revision == base.revision) is (same and not retried)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Node, {}),
        (Node, {"metadata": {"name": "n"}}),
        (Node, {"metadata": []}),
        (NodeTuning, {}),
        (NodeTuning, {"metadata": {"name": "a"}, "spec": {"priority": "high"}}),
        (NodeTuning, {"metadata": {"name": "a"}, "spec": {"tuning": []}}),
        (NodeTuning, {"metadata": {"name": "a"}, "spec": {"rollout": {"windows": ["x"]}}}),
        (NodeTuning, {"metadata": {"name": "a"}, "spec": {"rollout": {"windows": "x"}}}),
        (NodeTuning, {"metadata": {"name": "a"}, "spec": {"rollout": {"canary": 1.5}}}),
        (NodeTuningState, {}),
        (NodeTuningState, {"metadata": {"name": "n"}, "spec": {"goAhead": {"time": "soon"}}}),
        (NodeTuningState, {"metadata": {"name": "n"}, "status": {"conditions": [3]}}),
        (Pod, {"metadata": {"name": "p"}}),
    ],
)
def test_foreign_shapes_are_named(kind: Any, body: dict[str, Any]) -> None:
    with pytest.raises(KindError):
        kind.from_dict(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["metadata", "spec", "status", "name", "uid", "tuning", "rollout", "conditions",
             "windows", "nodeSelector", "goAhead", "restart", "sources", "taints", "labels"]
        ),
        inner,
        max_size=5,
    ),
)  # fmt: skip


@given(st.sampled_from([Node, NodeTuning, NodeTuningState, Pod]), JSON)
def test_nothing_else_is_ever_raised(kind: Any, body: Any) -> None:
    wrapped = {"metadata": {"name": "x", "uid": "y"}, "spec": body, "status": body}
    for one in (wrapped, body if isinstance(body, dict) else {}):
        with suppress(KindError):
            kind.from_dict(one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T20:30:00Z", "2026-11-22T20:30:00Z"),
        ("2026-11-22T20:30:00.123456Z", "2026-11-22T20:30:00Z"),
        ("2026-11-22T21:30:00+01:00", "2026-11-22T20:30:00Z"),
    ],
)
def test_times(text: str, expected: str) -> None:
    moment = parse_time(text)
    assert moment is not None
    assert format_time(moment) == expected


@pytest.mark.parametrize("text", [None, 3, "", "soon", "2026-11-22T20:30:00"])
def test_what_is_no_time(text: object) -> None:
    assert parse_time(text) is None
