"""The agent's door to its node: what it says was changed there is what is changed now."""

from __future__ import annotations

from ansible_collections.limitwise.host.plugins.module_utils import engine
from ansible_collections.limitwise.host.plugins.module_utils.rollback import rollback
from limitwise_operator.agent.node import OWNER, Node, parsed
from unit.operator.agent.fake_root import FakeRoot

PID_MAX = {"sysctl": {"kernel.pid_max": 4194304}}


def test_originals_are_told_while_something_is_changed(root: FakeRoot) -> None:
    node = Node(str(root.path))
    assert node.originals() == ()
    report = engine.apply(node.host, parsed(PID_MAX), engine.Options(owner=OWNER))
    assert report.ok, report
    (row,) = node.originals()
    assert (row["key"], row["value"]) == ("kernel.pid_max", "32768")
    assert node.holds() == ("sysctl",)


def test_a_run_that_was_taken_back_has_changed_nothing(root: FakeRoot) -> None:
    node = Node(str(root.path))
    engine.apply(node.host, parsed(PID_MAX), engine.Options(owner=OWNER))
    rollback(node.host, "last")
    assert root.get("kernel/pid_max") == "32768"
    assert node.originals() == ()
