"""What a RemediationPolicy tells: counts, whom it would remediate, and why it does not."""

from __future__ import annotations

from collections.abc import Iterable

from ...kinds import conditions
from ...kinds.conditions import FALSE, TRUE, Condition
from ...kinds.meta import REMEDIATION_POLICY
from ...kinds.node_remediation import ESCALATED
from ...kinds.remediation_policy import MAX_WOULD, PolicyCounts, PolicyStatus
from ..writes import (
    NORMAL,
    WARNING,
    AddPolicyFinalizer,
    RecordEvent,
    RemovePolicyFinalizer,
    SetPolicyStatus,
    Write,
)
from . import storm
from .admission import Hindered, Ruling
from .policy import Policy
from .ward import Ward, cordoned_for

VALID, ACTIVE = "Valid", "Active"
MESSAGE = 2048


def writes(ward: Ward, ruling: Ruling) -> list[Write]:
    """Statuses that differ, with an event for each condition that turned."""
    found: list[Write] = []
    for policy in ward.policies.values():
        status = of(ward, policy, ruling.hindered.get(policy.name, []))
        if status == policy.policy.status:
            continue
        one = policy.policy
        found.append(SetPolicyStatus(one.name, one.uid, one.resource_version, status))
        found += _events(policy, status)
    return found


def finalizers(ward: Ward) -> list[Write]:
    """A policy is held while it may have nodes in its hands, and goes when it has none."""
    found: list[Write] = []
    for policy in ward.policies.values():
        one = policy.policy
        if not one.deleting and not one.held and not one.reports_only:
            found.append(
                AddPolicyFinalizer(one.name, one.uid, one.resource_version, one.finalizers)
            )
        if one.deleting and one.held and not _running(ward, policy):
            found.append(
                RemovePolicyFinalizer(one.name, one.uid, one.resource_version, one.finalizers)
            )
    return found


def of(ward: Ward, policy: Policy, hindered: list[Hindered]) -> PolicyStatus:
    """The status as it is to be; times of conditions that have not turned are kept."""
    one, before = policy.policy, policy.policy.status
    wanted = [_valid(policy), _active(ward, policy)]
    dated = conditions.carried(before.conditions, wanted, ward.now)
    counts = PolicyCounts(
        len(ward.matched[one.name]),
        len(ward.troubled[one.name]),
        _running(ward, policy),
        len(hindered),
        _escalated(ward, policy),
    )
    would = tuple(
        (each.node, each.cause.name, f"{each.cause.message}; {each.why}"[:MESSAGE])
        for each in hindered[:MAX_WOULD]
    )
    return PolicyStatus(
        one.generation, counts, would, (*dated, storm.condition(ward, policy))
    )


def _running(ward: Ward, policy: Policy) -> int:
    unfinished = (*ward.active.values(), *ward.extra)
    return sum(
        each.spec.policy == policy.name and each.spec.policy_uid == policy.policy.uid
        for each in unfinished
    )


def _escalated(ward: Ward, policy: Policy) -> int:
    """Nodes whose last incident was escalated and that are still out of service or in trouble."""
    count = 0
    for one in ward.matched[policy.name]:
        last = max(ward.ended.get(one.name, ()), key=_when, default=None)
        if last is None or last.status.phase != ESCALATED or one.care:
            continue
        if last.spec.policy != policy.name or last.spec.node_uid != one.node.uid:
            continue
        troubled = one.name in ward.troubled[policy.name]
        count += troubled or cordoned_for(one) == last.name
    return count


def _when(one: object) -> str:
    status = getattr(one, "status", None)
    ended = getattr(status, "ended", None)
    return ended.isoformat() if ended is not None else ""


def _valid(policy: Policy) -> Condition:
    if not policy.problems:
        return Condition(VALID, TRUE, "Valid", "", None, policy.policy.generation)
    text = "; ".join(policy.problems)[:MESSAGE]
    return Condition(VALID, FALSE, "InvalidPolicy", text, None, policy.policy.generation)


def _active(ward: Ward, policy: Policy) -> Condition:
    one = policy.policy
    blowing = storm.condition(ward, policy)
    running = _running(ward, policy)
    rows: Iterable[tuple[object, str, str, str]] = (
        (one.deleting, FALSE, "Deleting", f"{running} remediations are being cancelled"),
        (policy.problems, FALSE, "InvalidPolicy", "see the condition Valid"),
        (one.reports_only, FALSE, "Report", "nothing is done; see status.would"),
        (one.pause_requests, FALSE, "Paused", "; ".join(one.pause_requests)[:MESSAGE]),
        (blowing.true, FALSE, "Storm", blowing.message),
        (True, TRUE, "Enforcing", ""),
    )
    return next(
        Condition(ACTIVE, word, why, text, None, one.generation)
        for applies, word, why, text in rows
        if applies
    )


def _events(policy: Policy, status: PolicyStatus) -> list[Write]:
    found: list[Write] = []
    for condition in status.conditions:
        before = conditions.find(policy.policy.status.conditions, condition.type)
        told = _told(before, condition)
        if told is not None:
            one = policy.policy
            kind, reason, message = told
            found.append(
                RecordEvent(REMEDIATION_POLICY, one.name, one.uid, kind, reason, message[:1000])
            )
    return found


def _told(before: Condition | None, now: Condition) -> tuple[str, str, str] | None:
    was = (before.status, before.reason) if before is not None else ("", "")
    if was == (now.status, now.reason):
        return None
    if now.type == storm.STORM:
        if now.reason == storm.TOO_MANY:
            return WARNING, "StormBegan", now.message
        ended = was[1] in (storm.COOLING, storm.HALF_OPEN) and now.reason == storm.CALM
        return (NORMAL, "StormEnded", "remediations begin as usual") if ended else None
    if now.type == VALID:
        return (WARNING, now.reason, now.message) if now.status == FALSE else None
    if now.status == FALSE and now.reason in ("Paused", "Deleting"):
        return NORMAL, now.reason, now.message or now.reason
    return None
