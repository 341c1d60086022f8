"""The cluster surveyed once per plan: judged tunings, verdicts on nodes, who selects whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain

from ..kinds.node import Node
from ..kinds.node_remediation import NodeRemediation
from ..kinds.node_tuning import Conflict, NodeTuning
from .judged import Judged, judge
from .merge import Clash, Part, clashes_of
from .observed import Observed, Settings
from .selector import matches
from .verdict import Verdict, verdict

ALL = ""
"""The one pool of a tuning without poolLabel."""


@dataclass(frozen=True, eq=False)
class Group:
    """The tunings that select a node, by name: thousands of nodes share a few such groups."""

    selecting: tuple[Judged, ...]

    @cached_property
    def enforced(self) -> tuple[Judged, ...]:
        """Those that are to be in force."""
        return tuple(one for one in self.selecting if one.enforced)

    @cached_property
    def previewed(self) -> tuple[Part, ...]:
        """What shows what the Report tunings among them would do; empty without such."""
        shown = [one for one in self.selecting if one.valid and not one.tuning.deleting]
        if not any(one.tuning.reports_only for one in shown):
            return ()
        return tuple(one.new_part for one in shown)

    @cached_property
    def clashes(self) -> tuple[Clash, ...]:
        """Conflicts between the present contents, whoever's turn has come."""
        return clashes_of(tuple(one.new_part for one in self.enforced if one.valid))

    @cached_property
    def disputed(self) -> frozenset[str]:
        """The keys of these."""
        return frozenset(clash.key for clash in self.clashes)

    @cached_property
    def conflicts(self) -> Mapping[str, tuple[Conflict, ...]]:
        """What each of them is told of these conflicts."""
        found: dict[str, list[Conflict]] = {}
        for clash in self.clashes:
            for name, value in clash.values:
                found.setdefault(name, []).extend(
                    Conflict(clash.name, other, (value, wanted))
                    for other, wanted in clash.values
                    if wanted != value
                )
        return {name: tuple(conflicts) for name, conflicts in found.items()}


@dataclass(frozen=True)
class Fleet:
    """``matched``: by tuning, the names of the nodes that it selects; ``holders``: of those that
    were told something of it; ``groups``: by node, the tunings that select it.
    """

    now: datetime
    settings: Settings
    tunings: Mapping[str, Judged]
    nodes: Mapping[str, Verdict]
    matched: Mapping[str, frozenset[str]]
    holders: Mapping[str, frozenset[str]]
    groups: Mapping[str, Group]

    def verdicts(self, names: Iterable[str]) -> list[Verdict]:
        """The verdicts on these nodes."""
        return [self.nodes[name] for name in names]

    def pool(self, one: Verdict, tuning: NodeTuning) -> str:
        """The pool of a node; nodes without the label are a pool of their own."""
        label = tuning.rollout.pool_label
        return one.node.labels.get(label, ALL) if label else ALL


def survey(observed: Observed, before: Fleet | None = None) -> Fleet:
    """Everything that several parts of a plan ask for.

    ``before``: the survey of the same moment before some writes, of which nearly all still holds.
    """
    settings, now = observed.settings, observed.now.replace(microsecond=0)
    tunings = {name: judge(observed.tunings[name], now) for name in sorted(observed.tunings)}
    deadlines = {name: one.deadline for name, one in tunings.items()}
    cares = observed.active()
    known = before.nodes if before is not None and before.now == now else {}
    nodes: dict[str, Verdict] = {}
    for name, node in sorted(observed.nodes.items()):
        state, care, one = observed.states.get(name), _care(node, cares), known.get(name)
        if one is None or one.node is not node or one.told is not state or one.care != care:
            one = verdict(node, state, deadlines, now, care)
        nodes[name] = one
    groups, matched = _grouped(tunings, nodes)
    holders: dict[str, set[str]] = {}
    for name, one in nodes.items():
        for source in one.content.sources:
            holders.setdefault(source.name, set()).add(name)
    held = {name: frozenset(found) for name, found in holders.items()}
    return Fleet(now, settings, tunings, nodes, matched, held, groups)


def _care(node: Node, active: Mapping[str, NodeRemediation]) -> str:
    """The unfinished remediation of this very node, not of a former one of its name."""
    one = active.get(node.name)
    return one.name if one is not None and one.spec.node_uid == node.uid else ""


def _grouped(
    tunings: Mapping[str, Judged], nodes: Mapping[str, Verdict]
) -> tuple[dict[str, Group], dict[str, frozenset[str]]]:
    known: dict[tuple[str, ...], Group] = {}
    groups: dict[str, Group] = {}
    members: dict[tuple[str, ...], list[str]] = {}
    selectors = [(name, one.tuning.selector) for name, one in tunings.items()]
    for name, one in nodes.items():
        labels = one.node.labels
        names = tuple(tuning for tuning, chosen in selectors if matches(chosen, labels))
        if names not in known:
            known[names] = Group(tuple(tunings[tuning] for tuning in names))
        groups[name] = known[names]
        members.setdefault(names, []).append(name)
    matched = {
        tuning: frozenset(chain(*(found for names, found in members.items() if tuning in names)))
        for tuning in tunings
    }
    return groups, matched
