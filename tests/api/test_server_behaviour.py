"""What the API server really answers where we build on it: evictions, conflicts, halves of a write.

Seen at Kubernetes 1.36; without controllers, so that a test plays them (a budget's status).
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from cluster.api import JSON_PATCH, MERGE_PATCH, Answer, Body
from cluster.slate import Slate

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
THINGS = "/apis/lab.example/v1/things"
LABELS = {"app": "web"}


@pytest.fixture
def pod(api: Slate) -> str:
    """A running pod p1 on a node, with the label that budgets select; its path."""
    api.node("h1")
    api.pod("p1", node="h1", terminationGracePeriodSeconds=30)
    api.merge(f"{PODS}/p1", {"metadata": {"labels": LABELS}})
    ready = [{"type": "Ready", "status": "True"}]
    api.merge(f"{PODS}/p1/status", {"status": {"phase": "Running", "conditions": ready}})
    return f"{PODS}/p1"


def budget(api: Slate, name: str, status: Body | None = None) -> None:
    """A budget for the pods; `status` is what the disruption controller would have written."""
    spec = {"minAvailable": 2, "selector": {"matchLabels": LABELS}}
    kind = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}
    made = api.create(BUDGETS, {**kind, "metadata": {"name": name}, "spec": spec})
    if status is not None:
        body = {"status": {"observedGeneration": made["metadata"]["generation"], **status}}
        api.merge(f"{BUDGETS}/{name}/status", body)


def computed(allowed: int) -> Body:
    return {
        "disruptionsAllowed": allowed,
        "currentHealthy": 2 + allowed,
        "desiredHealthy": 2,
        "expectedPods": 3,
    }


def evict(api: Slate, pod: str, *, dry: bool = False) -> Answer:
    body: Body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.rpartition("/")[2], "namespace": "default"},
    }
    if dry:
        body["deleteOptions"] = {"dryRun": ["All"]}
    return api.request("POST", f"{pod}/eviction", body)


def causes(answer: Answer) -> list[Body]:
    found: list[Body] = answer.body.get("details", {}).get("causes", [])
    return found


def test_eviction_is_offered_as_policy_v1(api: Slate) -> None:
    found = {entry["name"]: entry for entry in api.get("/api/v1")["resources"]}
    assert (found["pods/eviction"]["group"], found["pods/eviction"]["version"]) == ("policy", "v1")


def test_an_allowed_eviction_leaves_the_pod_terminating_and_uses_the_budget(
    api: Slate, pod: str
) -> None:
    budget(api, "web", computed(allowed=1))
    answer = evict(api, pod)
    assert (answer.status, answer.body["status"]) == (201, "Success")
    meta = api.get(pod)["metadata"]
    assert meta["deletionGracePeriodSeconds"] == 30
    assert "deletionTimestamp" in meta
    status = api.get(f"{BUDGETS}/web")["status"]
    assert status["disruptionsAllowed"] == 0
    assert list(status["disruptedPods"]) == ["p1"]
    assert evict(api, pod).status == 201, "a pod that is already terminating"


def test_a_used_budget_refuses_and_says_why(api: Slate, pod: str) -> None:
    budget(api, "web", computed(allowed=0))
    answer = evict(api, pod)
    assert (answer.status, answer.reason) == (429, "TooManyRequests")
    assert [cause["reason"] for cause in causes(answer)] == ["DisruptionBudget"]
    assert "needs 2 healthy pods and has 2 currently" in causes(answer)[0]["message"]
    assert "retry-after" not in answer.headers
    assert "deletionTimestamp" not in api.get(pod)["metadata"]


def test_a_budget_that_nobody_has_computed_yet_refuses_with_a_time(api: Slate, pod: str) -> None:
    budget(api, "web")
    answer = evict(api, pod)
    assert (answer.status, answer.reason) == (429, "TooManyRequests")
    assert [cause["reason"] for cause in causes(answer)] == ["DisruptionBudget"]
    assert "still being processed by the server" in causes(answer)[0]["message"]
    assert answer.headers["retry-after"] == "10"


def test_two_budgets_for_one_pod_are_an_error_for_ever(api: Slate, pod: str) -> None:
    for name in ("web", "other"):
        budget(api, name, computed(allowed=1))
    answer = evict(api, pod)
    assert (answer.status, answer.reason) == (500, "")
    assert "more than one PodDisruptionBudget" in answer.message


def test_a_pod_without_budget_goes_and_a_missing_one_is_missing(api: Slate, pod: str) -> None:
    assert evict(api, pod).status == 201
    assert evict(api, f"{PODS}/none").status == 404


def test_a_dry_eviction_does_nothing(api: Slate, pod: str) -> None:
    assert evict(api, pod, dry=True).status == 201
    assert "deletionTimestamp" not in api.get(pod)["metadata"]


@pytest.fixture
def things(api: Slate) -> Slate:
    """A server with a kind that has a schema, a required field and a status of its own."""
    number = {"type": "object", "properties": {"size": {"type": "integer", "maximum": 9}}}
    schema = {
        "type": "object",
        "required": ["spec"],
        "properties": {"spec": number, "status": copy.deepcopy(number)},
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    api.apply(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.lab.example"},
            "spec": {
                "group": "lab.example",
                "scope": "Cluster",
                "names": {"plural": "things", "kind": "Thing"},
                "versions": [version],
            },
        }
    )
    api.delete(f"{THINGS}/one")
    return api


def thing(**more: object) -> Body:
    kind = {"apiVersion": "lab.example/v1", "kind": "Thing"}
    return {**kind, "metadata": {"name": "one"}, "spec": {"size": 1}, **more}


def change(api: Slate, path: str, body: object, kind: str = MERGE_PATCH) -> Answer:
    return api.request("PATCH", path, body, content_type=kind)


def test_creation_drops_status_and_what_the_schema_does_not_know(things: Slate) -> None:
    made = things.create(THINGS, thing(status={"size": 2}, spec={"size": 1, "colour": "red"}))
    assert made["spec"] == {"size": 1}
    assert "status" not in made
    assert made["metadata"]["generation"] == 1


def test_each_half_ignores_the_other_and_only_spec_makes_a_generation(things: Slate) -> None:
    things.create(THINGS, thing())
    both = {"spec": {"size": 3}, "status": {"size": 4}}
    after = things.merge(f"{THINGS}/one/status", both)
    assert (after["spec"], after["status"]) == ({"size": 1}, {"size": 4})
    assert after["metadata"]["generation"] == 1
    after = things.merge(f"{THINGS}/one", {"spec": {"size": 3}, "status": {"size": 5}})
    assert (after["spec"], after["status"]) == ({"size": 3}, {"size": 4})
    assert after["metadata"]["generation"] == 2


def test_a_write_that_changes_nothing_makes_no_new_version(things: Slate) -> None:
    made = things.create(THINGS, thing())
    after = things.merge(f"{THINGS}/one", {"spec": {"size": 1}})
    assert after["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def replaced_stale(api: Slate) -> Answer:
    old = api.get(f"{THINGS}/one")
    api.merge(f"{THINGS}/one", {"spec": {"size": 2}})
    return api.request("PUT", f"{THINGS}/one", old)


def merged_stale(api: Slate) -> Answer:
    old = api.get(f"{THINGS}/one")["metadata"]["resourceVersion"]
    api.merge(f"{THINGS}/one", {"spec": {"size": 2}})
    body = {"metadata": {"resourceVersion": old}, "spec": {"size": 3}}
    return change(api, f"{THINGS}/one", body)


def patched_after_failed_test(api: Slate) -> Answer:
    steps = [
        {"op": "test", "path": "/spec/size", "value": 7},
        {"op": "replace", "path": "/spec/size", "value": 8},
    ]
    return change(api, f"{THINGS}/one", steps, JSON_PATCH)


def deleted_as_another(api: Slate) -> Answer:
    return api.request("DELETE", f"{THINGS}/one", {"preconditions": {"uid": "another"}})


@pytest.mark.parametrize(
    ("act", "status", "reason"),
    [
        (replaced_stale, 409, "Conflict"),
        (merged_stale, 409, "Conflict"),
        (deleted_as_another, 409, "Conflict"),
        (lambda api: api.request("POST", THINGS, thing()), 409, "AlreadyExists"),
        (patched_after_failed_test, 422, "Invalid"),
        (lambda api: change(api, f"{THINGS}/one", {"spec": {"size": 10}}), 422, "Invalid"),
        (lambda api: change(api, f"{THINGS}/one", {"spec": None}), 422, "Invalid"),
        (lambda api: change(api, f"{THINGS}/none", {"spec": {"size": 1}}), 404, "NotFound"),
    ],
    ids=[
        *("stale put", "stale merge", "delete of another", "duplicate", "failed test"),
        *("out of range", "required", "missing"),
    ],
)
def test_refusals(things: Slate, act: Callable[[Slate], Answer], status: int, reason: str) -> None:
    things.create(THINGS, thing())
    answer = act(things)
    assert (answer.status, answer.reason) == (status, reason)


def test_a_watch_from_a_version_that_is_not_kept_ends_with_an_expired_event(
    things: Slate,
) -> None:
    things.create(THINGS, thing())
    events = list(things.watch(THINGS, resourceVersion="1", timeoutSeconds="5"))
    assert [event["type"] for event in events] == ["ERROR"]
    assert (events[0]["object"]["code"], events[0]["object"]["reason"]) == (410, "Expired")


def test_a_watch_with_bookmarks_and_initial_events_says_when_it_has_caught_up(
    things: Slate,
) -> None:
    things.create(THINGS, thing())
    watch = things.watch(
        THINGS,
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
        timeoutSeconds="30",
    )
    first, second = next(watch), next(watch)
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "one")
    assert second["type"] == "BOOKMARK"
    assert second["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"
