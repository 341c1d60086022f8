"""Requests are read as the API means them, and rules count what they should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.fault_rules import Call, Refuse, Rule, Rules, read

OURS = "/apis/limitwise.dev/v1alpha1"
A, B = Refuse(409), Refuse(500)


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/readyz", {}, ("get", "", "", "", "", "")),
        ("GET", "/api/v1", {}, ("get", "", "", "", "", "")),
        ("GET", "/apis/apps/v1", {}, ("get", "", "", "", "", "")),
        ("GET", "/api/v1/nodes", {}, ("list", "", "nodes", "", "", "")),
        ("GET", "/api/v1/nodes", {"watch": "true"}, ("watch", "", "nodes", "", "", "")),
        ("GET", "/api/v1/nodes", {"watch": "1"}, ("watch", "", "nodes", "", "", "")),
        ("GET", "/api/v1/nodes", {"watch": "false"}, ("list", "", "nodes", "", "", "")),
        ("GET", "/api/v1/nodes/h1", {}, ("get", "", "nodes", "", "h1", "")),
        ("PATCH", "/api/v1/nodes/h1/status", {}, ("patch", "", "nodes", "", "h1", "status")),
        ("GET", "/api/v1/namespaces", {}, ("list", "", "namespaces", "", "", "")),
        ("GET", "/api/v1/namespaces/a", {}, ("get", "", "namespaces", "", "a", "")),
        (
            *("PUT", "/api/v1/namespaces/a/finalize", {}),
            ("update", "", "namespaces", "", "a", "finalize"),
        ),
        ("DELETE", "/api/v1/namespaces/a/pods", {}, ("deletecollection", "", "pods", "a", "", "")),
        ("DELETE", "/api/v1/namespaces/a/pods/p", {}, ("delete", "", "pods", "a", "p", "")),
        (
            *("POST", "/api/v1/namespaces/a/pods/p/eviction", {}),
            ("create", "", "pods", "a", "p", "eviction"),
        ),
        (
            *("POST", f"{OURS}/nodetunings", {}),
            ("create", "limitwise.dev", "nodetunings", "", "", ""),
        ),
        (
            *("PATCH", f"{OURS}/nodetuningstates/h1/status", {}),
            ("patch", "limitwise.dev", "nodetuningstates", "", "h1", "status"),
        ),
        (
            *("PUT", "/apis/coordination.k8s.io/v1/namespaces/l/leases/x", {}),
            ("update", "coordination.k8s.io", "leases", "l", "x", ""),
        ),
    ],
)
def test_reading(
    method: str, path: str, query: dict[str, str], expected: tuple[str, str, str, str, str, str]
) -> None:
    verb, group, resource, namespace, name, subresource = expected
    assert read(method, path, query) == Call(
        verb, path, group, resource, namespace, name, subresource
    )


@pytest.mark.parametrize(
    ("rule", "call", "due"),
    [
        (Rule(A), Call("get", "/x"), True),
        (Rule(A, verb="write"), Call("get", "/x"), False),
        (Rule(A, verb="write"), Call("watch", "/x"), False),
        (Rule(A, verb="write"), Call("deletecollection", "/x"), True),
        (Rule(A, verb="patch"), Call("patch", "/x"), True),
        (Rule(A, verb="patch"), Call("create", "/x"), False),
        (Rule(A, path="/nodes/"), Call("get", "/api/v1/nodes/h1"), True),
        (Rule(A, path="/nodes$"), Call("get", "/api/v1/nodes/h1"), False),
    ],
)
def test_matching(rule: Rule, call: Call, due: bool) -> None:
    assert rule.due(call) is due


@given(nth=st.integers(1, 6), times=st.none() | st.integers(1, 6), calls=st.integers(0, 12))
def test_counting(nth: int, times: int | None, calls: int) -> None:
    rule = Rule(A, verb="write", nth=nth, times=times)
    hit = []
    for number in range(1, calls + 1):
        assert not rule.due(Call("get", "/x")), "others are not counted"
        if rule.due(Call("create", "/x")):
            hit.append(number)
    last = calls if times is None else min(calls, nth + times - 1)
    assert hit == list(range(nth, last + 1))


def test_the_first_rule_that_is_due_acts_and_all_count() -> None:
    rules = Rules()
    rules.add(Rule(A, nth=2))
    rules.add(Rule(B, nth=2, times=2))
    call = Call("get", "/x")
    assert [rules.act(call) for _ in range(4)] == [None, A, B, None]
    rules.clear()
    assert rules.act(call) is None
