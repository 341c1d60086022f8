"""What operator and agents may do, with the chart's own roles and policies on the real server."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from api.tunings import (
    POLICIES,
    REMEDIATIONS,
    REVISION,
    STATES,
    TUNINGS,
    node_remediation,
    node_tuning,
    node_tuning_state,
    remediation_policy,
    served,
)
from cluster.api import JSON_PATCH, MERGE_PATCH, Answer, Api, Body
from cluster.control_plane import ControlPlane
from cluster.slate import Slate, wait
from limitwise_operator.kinds.crds import definitions
from limitwise_operator.kinds.meta import (
    CORDON_ANNOTATION,
    DRAIN_TAINT,
    FINALIZER,
    REMEDIATION_FINALIZER,
    STARTUP_TAINT,
)
from project import chart

HERE = chart.NAMESPACE
NODES = "/api/v1/nodes"
BUDGETS = "/apis/policy/v1/poddisruptionbudgets"
OTHER_LEASES = "/apis/coordination.k8s.io/v1/leases"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{HERE}/leases"
EVENTS = "/apis/events.k8s.io/v1/namespaces/{}/events"
OURS = ("ClusterRole", "Role", "ServiceAccount", "ValidatingAdmissionPolicy")


@dataclass(frozen=True)
class Identities:
    """A cluster with nodes h1 and h2, the chart's rights, and who has them."""

    admin: Slate
    operator: Api
    agent: Api  # on h1
    stray: Api  # the agents' account without a node: a token that somebody asked for


@pytest.fixture(scope="module")
def rights(control_plane: ControlPlane) -> Iterator[Identities]:
    """The chart's roles and policies at work; to make them so takes seconds."""
    slate = Slate(control_plane)
    for crd in definitions():
        Api.apply(slate, crd)
    wait(lambda: served(slate), "our kinds are served")
    slate.clear()
    slate.namespace(HERE)
    for body in chart.template():
        if body["kind"].removesuffix("Binding") in OURS:
            slate.apply(body)
    _afresh(slate)
    made = Identities(
        slate,
        slate.as_user(slate.node_token(HERE, "limitwise-operator", "h2")),
        slate.as_user(slate.node_token(HERE, "limitwise-agent", "h1")),
        slate.as_user(slate.token(HERE, "limitwise-agent")),
    )
    _policies_work(made)
    yield made
    for one in (made.operator, made.agent, made.stray):
        one.close()
    slate.clear()
    slate.close()


@pytest.fixture
def who(rights: Identities) -> Identities:
    """The same with nothing in the cluster but nodes h1 and h2 and their states."""
    _afresh(rights.admin)
    return rights


def _afresh(admin: Slate) -> None:
    for name in ("h1", "h2", "h3"):
        for path in (f"{NODES}/{name}", f"{STATES}/{name}", f"{LEASES}/limitwise-agent-{name}"):
            if admin.request("GET", path).status == 200:
                admin.merge(path, {"metadata": {"finalizers": None}})
                admin.delete(path)
    for path in (
        *(f"{LEASES}/limitwise-operator", f"{TUNINGS}/base"),
        *(f"{POLICIES}/base", f"{POLICIES}/seen"),
    ):
        admin.delete(path)
    for name in ("h1", "h2"):
        admin.node(name)
        admin.create(STATES, node_tuning_state(name))


def _policies_work(who: Identities) -> None:
    """A new policy takes the server a moment: each is asked for a change that it alone denies."""
    count = itertools.count(1)

    def label() -> Body:
        return {"metadata": {"labels": {"x": f"y{next(count)}"}}}

    def priority() -> Body:
        return {"spec": {"priority": next(count)}}

    mine = lease("limitwise-agent-h1")
    wait(lambda: patch(who.operator, f"{NODES}/h1", label()).status == 403, "nodes are guarded")
    wait(lambda: status(who.agent, "h2").status == 403, "states are guarded")
    wait(lambda: status(who.agent, "h1").status == 200, "an agent may write")
    other = f"{LEASES}?dryRun=All"
    wait(
        lambda: who.agent.request("POST", other, lease("limitwise-agent-h2")).status == 403
        and who.agent.request("POST", other, mine).status == 201,
        "agents' leases are guarded",
    )
    wait(
        lambda: who.operator.request("POST", other, lease("x")).status == 403
        and who.operator.request("POST", other, lease("limitwise-operator")).status == 201,
        "the operator's lease is guarded",
    )
    who.admin.create(TUNINGS, node_tuning("guarded"))
    path = f"{TUNINGS}/guarded"
    wait(lambda: patch(who.operator, path, priority()).status == 403, "specs are guarded")
    who.admin.delete(path)


