"""What agents do on real kubelets once a tuning is in force: see drift, put back, report, idle."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cluster.api import Body
from cluster.audit import Write
from cluster.installed import Installed, condition
from cluster.rollouts import STATES
from lab.host import Host
from nodes.on_node import differences, everything, kernel, processes, status

SWAPPINESS, MAX_MAPS = "vm.swappiness", "vm.max_map_count"
TUNING = {"sysctl": {SWAPPINESS: 20, MAX_MAPS: 300000}}
RIVAL = "/etc/sysctl.d/zzz.conf"
OURS = "/etc/sysctl.d/zz-limitwise.conf"
WITHIN = 120.0
MIB = 1024  # KiB, as /proc says it
AGENT = "limitwise-agent"


def only(node: Host) -> Body:
    return {"matchLabels": {"kubernetes.io/hostname": node.name}}


@pytest.fixture(params=[0])
def tuned(installed: Installed, request: pytest.FixtureRequest) -> Iterator[Host]:
    """The node of that number with the tuning in force."""
    node = installed.cluster.nodes[request.param]
    installed.tuning("kept", nodeSelector=only(node), tuning=TUNING)
    installed.wait_current("kept")
    yield node
    node.run(["rm", "-f", RIVAL])


def statuses(
    installed: Installed, node: Host, act: Callable[[], object], end: Callable[[Body], bool]
) -> list[Body]:
    """Every status that the node's agent writes from the act on to one that is the end."""
    first = installed.state(node.name)
    act()
    seen = []
    deadline = datetime.now(UTC) + timedelta(seconds=WITHIN)
    watch = installed.cluster.api.watch(
        STATES,
        fieldSelector=f"metadata.name={node.name}",
        resourceVersion=first["metadata"]["resourceVersion"],
        timeoutSeconds=str(int(WITHIN)),
    )
    for event in watch:
        seen.append(event["object"].get("status", {}))
        if end(seen[-1]):
            break
        assert datetime.now(UTC) < deadline, seen
    assert end(seen[-1]), seen
    return seen


def drifted(found: Body) -> bool:
    return bool(condition(found, "Drifted").get("status") == "True")


def test_a_written_sysctl_is_shown_and_put_back_and_nothing_else(
    installed: Installed, tuned: Host
) -> None:
    was = tuned.read(OURS)
    begun = datetime.now(UTC).replace(microsecond=0)

    def write() -> None:
        # the second is a floor that somebody raised: no drift
        tuned.run(f"sysctl -q {SWAPPINESS}=77 {MAX_MAPS}=400000")

    noticed: list[Body] = []

    def over(found: Body) -> bool:
        noticed.extend([found] if drifted(found) else [])
        return bool(noticed) and not drifted(found)

    statuses(installed, tuned, write, over)
    (row,) = noticed[0]["drift"]
    assert (row["key"], row["wanted"], row["live"]) == (SWAPPINESS, "20", "77")
    assert begun <= datetime.fromisoformat(row["since"]) <= datetime.now(UTC)
    assert kernel(tuned, SWAPPINESS, MAX_MAPS) == {SWAPPINESS: "20", MAX_MAPS: "400000"}
    assert tuned.read(OURS) == was
    print(f"\ndrift put back {(datetime.now(UTC) - begun).total_seconds():.1f} s after the write")


@pytest.mark.parametrize("tuned", [1], indirect=True)
def test_a_file_that_would_win_at_boot_is_named_until_it_is_gone(
    installed: Installed, tuned: Host
) -> None:
    def add() -> None:
        tuned.write(RIVAL, f"{SWAPPINESS} = 66\n")

    def named_by_a_finding(found: Body) -> bool:
        return any(RIVAL in one["message"] for one in found.get("findings", ()))

    seen = statuses(installed, tuned, add, named_by_a_finding)
    (row,) = next(found["drift"] for found in seen if drifted(found))
    assert (row["key"], row["wanted"], row["file"]) == (SWAPPINESS, "20", RIVAL)
    # what is another's is not taken away, and the value in force stays
    assert tuned.read(RIVAL) == f"{SWAPPINESS} = 66\n"
    assert kernel(tuned, SWAPPINESS) == {SWAPPINESS: "20"}
    installed.until("the tuning counts it", lambda: drift_count(installed) == 1)

    tuned.run(["rm", RIVAL])
    installed.until("it is gone", lambda: drift_count(installed) == 0)
    assert installed.state(tuned.name)["status"]["drift"] == []


def drift_count(installed: Installed) -> int:
    return int(installed.status("kept")["nodes"]["drifted"])


def test_a_reported_tuning_shows_its_plan_and_changes_nothing(installed: Installed) -> None:
    node = installed.cluster.nodes[0]
    before, were = everything(node), kernel(node, SWAPPINESS, MAX_MAPS)
    installed.tuning("looks", nodeSelector=only(node), tuning=TUNING, mode="Report")
    shown: list[Body] = []

    def previewed() -> bool:
        status = installed.state(node.name).get("status", {})
        shown[:] = status.get("preview", {}).get("changes", [])
        return bool(shown)

    installed.until("the plan is shown", previewed)
    assert {row["key"]: (row.get("before"), row.get("after")) for row in shown} == {
        SWAPPINESS: (were[SWAPPINESS], "20"),
        MAX_MAPS: (were[MAX_MAPS], "300000"),
    }
    assert installed.state(node.name)["spec"].get("tuning", {}) == {}
    assert differences(node, before) == []
    assert kernel(node, SWAPPINESS, MAX_MAPS) == were


def test_an_idle_agent_writes_its_lease_alone_and_is_small(
    installed: Installed, tuned: Host
) -> None:
    def ceilings() -> dict[str, object]:
        names = [node.name for node in installed.cluster.nodes]
        return {name: installed.state(name).get("status", {}).get("ceilings") for name in names}

    audit = installed.cluster.plane.audit
    was, mark = ceilings(), audit.mark()

    def beats(found: list[Write]) -> int:
        renewed = [one.name for one in found if one.resource == "leases" and one.status < 300]
        return min(renewed.count(f"{AGENT}-{node.name}") for node in installed.cluster.nodes)

    # Every agent looks at its node some four times between two heartbeats.
    found = audit.wait(mark, lambda writes: beats(writes) >= 2, 240.0)
    mine = [one for one in found if one.user.endswith(f":{AGENT}")]
    # and a status only where a ceiling has crossed a mark
    now = ceilings()
    beside = {(one.resource, one.name) for one in mine if one.resource != "leases"}
    assert beside <= {("nodetuningstates/status", name) for name in now if now[name] != was[name]}
    for node in installed.cluster.nodes:
        (agent,) = processes(node, f"--node-name={node.name}")
        resident = int(re.sub(r"\D", "", status(node, agent)["VmRSS"]))
        print(f"\nagent of {node.name}: {resident / MIB:.1f} MiB resident")
        assert resident <= 64 * MIB
