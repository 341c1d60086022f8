"""Storms: so many nodes in trouble at once that it is no node's own. Nothing new begins then.

The policy's condition Storm is the memory: TooMany, then CoolingDown for a while after it fell
below the limit, then HalfOpen (one at a time) until a remediation has succeeded, then Calm. Its
time is that of the last change of the reason, not only of the status.
"""

from __future__ import annotations

from datetime import datetime

from ...kinds import conditions
from ...kinds.conditions import FALSE, TRUE, Condition
from ...kinds.node_remediation import SUCCEEDED
from ..elapsed import passed
from .policy import Policy
from .ward import Ward

STORM = "Storm"
TOO_MANY, COOLING, HALF_OPEN, CALM = "TooMany", "CoolingDown", "HalfOpen", "Calm"


def condition(ward: Ward, policy: Policy) -> Condition:
    """The condition as it is to be."""
    before = conditions.find(policy.policy.status.conditions, STORM)
    reason = _reason(ward, policy, before)
    since = before.since if before is not None and before.reason == reason else ward.now
    count, most = len(ward.troubled[policy.name]), _limit(ward, policy)
    texts = {
        TOO_MANY: f"{count} nodes are in trouble, more than {most}",
        COOLING: "no remediation begins until it has been calm for a while",
        HALF_OPEN: "one remediation at a time until one succeeds",
        CALM: "",
    }
    return Condition(STORM, TRUE if reason in (TOO_MANY, COOLING) else FALSE, reason,
                     texts[reason], since)  # fmt: skip


def blows(ward: Ward, policy: Policy) -> bool:
    """Whether remediations may not begin as usual."""
    return condition(ward, policy).reason != CALM


def half_open(ward: Ward, policy: Policy) -> bool:
    """Whether one may begin nevertheless."""
    if condition(ward, policy).reason != HALF_OPEN:
        return False
    return not any(one.spec.policy == policy.name for one in ward.active.values())


def _limit(ward: Ward, policy: Policy) -> int:
    return policy.storm.of(len(ward.matched[policy.name]))


def _reason(ward: Ward, policy: Policy, before: Condition | None) -> str:
    troubled = len(ward.troubled[policy.name])
    if troubled > _limit(ward, policy):
        return TOO_MANY
    if before is None or before.since is None or before.reason == CALM:
        return CALM
    if before.reason == TOO_MANY:
        return COOLING
    if before.reason == COOLING:
        over = passed(before.since, policy.storm_cooldown, ward.now)
        return HALF_OPEN if over else COOLING
    return CALM if _proved(ward, policy, before.since) else HALF_OPEN


def _proved(ward: Ward, policy: Policy, since: datetime) -> bool:
    """Whether there is nothing left to do, or one that began since then has succeeded."""
    running = any(one.spec.policy == policy.name for one in ward.active.values())
    if not ward.troubled[policy.name] and not running:
        return True
    return any(
        one.spec.policy == policy.name
        and one.status.phase == SUCCEEDED
        and one.status.started is not None
        and one.status.started >= since
        for ended in ward.ended.values()
        for one in ended
    )
