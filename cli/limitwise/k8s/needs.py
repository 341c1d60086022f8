# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs a person: each with the command to begin with; an empty list means nothing wrong."""

from __future__ import annotations

import shlex
from collections import defaultdict
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Tuple

from limitwise_operator.decide.selector import matches
from limitwise_operator.kinds import conditions
from limitwise_operator.kinds.meta import (
    DRAIN_TAINT,
    NODE_TUNING,
    NODE_TUNING_STATE,
    REMEDIATION_POLICY,
)
from limitwise_operator.kinds.node import Node
from limitwise_operator.kinds.node_remediation import ESCALATED, NodeRemediation
from limitwise_operator.kinds.remediation_policy import RemediationPolicy

from . import signs, story
from .ages import age
from .objects import LEASE, Cluster

SHOWN_NODES = 5
FAILURE_THRESHOLD = "FailureThreshold"
CORDONED_BY = "NodeRemediation/"


@dataclass(frozen=True)
class Need:
    """One thing: ``about`` names the object, ``what`` it is in one word, ``do`` is a command."""

    about: str
    what: str
    message: str
    do: str = ""


def needs(cluster: Cluster) -> Tuple[Need, ...]:
    """Everything that needs a person, what concerns all nodes first."""
    parts: Tuple[Callable[[Cluster], Iterator[Need]], ...] = (
        _operator, _unread, _policies, _remediations, _unattended, _left, _silent, _tunings,
    )
    return tuple(one for part in parts for one in part(cluster))


def get(plural: str, name: str) -> str:
    """``kubectl describe`` of an object, whatever its name is."""
    return f"kubectl describe {plural} {shlex.quote(name)}"


def _operator(cluster: Cluster) -> Iterator[Need]:
    heart = cluster.operator
    command = "kubectl get pods,leases -n limitwise-system"
    if heart is not None and heart.silent(cluster.at):
        when = age(heart.renewed, cluster.at)
        yield Need("operator", "Silent", f"nobody leads: its Lease was renewed {when} ago", command)
    elif heart is None and LEASE in cluster.kinds and (cluster.policies or cluster.tunings):
        message = "there is no Lease of a leader: none has led, or it is in another --namespace"
        yield Need("operator", "Silent", message, command)


def _unread(cluster: Cluster) -> Iterator[Need]:
    for one in cluster.unread:
        yield Need(f"{one.kind} {one.name}", "Unreadable", one.why)


def _policies(cluster: Cluster) -> Iterator[Need]:
    for policy in cluster.policies.values():
        about = f"{REMEDIATION_POLICY} {policy.name}"
        found = {one.type: one for one in policy.status.conditions}
        valid, storm = found.get("Valid"), found.get("Storm")
        if valid is not None and valid.status == conditions.FALSE:
            yield Need(about, "Invalid", valid.message, get("rp", policy.name))
        if storm is not None and storm.true:
            troubled = f"{policy.status.nodes.troubled} nodes are in trouble at once"
            message = storm.message or troubled
            yield Need(about, "Storm", message, get("rp", policy.name))


def _remediations(cluster: Cluster) -> Iterator[Need]:
    for one in cluster.active():
        about, do = f"Node {one.spec.node}", get("nr", one.name)
        late = story.stuck(one, cluster.at)
        if story.blocked(one, cluster.at):
            yield Need(about, "DrainBlocked", f"its drain waits for {one.status.blocking}", do)
        elif late is not None:
            yield Need(about, "Stuck", late, do)
    for node in sorted(cluster.remediations):
        last = cluster.newest(node)
        if last is not None and last.status.phase == ESCALATED and _open(cluster, last):
            message = last.status.message or "nothing has helped"
            yield Need(f"Node {node}", ESCALATED, message, get("nr", last.name))


def _open(cluster: Cluster, escalated: NodeRemediation) -> bool:
    """Whether the node is still there as it was left: cordoned by us, or in trouble."""
    node = cluster.nodes.get(escalated.spec.node)
    if node is None:
        return "Node" not in cluster.kinds
    if node.uid != escalated.spec.node_uid:
        return False
    return cordoned_for(node) == escalated.name or signs.urgent(signs.signs(cluster, node.name))


def cordoned_for(node: Node) -> str:
    """The NodeRemediation that has cordoned it, if one has."""
    by = node.cordon.by if node.cordon is not None else ""
    return by[len(CORDONED_BY):] if by.startswith(CORDONED_BY) else ""


def _unattended(cluster: Cluster) -> Iterator[Need]:
    """Exhausted nodes for which nothing is done and nothing will be; one need for each reason."""
    reasons: Dict[Tuple[str, str], List[str]] = defaultdict(list)
    for name in cluster.names():
        last, found = cluster.newest(name), signs.signs(cluster, name)
        attended = last is not None and (not last.finished or last.status.phase == ESCALATED)
        why = None if attended or not signs.urgent(found) else unattended(cluster, name, found)
        if why is not None:
            reasons[why].append(name)
    for (reason, do), names in reasons.items():
        count = f"{len(names)} nodes are" if len(names) > 1 else "a node is"
        message = f"{count} exhausted and nothing is done: {reason}"
        yield Need(some(names), "Unattended", message, do)


