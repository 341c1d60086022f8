# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a cluster in one screen, as one document: pure, JSON's shape and the text's."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional

from limitwise_operator.kinds.node_remediation import NodeRemediation
from limitwise_operator.kinds.node_tuning import NodeTuning
from limitwise_operator.kinds.remediation_policy import RemediationPolicy
from limitwise_operator.kinds.times import format_time

from . import signs, story
from .needs import needs
from .objects import Cluster

Document = Dict[str, Any]


def picture(cluster: Cluster) -> Document:
    """Shape: at, nodes {..}, policies [..], tunings [..], remediations [..] (unfinished),
    troubled [..] (nodes with signs), needs [..], notes [..].
    """
    troubled = [one for one in (_node(cluster, name) for name in cluster.names()) if one["signs"]]
    return {
        "at": format_time(cluster.at),
        "nodes": _counts(cluster, troubled),
        "policies": [_policy(one) for _name, one in sorted(cluster.policies.items())],
        "tunings": [_tuning(one) for _name, one in sorted(cluster.tunings.items())],
        "remediations": [remediation(one, cluster.at) for one in cluster.active()],
        "troubled": sorted(troubled, key=_urgency),
        "needs": [asdict(one) for one in needs(cluster)],
        "notes": list(cluster.notes),
    }


def _counts(cluster: Cluster, troubled: List[Document]) -> Document:
    nodes = cluster.nodes.values()
    last = [cluster.newest(name) for name in cluster.remediations]
    phases = [one.status.phase for one in last if one is not None and one.finished]
    return {
        "known": len(cluster.names()),
        "ready": sum(one.ready for one in nodes),
        "unschedulable": sum(one.unschedulable for one in nodes),
        "cordoned_by_us": sum(one.cordon is not None for one in nodes),
        "troubled": len(troubled),
        "remediating": len(cluster.active()),
        "last_remediation": {phase: phases.count(phase) for phase in sorted(set(phases))},
    }


def _policy(policy: RemediationPolicy) -> Document:
    found = {one.type: one for one in policy.status.conditions}
    storm, active = found.get("Storm"), found.get("Active")
    return {
        "name": policy.name,
        "mode": policy.mode,
        "nodes": policy.status.nodes.to_dict(),
        "storm": storm.message or storm.reason if storm is not None and storm.true else None,
        "paused": list(policy.pause_requests),
        "inactive": active.reason if active is not None and not active.true else None,
        "deleting": policy.deleting,
        "would": [
            {"node": node, "trigger": trigger, "message": message}
            for node, trigger, message in policy.status.would
        ],
    }


def _tuning(tuning: NodeTuning) -> Document:
    found = {one.type: one for one in tuning.status.conditions}
    ready, paused = found.get("Ready"), found.get("Paused")
    return {
        "name": tuning.name,
        "mode": tuning.mode,
        "priority": tuning.priority,
        "nodes": tuning.status.nodes.to_dict(),
        "ready": ready.status if ready is not None else None,
        "paused": paused.reason if paused is not None and paused.true else None,
        "deleting": tuning.deleting,
    }


def remediation(one: NodeRemediation, at: datetime) -> Document:
    """One remediation; times as the API writes them."""
    status = one.status
    return {
        "name": one.name,
        "node": one.spec.node,
        "policy": one.spec.policy,
        "trigger": one.spec.trigger.name,
        "trigger_since": format_time(one.spec.trigger.since),
        "phase": status.phase,
        "try": status.try_number,
        "since": time(story.since(one)),
        "ended": time(status.ended),
        "message": status.message,
        "cordoned": status.cordoned,
        "evicted": status.evicted,
        "blocking": status.blocking,
        "culprit": dict(story.facts(one)).get("culprit", ""),
        "next": story.comes_next(one, at),
    }


def _node(cluster: Cluster, name: str) -> Document:
    last = cluster.newest(name)
    return {
        "name": name,
        "signs": [sign(one) for one in signs.signs(cluster, name)],
        "remediation": {"name": last.name, "phase": last.status.phase} if last else None,
    }


def sign(one: signs.Sign) -> Document:
    """One sign."""
    since = time(one.since)
    return {"word": one.word, "since": since, "message": one.message, "urgent": one.urgent}


def time(moment: Optional[datetime]) -> Optional[str]:
    """As the API writes it."""
    return format_time(moment) if moment is not None else None


def _urgency(node: Mapping[str, Any]) -> Any:
    words = [one["word"] for one in node["signs"]]
    ranks = (signs.SPENT in words, any(one["urgent"] for one in node["signs"]))
    return (*(not rank for rank in ranks), node["name"])
