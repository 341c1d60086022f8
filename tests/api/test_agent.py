"""The real agent against the real API server: what it does, and how little it writes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from api.agents import NAMESPACE, NODE, Agent, States, identity, kubeconfig, until
from api.tunings import STATES, node_tuning_state
from cluster.api import JSON_PATCH
from cluster.audit import Write
from cluster.control_plane import ControlPlane
from cluster.fault_rules import Act, Cut, Delay, Lose, Refuse, Swallow
from cluster.faults import FaultProxy
from cluster.slate import Slate, wait
from unit.operator.agent.fake_root import OWN, FakeRoot

PID_MAX = {"sysctl": {"kernel.pid_max": 4194304}}
BOTH = {"sysctl": {"kernel.pid_max": 4194304, "kernel.threads-max": 200000}}
R1, R2, R3 = "111111111111", "222222222222", "333333333333"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/limitwise-agent-{NODE}"


@pytest.fixture
def root(tmp_path: Path) -> FakeRoot:
    """The node's file system."""
    return FakeRoot(tmp_path / "root")


@pytest.fixture
def states(kinds: Slate) -> States:
    """The operator's half of the node's object."""
    return States(kinds)


@pytest.fixture
def agent(
    kinds: Slate, control_plane: ControlPlane, root: FakeRoot, tmp_path: Path
) -> Iterator[Agent]:
    """An agent that is not started yet."""
    found = Agent(tmp_path, root, kubeconfig(control_plane, tmp_path, identity(kinds)))
    yield found
    found.end()


def by_agent(writes: list[Write]) -> list[tuple[str, int]]:
    """The agent's writes but its heartbeat: resource and answer."""
    mine = [one for one in writes if one.user.endswith(":limitwise-agent")]
    return [(one.resource, one.status) for one in mine if one.resource != "leases"]


def told_twice(writes: list[Write]) -> bool:
    """Whether the audit log, which follows the answers, has the plan and the result."""
    return len(by_agent(writes)) >= 2


def run_begins(agent: Agent) -> None:
    """Return when it is at work on a run, or over one that was too quick to be seen."""
    runs = agent.folder / "runs"
    until(lambda: (runs.is_dir() and list(runs.iterdir())) or agent.said("run ended"), "a run")


def through(agent: Agent, faults: FaultProxy) -> None:
    """Let the agent ask a proxy that a test adds faults to."""
    text = agent.kubeconfig.read_text()
    server = yaml.safe_load(text)["clusters"][0]["cluster"]["server"]
    agent.kubeconfig.write_text(text.replace(server, faults.server))


def test_a_tuning_is_shown_applied_and_given_back_in_two_writes_each(
    agent: Agent, states: States, root: FakeRoot, control_plane: ControlPlane
) -> None:
    mark = control_plane.audit.mark()
    agent.start()
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "it is applied")
    status = states.status
    assert root.get("kernel/pid_max") == "4194304"
    assert status["plan"]["revision"] == R1
    assert [(one["key"], one["after"]) for one in status["plan"]["changes"]] == [
        ("kernel.pid_max", "4194304")
    ]
    assert status["applied"]["runId"]
    assert status["originals"] == [
        {"layer": "sysctl", "subject": "", "key": "kernel.pid_max", "value": "32768"}
    ]
    assert status["bootID"] == root.get("kernel/random/boot_id")
    writes = control_plane.audit.wait(mark, told_twice, 30)
    assert by_agent(writes) == [("nodetuningstates/status", 200)] * 2

    mark = control_plane.audit.mark()
    states.want(R2, {})
    until(lambda: states.applied(R2), "the originals are back")
    assert root.get("kernel/pid_max") == "32768"
    assert root.own() == ""
    assert states.status["originals"] == []
    writes = control_plane.audit.wait(mark, told_twice, 30)
    assert by_agent(writes) == [("nodetuningstates/status", 200)] * 2


def test_nothing_is_written_while_nothing_happens(
    agent: Agent, states: States, control_plane: ControlPlane
) -> None:
    begun = control_plane.audit.mark()
    agent.start(interval=0.2, heartbeat=1.0)
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "it is applied")
    control_plane.audit.wait(begun, told_twice, 30)
    mark = control_plane.audit.mark()
    looks = len(agent.said("next"))
    # Each heartbeat is a write of the Lease: some of them, and many looks, have passed then.
    writes = control_plane.audit.wait(mark, lambda found: len(found) >= 4, 30)
    assert {(one.resource, one.verb) for one in writes} == {("leases", "update")}
    assert len(agent.said("next")) == looks


