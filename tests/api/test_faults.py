"""The fault proxy does to requests what rules say, before and behind the real server."""

from __future__ import annotations

import contextlib

import pytest
import urllib3

from cluster.api import MERGE_PATCH, Api
from cluster.control_plane import ControlPlane
from cluster.fault_rules import Act, Around, Cut, Delay, Lose, Refuse, Swallow
from cluster.faults import FaultProxy
from cluster.slate import Slate

NODES = "/api/v1/nodes"
H1 = f"{NODES}/h1"
BROKEN = (urllib3.exceptions.ProtocolError, urllib3.exceptions.NewConnectionError)


@pytest.fixture
def client(api: Slate, faults: FaultProxy) -> Api:
    """The admin at the proxy."""
    return api.through(faults.server)


def label(client: Api, value: str) -> int:
    body = {"metadata": {"labels": {"lab": value}}}
    return client.request("PATCH", H1, body, content_type=MERGE_PATCH).status


def labelled(api: Api) -> str | None:
    found: str | None = api.get(H1)["metadata"].get("labels", {}).get("lab")
    return found


def test_without_rules_it_changes_nothing(api: Slate, client: Api, faults: FaultProxy) -> None:
    api.node("h1")
    assert client.get(H1) == api.get(H1)
    assert client.request("GET", f"{NODES}/none").reason == "NotFound"
    assert [(seen.call.verb, seen.call.name, seen.status) for seen in faults.seen] == [
        ("get", "h1", 200),
        ("get", "none", 404),
    ]


def test_a_service_account_is_itself_behind_the_proxy(api: Slate, faults: FaultProxy) -> None:
    api.service_account("default", "nobody")
    nobody = api.as_user(api.token("default", "nobody")).through(faults.server)
    assert nobody.request("GET", NODES).status == 403


@pytest.mark.parametrize(
    ("act", "reason", "retry_after"),
    [
        (Refuse(409), "Conflict", None),
        (Refuse(429, retry_after=3), "TooManyRequests", "3"),
        (Refuse(500), "InternalError", None),
        (Refuse(503), "ServiceUnavailable", None),
    ],
)
def test_the_second_write_is_refused_and_no_other(
    api: Slate, client: Api, faults: FaultProxy, act: Refuse, reason: str, retry_after: str | None
) -> None:
    api.node("h1")
    faults.add(act, verb="write", path="/nodes/", nth=2)
    assert label(client, "first") == 200
    answer = client.request("PATCH", H1, {}, content_type=MERGE_PATCH)
    assert (answer.status, answer.reason) == (act.status, reason)
    assert answer.headers.get("retry-after") == retry_after
    assert labelled(api) == "first"
    assert label(client, "third") == 200


@pytest.mark.parametrize(("act", "done"), [(Lose(), None), (Swallow(), "new")])
def test_a_broken_write_is_done_or_not(
    api: Slate, client: Api, faults: FaultProxy, act: Act, done: str | None
) -> None:
    api.node("h1")
    faults.add(act, verb="patch")
    with pytest.raises(BROKEN):
        label(client, "new")
    assert labelled(api) == done
    assert [seen.status for seen in faults.writes()] == [0]


def test_hooks_see_the_server_before_and_after_a_write(
    api: Slate, client: Api, faults: FaultProxy
) -> None:
    api.node("h1")
    saw: list[str | None] = []
    faults.add(
        Around(lambda: saw.append(labelled(api)), lambda: saw.append(labelled(api))), "patch"
    )
    assert label(client, "new") == 200
    assert saw == [None, "new"]


def test_a_delayed_answer_comes_and_a_patient_client_gets_it(
    api: Slate, client: Api, faults: FaultProxy
) -> None:
    api.node("h1")
    faults.add(Delay(0.2), verb="get", times=None)
    assert client.get(H1) == api.get(H1)


def test_a_watch_is_cut_in_the_middle_of_an_event(
    api: Slate, client: Api, faults: FaultProxy
) -> None:
    for name in ("h1", "h2", "h3"):
        api.node(name)
    faults.add(Cut(after_events=2), verb="watch", path="/nodes$")
    watch = client.watch(NODES, resourceVersion="0")
    assert {next(watch)["object"]["metadata"]["name"] for _ in range(2)} <= {"h1", "h2", "h3"}
    with pytest.raises(BROKEN):
        next(watch)
    with contextlib.closing(client.watch(NODES, resourceVersion="0")) as again:
        names = sorted(next(again)["object"]["metadata"]["name"] for _ in range(3))
    assert names == ["h1", "h2", "h3"]


def test_all_watches_are_cut_at_once(api: Slate, client: Api, faults: FaultProxy) -> None:
    api.node("h1")
    watches = [client.watch(NODES, resourceVersion="0") for _ in range(3)]
    for watch in watches:
        assert next(watch)["object"]["metadata"]["name"] == "h1"
    assert faults.cut_watches() == 3
    for watch in watches:
        with pytest.raises(BROKEN):
            next(watch)


def test_a_server_that_is_away_is_a_broken_connection(
    control_plane: ControlPlane, api: Slate, client: Api
) -> None:
    control_plane.kill("kube-apiserver")
    try:
        with pytest.raises(BROKEN):
            client.get("/readyz")
    finally:
        control_plane.restart_apiserver()
    assert client.request("GET", "/readyz").status == 200
