"""The election: one leader, found without comparing clocks, gone in time when it cannot renew."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limitwise_operator.effects.answers import (
    ConflictError,
    MissingError,
    StoppedError,
    UnreachableError,
)
from limitwise_operator.effects.lease import Act, Election, Seen, Terms, act, look

Body = dict[str, Any]
TERMS = Terms(duration=12, renew_within=8.0, retry=2.0)


class Server:
    """A Lease as an API server keeps it; `down` names clients it does not answer."""

    def __init__(self) -> None:
        self.lease: Body | None = None
        self.version = 0
        self.down: set[str] = set()

    def of(self, name: str) -> Client:
        return Client(self, name)


class Client:
    def __init__(self, server: Server, name: str) -> None:
        self.server, self.name = server, name

    def _up(self) -> None:
        if self.name in self.server.down:
            raise UnreachableError("leases", 0, "NoAnswer", "down")

    def get_lease(self, _namespace: str, _name: str) -> Body:
        self._up()
        if self.server.lease is None:
            raise MissingError("GET leases", 404, "NotFound", "none")
        return copy.deepcopy(self.server.lease)

    def create_lease(self, _namespace: str, body: Body) -> Body:
        self._up()
        if self.server.lease is not None:
            raise ConflictError("POST leases", 409, "AlreadyExists", "one")
        return self._keep(body)

    def replace_lease(self, _namespace: str, _name: str, body: Body) -> Body:
        self._up()
        if body["metadata"].get("resourceVersion") != str(self.server.version):
            raise ConflictError("PUT leases", 409, "Conflict", "newer")
        return self._keep(body)

    def _keep(self, body: Body) -> Body:
        self.server.version += 1
        kept = copy.deepcopy(body)
        kept["metadata"]["resourceVersion"] = str(self.server.version)
        self.server.lease = kept
        return copy.deepcopy(kept)


class Candidate:
    """An election whose clock and turns a test drives."""

    def __init__(self, server: Server, name: str) -> None:
        self.time = 1000.0
        self.ended = False
        self.gained = 0
        self.election = Election(
            server.of(name), "ns", "lease", name, TERMS,
            gained=self._gain, end=self._end, clock=lambda: self.time,
        )

    def _gain(self) -> None:
        self.gained += 1

    def _end(self) -> None:
        self.ended = True

    @property
    def leading(self) -> bool:
        return self.election.leading and not self.ended

    def turn(self) -> None:
        if self.ended:
            return
        try:
            self.election.turn()
        except (ConflictError, UnreachableError):
            return


def held(holder: str, renewed: str = "t1", duration: int = 12) -> Body:
    spec = {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": duration}
    return {"metadata": {"name": "lease", "resourceVersion": "1"}, "spec": spec}


@pytest.mark.parametrize(
    ("lease", "seen", "now", "expected"),
    [
        (None, None, 0.0, Act.CREATE),
        (held("me"), Seen("me", "t1", 0.0), 100.0, Act.RENEW),
        (held("other"), Seen("other", "t1", 0.0), 11.9, Act.WAIT),
        (held("other"), Seen("other", "t1", 0.0), 12.0, Act.TAKE),
        (held(""), Seen("", "t1", 5.0), 5.0, Act.TAKE),
        (held("other", duration=60), Seen("other", "t1", 0.0), 59.0, Act.WAIT),
    ],
)
def test_what_a_candidate_does(
    lease: Body | None, seen: Seen | None, now: float, expected: Act
) -> None:
    assert act(lease, seen, "me", now) is expected


def test_a_lease_counts_from_when_it_was_last_seen_to_change() -> None:
    first = look(held("other", "2001-01-01T00:00:00Z"), None, 50.0)
    assert first == Seen("other", "2001-01-01T00:00:00Z", 50.0)
    assert look(held("other", "2001-01-01T00:00:00Z"), first, 60.0) == first
    changed = look(held("other", "1999-01-01T00:00:00Z"), first, 60.0)
    assert changed == Seen("other", "1999-01-01T00:00:00Z", 60.0)


def test_the_second_waits_and_takes_over_within_the_terms() -> None:
    server = Server()
    one, two = Candidate(server, "one"), Candidate(server, "two")
    one.turn()
    two.turn()
    assert one.leading
    assert not two.leading
    waited = 0.0
    while not two.leading:
        waited += TERMS.retry
        two.time += TERMS.retry
        two.turn()
    assert TERMS.duration <= waited <= TERMS.duration + TERMS.retry
    assert server.lease is not None
    assert server.lease["spec"]["leaseTransitions"] == 1


def test_a_lease_given_back_is_taken_at_the_next_turn() -> None:
    server = Server()
    one, two = Candidate(server, "one"), Candidate(server, "two")
    one.turn()
    two.turn()
    one.election.stop()
    two.turn()
    assert two.leading
    assert not one.leading


def test_a_leader_that_slept_through_another_s_term_ends_itself() -> None:
    server = Server()
    one, two = Candidate(server, "one"), Candidate(server, "two")
    one.turn()
    two.turn()
    two.time += 13
    two.turn()
    two.election.stop()
    # Its own clock stood still meanwhile, as a suspended machine's does.
    one.turn()
    assert one.ended
    assert one.gained == 1


def test_the_fence_falls_before_the_lease_runs_out() -> None:
    one = Candidate(Server(), "one")
    with pytest.raises(StoppedError):
        one.election.fence()
    one.turn()
    one.time += TERMS.renew_within - 0.01
    one.election.fence()
    one.time += 0.02
    with pytest.raises(StoppedError):
        one.election.fence()


@given(
    st.lists(
        st.tuples(st.sampled_from(["turn", "cut", "mend"]), st.integers(0, 2), st.floats(0.1, 5.0)),
        max_size=80,
    )
)
def test_never_two_leaders_whatever_fails(steps: list[tuple[str, int, float]]) -> None:
    server = Server()
    candidates = [Candidate(server, str(number)) for number in range(3)]
    # Clocks that began at different moments and run on together.
    for number, candidate in enumerate(candidates):
        candidate.time += 1e6 * number
    for what, number, seconds in steps:
        for candidate in candidates:
            candidate.time += seconds
        if what == "cut":
            server.down.add(str(number))
        elif what == "mend":
            server.down.discard(str(number))
        else:
            candidates[number].turn()
        assert sum(candidate.leading for candidate in candidates) <= 1