def lease(name: str) -> Body:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name},
        "spec": {"holderIdentity": "x", "leaseDurationSeconds": 15},
    }


def patch(api: Api, path: str, body: object, kind: str = MERGE_PATCH) -> Answer:
    return api.request("PATCH", path, body, content_type=kind)


def status(api: Api, node: str) -> Answer:
    return patch(api, f"{STATES}/{node}/status", {"status": {"observedRevision": REVISION}})


def denied(answer: Answer, why: str = "") -> None:
    assert answer.status == 403, f"{answer.status}: {answer.message}"
    assert why in answer.message


# --- agents --------------------------------------------------------------------------------------


def test_an_agent_reports_on_its_own_node(who: Identities) -> None:
    assert status(who.agent, "h1").status == 200
    body = who.agent.get(f"{STATES}/h1")
    body["status"]["bootID"] = "b"
    assert who.agent.request("PUT", f"{STATES}/h1/status", body).status == 200
    assert who.agent.get(STATES, fieldSelector="metadata.name=h1")["items"]


def test_an_agent_reports_on_no_other_node(who: Identities) -> None:
    denied(status(who.agent, "h2"), "this one is on h1")
    body = who.admin.get(f"{STATES}/h2")
    denied(who.agent.request("PUT", f"{STATES}/h2/status", body), "this one is on h1")


def test_a_token_that_is_on_no_node_writes_nothing(who: Identities) -> None:
    denied(status(who.stray, "h1"), "no node that its token names")
    denied(who.stray.request("POST", LEASES, lease("limitwise-agent-h1")), "no node")


def test_the_status_subresource_carries_no_spec(who: Identities) -> None:
    both = {"spec": {"revision": "abcdefabcdef"}, "metadata": {"labels": {"x": "y"}}}
    answer = patch(who.agent, f"{STATES}/h1/status", {**both, "status": {"bootID": "b"}})
    kept = answer.content()
    assert kept["spec"]["revision"] == REVISION
    assert "labels" not in kept["metadata"]


def test_an_agent_writes_no_spec_and_makes_and_deletes_nothing(who: Identities) -> None:
    denied(patch(who.agent, f"{STATES}/h1", {"spec": {"revision": "abcdefabcdef"}}))
    denied(who.agent.request("POST", STATES, node_tuning_state("h3")))
    denied(who.agent.request("DELETE", f"{STATES}/h1"))
    denied(who.agent.request("POST", TUNINGS, node_tuning()))


def test_an_agent_has_one_lease(who: Identities) -> None:
    made = who.agent.create(LEASES, lease("limitwise-agent-h1"))
    made["spec"]["renewTime"] = "2026-11-22T20:30:00.000000Z"
    path = f"{LEASES}/limitwise-agent-h1"
    assert who.agent.request("PUT", path, made).status == 200
    who.admin.create(LEASES, lease("limitwise-agent-h2"))
    who.admin.create(LEASES, lease("limitwise-operator"))
    for name in ("limitwise-agent-h2", "limitwise-operator"):
        denied(patch(who.agent, f"{LEASES}/{name}", {"spec": {"holderIdentity": "me"}}))
    denied(who.agent.request("POST", LEASES, lease("limitwise-agent-h3")))
    denied(who.agent.request("DELETE", path))
    denied(who.agent.request("POST", LEASES.replace(HERE, "default"), lease("limitwise-agent-h1")))
    denied(who.agent.request("GET", LEASES))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", NODES),
        ("GET", f"{NODES}/h1"),
        ("GET", "/api/v1/pods"),
        ("GET", "/api/v1/secrets"),
        ("GET", f"/api/v1/namespaces/{HERE}/configmaps"),
        ("GET", TUNINGS),
        ("POST", f"/api/v1/namespaces/{HERE}/serviceaccounts/limitwise-operator/token"),
        ("POST", EVENTS.format("default")),
    ],
)
def test_an_agent_knows_nothing_else(who: Identities, method: str, path: str) -> None:
    denied(who.agent.request(method, path, {} if method == "POST" else None))


# --- the operator --------------------------------------------------------------------------------


@pytest.fixture
def node(who: Identities) -> str:
    """The path of a Node with labels, notes, an owner's taint and a field of each kind."""
    body = {
        "metadata": {
            "labels": {"pool": "a"},
            "annotations": {"theirs": "1"},
            "finalizers": ["example.com/theirs"],
        },
        "spec": {
            "podCIDR": "10.200.1.0/24",
            "podCIDRs": ["10.200.1.0/24"],
            "providerID": "lab://h1",
            "taints": [
                {"key": STARTUP_TAINT, "effect": "NoSchedule"},
                {"key": "theirs", "effect": "NoExecute"},
            ],
        },
    }
    who.admin.merge(f"{NODES}/h1", body)
    return f"{NODES}/h1"


