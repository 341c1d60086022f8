"""When a request is made again and after how long, how fast we ask, and who we say we are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limitwise_operator.effects import answers
from limitwise_operator.effects.access import AccessError, TokenFile, found
from limitwise_operator.effects.retrying import AGAIN, Patience, may_repeat, pause
from limitwise_operator.effects.throttle import Throttle

PATIENCE = Patience(attempts=4, first=0.5, longest=4.0, total=30.0)


@pytest.mark.parametrize("status", [None, 408, 429, 500, 502, 503, 504])
def test_trouble_is_asked_again_a_few_times(status: int | None) -> None:
    assert [may_repeat(status, PATIENCE, n) for n in range(1, 6)] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422, 501])
def test_answers_are_not(status: int) -> None:
    assert not may_repeat(status, PATIENCE, 1)


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_a_bound_and_are_spread(attempt: int, chance: float) -> None:
    wait = pause(attempt, None, PATIENCE, chance)
    assert 0.25 <= wait <= PATIENCE.longest
    assert wait <= 0.5 * 2.0 ** (attempt - 1)


@pytest.mark.parametrize(
    ("retry_after", "least"), [("3", 3.0), ("100000", 30.0), ("soon", 0.25), (None, 0.25)]
)
def test_what_the_server_asks_for_is_the_least(retry_after: str | None, least: float) -> None:
    assert least <= pause(1, retry_after, PATIENCE, 0.5) <= least * 2


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=60))
def test_a_throttle_never_lets_more_through_than_it_says(pauses: list[float]) -> None:
    clock = Clock()
    throttle = Throttle(rate=10.0, burst=5, clock=clock, sleep=clock.sleep)
    passed = []
    for wait in pauses:
        clock.now += wait
        throttle.take()
        passed.append(clock.now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            most = 5 + (passed[last] - passed[first]) * 10.0
            assert last - first + 1 <= most + 1e-6


def test_a_bucket_that_is_empty_says_so() -> None:
    clock = Clock()
    throttle = Throttle(rate=1.0, burst=2, clock=clock, sleep=clock.sleep)
    assert [throttle.try_take() for _ in range(3)] == [True, True, False]
    clock.now += 1.0
    assert throttle.try_take()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, answers.InvalidError), (401, answers.DeniedError), (403, answers.DeniedError),
        (404, answers.MissingError), (409, answers.ConflictError), (422, answers.InvalidError),
        (429, answers.TooManyError), (500, answers.UnreachableError),
        (503, answers.UnreachableError), (418, answers.InvalidError),
    ],
)
def test_every_answer_has_its_type(status: int, kind: type[answers.ApiError]) -> None:
    body = b'{"kind":"Status","reason":"R","message":"m","details":{"causes":[{"message":"c"}]}}'
    error = answers.error("PATCH /x", status, body, None)
    assert type(error) is kind
    assert str(error) == f"PATCH /x: {status} R: m; c"
    assert (kind is answers.UnreachableError or status == 429) == (status in AGAIN)


def test_a_proxy_s_page_is_quoted_and_cut() -> None:
    error = answers.error("GET /x", 502, b"<html>" + b"x" * 5000, None)
    assert error.message.startswith("<html>xxx")
    assert len(error.message) == 200


def test_a_rotated_token_is_read_at_the_next_request(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    token = TokenFile(path)
    assert token.current() == "first"
    (tmp_path / "new").write_text("other")
    os.replace(tmp_path / "new", path)
    assert token.current() == "other"
    path.unlink()
    assert token.current() == "other"


def test_no_token_at_all_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="nowhere"):
        TokenFile(tmp_path / "nowhere").current()
    (tmp_path / "empty").write_text("")
    with pytest.raises(AccessError, match="empty"):
        TokenFile(tmp_path / "empty").current()


def test_without_any_way_in_the_error_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AccessError, match="not in a pod"):
        found(None)


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {tokenFile: token}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""


def test_a_kubeconfig_s_token_file_is_read_anew_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first")
    (tmp_path / "config").write_text(KUBECONFIG)
    settings = found(str(tmp_path / "config"))
    assert settings.get_api_key_with_prefix("BearerToken") == "Bearer first"
    (tmp_path / "token").write_text("second")
    assert settings.get_api_key_with_prefix("BearerToken") == "Bearer second"
