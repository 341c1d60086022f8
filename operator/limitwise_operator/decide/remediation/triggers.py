"""Who is in trouble: which trigger of a policy holds on a node, since when, and until when not.

A condition counts from its own lastTransitionTime, a ceiling from when its agent says, and a silent
agent from when its Lease was last renewed. So the same trouble is the same cause however often it
is looked at, and whoever looks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ...kinds.node_remediation import Cause
from ...kinds.watch import Fired
from ..elapsed import passed
from ..verdict import Verdict
from .policy import Armed, Policy

PID_PRESSURE = "PIDPressure"
# An agent's own word on what a kubelet's PIDPressure is about: host-wide, this much gone.
OWN_PERCENT = 90


def watched_id(policy: str, trigger: str) -> str:
    """How an agent names a ceiling of a policy's trigger."""
    return f"{policy}/{trigger}"


def holding(policy: Policy, one: Verdict, silent: datetime | None, now: datetime) -> Cause | None:
    """The trigger that holds, the agent's own measurement first; ``silent``: since when it is."""
    found = [
        cause
        for armed in policy.triggers
        if (cause := _cause(policy.name, armed, one, silent)) is not None
        and passed(cause.since, _lasting(armed), now)
    ]
    # The first of the policy's own order among equals.
    return min(found, key=lambda cause: not cause.level, default=None)


def ripens(policy: Policy, one: Verdict, silent: datetime | None, now: datetime) -> datetime | None:
    """When the next trigger that is on already will have held for long enough."""
    found = [
        cause.since + _lasting(armed)
        for armed in policy.triggers
        if (cause := _cause(policy.name, armed, one, silent)) is not None
        and not passed(cause.since, _lasting(armed), now)
    ]
    return min(found, default=None)


def still(
    policy: str, trigger: str, triggers: tuple[Armed, ...], one: Verdict, silent: datetime | None
) -> bool:
    """Whether that trigger is on, for however short a time."""
    return any(
        _cause(policy, armed, one, silent) is not None
        for armed in triggers
        if armed.trigger.name == trigger
    )


def fired(policy: str, trigger: str, one: Verdict) -> Fired | None:
    """What the agent says of a trigger's ceiling, if it is tight."""
    if one.state is None:
        return None
    name = watched_id(policy, trigger)
    return next((each for each in one.state.status.pressure.fired if each.id == name), None)


def measured_calm(policy: str, trigger: str, one: Verdict, silent: datetime | None) -> bool:
    """Whether a living agent measures what a trigger is about, and finds nothing tight."""
    state = one.state
    if state is None or state.spec.watch is None or silent is not None or not state.status.boot_id:
        return False
    name = watched_id(policy, trigger)
    if all(each.id != name for each in state.spec.watch.ceilings):
        return False
    return not state.status.pressure.spent and fired(policy, trigger, one) is None


def _lasting(armed: Armed) -> timedelta:
    """What is still to be waited for: an agent waits itself before it says that a ceiling fired."""
    return timedelta() if armed.trigger.level else armed.lasting


def _cause(
    policy: str, armed: Armed, one: Verdict, silent: datetime | None
) -> Cause | None:
    trigger = armed.trigger
    if trigger.condition is not None:
        return _by_condition(trigger.name, trigger.condition, one)
    if trigger.agent_silent:
        if silent is None:
            return None
        return Cause(trigger.name, silent, "the agent no longer renews its Lease")
    told = fired(policy, trigger.name, one)
    return _by_ceiling(trigger.name, told, one) if told is not None else None


def _by_condition(name: str, wanted: tuple[str, str], one: Verdict) -> Cause | None:
    kind, status = wanted
    found = one.node.condition(kind)
    if found is None or found.status != status:
        return None
    since = datetime.fromtimestamp(found.since, UTC)
    return Cause(name, since, f"condition {kind} is {status}")


def _by_ceiling(name: str, told: Fired, one: Verdict) -> Cause:
    where = f"{told.level} {told.subject}".strip()
    soon = f", gone in {told.left} s" if told.left else ""
    message = f"{told.used} of {told.limit} tasks of {where} are used{soon}"
    since = told.since or (one.node.created or datetime.fromtimestamp(0, UTC))
    return Cause(name, since, message, told.level, told.subject)