def unattended(
    cluster: Cluster, node: str, found: Tuple[signs.Sign, ...]
) -> Tuple[str, str] | None:
    """Why no remediation of the node will come by itself, and what to look at; None: one will."""
    tried = [cluster.of_trouble(node, one.since) for one in found if one.urgent]
    if tried and all(one is not None and one.finished for one in tried):
        ended = next(one for one in tried if one is not None)
        what = f"the remediation of this trouble has ended: {ended.status.phase}"
        return what, get("nr", ended.name)
    if REMEDIATION_POLICY not in cluster.kinds:
        return None
    policies = selecting(cluster, node)
    if not policies:
        return "no RemediationPolicy selects it", "kubectl get rp"
    if any(not one.deleting and not one.pause_requests and not one.reports_only
           for one in policies):
        return None
    first = policies[0]
    why = "is in mode Report"
    if first.deleting:
        why = "is being deleted"
    elif first.pause_requests:
        why = f"is paused: {signs.listed(first.pause_requests)}"
    return f"policy {first.name} {why}", get("rp", first.name)


def selecting(cluster: Cluster, node: str) -> List[RemediationPolicy]:
    """The policies that are for a node, by name; all of them when its labels are not known."""
    known = cluster.nodes.get(node)
    return [
        policy for _name, policy in sorted(cluster.policies.items())
        if known is None or matches(policy.selector, known.labels)
    ]


def _left(cluster: Cluster) -> Iterator[Need]:
    """Nodes that are cordoned for a remediation that has ended, or is nowhere."""
    every = {one.name: one for all_ in cluster.remediations.values() for one in all_}
    for node in cluster.nodes.values():
        name = cordoned_for(node)
        one = every.get(name)
        if not name or (one is not None and (not one.finished or one.status.phase == ESCALATED)):
            continue
        ended = f"{name} has ended ({one.status.phase})" if one else f"there is no {name}"
        quoted = shlex.quote(node.name)
        do = f"kubectl uncordon {quoted}; kubectl taint node {quoted} {DRAIN_TAINT}-"
        yield Need(f"Node {node.name}", "LeftCordoned", f"still cordoned, but {ended}", do)


def _silent(cluster: Cluster) -> Iterator[Need]:
    names = [
        name for name, heart in sorted(cluster.agents.items())
        if heart.silent(cluster.at) and (name in cluster.nodes or "Node" not in cluster.kinds)
    ]
    if names:
        field = shlex.quote(f"spec.nodeName={names[0]}")
        do = f"kubectl get pods -n limitwise-system -o wide --field-selector {field}"
        since = age(cluster.agents[names[0]].renewed, cluster.at)
        message = f"{len(names)} of {len(cluster.agents)} agents; the first for {since}"
        yield Need(some(names), signs.SILENT, message, do)


def _tunings(cluster: Cluster) -> Iterator[Need]:
    for tuning in cluster.tunings.values():
        about, do = f"{NODE_TUNING} {tuning.name}", get("nt", tuning.name)
        found = {one.type: one for one in tuning.status.conditions}
        valid, paused = found.get("Valid"), found.get("Paused")
        if valid is not None and valid.status == conditions.FALSE:
            yield Need(about, "Invalid", valid.message, do)
        if paused is not None and paused.true and paused.reason == FAILURE_THRESHOLD:
            yield Need(about, "RolloutStopped", paused.message, do)
        elif tuning.status.nodes.failed:
            bad = tuning.status.problem_nodes
            first = f"; {bad[0].name}: {bad[0].reason} {bad[0].message}".rstrip() if bad else ""
            yield Need(about, "Failed", f"on {tuning.status.nodes.failed} nodes{first}", do)
        if tuning.status.conflicts:
            keys = signs.listed(f"{one.key} with {one.other}" for one in tuning.status.conflicts)
            yield Need(about, "Conflict", keys, do)
    if NODE_TUNING not in cluster.kinds:
        yield from _failed(cluster)


def _failed(cluster: Cluster) -> Iterator[Need]:
    """From the nodes themselves, where their tunings are not at hand."""
    for name, state in sorted(cluster.states.items()):
        for one in signs.signs(cluster, name):
            if one.word in ("Failed", "Refused"):
                about = f"{NODE_TUNING_STATE} {state.name}"
                yield Need(about, one.word, one.message, get("nts", name))


def some(names: List[str]) -> str:
    """``Node a``, ``Nodes a, b and 7 more``."""
    shown = ", ".join(names[:SHOWN_NODES])
    more = f" and {len(names) - SHOWN_NODES} more" if len(names) > SHOWN_NODES else ""
    return f"{'Nodes' if len(names) > 1 else 'Node'} {shown}{more}"