def test_a_revision_without_go_ahead_is_left_alone(
    agent: Agent, states: States, root: FakeRoot
) -> None:
    states.want(R1, PID_MAX)
    states.merge({"goAhead": {"revision": R2}})
    agent.start()
    until(lambda: states.status.get("agentVersion"), "the agent is there")
    assert root.get("kernel/pid_max") == "32768"
    states.merge({"goAhead": {"revision": R1}})
    until(lambda: states.applied(R1), "its turn has come")


def test_a_refused_tuning_is_told_and_nothing_is_written_on_the_node(
    agent: Agent, states: States, root: FakeRoot
) -> None:
    agent.start()
    states.want(R1, {"sysctl": {"kernel.core_pattern": "|/bin/x", "kernel.pid_max": 4194304}})
    until(lambda: states.condition("Applied") == ("False", "Refused"), "it is refused")
    assert states.status["observedRevision"] == R1
    assert "core_pattern" in states.status["findings"][0]["message"]
    assert "applied" not in states.status
    assert root.get("kernel/pid_max") == "32768"
    states.want(R2, PID_MAX)
    until(lambda: states.applied(R2), "the next one is applied")


def test_what_drifts_is_told_and_put_back(
    agent: Agent, states: States, root: FakeRoot, kinds: Slate
) -> None:
    agent.start()
    states.want(R1, BOTH)
    until(lambda: states.applied(R1), "it is applied")
    until(lambda: states.condition("Drifted")[0] == "False", "nothing has drifted")
    version = kinds.get(f"{STATES}/{NODE}")["metadata"]["resourceVersion"]
    root.set("kernel/pid_max", "1000")
    root.set("kernel/threads-max", "900000")  # above the floor: no drift
    seen = []
    for event in kinds.watch(
        STATES, fieldSelector=f"metadata.name={NODE}", resourceVersion=version, timeoutSeconds="120"
    ):
        seen.append(event["object"]["status"])
        if len(seen) > 1 and not seen[-1]["drift"]:
            break
    (drift,) = seen[0]["drift"]
    assert (drift["key"], drift["wanted"], drift["live"]) == ("kernel.pid_max", "4194304", "1000")
    assert drift["since"].endswith("Z")
    assert root.get("kernel/pid_max") == "4194304"
    assert root.get("kernel/threads-max") == "900000"
    assert len(seen) == 2


def test_a_reboot_is_seen_and_what_it_lost_is_applied_again(
    agent: Agent, states: States, root: FakeRoot
) -> None:
    agent.start()
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "it is applied")
    agent.end()
    root.reboot(kernel__pid_max="32768")
    agent.start()
    boot = root.get("kernel/random/boot_id")
    until(lambda: states.status["bootID"] == boot, "the new boot is verified")
    assert root.get("kernel/pid_max") == "4194304"
    assert states.applied(R1)


def test_a_preview_is_planned_and_never_applied(
    agent: Agent, states: States, root: FakeRoot
) -> None:
    agent.start()
    states.want(R1, {}, preview=PID_MAX)
    until(lambda: states.status.get("preview"), "the preview is there")
    assert [one["key"] for one in states.status["preview"]["changes"]] == ["kernel.pid_max"]
    until(lambda: states.applied(R1), "what is enforced is applied")
    assert root.get("kernel/pid_max") == "32768"
    states.merge({"preview": None})
    until(lambda: "preview" not in states.status, "the preview goes")


def test_a_deleted_object_touches_nothing(
    agent: Agent, states: States, root: FakeRoot, kinds: Slate
) -> None:
    agent.start(interval=0.2)
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "it is applied")
    kinds.delete(f"{STATES}/{NODE}")
    states.want(R2, {"sysctl": {"kernel.pid_max": 4194304}})
    until(lambda: states.applied(R2), "a new object is obeyed")
    assert root.get("kernel/pid_max") == "4194304"
    assert not agent.said("run ended", why="tuning", run=None)


def test_an_agent_killed_in_the_middle_of_a_run_goes_on(
    agent: Agent, states: States, root: FakeRoot
) -> None:
    agent.start()
    states.want(R1, BOTH)
    run_begins(agent)
    agent.kill()
    agent.start()
    until(lambda: states.applied(R1), "the next agent completes it")
    assert root.get("kernel/pid_max") == "4194304"
    assert root.get("kernel/threads-max") == "200000"
    assert list((agent.folder / "runs").iterdir()) == []


