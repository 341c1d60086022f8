"""The watch: goes on from where it was, lists again when it must, and never gives up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limitwise_operator.agent import watching
from limitwise_operator.agent.watching import (
    Event,
    ForgottenError,
    Mailbox,
    Watching,
    event_of,
    lines,
)
from limitwise_operator.effects.answers import ApiError
from limitwise_operator.effects.cluster import Found


def body(version: int) -> dict[str, Any]:
    return {"metadata": {"name": "h1", "resourceVersion": str(version)}}


@given(st.lists(st.binary(max_size=20).filter(lambda b: b"\n" not in b and b.strip())), st.data())
def test_lines_are_whole_however_they_arrive(wanted: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\n" for line in wanted)
    chunks = []
    while whole:
        size = data.draw(st.integers(1, len(whole)))
        chunks.append(whole[:size])
        whole = whole[size:]
    assert list(lines(iter(chunks))) == wanted


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LONGEST_LINE", 100)
    with pytest.raises(ValueError, match="too long"):
        list(lines(iter([b"x" * 60, b"x" * 60])))


def test_the_servers_errors() -> None:
    with pytest.raises(ForgottenError):
        event_of(json.dumps({"type": "ERROR", "object": {"code": 410}}).encode())
    with pytest.raises(ApiError) as caught:
        event_of(json.dumps({"type": "ERROR", "object": {"code": 500}}).encode())
    assert caught.value.status == 500


Step = Callable[[], Iterator[Event]]


class Server:
    """Plays the API server: each watch is the next step; records what was asked."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.asked: list[str] = []
        # The object has not changed for long: a watch from its own version would be refused.
        self.object: dict[str, Any] | None = body(2)
        self.version = "5"
        self.watching: Watching | None = None

    def find_state(self, name: str) -> Found:
        self.asked.append("find")
        return Found(self.object, self.version)

    def stream(self, name: str, version: str) -> Iterator[Event]:
        self.asked.append(version)
        if not self.steps:
            assert self.watching is not None
            self.watching.stopped.set()
            return iter(())
        return self.steps.pop(0)()


def run(server: Server, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    monkeypatch.setattr(watching, "pause", lambda *_words: 0.0)
    monkeypatch.setattr("random.random", lambda: 0.0)
    mailbox = Mailbox()
    server.watching = Watching("h1", server, server.stream, mailbox)
    server.watching.run()
    return mailbox


def events(*found: Event) -> Step:
    return lambda: iter(found)


def broken(error: Exception) -> Step:
    def step() -> Iterator[Event]:
        yield Event("MODIFIED", body(7))
        raise error

    return step


def test_it_goes_on_from_the_last_version(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(events(Event("MODIFIED", body(6)), Event("BOOKMARK", body(9))), events())
    mailbox = run(server, monkeypatch)
    assert server.asked == ["find", "5", "9", "9"]
    assert mailbox.take() == (True, body(6))
    assert mailbox.take() == (False, body(6))


@pytest.mark.parametrize(
    "error", [OSError("cut"), ValueError("half a line"), ApiError("WATCH", 500, "", "")]
)
def test_a_broken_watch_goes_on(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(broken(error))
    run(server, monkeypatch)
    assert server.asked == ["find", "5", "7"]


def test_a_forgotten_version_is_listed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(broken(ForgottenError()))
    run(server, monkeypatch)
    assert server.asked == ["find", "5", "find", "5"]


def test_a_server_that_forgets_at_once_is_asked_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forgotten() -> Iterator[Event]:
        raise ForgottenError

    attempts: list[int] = []
    server = Server(forgotten, forgotten, forgotten)
    mailbox = Mailbox()
    server.watching = Watching("h1", server, server.stream, mailbox)

    def noted(attempt: int, *_words: object) -> float:
        attempts.append(attempt)
        return 0.0

    monkeypatch.setattr(watching, "pause", noted)
    server.watching.run()
    assert attempts == [1, 2, 3]


def test_a_deleted_object_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = run(Server(events(Event("DELETED", body(8)))), monkeypatch)
    assert mailbox.take() == (True, None)


def test_an_object_that_is_not_there_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(events(Event("ADDED", body(12))))
    server.object = None
    mailbox = run(server, monkeypatch)
    assert server.asked == ["find", "5", "12"]
    assert mailbox.take() == (True, body(12))
