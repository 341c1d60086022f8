# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster as it was read: objects as values, by name; those not of their shape are named."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError
from limitwise_operator.kinds import fields, meta
from limitwise_operator.kinds.meta import KindError
from limitwise_operator.kinds.node import Node
from limitwise_operator.kinds.node_remediation import NodeRemediation
from limitwise_operator.kinds.node_tuning import NodeTuning
from limitwise_operator.kinds.node_tuning_state import NodeTuningState
from limitwise_operator.kinds.remediation_policy import RemediationPolicy
from limitwise_operator.kinds.times import parse_time

NODE, LEASE = "Node", "Lease"
AGENT_LEASE = "limitwise-agent-"
OPERATOR_LEASE = "limitwise-operator"

READERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    NODE: Node.from_dict,
    meta.NODE_TUNING: NodeTuning.from_dict,
    meta.NODE_TUNING_STATE: NodeTuningState.from_dict,
    meta.REMEDIATION_POLICY: RemediationPolicy.from_dict,
    meta.NODE_REMEDIATION: NodeRemediation.from_dict,
}
GROUPS = {NODE: "v1", LEASE: "coordination.k8s.io"}
OURS = tuple(kind for kind in READERS if kind != NODE)


@dataclass(frozen=True)
class Heart:
    """A Lease: who holds it, when it was last renewed, how long that counts."""

    holder: str
    renewed: Optional[datetime]
    lasts: timedelta

    def silent(self, at: datetime) -> bool:
        """Whether its time has run out."""
        return self.renewed is None or at - self.renewed > self.lasts


@dataclass(frozen=True)
class Unread:
    """An object that is not of its kind's shape."""

    kind: str
    name: str
    why: str


@dataclass(frozen=True)
class Cluster:
    """What was read, and when (``at``). ``kinds``: those that were looked for.

    A kind that is not among them is unknown, not empty: files need not hold all of them.
    """

    at: datetime
    kinds: Tuple[str, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    tunings: Mapping[str, NodeTuning] = field(default_factory=dict)
    states: Mapping[str, NodeTuningState] = field(default_factory=dict)
    policies: Mapping[str, RemediationPolicy] = field(default_factory=dict)
    remediations: Mapping[str, Tuple[NodeRemediation, ...]] = field(default_factory=dict)
    """By node, oldest first."""
    agents: Mapping[str, Heart] = field(default_factory=dict)
    operator: Optional[Heart] = None
    unread: Tuple[Unread, ...] = ()
    notes: Tuple[str, ...] = ()

    def newest(self, node: str) -> Optional[NodeRemediation]:
        """The node's unfinished remediation, else the last one."""
        found = self.remediations.get(node, ())
        unfinished = [one for one in found if not one.finished]
        last = unfinished or found
        return last[-1] if last else None

    def of_trouble(self, node: str, since: Optional[datetime]) -> Optional[NodeRemediation]:
        """The remediation of the very trouble that has lasted since then, finished or not."""
        found = self.remediations.get(node, ())
        return next((one for one in found[::-1] if one.spec.trigger.since == since), None)

    def active(self) -> List[NodeRemediation]:
        """All unfinished remediations, the oldest first."""
        every = (one for found in self.remediations.values() for one in found)
        return sorted((one for one in every if not one.finished), key=_began)

    def names(self) -> List[str]:
        """Every node that any object is about."""
        return sorted({*self.nodes, *self.states, *self.remediations, *self.agents})


def cluster_of(
    bodies: Iterable[Any], at: datetime, kinds: Iterable[str] = (), notes: Iterable[str] = ()
) -> Cluster:
    """The cluster of the API's own objects, lists among them; other kinds are passed over."""
    found: Dict[str, Dict[str, Any]] = {kind: {} for kind in READERS}
    hearts: Dict[str, Heart] = {}
    unread: List[Unread] = []
    seen = set(kinds)
    for body in flat(bodies):
        kind, name = _identity(body)
        seen.add(kind)
        try:
            if kind in READERS:
                found[kind][name] = READERS[kind](body)
            elif kind == LEASE:
                hearts[name] = _heart(body)
        except KindError as error:
            unread.append(Unread(kind, name, str(error)))
    of_nodes: Dict[str, List[NodeRemediation]] = defaultdict(list)
    for one in sorted(found[meta.NODE_REMEDIATION].values(), key=_began):
        of_nodes[one.spec.node].append(one)
    return Cluster(
        at, tuple(kind for kind in (*READERS, LEASE) if kind in seen),
        found[NODE], found[meta.NODE_TUNING], found[meta.NODE_TUNING_STATE],
        found[meta.REMEDIATION_POLICY], {name: tuple(all_) for name, all_ in of_nodes.items()},
        {
            name[len(AGENT_LEASE):]: heart
            for name, heart in hearts.items() if name.startswith(AGENT_LEASE)
        },
        hearts.get(OPERATOR_LEASE), tuple(unread), tuple(notes),
    )


def flat(bodies: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    """Every object, those in lists too; InputError for what is no object of Kubernetes'."""
    for body in bodies:
        if not isinstance(body, Mapping) or not isinstance(body.get("kind"), str):
            raise InputError("is no object of Kubernetes", remedy="kubectl get ... -o json")
        items = body.get("items")
        if not str(body["kind"]).endswith("List"):
            yield body
        elif not isinstance(items, (list, type(None))):
            raise InputError("has a list whose items are no list")
        else:
            of_list = str(body["kind"])[: -len("List")]
            named = [_named(item, of_list, body) for item in items or ()]
            yield from flat(named)


def _named(item: Any, kind: str, body: Mapping[str, Any]) -> Any:
    """Items of a typed list (NodeList) do not repeat their kind."""
    if isinstance(item, Mapping) and kind and "kind" not in item:
        return {"kind": kind, "apiVersion": body.get("apiVersion"), **item}
    return item


def _identity(body: Mapping[str, Any]) -> Tuple[str, str]:
    """Kind and name; a kind of another group that is called like one of these is none of them."""
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else ""
    kind, group = str(body["kind"]), str(body.get("apiVersion")).partition("/")[0]
    ours = group == GROUPS.get(kind, meta.GROUP)
    return (kind if ours else f"{kind}.{group}"), str(name or "")


def _heart(body: Mapping[str, Any]) -> Heart:
    spec = fields.mapping(body, "spec")
    lasts = timedelta(seconds=fields.number(spec, "leaseDurationSeconds"))
    return Heart(fields.text(spec, "holderIdentity"), parse_time(spec.get("renewTime")), lasts)


def _began(one: NodeRemediation) -> Tuple[datetime, str]:
    return one.status.started or one.created or one.spec.trigger.since, one.name
