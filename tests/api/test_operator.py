"""The operator on a real API server, agents simulated: what an administrator sees of a rollout."""

from __future__ import annotations

from collections import Counter

from cluster.agent_sim import FAIL, SUCCEED, Agents, Conduct
from cluster.rollouts import NODES, TUNINGS, Rollouts, ours, sysctl
from cluster.slate import wait
from limitwise_operator.kinds.meta import FINALIZER

SLOW = Conduct(takes=0.4)


def test_every_node_gets_it_in_batches(rollouts: Rollouts, agents: Agents) -> None:
    agents.usual = SLOW
    rollouts.nodes(6)
    mark = rollouts.plane.audit.mark()
    with rollouts.operator():
        made = rollouts.tuning()
        status = rollouts.wait_ready()
    assert status["nodes"] == {
        **dict.fromkeys(status["nodes"], 0),
        "matched": 6,
        "current": 6,
    }
    assert 0 < agents.most <= 2
    for name, state in rollouts.states().items():
        owner = state["metadata"]["ownerReferences"][0]
        assert owner["uid"] == rollouts.api.get(f"{NODES}/{name}")["metadata"]["uid"]
        assert state["spec"]["tuning"] == sysctl(4194304)
        assert state["spec"]["provenance"] == {"sysctl||kernel.pid_max": "base"}
        assert state["spec"]["sources"][0]["uid"] == made["metadata"]["uid"]
    per_node = Counter(
        write.name
        for write in rollouts.plane.audit.since(mark)
        if write.resource.startswith("nodetuningstates") and write.status < 300
    )
    assert set(per_node.values()) == {3}


def test_the_first_node_goes_alone_and_a_failing_one_stops_it_there(
    rollouts: Rollouts, agents: Agents
) -> None:
    agents.usual = Conduct(FAIL)
    rollouts.nodes(5)
    with rollouts.operator():
        rollouts.tuning()
        paused = rollouts.wait_condition("Paused", "FailureThreshold")
        assert paused["status"] == "True"
        assert "told to fail" in paused["message"]
        failed = list(rollouts.states())
        assert len(failed) == 1
        assert rollouts.status()["problemNodes"][0]["name"] == failed[0]

        agents.usual = Conduct(SUCCEED)
        rollouts.change(tuning=sysctl(2000000))
        rollouts.wait_ready()
        wait(lambda: _told(rollouts)["AllCurrent", "Normal"] == 1, "the end was told")
        wait(lambda: _told(rollouts)["FailureThreshold", "Warning"] == 1, "the failure was told")
    assert {
        s["spec"]["tuning"]["sysctl"]["kernel.pid_max"] for s in rollouts.states().values()
    } == {2000000}


def test_retry_goes_on_with_the_same_content(rollouts: Rollouts, agents: Agents) -> None:
    agents.usual = Conduct(FAIL)
    rollouts.nodes(3)
    with rollouts.operator():
        rollouts.tuning()
        rollouts.wait_condition("Paused", "FailureThreshold")
        agents.usual = Conduct(SUCCEED)
        rollouts.change(rollout={"retry": 1})
        rollouts.wait_ready()


def test_a_conflict_is_shown_on_both_and_leaves_the_key_alone(
    rollouts: Rollouts, agents: Agents
) -> None:
    rollouts.nodes(2)
    with rollouts.operator():
        rollouts.tuning("one", tuning={"sysctl": {"kernel.pid_max": 100000, "fs.nr_open": 2000000}})
        rollouts.wait_ready("one")
        rollouts.tuning("two", tuning=sysctl(200000))
        for name, other in (("one", "two"), ("two", "one")):
            assert rollouts.wait_condition("Conflict", "EqualPriority", name)["status"] == "True"
            conflict = rollouts.status(name)["conflicts"][0]
            assert (conflict["key"], conflict["with"]) == ("sysctl kernel.pid_max", other)
        rollouts.wait_condition("Ready", "AllCurrent", "two")
        for state in rollouts.states().values():
            assert state["spec"]["tuning"]["sysctl"] == {
                "kernel.pid_max": 100000,
                "fs.nr_open": 2000000,
            }
        rollouts.change("two", priority=10)
        rollouts.wait_condition("Conflict", "NoConflict", "one")
        rollouts.wait_ready("two")
    for state in rollouts.states().values():
        assert state["spec"]["tuning"]["sysctl"]["kernel.pid_max"] == 200000
    assert agents.reported


def test_report_mode_changes_nothing_and_shows_what_it_would(rollouts: Rollouts) -> None:
    rollouts.nodes(3)
    with rollouts.operator():
        rollouts.tuning(mode="Report")
        rollouts.wait_condition("Ready", "Reporting")
        wait(lambda: len(rollouts.states()) == 3, "every node has a preview")
    for state in rollouts.states().values():
        assert state["spec"]["preview"] == sysctl(4194304)
        assert state["spec"].get("tuning", {}) == {}
        assert "goAhead" not in state["spec"]
    assert "finalizers" not in rollouts.api.get(f"{TUNINGS}/base")["metadata"]