def test_an_agent_killed_at_any_moment_goes_on(
    agent: Agent, states: States, root: FakeRoot
) -> None:
    states.want(R1, BOTH)
    for after in (0.6, 1.2, 2.0, 3.0, 4.0):
        agent.start()
        # A moment in the agent's life is what this test is about.
        time.sleep(after)
        agent.kill()
    agent.start()
    until(lambda: states.applied(R1), "it is applied at last")
    assert root.get("kernel/threads-max") == "200000"


def test_the_api_server_restarts_and_the_watch_goes_on(
    agent: Agent, states: States, control_plane: ControlPlane
) -> None:
    agent.start()
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "it is applied")
    control_plane.restart_apiserver()
    states.want(R2, BOTH)
    until(lambda: states.applied(R2), "the change is seen", 90)


def test_the_operators_write_in_between_is_no_trouble(
    agent: Agent, states: States, root: FakeRoot
) -> None:
    states.want(R1, PID_MAX)
    agent.start()
    run_begins(agent)
    states.want(R2, BOTH)
    until(lambda: states.applied(R2), "the newer one is applied")
    assert root.get("kernel/threads-max") == "200000"


def test_the_lease_is_renewed_and_belongs_to_the_node(
    agent: Agent, states: States, kinds: Slate
) -> None:
    agent.start(heartbeat=1.0)
    until(lambda: kinds.request("GET", LEASE).status == 200, "there is a Lease")
    first = kinds.get(LEASE)["spec"]
    assert first["holderIdentity"] == NODE
    assert first["leaseDurationSeconds"] == 3
    until(lambda: kinds.get(LEASE)["spec"]["renewTime"] > first["renewTime"], "it is renewed")


def test_an_idle_agent_is_small(agent: Agent, states: States) -> None:
    agent.start(interval=1.0)
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "it is applied")
    status = Path(f"/proc/{agent.pid}/status").read_text()
    rss = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])  # type: ignore[index]
    threads = int(re.search(r"Threads:\s+(\d+)", status)[1])  # type: ignore[index]
    assert rss <= 64 * 1024
    assert threads <= 4


@pytest.mark.parametrize(
    "act",
    [Refuse(409), Refuse(429, retry_after=1), Refuse(500), Lose(), Swallow(), Delay(3.0)],
    ids=["409", "429", "500", "lost", "swallowed", "slow"],
)
def test_what_the_api_server_does_to_a_status_changes_nothing_on_the_node(
    agent: Agent, states: States, root: FakeRoot, faults: FaultProxy, act: Act
) -> None:
    through(agent, faults)
    # The first write tells the plan; after its repetition the third one tells the result.
    faults.add(act, verb="patch", path="/status$", nth=1)
    faults.add(act, verb="patch", path="/status$", nth=3)
    agent.start()
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "it is applied and told")
    assert root.get("kernel/pid_max") == "4194304"
    assert len(agent.said("run ended")) == 1
    assert states.status["plan"]["changes"]


def test_a_cut_watch_goes_on(agent: Agent, states: States, faults: FaultProxy) -> None:
    through(agent, faults)
    faults.add(Cut(0), verb="watch")
    agent.start()
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "the first is seen")
    faults.cut_watches()
    states.want(R2, BOTH)
    until(lambda: states.applied(R2), "the second is seen")


def test_another_nodes_object_is_out_of_reach(
    agent: Agent, kinds: Slate, control_plane: ControlPlane
) -> None:
    kinds.create(STATES, node_tuning_state("h2"))
    token = yaml.safe_load(agent.kubeconfig.read_text())["users"][0]["user"]["token"]
    mine = kinds.as_user(token)
    ops = [{"op": "add", "path": "/status", "value": {"agentVersion": "x"}}]
    path = f"{STATES}/h2/status"
    wait(
        lambda: mine.request("PATCH", path, ops, content_type=JSON_PATCH).status == 403,
        "the admission policy is in force",
    )


def test_a_node_whose_file_somebody_overrides_says_who(
    agent: Agent, states: States, root: FakeRoot
) -> None:
    agent.start()
    states.want(R1, PID_MAX)
    until(lambda: states.applied(R1), "it is applied")
    root.write("etc/sysctl.d/zzz.conf", "kernel.pid_max = 1000\n")
    until(lambda: states.condition("Drifted")[0] == "True", "it is seen")
    assert states.status["drift"][0]["file"] == "/etc/sysctl.d/zzz.conf"
    assert states.condition("Applied")[0] == "True"
    assert (root.path / OWN).exists()
    os.unlink(root.path / "etc/sysctl.d/zzz.conf")
    until(lambda: states.condition("Drifted")[0] == "False", "it has gone")
