"""Drains: which pods go, which stay, which are in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from limitwise_operator.decide.drain import drain
from limitwise_operator.decide.observed import DrainOptions
from limitwise_operator.kinds.pod import Pod

WEB = Pod("apps", "web", "u1", "n1", "ReplicaSet")
STRICT = DrainOptions(empty_dir=False)


@pytest.mark.parametrize(
    ("fields", "options", "evicted", "blocked"),
    [
        ({}, DrainOptions(), True, ""),
        ({"controller": "DaemonSet"}, DrainOptions(), False, ""),
        ({"mirror": True, "controller": "Node"}, DrainOptions(), False, ""),
        ({"finished": True}, DrainOptions(), False, ""),
        ({"finished": True, "controller": ""}, DrainOptions(), False, ""),
        ({"node": "n2"}, DrainOptions(), False, ""),
        ({"controller": ""}, DrainOptions(), False, "controller"),
        ({"controller": ""}, DrainOptions(unmanaged=True), True, ""),
        ({"empty_dir": True}, DrainOptions(), True, ""),
        ({"empty_dir": True}, STRICT, False, "emptyDir"),
        ({"empty_dir": True, "controller": "DaemonSet"}, STRICT, False, ""),
    ],
)
def test_one_pod(
    fields: dict[str, Any], options: DrainOptions, evicted: bool, blocked: str
) -> None:
    found = drain("n1", [replace(WEB, **fields)], options, {})
    assert bool(found.evict) is evicted
    assert found.done is not (evicted or bool(blocked))
    assert all(blocked in why for _pod, why in found.blocked)
    assert bool(found.blocked) is bool(blocked)


def test_a_terminating_pod_is_waited_for_even_if_it_might_not_be_evicted() -> None:
    found = drain("n1", [replace(WEB, terminating=True, controller="")], DrainOptions(), {})
    assert not found.evict
    assert not found.blocked
    assert not found.done
    assert "apps/web is terminating" in found.text()


def test_a_refused_pod_is_asked_for_again_and_named() -> None:
    found = drain("n1", [WEB], DrainOptions(), {"u1": "budget web needs 2"})
    assert found.evict == (WEB,)
    assert "apps/web" in found.text()
    assert "budget web needs 2" in found.text()


def test_a_namesake_is_another_pod() -> None:
    found = drain("n1", [replace(WEB, uid="u2")], DrainOptions(), {"u1": "no"})
    assert not found.refused


def test_the_least_important_go_first() -> None:
    pods = [replace(WEB, name=f"p{n}", uid=f"u{n}", priority=n) for n in (3, 1, 2)]
    assert [pod.name for pod in drain("n1", pods, DrainOptions(), {}).evict] == ["p1", "p2", "p3"]


def test_many_are_told_in_few_words() -> None:
    pods = [replace(WEB, name=f"p{n}", uid=f"u{n}", controller="") for n in range(9)]
    assert drain("n1", pods, DrainOptions(), {}).text().endswith("and 6 more")
