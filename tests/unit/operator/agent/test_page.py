"""What the agent tells beside the API: pages for Prometheus and probes, JSON lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import urllib3

from limitwise_operator.agent.page import Pages
from limitwise_operator.agent.telling import MOST_SERIES, Telling
from unit.operator.agent.test_marks import Ceiling as Played


class Full(Played):
    """With the fields that only the engine's own have."""

    headroom = 0
    source = ""


@pytest.fixture
def telling() -> Telling:
    return Telling("h1", io.StringIO())


@pytest.fixture
def wrong() -> list[str]:
    """What is wrong, as the probe says it."""
    return []


@pytest.fixture
def pages(telling: Telling, wrong: list[str]) -> Iterator[str]:
    """The address of the pages."""
    found = Pages(0, telling.page, lambda: "".join(wrong))
    found.start()
    yield f"http://127.0.0.1:{found.server_address[1]}"
    found.shutdown()
    found.server_close()


def get(url: str) -> tuple[int, str]:
    with urllib3.PoolManager(timeout=10.0) as pool:
        answer = pool.request("GET", url, retries=False)
        return answer.status, answer.data.decode()


def test_health(pages: str, wrong: list[str]) -> None:
    assert get(pages + "/healthz") == (200, "ok\n")
    wrong.append("the loop has not turned for 700 s")
    assert get(pages + "/healthz") == (503, "the loop has not turned for 700 s\n")
    assert get(pages + "/etc/passwd")[0] == 404


def test_metrics(pages: str, telling: Telling) -> None:
    telling.looked_at((Full("a.service", 72), Full("a.service", 71)), 3, 0.1)
    telling.ran("applied", "drift", 5.0)
    telling.request("PATCH", "nodetuningstates/status", "200", 0.01)
    status, text = get(pages + "/metrics")
    assert status == 200
    for line in (
        "limitwise_agent_drifted_keys 3.0",
        'limitwise_agent_runs_total{state="applied",why="drift"} 1.0',
        'limitwise_agent_ceiling_limit{resource="pids",scope="unit",subject="a.service"} 1000.0',
        'limitwise_agent_ceiling_used{resource="pids",scope="unit",subject="a.service"} 720.0',
    ):
        assert text.count(line) == 1


def test_series_are_bounded_and_go_with_their_pods(telling: Telling) -> None:
    telling.looked_at(tuple(Full(str(number), 60) for number in range(500)), 0, 0.1)
    assert telling.page().count(b"limitwise_agent_ceiling_limit{") == MOST_SERIES
    telling.looked_at((), 0, 0.1)
    assert telling.page().count(b"limitwise_agent_ceiling_limit{") == 0


def test_a_line_of_the_log_is_one_object() -> None:
    stream = io.StringIO()
    Telling("h1", stream).said("error", "run ended", error="two\nlines", run=None)
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert (told["level"], told["message"], told["node"]) == ("error", "run ended", "h1")
    assert told["error"] == "two\nlines"
    assert "run" not in told
