# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node explained: what it should have and why, what it has, its trouble, and what is done."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read
from limitwise_operator.decide.document import key
from limitwise_operator.kinds.node import Node
from limitwise_operator.kinds.node_remediation import NodeRemediation
from limitwise_operator.kinds.node_tuning_state import APPLIED, NodeTuningState
from limitwise_operator.kinds.times import format_time

from . import needs, picture, signs, story
from .objects import Cluster

Document = Dict[str, Any]
PAST = 5


def explain(cluster: Cluster, name: str) -> Document:
    """Shape: at, node, agent, signs, wanted [..], conflicts [..], applied, drift [..],
    ceilings [..], pressure, policies [..], remediation {.., log [..]}, past [..], next, needs [..].

    InputError for a node that no object is about.
    """
    if name not in cluster.names():
        raise InputError(f"nothing is known of a node {name!r}", remedy="limitwise k8s status")
    node, state, last = cluster.nodes.get(name), cluster.states.get(name), cluster.newest(name)
    found = signs.signs(cluster, name)
    return {
        "at": format_time(cluster.at),
        "node": _node(cluster, name, node),
        "agent": _agent(cluster, name, state),
        "signs": [picture.sign(one) for one in found],
        "wanted": _wanted(state) if state else [],
        "conflicts": [one.to_dict() for one in state.spec.content.conflicts] if state else [],
        "applied": _applied(state) if state else None,
        "drift": [_drift(row) for row in state.status.drift] if state else [],
        "ceilings": _ceilings(state) if state else [],
        "pressure": state.status.pressure.to_dict() if state else {},
        "policies": _policies(cluster, name),
        "remediation": _remediation(cluster, last) if last else None,
        "past": _past(cluster, name, last),
        "next": _next(cluster, name, last, found),
        "needs": [asdict(one) for one in _needs(cluster, name)],
        "notes": list(cluster.notes),
    }


def _node(cluster: Cluster, name: str, node: Optional[Node]) -> Document:
    if node is None:
        return {"name": name, "known": False}
    cordon = node.cordon
    return {
        "name": name,
        "known": True,
        "uid": node.uid,
        "ready": node.ready,
        "conditions": {one.type: one.status for one in node.conditions},
        "unschedulable": node.unschedulable,
        "cordoned_by": cordon.by if cordon else ("somebody else" if node.unschedulable else None),
        "cordoned_since": picture.time(cordon.time) if cordon else None,
        "unschedulable_before": cordon.unschedulable_before if cordon else None,
        "waits_for_limits": node.startup_taint,
    }


def _agent(cluster: Cluster, name: str, state: Optional[NodeTuningState]) -> Document:
    heart = cluster.agents.get(name)
    return {
        "version": state.status.agent_version if state else "",
        "last_heartbeat": picture.time(heart.renewed) if heart else None,
        "silent": heart.silent(cluster.at) if heart else None,
    }


def _wanted(state: NodeTuningState) -> List[Document]:
    """Every wanted value with the NodeTuning that gave it."""
    content = state.spec.content
    tuning, _findings = read(content.tuning)
    return [
        {
            "layer": item.layer, "name": item.name, "value": item.text,
            "tuning": content.provenance.get(key(item), ""),
            "priority": _priority(state, content.provenance.get(key(item), "")),
        }
        for item in tuning.items
    ]


def _priority(state: NodeTuningState, name: str) -> Optional[int]:
    source = state.spec.content.source(name)
    return source.priority if source else None


def _applied(state: NodeTuningState) -> Document:
    """The revision in force beside the wanted one, and what still waits."""
    status, applied = state.status, state.status.applied
    condition = status.condition(APPLIED)
    turn = state.spec.go_ahead
    return {
        "tunings": [one.name for one in state.spec.content.sources],
        "wanted_revision": state.spec.revision,
        "turn": picture.time(turn.time) if turn and turn.revision == state.spec.revision else None,
        "revision": applied.revision if applied else None,
        "time": picture.time(applied.time) if applied else None,
        "run_id": applied.run_id if applied else None,
        "current": applied is not None and applied.revision == state.spec.revision,
        "state": condition.reason if condition else None,
        "message": condition.message if condition else "",
        "waiting": [one.to_dict() for one in status.waiting],
        "findings": [dict(one) for one in status.findings],
    }


