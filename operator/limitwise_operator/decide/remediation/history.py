"""Which ended NodeRemediations are still kept: the newest of each policy, and what is needed."""

from __future__ import annotations

from collections.abc import Iterable

from ...kinds.node_remediation import NodeRemediation
from ...kinds.remediation_policy import RemediationPolicy
from ..elapsed import passed
from ..writes import DeleteRemediation
from .ward import Ward, cordoned_for, spec_of

KEEP = 100


def pruned(ward: Ward) -> list[DeleteRemediation]:
    """Those that nobody needs: not the last word on trouble that goes on, nor on a cordon."""
    by_policy: dict[str, list[NodeRemediation]] = {}
    for found in ward.ended.values():
        for one in found:
            by_policy.setdefault(one.spec.policy, []).append(one)
    surplus = [
        one
        for name, found in by_policy.items()
        if len(found) > (keep := _keep(ward.observed.policies.get(name)))
        for one in _oldest(found, len(found) - keep)
    ]
    if not surplus:
        return []
    needed = set(_needed(ward))
    return [
        DeleteRemediation(one.spec.node, one.name, one.uid)
        for one in surplus
        if one.name not in needed and not one.held and not one.deleting and not _rests(ward, one)
    ]


def _keep(policy: RemediationPolicy | None) -> int:
    return policy.keep if policy is not None else KEEP


def _oldest(found: list[NodeRemediation], count: int) -> list[NodeRemediation]:
    def when(one: NodeRemediation) -> tuple[str, str]:
        return (one.status.ended.isoformat() if one.status.ended else "", one.name)

    return sorted(found, key=when)[:count]


def _needed(ward: Ward) -> Iterable[str]:
    for one in ward.fleet.nodes.values():
        if name := cordoned_for(one):
            yield name
    for node, told in ward.causes.items():
        for policy, cause in told:
            yield spec_of(ward.fleet.nodes[node], policy, cause).name


def _rests(ward: Ward, one: NodeRemediation) -> bool:
    """Whether its node is left alone still because of it."""
    policy, end = ward.policies.get(one.spec.policy), one.status.ended
    if policy is None or end is None:
        return False
    return not passed(end, policy.cooldown, ward.now)
