"""What is known of the cluster: its kinds as values, never older than what we wrote.

Two sources fold into it, the watches' events and the answers to our own writes, in any order:
the higher resourceVersion of an object wins, so that a late event cannot bring back what we have
already changed. Used by the event loop only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .effects.cluster import NODES, POLICIES, REMEDIATIONS, STATES, TUNINGS, Census
from .kinds.meta import (
    NODE_REMEDIATIONS,
    NODE_TUNING_STATES,
    NODE_TUNINGS,
    REMEDIATION_POLICIES,
    KindError,
)
from .kinds.node import Node
from .kinds.node_remediation import NodeRemediation
from .kinds.node_tuning import NodeTuning
from .kinds.node_tuning_state import NodeTuningState
from .kinds.remediation_policy import RemediationPolicy

RESOURCES: Mapping[str, str] = {
    "nodes": NODES,
    NODE_TUNINGS: TUNINGS,
    NODE_TUNING_STATES: STATES,
    REMEDIATION_POLICIES: POLICIES,
    NODE_REMEDIATIONS: REMEDIATIONS,
}
# So many nodes are remembered whose incidents were deleted.
DEPARTED = 5000
_log = logging.getLogger(__name__)


def _state(body: Mapping[str, Any]) -> NodeTuningState:
    return NodeTuningState.from_dict(body).held()


READERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "nodes": Node.from_dict,
    NODE_TUNINGS: NodeTuning.from_dict,
    NODE_TUNING_STATES: _state,
    REMEDIATION_POLICIES: RemediationPolicy.from_dict,
    NODE_REMEDIATIONS: NodeRemediation.from_dict,
}


@dataclass
class Shelf:
    """The objects of one kind by name; `gone` has the version at which a name was deleted."""

    read: Callable[[Mapping[str, Any]], Any]
    objects: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)

    def fold(self, body: Mapping[str, Any], deleted: bool) -> bool:
        """Take in an object as it was at its resourceVersion; whether anything is new."""
        name, version = body["metadata"]["name"], int(body["metadata"]["resourceVersion"])
        if version <= max(self.versions.get(name, 0), self.gone.get(name, 0)) and not (
            deleted and name in self.objects and version >= self.versions[name]
        ):
            return False
        if deleted:
            self.gone[name] = version
            return self.drop(name)
        self.versions[name] = version
        try:
            value = self.read(body)
        except KindError as error:
            _log.error("an object cannot be read and is left out: %s", error)
            return self.objects.pop(name, None) is not None
        if self.objects.get(name) == value:
            return False
        self.objects[name] = value
        return True

    def drop(self, name: str) -> bool:
        """Forget an object; whether it was known."""
        self.versions.pop(name, None)
        return self.objects.pop(name, None) is not None

    def behind(self, census: Census) -> dict[str, int]:
        """Names that a census had at a version which we have not seen yet (nor their deletion)."""
        return {
            name: version
            for name, version in census.versions.items()
            if max(self.versions.get(name, 0), self.gone.get(name, 0)) < version
        }

    def forget_absent(self, census: Census) -> bool:
        """Drop what a census no longer has: a watch that was cut for long tells no deletions."""
        absent = [
            name
            for name, version in self.versions.items()
            if name not in census.versions and version <= census.version
        ]
        # An entry matters only while an event from before the deletion may still come.
        self.gone = {n: v for n, v in self.gone.items() if v > census.version}
        for name in absent:
            self.drop(name)
        return bool(absent)


class Store:
    """The shelves of all kinds."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._departed: dict[str, datetime] = {}
        self._shelves = {resource: Shelf(read) for resource, read in READERS.items()}

    def shelf(self, resource: str) -> Shelf:
        """The shelf of a kind by its resource name."""
        return self._shelves[resource]

    def fold(self, resource: str, body: Mapping[str, Any], deleted: bool = False) -> bool:
        """Take in an object; whether anything that decisions see is new."""
        if deleted and resource == NODE_REMEDIATIONS:
            self._depart(body["metadata"]["name"])
        return self._shelves[resource].fold(body, deleted)

    def _depart(self, name: str) -> None:
        """Who deletes an incident wants the node left alone for a while, not a new one at once."""
        one = self._shelves[NODE_REMEDIATIONS].objects.get(name)
        if one is None:
            return
        if len(self._departed) >= DEPARTED:
            self._departed.pop(next(iter(self._departed)))
        self._departed[one.spec.node] = one.status.ended or self._now()

    @property
    def departed(self) -> dict[str, datetime]:
        """By node, when its last deleted NodeRemediation ended: a copy."""
        return dict(self._departed)

    @property
    def nodes(self) -> dict[str, Node]:
        """Nodes by name: a copy, which stays as it is."""
        return dict(self._shelves["nodes"].objects)

    @property
    def tunings(self) -> dict[str, NodeTuning]:
        """NodeTunings by name: a copy."""
        return dict(self._shelves[NODE_TUNINGS].objects)

    @property
    def states(self) -> dict[str, NodeTuningState]:
        """NodeTuningStates by name: a copy."""
        return dict(self._shelves[NODE_TUNING_STATES].objects)

    @property
    def policies(self) -> dict[str, RemediationPolicy]:
        """RemediationPolicies by name: a copy."""
        return dict(self._shelves[REMEDIATION_POLICIES].objects)

    @property
    def remediations(self) -> dict[str, NodeRemediation]:
        """NodeRemediations by name: a copy."""
        return dict(self._shelves[NODE_REMEDIATIONS].objects)
