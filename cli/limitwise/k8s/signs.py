# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node's own object, its agent and its kubelet say is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Iterable, Iterator, List, Optional, Tuple

from limitwise_operator.decide.selector import matches
from limitwise_operator.kinds.conditions import TRUE
from limitwise_operator.kinds.node import Node
from limitwise_operator.kinds.node_remediation import SUCCEEDED
from limitwise_operator.kinds.node_tuning_state import APPLIED, DRIFTED, ENDED_BADLY
from limitwise_operator.kinds.watch import Culprit, Fired, Pressure, Raised

from .objects import Cluster

SPENT = "ReliefSpent"
EXHAUSTED = "Exhausted"
PID_PRESSURE = "PIDPressure"
SILENT = "AgentSilent"
NOT_READY = "NotReady"
RELIEVED = "Relieved"
CAPPED = "Capped"
DRIFT = "Drifted"
MAX_ITEMS = 4
KUBELETS = {PID_PRESSURE: "the kubelet's word, which stays for five minutes after the fact"}


@dataclass(frozen=True)
class Sign:
    """One thing that is wrong, or was and is held: a word, since when, and the figures."""

    word: str
    since: Optional[datetime]
    message: str
    urgent: bool = False
    """Whether the node is in trouble that a RemediationPolicy is for."""


def signs(cluster: Cluster, name: str) -> Tuple[Sign, ...]:
    """All signs of a node, the most urgent first."""
    return tuple(_signs(cluster, name))


def _signs(cluster: Cluster, name: str) -> Iterator[Sign]:
    node, state = cluster.nodes.get(name), cluster.states.get(name)
    if state is not None:
        yield from _pressing(state.status.pressure)
    if node is not None:
        yield from _conditions(cluster, node)
    heart = cluster.agents.get(name)
    if heart is not None and heart.silent(cluster.at):
        yield Sign(SILENT, heart.renewed, "its agent has not renewed its Lease")
    if node is not None and not node.ready:
        yield Sign(NOT_READY, None, "the kubelet's condition Ready is not True")
    if state is not None:
        pressure = state.status.pressure
        if pressure.raised:
            yield Sign(RELIEVED, pressure.relieved, listed(map(change, pressure.raised)))
        if pressure.capped:
            yield Sign(CAPPED, pressure.relieved, listed(map(change, pressure.capped)))
        for kind in (APPLIED, DRIFTED):
            one = state.status.condition(kind)
            if one is not None and one.type == APPLIED and one.reason in ENDED_BADLY:
                yield Sign(one.reason, one.since, one.message)
            elif one is not None and one.type == DRIFTED and one.true:
                yield Sign(DRIFT, one.since, one.message)


def _conditions(cluster: Cluster, node: Node) -> Iterator[Sign]:
    """PIDPressure, and what a policy has a trigger for."""
    wanted = {(PID_PRESSURE, TRUE)} | {
        trigger.condition
        for policy in cluster.policies.values() if matches(policy.selector, node.labels)
        for trigger in policy.rules.triggers if trigger.condition is not None
    }
    for one in node.conditions:
        if (one.type, one.status) not in wanted:
            continue
        since = datetime.fromtimestamp(one.since, timezone.utc) if one.since else None
        last = cluster.of_trouble(node.name, since)
        # A kubelet says it for minutes more: trouble that was cured is none.
        cured = last is not None and last.status.phase == SUCCEEDED
        said = KUBELETS.get(one.type, f"the node says {one.status}")
        yield Sign(one.type, since, said, not cured)


def _pressing(pressure: Pressure) -> Iterator[Sign]:
    first = min((one.since for one in pressure.fired if one.since), default=None)
    told = listed(fullness(one) for one in pressure.fired)
    if pressure.spent:
        more = "tight still, and nothing may be raised further"
        yield Sign(SPENT, first, f"{more}: {told}" if told else more, True)
    elif pressure.fired:
        yield Sign(EXHAUSTED, first, told, True)


def fullness(one: Fired) -> str:
    """``kubepods: 970 of 1000 tasks, gone in 40 s``."""
    where = f"{one.level} {one.subject}".strip()
    used = f"{where}: {one.used} of {one.limit} tasks" if one.limit else where
    return f"{used}, gone in {one.left} s" if one.left else used


def change(one: Raised) -> str:
    """``kernel.pid_max 32768 -> 65536``."""
    return f"{one.what} {one.before} -> {one.after}"


def accused(one: Culprit, name: str = "") -> str:
    """``pod default/leak, 980 tasks, 1200 more a minute, capped``."""
    who = f"{one.kind.lower()} {name or one.subject}"
    parts = [who, f"{one.tasks} tasks"]
    if one.growth:
        parts.append(f"{one.growth:+d} a minute")
    if one.capped:
        parts.append("capped")
    return ", ".join(parts)


def listed(texts: Iterable[str]) -> str:
    """The first few, and how many more."""
    found: List[str] = list(texts)
    shown = "; ".join(found[:MAX_ITEMS])
    return f"{shown}; and {len(found) - MAX_ITEMS} more" if len(found) > MAX_ITEMS else shown


def urgent(found: Tuple[Sign, ...]) -> bool:
    """Whether a RemediationPolicy would be for it."""
    return any(one.urgent for one in found)
