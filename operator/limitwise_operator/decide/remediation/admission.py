"""Whose remediation begins now, and what hinders the others; a node never comes twice.

One budget is shared by all who take nodes out of service; a storm, a request to pause and a node's
own rest stop what is new and nothing that is under way.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from ...kinds.node_remediation import Cause, NodeRemediation
from ..budget import Budget, Budgets, budget
from ..elapsed import passed
from ..fleet import ALL
from ..verdict import Verdict
from . import storm
from .policy import Policy
from .ward import Ward, cordoned_for

BUDGET, STORM, PAUSED = "budget", "storm", "paused"
COOLDOWN, CONTROL_PLANE, REPORT = "cooldown", "controlplane", "report"
LIMITS = (BUDGET, STORM, PAUSED, COOLDOWN, CONTROL_PLANE)
LAST = "it is the last control-plane node in service"
PREFIX = "RemediationPolicy/"
"""Whose budgets in the common ones are a policy's."""


@dataclass(frozen=True)
class Hindered:
    """A node in trouble for which nothing is done, by which limit and why in words."""

    node: str
    cause: Cause
    limit: str
    why: str


@dataclass(frozen=True)
class Ruling:
    """By node, the policy and cause whose remediation begins; by policy, who is hindered."""

    begins: dict[str, tuple[Policy, Cause]] = field(default_factory=dict)
    hindered: dict[str, list[Hindered]] = field(default_factory=dict)

    def hinder(self, policy: Policy, one: Hindered) -> None:
        """Note why nothing is done."""
        self.hindered.setdefault(policy.name, []).append(one)


def candidates(ward: Ward) -> list[tuple[Policy, Verdict, Cause]]:
    """Nodes in trouble with which nobody deals and that are there to be dealt with, in order.

    A node comes once for each policy that sees trouble: where one may not act, another may.
    """
    found = []
    for node, told in ward.causes.items():
        one = ward.fleet.nodes[node]
        if one.care or node in ward.active or one.node.deleting or cordoned_for(one):
            # One that was escalated and kept out is for people to see to.
            continue
        for policy, cause in told:
            if ward.known(node, policy, cause) is None:
                found.append((policy, one, cause))
    own = ward.fleet.settings.own_node
    return sorted(
        found,
        key=lambda each: (
            each[1].name == own,
            each[1].node.control_plane,
            -tightness(each[1]),
            each[2].since,
            each[1].name,
        ),
    )


def tightness(one: Verdict) -> float:
    """The tightest ceiling that its agent tells, 0 to 1; above that when nothing is left to raise.

    A condition without figures ranks below every ceiling that has fired.
    """
    if one.state is None:
        return 0.0
    pressure = one.state.status.pressure
    shares = [each.used / each.limit for each in pressure.fired if each.limit]
    return max(shares, default=0.0) + float(pressure.spent)


def rule(ward: Ward, budgets: Budgets) -> Ruling:
    """Take from the budgets for those who may begin."""
    ruling = Ruling()
    waiting = candidates(ward)
    if not waiting:
        return ruling
    for key, pool in pools(ward, {policy.name for policy, _one, _cause in waiting}).items():
        budgets.pools[key] = pool
    storms = {name for name, one in ward.policies.items() if storm.blows(ward, one)}
    closed = {name for name in storms if not storm.half_open(ward, ward.policies[name])}
    for policy, one, cause in waiting:
        if one.name in ruling.begins:
            continue
        limit, why = _hindrance(ward, policy, one, closed, ruling)
        if not limit and not budgets.take(one.name, [_asker(policy, one)]):
            limit, why = BUDGET, "too many nodes are out of service"
        if limit:
            ruling.hinder(policy, Hindered(one.name, cause, limit, why))
            continue
        ruling.begins[one.name] = (policy, cause)
        if policy.name in storms:
            closed.add(policy.name)
    return ruling


def _hindrance(
    ward: Ward, policy: Policy, one: Verdict, closed: AbstractSet[str], ruling: Ruling
) -> tuple[str, str]:
    """The first thing, besides budgets, for which a node's remediation may not begin.

    ``closed``: policies by which nothing may begin because of a storm.
    """
    paused = policy.policy.pause_requests
    until = resting(ward, policy, one)
    rows = (
        (policy.policy.reports_only, REPORT, "mode is Report"),
        (paused, PAUSED, f"paused: {'; '.join(paused)}"),
        (policy.name in closed, STORM, "too many nodes are in trouble"),
        (until, COOLDOWN, f"left alone until {until:%H:%M:%S} UTC" if until else ""),
        (last_control_plane(ward, one, ruling.begins), CONTROL_PLANE, LAST),
        (one.moving and not one.failed, BUDGET, "it is being changed for its NodeTunings"),
        (True, "", ""),
    )
    return next((limit, why) for applies, limit, why in rows if applies)


def resting(ward: Ward, policy: Policy, one: Verdict) -> datetime | None:
    """Until when a node is left alone after its last remediation; None when it is not."""
    ends = [each.status.ended for each in ward.ended.get(one.name, ()) if _same(each, one)]
    ends.append(ward.observed.departed.get(one.name))
    last = max((end for end in ends if end is not None), default=None)
    if last is None or passed(last, policy.cooldown, ward.now):
        return None
    return last + policy.cooldown


def _same(each: NodeRemediation, one: Verdict) -> bool:
    return each.spec.node_uid == one.node.uid


def last_control_plane(ward: Ward, one: Verdict, taken: Iterable[str] = ()) -> bool:
    """Whether without this node no control-plane node would take pods."""
    if not one.node.control_plane or not _in_service(one):
        return False
    gone = {one.name, *taken}
    return not any(
        other.node.control_plane and _in_service(other) and other.name not in gone
        for other in ward.fleet.nodes.values()
        if not other.care
    )


def _in_service(one: Verdict) -> bool:
    return one.node.ready and not one.node.unschedulable and not one.node.deleting


def _asker(policy: Policy, one: Verdict) -> tuple[str, str]:
    return PREFIX + policy.name, _pool(policy, one)


def _pool(policy: Policy, one: Verdict) -> str:
    label = policy.policy.rules.limits.pool_label
    return one.node.labels.get(label, ALL) if label else ALL


def pools(ward: Ward, names: Iterable[str]) -> dict[tuple[str, str], Budget]:
    """The budgets of these policies: nodes out of service for any reason count."""
    found: dict[tuple[str, str], Budget] = {}
    for name in names:
        policy = ward.policies[name]
        members: dict[str, list[Verdict]] = {}
        for one in ward.matched[name]:
            members.setdefault(_pool(policy, one), []).append(one)
        for pool, nodes in members.items():
            found[PREFIX + name, pool] = _budget(policy, nodes)
    return found


def _budget(policy: Policy, nodes: list[Verdict]) -> Budget:
    busy = [one.name for one in nodes if one.busy]
    return budget(
        policy.max_unavailable.of(len(nodes)),
        (one.name for one in nodes),
        (one.name for one in nodes if one.out or one.node.unschedulable),
        busy,
        busy,
    )
