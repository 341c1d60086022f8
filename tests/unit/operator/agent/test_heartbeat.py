"""The sign of life: one write each time, none while the loop is stuck, on again after trouble."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from limitwise_operator.agent.heartbeat import Heartbeat
from limitwise_operator.effects.answers import ConflictError, MissingError, UnreachableError


class Leases:
    """One Lease; records what was asked."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.asked: list[str] = []
        self.refusals: list[Exception] = []

    def get_lease(self, namespace: str, name: str) -> dict[str, Any]:
        self.asked.append("get")
        if self.lease is None:
            raise MissingError("GET", 404, "NotFound", "")
        return self.lease

    def create_lease(self, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append("create")
        self.lease = body
        return body

    def replace_lease(self, namespace: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append("replace")
        if self.refusals:
            raise self.refusals.pop(0)
        self.lease = body
        return body


def heart(leases: Leases, alive: bool = True) -> Heartbeat:
    return Heartbeat(leases, "limitwise-system", "h1", 60.0, lambda: alive)


def test_a_beat_is_one_write() -> None:
    leases = Leases()
    mine = heart(leases)
    for _beat in range(3):
        mine.beat()
    assert leases.asked == ["get", "create", "replace", "replace"]
    assert leases.lease is not None
    spec = leases.lease["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"]) == ("h1", 180)
    assert leases.lease["metadata"]["name"] == "limitwise-agent-h1"
    assert spec["leaseTransitions"] == 0


@pytest.mark.parametrize(
    "refusal", [ConflictError("PUT", 409, "", ""), MissingError("PUT", 404, "NotFound", "")]
)
def test_a_lease_that_is_not_as_it_was_is_looked_at_again(refusal: Exception) -> None:
    leases = Leases()
    mine = heart(leases)
    mine.beat()
    leases.refusals = [refusal]
    with pytest.raises(type(refusal)):
        mine.beat()
    mine.beat()
    assert leases.asked == ["get", "create", "replace", "get", "replace"]


class Ends(threading.Event):
    """Ends the thread's work after so many waits, at once."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.left = waits

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        if not self.left:
            self.set()
        return self.is_set()


def test_a_stuck_loop_shows_no_sign_of_life() -> None:
    leases = Leases()
    mine = heart(leases, alive=False)
    mine.stopped = Ends(3)
    mine.run()
    assert leases.asked == []


def test_trouble_ends_nothing() -> None:
    leases = Leases()
    words: list[str] = []
    mine = heart(leases)
    mine.told, mine.stopped = words.append, Ends(4)
    leases.lease = {"metadata": {"name": "limitwise-agent-h1"}, "spec": {}}
    leases.refusals = [UnreachableError("PUT", 0, "NoAnswer", "cut")] * 2
    mine.run()
    assert leases.asked == ["get", "replace"] * 3 + ["replace"]
    assert len(words) == 2
