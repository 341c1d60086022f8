"""What agents are to watch: the ceilings and the leave to raise them, of all policies together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import canonical

from ...kinds.state_content import Content
from ...kinds.watch import HOST, MAX_WATCHED, Relief, Watch, Watched
from .policy import Armed, Policy
from .triggers import OWN_PERCENT, PID_PRESSURE, watched_id

SYSCTLS = {"threads": canonical("kernel.threads-max"), "pids": canonical("kernel.pid_max")}
"""What of relief's targets a NodeTuning's ``policy.maximum`` bounds."""


def watch(policies: Iterable[Policy]) -> Watch | None:
    """For a node that these select; None if none of them is followed.

    Where they differ, a ceiling is raised as early as one of them says and as far as one allows.
    """
    followed = sorted((one for one in policies if one.followed), key=lambda one: one.name)
    if not followed:
        return None
    ceilings = [
        found
        for one in followed
        for armed in one.triggers
        if (found := _watched(one.name, armed)) is not None
    ]
    reliefs = [one.policy.rules.relief for one in followed if one.relieves]
    return Watch(tuple(ceilings[:MAX_WATCHED]), _merged([one for one in reliefs if one]))


def bounded(told: Watch | None, content: Content) -> Watch | None:
    """The same, raising nothing further than a node's own NodeTunings let it be raised."""
    maximum = content.tuning.get("policy", {}).get("maximum")
    if not maximum or told is None or told.relief is None:
        return told
    bounds = {canonical(name): int(value) for name, value in maximum.items()}
    most = tuple(
        (name, min(value, bounds.get(SYSCTLS.get(name, ""), value)))
        for name, value in told.relief.most
    )
    return replace(told, relief=replace(told.relief, most=most))


def _watched(policy: str, armed: Armed) -> Watched | None:
    trigger = armed.trigger
    name = watched_id(policy, trigger.name)
    if trigger.level:
        return Watched(
            name,
            trigger.level,
            trigger.subject,
            trigger.used_percent,
            armed.within.total_seconds(),
            armed.lasting.total_seconds(),
        )
    if trigger.condition is not None and trigger.condition[0] == PID_PRESSURE:
        # A kubelet keeps it for minutes after the fact: the agent's own word says when it is over.
        return Watched(name, HOST, used_percent=OWN_PERCENT)
    return None


def _merged(reliefs: list[Relief]) -> Relief | None:
    if not reliefs:
        return None
    most: dict[str, int] = {}
    for one in reliefs:
        for name, value in one.most:
            most[name] = max(value, most.get(name, 0))
    return Relief(
        min(one.at for one in reliefs),
        tuple(sorted(most.items())),
        any(one.cap for one in reliefs),
    )
