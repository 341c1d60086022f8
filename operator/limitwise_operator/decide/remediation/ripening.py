"""When time alone will change what remediation decides: so that nobody is late by a polling.

Looks at the few nodes that say anything unusual, so it costs nothing beside a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...kinds import conditions
from ...kinds.node_remediation import PENDING
from ..observed import Observed
from ..selector import matches
from ..verdict import verdict
from . import storm
from .policy import Policy, judge
from .triggers import ripens


def next_moment(observed: Observed) -> datetime | None:
    """The next moment at which a trigger will have held for long enough, or a rest is over."""
    policies = [judge(one) for one in observed.policies.values()]
    later = (at for at in _moments(observed, policies) if at > observed.now)
    return min(later, default=None)


def _moments(observed: Observed, policies: list[Policy]) -> Iterator[datetime]:
    suspects = [name for name, node in observed.nodes.items() if node.conditions]
    for name in {*suspects, *(observed.silent.keys() & observed.nodes.keys())}:
        node, silent = observed.nodes[name], observed.silent.get(name)
        one = verdict(node, observed.states.get(name), {}, observed.now)
        for policy in policies:
            if policy.followed and matches(policy.policy.selector, node.labels):
                at = ripens(policy, one, silent, observed.now.replace(microsecond=0))
                if at is not None:
                    yield at
    for nr in observed.remediations.values():
        if nr.status.phase == PENDING and nr.status.not_before is not None:
            yield nr.status.not_before
        if nr.status.ended is not None:
            yield from (
                nr.status.ended + one.cooldown for one in policies if one.name == nr.spec.policy
            )
    for policy in policies:
        found = conditions.find(policy.policy.status.conditions, storm.STORM)
        if found is not None and found.reason == storm.COOLING and found.since is not None:
            yield found.since + policy.storm_cooldown
