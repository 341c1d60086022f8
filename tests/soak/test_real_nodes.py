"""A real node that is off while its tuning is deleted: it holds up nobody and is freed later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.installed import Installed
from cluster.nodes import NODES_PATH
from lab.host import Host
from nodes.on_node import Snapshot, differences, everything

SOMAXCONN = "net.core.somaxconn"


@pytest.fixture
def before(installed: Installed) -> Iterator[dict[str, Snapshot]]:
    """Every node as it is; in the end it is the same again, without any tuning."""
    found = {node.name: everything(node) for node in installed.cluster.nodes}
    yield found
    installed.clear()
    left = [differences(node, found[node.name]) for node in installed.cluster.nodes]
    assert left == [[] for _node in left]


def ready(installed: Installed, node: Host) -> bool:
    conditions = installed.cluster.api.get(f"{NODES_PATH}/{node.name}")["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def test_a_node_that_is_off_holds_up_nobody_and_is_restored_when_it_returns(
    installed: Installed, before: dict[str, Snapshot]
) -> None:
    node = installed.cluster.nodes[2]
    installed.tuning("away", tuning={"sysctl": {SOMAXCONN: 8192}})
    installed.wait_current("away")
    node.run(["sync"])
    node.kill()
    installed.until("it is known to be off", lambda: not ready(installed, node))
    installed.remove("away")
    installed.cluster.start(node)
    installed.until(
        "it is as it was", lambda: not differences(node, before[node.name]), within=300.0
    )
    installed.until(
        "its agent says so", lambda: installed.state(node.name)["status"]["originals"] == []
    )
