"""The operator when things break: killed, cut off, refused, answered late, or two of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cluster.agent_sim import Agents, Conduct
from cluster.api import Body
from cluster.fault_rules import Act, Delay, Lose, Refuse, Swallow
from cluster.faults import FaultProxy
from cluster.operators import Operator
from cluster.pki import kubeconfig
from cluster.rollouts import LEASE, NAMESPACE, STATES, Rollouts, ours, sysctl
from cluster.slate import wait

OURS = "limitwise.dev"
WRITES = f"{OURS}/v1alpha1|/events"


def replicas(rollouts: Rollouts) -> Iterator[Operator]:
    """Two operators with the Lease's usual terms, each an account of its own to the audit log."""
    for name in ("one", "two"):
        rollouts.api.service_account(NAMESPACE, name)
        path = rollouts.folder / f"{name}.kubeconfig"
        token = rollouts.api.token(NAMESPACE, name)
        rollouts.plane.write_kubeconfig(path, token)
        rollouts.api.apply(_admin(name))
        yield Operator(path, rollouts.folder, name, lease_seconds=12)


def holder(rollouts: Rollouts) -> str:
    return str(rollouts.api.get(LEASE)["spec"]["holderIdentity"])


def test_killed_at_every_write_it_converges_within_the_budget(
    rollouts: Rollouts, agents: Agents, faults: FaultProxy
) -> None:
    agents.usual = Conduct(takes=0.2)
    rollouts.nodes(4)
    path = rollouts.folder / "killed.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.plane.token(), faults.server)
    operator = Operator(path, rollouts.folder)
    lives = 0
    rollouts.tuning(rollout={"maxUnavailable": 1})

    def settled() -> bool:
        conditions = rollouts.status().get("conditions", ())
        return any(one["reason"] == "AllCurrent" for one in conditions)

    while not settled():
        lives += 1
        assert lives < 60
        # The server has done the write; whoever asked for it never learns so.
        faults.add(Swallow(then=operator.kill), "write", WRITES)
        with operator:
            wait(lambda: not operator.alive or settled(), "it wrote and died", 60.0)
        faults.clear()
    assert agents.most == 1
    assert lives >= 5
    states = rollouts.states()
    assert {name: agents.reported[name] for name in states} == dict.fromkeys(states, 1)
    with operator:
        rollouts.wait_ready()


@pytest.mark.parametrize(
    ("act", "times"),
    [
        pytest.param(Refuse(409), 3, id="409"),
        pytest.param(Refuse(429, retry_after=1), 4, id="429"),
        pytest.param(Refuse(500), 6, id="500"),
        pytest.param(Refuse(503), 6, id="503"),
        pytest.param(Lose(), 4, id="lost"),
        pytest.param(Swallow(), 4, id="swallowed"),
        pytest.param(Delay(1.5), 4, id="late"),
    ],
)
def test_refused_lost_and_late_writes_are_made_good(
    rollouts: Rollouts, agents: Agents, faults: FaultProxy, act: Act, times: int
) -> None:
    rollouts.nodes(4)
    with rollouts.operator(server=faults.server) as operator:
        faults.add(act, "write", WRITES, nth=2, times=times)
        rollouts.tuning()
        rollouts.wait_ready()
        assert operator.alive
    assert agents.most <= 2
    assert set(agents.reported.values()) == {1}


def test_a_rollout_goes_on_over_cut_watches(
    rollouts: Rollouts, agents: Agents, faults: FaultProxy
) -> None:
    agents.usual = Conduct(takes=0.3)
    rollouts.nodes(6)
    with rollouts.operator(server=faults.server) as operator:
        rollouts.tuning()
        for done in (1, 3, 5):
            wait(partial(_reported, agents, done), "some are done")
            # a client that was cut off a moment ago waits before it asks again
            wait(lambda: faults.watches >= 3, "watches are open")
            faults.cut_watches()
        rollouts.wait_ready()
        assert operator.alive
    assert agents.most <= 2


def test_what_went_while_a_watch_was_cut_is_noticed(
    rollouts: Rollouts, agents: Agents, faults: FaultProxy
) -> None:
    rollouts.nodes(3)
    with rollouts.operator("--census", "2s", server=faults.server):
        rollouts.tuning()
        rollouts.wait_ready()
        # No watch comes up again until the node has gone and its deletion is history.
        rule = faults.add(Refuse(503), "watch", times=None)
        faults.cut_watches()
        rollouts.api.delete("/api/v1/nodes/n1")
        wait(lambda: rule.seen > 0, "a watch was refused")
        rollouts.wait_counts(matched=2, current=2)
        faults.clear()
        rollouts.nodes(1, first=9)
        rollouts.wait_counts(matched=3, current=3)
    assert agents.reported["n9"] == 1


def test_a_watch_that_says_nothing_any_more_is_told_to_the_probe(
    rollouts: Rollouts, faults: FaultProxy
) -> None:
    rollouts.nodes(1)
    patience = ("--census", "1s", "--watch-grace", "2s")
    with rollouts.operator(*patience, server=faults.server) as operator:
        wait(lambda: operator.probe("healthz") == (200, "ok"), "the probe succeeds")
        # Accepted and never answered: to its client a watch in a cluster where nothing happens.
        silent = faults.add(Delay(600), "watch", path="/nodes$", times=None)
        faults.cut_watches()
        wait(lambda: silent.seen > 0, "the watch is asked for again")
        rollouts.nodes(1, first=1)
        wait(lambda: "the watch of nodes" in operator.probe("healthz")[1], "the probe fails")


