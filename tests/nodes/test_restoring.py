"""Nodes that leave a tuning or reboot: values hold, and what was there before comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.api import Body
from cluster.installed import Installed
from cluster.nodes import NODES_PATH
from lab.host import Host
from nodes.on_node import Snapshot, differences, everything, kernel

LABEL = "example.org/many-threads"
SHMMNI, SOMAXCONN = "kernel.shmmni", "net.core.somaxconn"
TUNING = {
    "sysctl": {SHMMNI: 8192, SOMAXCONN: 8192},
    "slices": {"user.slice": {"TasksMax": 60000}},
}
WANTED = {SHMMNI: "8192", SOMAXCONN: "8192"}
OURS = "/etc/sysctl.d/zz-limitwise.conf"
USERS = "/sys/fs/cgroup/user.slice/pids.max"
LABELLED = {"matchLabels": {LABEL: "yes"}}


@pytest.fixture
def node(installed: Installed) -> Iterator[Host]:
    """A node with the label; it loses it when the test ends."""
    made = installed.cluster.nodes[1]
    label(installed, made, "yes")
    yield made
    label(installed, made, None)


def label(installed: Installed, node: Host, value: str | None) -> None:
    installed.cluster.api.merge(
        f"{NODES_PATH}/{node.name}", {"metadata": {"labels": {LABEL: value}}}
    )


def wait_current(installed: Installed, name: str) -> None:
    """Wait until its one node has it: without a node it is current as well."""
    installed.until(
        "it has its node", lambda: installed.status(name).get("nodes", {}).get("matched") == 1
    )
    installed.wait_current(name)


def in_force(node: Host) -> bool:
    return kernel(node, *WANTED) == WANTED and node.read(USERS).strip() == "60000"


def restored(node: Host, before: Snapshot) -> bool:
    return not differences(node, before)


def test_a_node_that_loses_its_label_gets_its_values_back(
    installed: Installed, node: Host
) -> None:
    before = everything(node)
    installed.tuning("labelled", nodeSelector=LABELLED, tuning=TUNING)
    wait_current(installed, "labelled")
    assert in_force(node)
    label(installed, node, None)
    installed.until("the node is as it was", lambda: restored(node, before))
    installed.until(
        "it matches none", lambda: installed.status("labelled")["nodes"]["matched"] == 0
    )


def test_kept_values_stay_when_their_tuning_goes(installed: Installed, node: Host) -> None:
    before = everything(node)
    kept = {"sysctl": {SOMAXCONN: 8192}}
    installed.tuning("keeping", nodeSelector=LABELLED, tuning=kept, onDelete="Keep")
    wait_current(installed, "keeping")
    installed.remove("keeping")
    assert kernel(node, SOMAXCONN) == {SOMAXCONN: "8192"}
    # until another tuning has that key and takes it along
    installed.tuning("restoring", nodeSelector=LABELLED, tuning=kept)
    wait_current(installed, "restoring")
    installed.remove("restoring")
    assert differences(node, before) == []


def applied(status: Body) -> Body:
    found: Body = next((one for one in status["conditions"] if one["type"] == "Applied"), {})
    return found


def test_a_reboot_loses_nothing_and_the_first_values_come_back_after_it(
    installed: Installed, node: Host
) -> None:
    before = everything(node)
    installed.tuning("lasting", nodeSelector=LABELLED, tuning=TUNING)
    wait_current(installed, "lasting")
    was = installed.state(node.name)["status"]["originals"]
    assert {row["key"] for row in was} >= {SHMMNI, SOMAXCONN}
    # Somebody takes our file away just before the boot, which then loses these values.
    node.run(f"rm {OURS} && sync")
    installed.cluster.reboot(node)
    boot = node.boot_id()

    def again() -> bool:
        status = installed.state(node.name)["status"]
        done = status["bootID"] == boot and applied(status)["status"] == "True"
        return done and in_force(node)

    installed.until("the new boot is as wanted", again)
    assert node.read(OURS).count("= 8192") == 2
    assert installed.state(node.name)["status"]["originals"] == was
    installed.remove("lasting")
    assert differences(node, before) == []
