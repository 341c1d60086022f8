"""The store: whatever order events and answers come in, the newest version of an object stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limitwise_operator.effects.cluster import Census
from limitwise_operator.store import Store
from limitwise_operator.watching import Proof


def node(name: str, version: int, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "uid": f"u-{name}", "resourceVersion": str(version), "labels": labels}
    return {"metadata": metadata, "spec": {}, "status": {}}


@given(st.permutations(range(1, 7)), st.integers(0, 6))
def test_the_newest_version_stands_in_any_order(order: list[int], deleted_at: int) -> None:
    store = Store()
    for version in order:
        store.fold("nodes", node("a", version, v=str(version)), deleted=version == deleted_at)
    if deleted_at == 6:
        assert store.nodes == {}
    else:
        assert store.nodes["a"].labels == {"v": "6"}


def test_a_late_event_cannot_undo_what_we_wrote() -> None:
    store = Store()
    store.fold("nodes", node("a", 1, v="before"))
    assert store.fold("nodes", node("a", 5, v="ours"))
    assert not store.fold("nodes", node("a", 3, v="late"))
    assert store.nodes["a"].labels == {"v": "ours"}


def test_an_answer_that_comes_after_the_deletion_brings_nothing_back() -> None:
    store = Store()
    store.fold("nodes", node("a", 1))
    assert store.fold("nodes", node("a", 7), deleted=True)
    assert not store.fold("nodes", node("a", 6))
    assert store.nodes == {}
    assert store.fold("nodes", node("a", 9))


def test_a_heartbeat_is_no_news() -> None:
    store = Store()
    assert store.fold("nodes", node("a", 1))
    assert not store.fold("nodes", node("a", 2))


def test_what_cannot_be_read_is_left_out_and_the_rest_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Store()
    store.fold("nodes", node("a", 1))
    body = {"metadata": {"name": "b", "uid": "x", "resourceVersion": "2", "labels": "no map"}}
    assert not store.fold("nodes", body)
    assert set(store.nodes) == {"a"}
    assert "cannot be read" in caplog.text


def census(version: int, **versions: int) -> dict[str, Census]:
    return {"nodes": Census(versions, version)}


def test_a_watch_that_stands_still_is_found_by_its_age() -> None:
    store, proof = Store(), Proof()
    store.fold("nodes", node("a", 3))
    proof.take(census(9, a=8), store, 100.0)
    assert proof.age("nodes", store, 160.0) == 60.0
    proof.take(census(20, a=19), store, 200.0)
    assert proof.age("nodes", store, 230.0) == 130.0
    store.fold("nodes", node("a", 8))
    assert proof.age("nodes", store, 240.0) == 0.0


def test_what_the_census_lacks_goes_unless_it_is_newer() -> None:
    store, proof = Store(), Proof()
    for name, version in (("old", 3), ("new", 30), ("kept", 4)):
        store.fold("nodes", node(name, version))
    assert proof.take(census(10, kept=4), store, 0.0)
    assert set(store.nodes) == {"kept", "new"}
    assert proof.age("nodes", store, 99.0) == 0.0


def test_an_object_gone_between_two_censuses_is_not_waited_for() -> None:
    store, proof = Store(), Proof()
    proof.take(census(10, short=9), store, 0.0)
    assert proof.age("nodes", store, 5.0) == 5.0
    proof.take(census(20), store, 5.0)
    assert proof.age("nodes", store, 99.0) == 0.0
