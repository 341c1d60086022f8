"""The cluster surveyed once per plan: judged tunings, verdicts on nodes, who selects whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ..kinds.node_tuning import NodeTuning
from ..kinds.state_content import SourceRef
from . import selector
from .judged import Judged, judge
from .merge import NEW, Clash, Part, clashes_of
from .observed import Observed, Settings
from .verdict import Verdict, verdict

ALL = ""
"""The one pool of a tuning without poolLabel."""


@dataclass(frozen=True)
class Fleet:
    """``matched``: by tuning, the names of the nodes that it selects; ``holders``: of those that
    were told something of it; ``selecting``: by node, the tunings that select it, by name.
    """

    now: datetime
    settings: Settings
    tunings: Mapping[str, Judged]
    nodes: Mapping[str, Verdict]
    matched: Mapping[str, frozenset[str]]
    holders: Mapping[str, frozenset[str]]
    selecting: Mapping[str, tuple[str, ...]]

    def verdicts(self, names: Iterable[str]) -> list[Verdict]:
        """The verdicts on these nodes."""
        return [self.nodes[name] for name in names]

    def pool(self, one: Verdict, tuning: NodeTuning) -> str:
        """The pool of a node; nodes without the label are a pool of their own."""
        label = tuning.rollout.pool_label
        return one.node.labels.get(label, ALL) if label else ALL

    def enforced_on(self, node: str) -> list[Judged]:
        """The tunings that are to be in force on a node, by name."""
        found = (self.tunings[name] for name in self.selecting[node])
        return [one for one in found if one.enforced]

    @cached_property
    def clashes(self) -> Mapping[tuple[str, ...], tuple[Clash, ...]]:
        """Conflicts between the present contents, by the set of tunings on a node."""
        groups = {tuple(one.name for one in self.enforced_on(name)) for name in self.nodes}
        return {group: self._clashes(group) for group in groups}

    def _clashes(self, group: tuple[str, ...]) -> tuple[Clash, ...]:
        parts = [new_part(self.tunings[name]) for name in group if self.tunings[name].valid]
        return clashes_of(tuple(parts))


def new_part(one: Judged) -> Part:
    """What a tuning gives where its turn has come."""
    tuning = one.tuning
    source = SourceRef(tuning.name, tuning.uid, tuning.revision, tuning.priority, tuning.on_delete)
    return Part(NEW, source, one.text)


def survey(observed: Observed) -> Fleet:
    """Everything that several parts of a plan ask for."""
    settings, now = observed.settings, observed.now.replace(microsecond=0)
    tunings = {
        name: judge(observed.tunings[name], settings.allowed, now)
        for name in sorted(observed.tunings)
    }
    deadlines = {name: one.deadline for name, one in tunings.items()}
    nodes = {
        name: verdict(node, observed.states.get(name), deadlines, now)
        for name, node in sorted(observed.nodes.items())
    }
    selecting = {
        name: tuple(
            tuning
            for tuning, judged in tunings.items()
            if selector.matches(judged.tuning.selector, one.node.labels)
        )
        for name, one in nodes.items()
    }
    matched: dict[str, set[str]] = {name: set() for name in tunings}
    holders: dict[str, set[str]] = {}
    for name, one in nodes.items():
        for tuning in selecting[name]:
            matched[tuning].add(name)
        for source in one.content.sources:
            holders.setdefault(source.name, set()).add(name)
    return Fleet(now, settings, tunings, nodes, _frozen(matched), _frozen(holders), selecting)


def _frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(found) for name, found in sets.items()}