def _drift(row: Mapping[str, Any]) -> Document:
    """A limit that somebody else has changed; ``winner``: whose word counts at the next boot."""
    subject, name = str(row.get("subject") or ""), str(row.get("key") or "")
    return {
        "layer": row.get("layer"),
        "name": f"{subject} {name}".strip(),
        "wanted": row.get("wanted"),
        "live": row.get("live"),
        "winner": row.get("file") or row.get("writer") or None,
        "file": row.get("file"),
        "writer": row.get("writer"),
        "since": row.get("since"),
    }


def _ceilings(state: NodeTuningState) -> List[Document]:
    """The ceilings that are half used up or more, the fullest first."""
    found = [
        {
            name: row.get(name)
            for name in ("resource", "scope", "subject", "used", "limit", "mark")
        }
        for row in state.status.ceilings
    ]
    return sorted(found, key=lambda row: (-_mark(row), str(row["resource"]), str(row["subject"])))


def _mark(row: Mapping[str, Any]) -> int:
    mark = row.get("mark")
    return mark if isinstance(mark, int) else 0


def _policies(cluster: Cluster, name: str) -> List[Document]:
    state = cluster.states.get(name)
    relief = state.spec.watch.relief if state and state.spec.watch else None
    return [
        {
            "name": policy.name,
            "mode": policy.mode,
            "paused": list(policy.pause_requests),
            "triggers": [one.name for one in policy.rules.triggers],
            "relief": relief.to_dict() if relief else None,
        }
        for policy in needs.selecting(cluster, name)
    ]


def _remediation(cluster: Cluster, one: NodeRemediation) -> Document:
    return {
        **picture.remediation(one, cluster.at),
        "facts": [{"what": what, "said": said} for what, said in story.facts(one)],
        "log": [
            {
                "time": format_time(line.time), "phase": line.phase, "text": line.text,
                "seconds": int(line.lasted.total_seconds()) if line.lasted is not None else None,
            }
            for line in story.log(one)
        ],
    }


def _past(cluster: Cluster, name: str, last: Optional[NodeRemediation]) -> List[Document]:
    before = [one for one in cluster.remediations.get(name, ()) if one is not last]
    return [picture.remediation(one, cluster.at) for one in before[-PAST:]]


def _next(
    cluster: Cluster, name: str, last: Optional[NodeRemediation], found: Tuple[signs.Sign, ...]
) -> str:
    """What will happen by itself, in one sentence."""
    if last is not None and not last.finished:
        return story.comes_next(last, cluster.at)
    if signs.urgent(found):
        why = needs.unattended(cluster, name, found)
        if why is not None:
            return f"nothing: {why[0]}"
        return _would(cluster, name) or (
            "a remediation begins when the trigger has held for its time and the budget admits it"
        )
    state = cluster.states.get(name)
    if state is not None and state.status.pressure.raised:
        return "what relief has raised is given back when all has been calm"
    if state is not None and state.spec.revision != _revision(state):
        return "its tuning is applied when its turn has come"
    return "nothing: all is as it should be" if not found else "the agent goes on mending it"


def _revision(state: NodeTuningState) -> str:
    """The applied revision; a node of which nothing is wanted has it already."""
    applied = state.status.applied
    if applied is not None:
        return applied.revision
    return "" if state.spec.content.sources else state.spec.revision


def _would(cluster: Cluster, name: str) -> str:
    for policy in cluster.policies.values():
        for node, trigger, message in policy.status.would:
            if node == name:
                return f"policy {policy.name} would act on {trigger}: {message}".rstrip(": ")
    return ""


def _needs(cluster: Cluster, name: str) -> List[needs.Need]:
    """Those of the whole cluster that concern this node, and its own."""
    of_it = {name, *(one.name for one in needs.selecting(cluster, name))}
    state = cluster.states.get(name)
    if state is not None:
        of_it |= {one.name for one in state.spec.content.sources}
    alone = _only(cluster, name)
    return [
        one for one in needs.needs(alone)
        if one.about == "operator" or one.about.split(" ", 1)[-1] in of_it
    ]


def _only(cluster: Cluster, name: str) -> Cluster:
    """The cluster as if it had this node alone: what concerns others is nobody's need here."""
    def one_of(found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: found[name]} if name in found else {}

    return replace(
        cluster, nodes=one_of(cluster.nodes), states=one_of(cluster.states),
        remediations=one_of(cluster.remediations), agents=one_of(cluster.agents),
    )