def test_the_api_server_may_restart_in_the_middle(rollouts: Rollouts, agents: Agents) -> None:
    agents.usual = Conduct(takes=0.3)
    rollouts.nodes(5)
    path = rollouts.folder / "long.kubeconfig"
    rollouts.plane.write_kubeconfig(path, rollouts.plane.token())
    # A leader that cannot renew ends itself and is started again: here it is patient instead.
    with Operator(path, rollouts.folder, lease_seconds=60) as operator:
        operator.wait_ready("leading")
        rollouts.tuning(rollout={"maxUnavailable": 1})
        wait(lambda: len(agents.reported) >= 2, "two are done")
        rollouts.plane.restart_apiserver()
        rollouts.wait_ready()
        assert operator.alive
    assert agents.most == 1


def test_a_leader_that_cannot_renew_ends_itself(
    rollouts: Rollouts, agents: Agents, faults: FaultProxy
) -> None:
    rollouts.nodes(2)
    with rollouts.operator("--lease-duration", "12", server=faults.server) as operator:
        operator.wait_ready("leading")
        faults.add(Refuse(500), "write", "leases", times=None)
        wait(lambda: not operator.alive, "it ended itself")
        assert "the lease is lost" in operator.tail()
        assert operator.process is not None
        assert operator.process.returncode == 70
        faults.clear()
        operator.start()
        rollouts.tuning()
        rollouts.wait_ready()
    assert agents.reported


def test_of_two_one_writes_and_the_other_takes_over(rollouts: Rollouts, agents: Agents) -> None:
    agents.usual = Conduct(takes=0.3)
    rollouts.nodes(8)
    mark = rollouts.plane.audit.mark()
    one, two = replicas(rollouts)
    with one, two:
        one.wait_ready()
        two.wait_ready()
        wait(lambda: "leading" in one.probe("readyz")[1] + two.probe("readyz")[1], "one leads")
        first, second = (one, two) if holder(rollouts) == "one" else (two, one)
        rollouts.tuning(rollout={"maxUnavailable": 1})
        wait(lambda: len(agents.reported) >= 2, "two nodes are done")
        first.kill()
        wait(lambda: holder(rollouts) == second.name, "the other took over")
        rollouts.wait_ready()
    assert agents.most == 1
    writers = [
        write.user.rpartition(":")[2]
        for write in ours(rollouts.plane.audit.since(mark))
        if write.user.startswith(f"system:serviceaccount:{NAMESPACE}:")
    ]
    turn = writers.index(second.name)
    assert set(writers[:turn]) == {first.name}
    assert set(writers[turn:]) == {second.name}


def test_a_leader_that_was_frozen_writes_nothing_when_it_wakes(
    rollouts: Rollouts, agents: Agents
) -> None:
    rollouts.nodes(2)
    mark = rollouts.plane.audit.mark()
    one, two = replicas(rollouts)
    with one, two:
        one.wait_ready()
        two.wait_ready()
        wait(lambda: "leading" in one.probe("readyz")[1] + two.probe("readyz")[1], "one leads")
        first, second = (one, two) if holder(rollouts) == "one" else (two, one)
        first.send(signal.SIGSTOP)
        wait(lambda: holder(rollouts) == second.name, "the other took over")
        rollouts.tuning()
        rollouts.wait_ready()
        first.send(signal.SIGCONT)
        wait(lambda: not first.alive, "it ended itself")
    taken = [
        write.user.rpartition(":")[2]
        for write in rollouts.plane.audit.since(mark)
        if write.resource != "leases" and NAMESPACE in write.user
    ]
    assert first.name not in taken
    assert second.name in taken
    assert agents.reported


def test_a_leader_that_is_asked_to_go_hands_over_at_once(rollouts: Rollouts) -> None:
    rollouts.nodes(1)
    one, two = replicas(rollouts)
    with one, two:
        one.wait_ready()
        two.wait_ready()
        wait(lambda: "leading" in one.probe("readyz")[1] + two.probe("readyz")[1], "one leads")
        first, second = (one, two) if holder(rollouts) == "one" else (two, one)
        assert first.stop() == 0
        assert holder(rollouts) in ("", second.name)  # given back, not run out
        wait(lambda: holder(rollouts) == second.name, "the other took over")


def test_a_rotated_token_is_used_by_client_and_watches(
    rollouts: Rollouts, agents: Agents, faults: FaultProxy
) -> None:
    rollouts.nodes(1)
    rollouts.api.apply(_admin("rotating"))
    rollouts.api.service_account(NAMESPACE, "rotating")
    pods = [
        rollouts.api.pod(f"p{n}", node="n0", namespace=NAMESPACE, serviceAccountName="rotating")
        for n in range(2)
    ]
    tokens = [rollouts.api.token(NAMESPACE, "rotating", pod=pod) for pod in pods]
    token, path = rollouts.folder / "token", rollouts.folder / "rotating.kubeconfig"
    token.write_text(tokens[0])
    path.write_text(kubeconfig(faults.server, rollouts.plane.ca, {"tokenFile": str(token)}))
    with Operator(path, rollouts.folder, lease_seconds=60) as operator:
        operator.wait_ready("leading")
        _replace(token, tokens[1])
        # A token is as good as the pod that it was made for.
        rollouts.api.delete(f"/api/v1/namespaces/{NAMESPACE}/pods/p0", gracePeriodSeconds="0")
        wait(
            lambda: rollouts.api.as_user(tokens[0]).request("GET", STATES).status == 401,
            "the first token is no longer good",
        )
        faults.cut_watches()
        rollouts.tuning()
        rollouts.wait_ready()
        rollouts.change(tuning=sysctl(1000000))
        rollouts.wait_ready()
        assert operator.alive
    assert agents.reported["n0"] == 2


def _admin(name: str) -> Body:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"test-{name}"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "cluster-admin",
        },
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
    }


def _reported(agents: Agents, at_least: int) -> bool:
    return len(agents.reported) >= at_least


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)