def test_the_operator_cordons_and_lets_go(who: Identities, node: str) -> None:
    taint = {"key": DRAIN_TAINT, "effect": "NoSchedule"}
    note = "/metadata/annotations/" + CORDON_ANNOTATION.replace("/", "~1")
    cordon = [
        {"op": "add", "path": "/spec/unschedulable", "value": True},
        {"op": "add", "path": "/spec/taints/-", "value": taint},
        {"op": "add", "path": note, "value": '{"by":"NodeTuning/base"}'},
        {"op": "remove", "path": "/spec/taints/0"},
    ]
    after = patch(who.operator, node, cordon, JSON_PATCH).content()
    assert after["spec"]["unschedulable"] is True
    assert taint in after["spec"]["taints"]
    assert STARTUP_TAINT not in {one["key"] for one in after["spec"]["taints"]}
    back = [
        {"op": "remove", "path": "/spec/unschedulable"},
        {"op": "replace", "path": "/spec/taints", "value": [THEIRS]},
        {"op": "remove", "path": note},
    ]
    after = patch(who.operator, node, back, JSON_PATCH).content()
    assert "unschedulable" not in after["spec"]
    assert after["metadata"]["annotations"] == {"theirs": "1"}


THEIRS = {"key": "theirs", "effect": "NoExecute"}
START = {"key": STARTUP_TAINT, "effect": "NoSchedule"}
FORBIDDEN: dict[str, tuple[Body, str]] = {
    "a label": ({"metadata": {"labels": {"pool": "b"}}}, "labels, finalizers and owners"),
    "a new label": ({"metadata": {"labels": {"x": "y"}}}, "labels, finalizers and owners"),
    "no label": ({"metadata": {"labels": None}}, "labels, finalizers and owners"),
    "a finalizer": ({"metadata": {"finalizers": ["a.b/c"]}}, "labels, finalizers and owners"),
    "no finalizer": ({"metadata": {"finalizers": None}}, "labels, finalizers and owners"),
    "an annotation": ({"metadata": {"annotations": {"x": "y"}}}, "only the annotation"),
    "another's annotation": ({"metadata": {"annotations": {"theirs": "2"}}}, "only the annotation"),
    "no annotation": ({"metadata": {"annotations": {"theirs": None}}}, "only the annotation"),
    "another taint": (
        {"spec": {"taints": [START, THEIRS, {"key": "x", "effect": "NoSchedule"}]}},
        "only the taints",
    ),
    "not another's taint": ({"spec": {"taints": [START]}}, "only the taints"),
    "no taint": ({"spec": {"taints": None}}, "only the taints"),
    "another's taint made weaker": (
        {"spec": {"taints": [START, {**THEIRS, "effect": "NoSchedule"}]}},
        "only the taints",
    ),
    "a taint of ours that evicts": (
        {"spec": {"taints": [START, THEIRS, {"key": DRAIN_TAINT, "effect": "NoExecute"}]}},
        "never evict",
    ),
}


@pytest.mark.parametrize(("change", "why"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_of_a_node_the_operator_changes_nothing_else(
    who: Identities, node: str, change: Body, why: str
) -> None:
    before = who.admin.get(node)
    denied(patch(who.operator, node, change), why)
    after = who.admin.get(node)
    assert (after["metadata"]["labels"], after["spec"]) == (
        before["metadata"]["labels"], before["spec"],
    )


def test_fields_of_a_node_that_may_be_set_once_are_not_the_operators(who: Identities) -> None:
    """h2 has no providerID and no podCIDR yet: the server would let them be set."""
    for spec in ({"providerID": "x"}, {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"]}):
        denied(patch(who.operator, f"{NODES}/h2", {"spec": spec}), "of a Node's spec only")


def test_the_operator_neither_makes_nor_deletes_nodes(who: Identities) -> None:
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "h3"}}
    denied(who.operator.request("POST", NODES, body))
    denied(who.operator.request("DELETE", f"{NODES}/h1"))
    denied(patch(who.operator, f"{NODES}/h1/status", {"status": {"phase": "x"}}))


def test_the_operator_governs_states_but_does_not_speak_for_nodes(who: Identities) -> None:
    assert who.operator.request("POST", STATES, node_tuning_state("h3")).status == 201
    assert patch(who.operator, f"{STATES}/h3", {"spec": {"revision": "abcdefabcdef"}}).status == 200
    denied(status(who.operator, "h1"))
    assert who.operator.request("DELETE", f"{STATES}/h3").status == 200


def test_the_operator_watches_over_tunings_and_wants_nothing_itself(who: Identities) -> None:
    who.admin.create(TUNINGS, node_tuning())
    path = f"{TUNINGS}/base"
    finalizers = {"metadata": {"finalizers": [FINALIZER]}}
    assert patch(who.operator, path, finalizers).status == 200
    assert patch(who.operator, f"{path}/status", {"status": {"revision": "x"}}).status == 200
    wish = {"spec": {"tuning": {"sysctl": {"kernel.pid_max": 32768}}}}
    denied(patch(who.operator, path, wish), "not what it says")
    denied(who.operator.request("POST", TUNINGS, node_tuning("mine")))
    denied(who.operator.request("DELETE", path))
    assert patch(who.operator, path, {"metadata": {"finalizers": None}}).status == 200


def test_the_operator_evicts_and_never_deletes_pods(who: Identities) -> None:
    pod = who.admin.pod("victim", node="h1")
    assert who.operator.get("/api/v1/pods", fieldSelector="spec.nodeName=h1")["items"]
    path = "/api/v1/namespaces/default/pods/victim"
    denied(who.operator.request("DELETE", path))
    denied(who.operator.request("POST", f"{path}/exec?command=sh"))
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "victim", "namespace": "default"},
        "deleteOptions": {"preconditions": {"uid": pod["metadata"]["uid"]}},
    }
    assert who.operator.request("POST", f"{path}/eviction", eviction).status == 201


