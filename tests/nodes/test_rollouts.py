"""Rollouts on real kubelets: node by node, stopped by a canary, in conflict, with a lost leader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.api import Body
from cluster.audit import Write
from cluster.installed import PODS, Installed, condition
from lab.host import Host
from nodes.on_node import Snapshot, differences, everything, kernel

SOMAXCONN = "net.core.somaxconn"
# One sysctl at least of every namespace that has any, and of none.
SYSCTLS = {
    "kernel.threads-max": 65536,
    SOMAXCONN: 8192,
    "net.ipv4.tcp_max_syn_backlog": 4096,
    "kernel.msgmax": 65536,
    "kernel.shmmni": 8192,
    "fs.mqueue.queues_max": 512,
    "user.max_user_namespaces": 12345,
    "vm.max_map_count": 300000,
}
TUNING: dict[str, Any] = {
    "sysctl": SYSCTLS,
    "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}],
    "slices": {"user.slice": {"TasksMax": 60000}},
    "units": {"ssh.service": {"TasksMax": 4000}},
}
# Valid, but this many semaphore sets only a kernel booted with ipcmni_extend takes (ipc/util.h).
REFUSED_BY_THE_KERNEL = "250 32000 32 100000"
# What a node writes once it was told: its plan before it is applied, its result; and one more where
# a ceiling crosses a mark meanwhile.
REPORTS = (2, 3)
GROUPS = "/sys/fs/cgroup"


@pytest.fixture
def before(installed: Installed) -> Iterator[dict[str, Snapshot]]:
    """Every node as it is; in the end it is the same again, without any tuning."""
    found = {node.name: everything(node) for node in installed.cluster.nodes}
    yield found
    installed.clear()
    left = [differences(node, found[node.name]) for node in installed.cluster.nodes]
    assert left == [[] for _node in left]


def nodes(installed: Installed) -> list[Host]:
    return installed.cluster.nodes


def one(value: Any, key: str = SOMAXCONN) -> dict[str, Any]:
    return {"sysctl": {key: value}}


def value(node: Host, key: str = SOMAXCONN) -> str:
    return kernel(node, key)[key]


def told(installed: Installed, node: Host) -> list[str]:
    """The tunings that this node has been told to follow."""
    sources = installed.state(node.name).get("spec", {}).get("sources", ())
    return [source["name"] for source in sources]


def about_nodes(writes: list[Write]) -> list[tuple[str, str]]:
    """Who wrote about which node, in order."""
    return [
        (write.name, "told" if write.resource == "nodetuningstates" else "reported")
        for write in writes
        if write.resource.startswith("nodetuningstates") and write.status < 300
    ]


def reports(writes: list[Write]) -> Counter[str]:
    """How often each node has reported since it was told; before that it may tell a ceiling."""
    found: Counter[str] = Counter()
    for name, what in about_nodes(writes):
        if what == "told":
            found.setdefault(name, 0)
        elif name in found:
            found[name] += 1
    return found


def through(writes: list[Write]) -> bool:
    """Whether three nodes have told their plans and their results."""
    found = reports(writes)
    return len(found) == 3 and min(found.values()) >= min(REPORTS)


def test_nodes_follow_one_after_another_in_three_writes_each(
    installed: Installed, before: dict[str, Snapshot]
) -> None:
    mark = installed.cluster.plane.audit.mark()
    rollout = {"canary": 1, "maxUnavailable": 1, "soak": "2s"}
    installed.tuning("whole", tuning=TUNING, rollout=rollout)
    found = installed.wait_current("whole")
    assert found["status"]["nodes"]["current"] == 3

    # each is told once, and the next one only when it has reported
    audit = installed.cluster.plane.audit
    writes = about_nodes(audit.wait(mark, through))
    starts = [place for place, (_name, what) in enumerate(writes) if what == "told"]
    order = [writes[start][0] for start in starts]
    assert sorted(order) == ["h1", "h2", "h3"]
    for name, begin, end in zip(order, starts, [*starts[1:], len(writes)], strict=True):
        assert writes[begin:end].count((name, "reported")) in REPORTS, writes

    for node in installed.cluster.nodes:
        assert kernel(node, *SYSCTLS) == {key: str(number) for key, number in SYSCTLS.items()}
        assert node.read(f"{GROUPS}/user.slice/pids.max").strip() == "60000"
        assert node.read(f"{GROUPS}/system.slice/ssh.service/pids.max").strip() == "4000"
        status = installed.state(node.name)["status"]
        was = {row["key"]: row.get("value") for row in status["originals"]}
        assert was[SOMAXCONN] == before[node.name]["/proc/sys/net/core/somaxconn"].strip()
        shown = {row["key"]: row for row in status["plan"]["changes"]}[SOMAXCONN]
        assert (shown["before"], shown["after"]) == (was[SOMAXCONN], "8192")
    installed.remove("whole")
    assert all(installed.state(node.name)["status"]["originals"] == [] for node in nodes(installed))


def test_a_canary_whose_kernel_refuses_stops_the_rollout_and_new_content_goes_on(
    installed: Installed, before: dict[str, Snapshot]
) -> None:
    bad = {"sysctl": {SOMAXCONN: 8192, "kernel.sem": REFUSED_BY_THE_KERNEL}}
    installed.tuning("brave", tuning=bad)
    installed.wait_reason("brave", "Paused", "FailureThreshold")

    status = installed.status("brave")
    (problem,) = status["problemNodes"]
    canary = installed.cluster.node(problem["name"])
    assert problem["reason"] == "Failed"
    assert "kernel/sem: cannot write" in problem["message"]
    assert (status["nodes"]["failed"], status["nodes"]["current"]) == (1, 0)
    assert [node.name for node in nodes(installed) if told(installed, node)] == [canary.name]
    # what the run had written before it failed has been taken back
    assert differences(canary, before[canary.name]) == []

    installed.change("brave", tuning={"sysctl": {"kernel.sem": None}})
    installed.wait_current("brave")
    assert [value(node) for node in nodes(installed)] == ["8192"] * 3
    assert condition(installed.status("brave"), "Paused")["status"] == "False"


def test_a_file_of_others_is_named_and_retry_goes_on_once_it_is_gone(
    installed: Installed, before: dict[str, Snapshot], request: pytest.FixtureRequest
) -> None:
    rival = "/etc/sysctl.d/zzz-site.conf"
    for node in nodes(installed)[:2]:
        node.write(rival, f"{SOMAXCONN} = 77\n")
    request.addfinalizer(lambda: [node.run(["rm", "-f", rival]) for node in nodes(installed)])
    selector = {"matchExpressions": [
        {"key": "kubernetes.io/hostname", "operator": "In", "values": ["h1", "h2"]}
    ]}
    installed.tuning("late", nodeSelector=selector, tuning=one(8192))
    installed.wait_reason("late", "Paused", "FailureThreshold")
    (problem,) = installed.status("late")["problemNodes"]
    assert problem["reason"] == "Refused"
    assert rival in problem["message"]
    assert "/host" not in problem["message"]

    for node in nodes(installed)[:2]:
        node.run(["rm", rival])
    installed.change("late", rollout={"retry": 1})
    installed.wait_current("late")
    assert [value(node) for node in nodes(installed)[:2]] == ["8192"] * 2
    assert told(installed, nodes(installed)[2]) == []


def only(node: str) -> Body:
    return {"matchLabels": {"kubernetes.io/hostname": node}}


def test_a_key_in_conflict_is_left_alone_and_all_else_goes_on(
    installed: Installed, before: dict[str, Snapshot]
) -> None:
    node = nodes(installed)[0]
    first = {"sysctl": {SOMAXCONN: 8192, "kernel.msgmax": 65536}}
    second = {"sysctl": {SOMAXCONN: 9000, "kernel.shmmni": 8192}}
    installed.tuning("first", nodeSelector=only(node.name), tuning=first)
    installed.tuning("second", nodeSelector=only(node.name), tuning=second)
    others = {"kernel.msgmax": "65536", "kernel.shmmni": "8192"}
    installed.until("both are in force", lambda: kernel(node, *others) == others)

    for name, other in (("first", "second"), ("second", "first")):
        assert installed.wait_reason(name, "Conflict", "EqualPriority")["status"] == "True"
        (shown,) = installed.status(name)["conflicts"]
        assert (shown["key"], shown["with"]) == (f"sysctl {SOMAXCONN}", other)
        assert sorted(shown["values"]) == ["8192", "9000"]
    was = before[node.name]["/proc/sys/net/core/somaxconn"].strip()
    assert value(node) in (was, "8192")  # as the first one gave it, if it was alone for a while

    installed.change("second", priority=10)
    installed.until("the higher priority is in force", lambda: value(node) == "9000")
    assert installed.wait_reason("first", "Conflict", "NoConflict")["status"] == "False"


def test_a_rollout_outlives_its_leader(
    installed: Installed, before: dict[str, Snapshot]
) -> None:
    mark = installed.cluster.plane.audit.mark()
    rollout = {"canary": 1, "maxUnavailable": 1}
    installed.tuning("steady", tuning=one(8192), rollout=rollout)

    def some() -> bool:
        return len([node for node in nodes(installed) if told(installed, node)]) > 1

    installed.until("the second node's turn has come", some)
    leader = installed.leader()
    pod = next(
        pod["metadata"]["name"]
        for pod in installed.pods("operator")
        if leader.startswith(pod["metadata"]["name"])
    )
    installed.cluster.api.delete(f"{PODS}/{pod}", gracePeriodSeconds="0")
    installed.wait_current("steady")
    assert [value(node) for node in nodes(installed)] == ["8192"] * 3
    installed.until("another leads", lambda: installed.leader() not in ("", leader))
    # nobody was told twice
    writes = installed.cluster.plane.audit.wait(mark, through)
    told_to = [name for name, what in about_nodes(writes) if what == "told"]
    assert sorted(told_to) == ["h1", "h2", "h3"]
    assert {*reports(writes).values()} <= {*REPORTS}, about_nodes(writes)