def test_deletion_waits_until_the_nodes_have_given_it_back(
    rollouts: Rollouts, agents: Agents
) -> None:
    rollouts.nodes(4)
    with rollouts.operator():
        rollouts.tuning()
        rollouts.wait_ready()
        assert rollouts.api.get(f"{TUNINGS}/base")["metadata"]["finalizers"] == [FINALIZER]
        agents.usual = Conduct(takes=2.0)  # so that Restoring is seen
        agents.most = 0
        rollouts.api.delete(f"{TUNINGS}/base")
        rollouts.wait_condition("Ready", "Restoring")
        wait(
            lambda: rollouts.api.request("GET", f"{TUNINGS}/base").status == 404, "it is gone", 60.0
        )
        assert 0 < agents.most <= 2
    for state in rollouts.states().values():
        assert state["spec"].get("tuning", {}) == {}
        assert state["spec"].get("sources", []) == []
        assert state["status"]["observedRevision"] == state["spec"]["revision"]


def test_pausing_stops_where_it_is_and_resuming_goes_on(rollouts: Rollouts, agents: Agents) -> None:
    agents.usual = SLOW
    rollouts.nodes(20)  # more than are done before the pause is seen
    with rollouts.operator():
        rollouts.tuning(rollout={"maxUnavailable": 1})
        wait(lambda: len(agents.reported) >= 2, "two nodes are done")
        rollouts.change(rollout={"paused": True})
        rollouts.wait_condition("Paused", "ByUser")
        rollouts.wait_counts(updating=0)
        told = set(rollouts.states())
        assert 2 <= len(told) < 20
        mark = rollouts.plane.audit.mark()
        rollouts.nodes(1, first=20)
        rollouts.wait_counts(matched=21)
        assert set(rollouts.states()) == told
        assert {w.resource for w in ours(rollouts.plane.audit.since(mark))} <= {
            "nodes",
            "nodetunings/status",
            "events",  # of what was waited for: an Event follows the status
        }
        rollouts.change(rollout={"paused": False, "maxUnavailable": 20})
        rollouts.wait_ready()
        assert len(rollouts.states()) == 21


def test_a_new_node_is_tuned_at_once(rollouts: Rollouts, agents: Agents) -> None:
    rollouts.nodes(3)
    with rollouts.operator():
        rollouts.tuning()
        rollouts.wait_ready()
        rollouts.nodes(1, first=3)
        rollouts.wait_counts(matched=4, current=4)
        assert agents.reported["n3"] == 1


def test_the_start_up_taint_goes_when_the_node_is_tuned(rollouts: Rollouts, agents: Agents) -> None:
    rollouts.nodes(1)
    taints = [
        {"key": "limitwise.dev/untuned", "effect": "NoSchedule"},
        {"key": "example.org/kept", "effect": "NoSchedule"},
    ]
    rollouts.api.merge(f"{NODES}/n0", {"spec": {"taints": taints}})
    with rollouts.operator():
        rollouts.tuning()
        rollouts.wait_ready()
        wait(
            lambda: rollouts.api.get(f"{NODES}/n0")["spec"]["taints"] == taints[1:],
            "only the taint of others is left",
        )
    assert agents.reported["n0"] == 1


def test_a_node_of_the_same_name_is_another_node(rollouts: Rollouts, agents: Agents) -> None:
    rollouts.nodes(2)
    with rollouts.operator():
        rollouts.tuning()
        rollouts.wait_ready()
        before = rollouts.states()["n0"]["metadata"]["uid"]
        rollouts.api.delete(f"{NODES}/n0")
        uid = rollouts.api.node("n0")["metadata"]["uid"]
        wait(
            lambda: rollouts.states().get("n0", {}).get("spec", {}).get("nodeUID") == uid,
            "the new node has a state of its own",
        )
        wait(lambda: agents.reported["n0"] == 2, "the new node is done")
        rollouts.wait_ready()
    assert rollouts.states()["n0"]["metadata"]["uid"] != before
    assert agents.reported["n0"] == 2


def test_what_is_wrong_is_said_and_the_nodes_keep_what_they_have(
    rollouts: Rollouts, agents: Agents
) -> None:
    rollouts.nodes(2)
    with rollouts.operator():
        rollouts.tuning()
        rollouts.wait_ready()
        # The schema cannot know that these two make no sense together: the engine does.
        rollouts.change(tuning={"sysctl": {"kernel.pid_max": 99999999}})
        valid = rollouts.wait_condition("Valid", "InvalidTuning")
        assert valid["status"] == "False"
        assert "kernel.pid_max" in valid["message"]
    assert all(s["spec"]["tuning"] == sysctl(4194304) for s in rollouts.states().values())
    assert agents.reported


def test_nothing_to_do_means_nothing_written(rollouts: Rollouts, agents: Agents) -> None:
    rollouts.nodes(3)
    begun = rollouts.plane.audit.mark()
    with rollouts.operator() as operator:
        rollouts.tuning()
        rollouts.wait_ready()
        wait(lambda: agents.writes == 6, "the agents are done")
        # The audit log has a write a moment after everybody can see what was written.
        rollouts.plane.audit.wait(
            begun, lambda writes: sum(w.resource == "events" for w in writes) == 1, 60.0
        )
        mark = rollouts.plane.audit.mark()
        # Idleness has no end to wait for: several turns at the Lease stand for a while of it.
        rollouts.plane.audit.wait(
            mark, lambda writes: sum(w.resource == "leases" for w in writes) >= 3, 60.0
        )
        assert ours(rollouts.plane.audit.since(mark)) == []
        assert operator.probe("healthz")[0] == 200


def _told(rollouts: Rollouts) -> Counter[tuple[str, str]]:
    return Counter((event["reason"], event["type"]) for event in rollouts.events())