def test_the_operator_has_one_lease_and_tells_events(who: Identities) -> None:
    made = who.operator.create(LEASES, lease("limitwise-operator"))
    assert who.operator.request("PUT", f"{LEASES}/limitwise-operator", made).status == 200
    who.admin.create(LEASES, lease("limitwise-agent-h1"))
    denied(patch(who.operator, f"{LEASES}/limitwise-agent-h1", {"spec": {"holderIdentity": "x"}}))
    denied(who.operator.request("POST", LEASES, lease("another")), "one Lease")
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "h1.1", "namespace": "default"},
        "eventTime": "2026-11-22T20:30:00.000000Z",
        "reportingController": "limitwise.dev/operator",
        "reportingInstance": "x",
        "action": "Cordoned",
        "reason": "Cordoned",
        "type": "Normal",
        "regarding": {"apiVersion": "v1", "kind": "Node", "name": "h1"},
    }
    assert who.operator.request("POST", EVENTS.format("default"), event).status == 201
    series = {"series": {"count": 2, "lastObservedTime": "2026-11-22T20:31:00.000000Z"}}
    assert patch(who.operator, f"{EVENTS.format('default')}/h1.1", series).status == 200
    event["metadata"]["namespace"] = "kube-system"
    denied(who.operator.request("POST", EVENTS.format("kube-system"), event))


def test_the_operator_writes_incidents_and_wants_no_policy_itself(who: Identities) -> None:
    who.admin.create(POLICIES, remediation_policy())
    path = f"{POLICIES}/base"
    finalizers = {"metadata": {"finalizers": [REMEDIATION_FINALIZER]}}
    assert patch(who.operator, path, finalizers).status == 200
    assert patch(who.operator, f"{path}/status", {"status": {"would": []}}).status == 200
    denied(patch(who.operator, path, {"spec": {"keep": 1}}), "not what it says")
    denied(who.operator.request("POST", POLICIES, remediation_policy("mine")))
    denied(who.operator.request("DELETE", path))
    assert patch(who.operator, path, {"metadata": {"finalizers": None}}).status == 200
    made = who.operator.create(REMEDIATIONS, node_remediation())
    one = f"{REMEDIATIONS}/{made['metadata']['name']}"
    phase = {"status": {"phase": "Cordoning"}}
    assert patch(who.operator, f"{one}/status", phase).status == 200
    assert patch(who.operator, one, {"metadata": {"finalizers": None}}).status == 200
    assert who.operator.request("DELETE", one).status == 200
    denied(who.agent.request("GET", POLICIES))
    denied(who.agent.request("POST", REMEDIATIONS, node_remediation()))


@pytest.mark.parametrize("path", ["/api/v1/secrets", "/api/v1/configmaps", OTHER_LEASES])
def test_the_operator_reads_nothing_else(who: Identities, path: str) -> None:
    denied(who.operator.request("GET", path))


def test_the_operator_sees_what_it_decides_on(who: Identities) -> None:
    for path in (NODES, TUNINGS, STATES, POLICIES, REMEDIATIONS, LEASES, "/api/v1/pods", BUDGETS):
        assert who.operator.request("GET", path).status == 200
    who.admin.create(POLICIES, remediation_policy("seen"))
    for path in (NODES, STATES, POLICIES):
        with contextlib.closing(who.operator.watch(path)) as watch:
            assert next(watch)["type"] == "ADDED"
