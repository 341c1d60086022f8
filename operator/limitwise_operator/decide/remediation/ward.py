"""Everything that remediation asks of a cluster, surveyed once per plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ...kinds.node_remediation import SUCCEEDED, Cause, NodeRemediation, RemediationSpec
from ...kinds.state_content import Content
from ...kinds.watch import Watch
from ..fleet import Fleet
from ..observed import Observed
from ..selector import matches
from ..verdict import Verdict
from .policy import Policy, judge
from .triggers import holding
from .watch import bounded, watch

OWN = "NodeRemediation/"
"""Prefix of who cordoned a node, in our note on it."""


@dataclass(frozen=True, eq=False)
class Ward:
    """``selecting``: by node, the policies for it, by name; ``active``: by node, its unfinished
    incident; ``extra``: further unfinished ones, of which there should be none; ``ended``: by node,
    its finished ones.
    """

    observed: Observed
    fleet: Fleet
    policies: Mapping[str, Policy]
    selecting: Mapping[str, tuple[Policy, ...]]
    active: Mapping[str, NodeRemediation]
    extra: tuple[NodeRemediation, ...]
    ended: Mapping[str, tuple[NodeRemediation, ...]]

    @property
    def now(self) -> datetime:
        return self.fleet.now

    @cached_property
    def matched(self) -> Mapping[str, tuple[Verdict, ...]]:
        """By policy, the nodes that it selects."""
        found: dict[str, list[Verdict]] = {name: [] for name in self.policies}
        for name, policies in self.selecting.items():
            for one in policies:
                found[one.name].append(self.fleet.nodes[name])
        return {name: tuple(nodes) for name, nodes in found.items()}

    @cached_property
    def watches(self) -> Mapping[tuple[Policy, ...], Watch | None]:
        """What agents are told, by the policies that select their nodes: there are few such."""
        return {policies: watch(policies) for policies in set(self.selecting.values())}

    def watch(self, node: str, content: Content) -> Watch | None:
        """What the agent of a node is told that is to have that content."""
        if node not in self.selecting:
            return None
        return bounded(self.watches[self.selecting[node]], content)

    @cached_property
    def causes(self) -> Mapping[str, tuple[tuple[Policy, Cause], ...]]:
        """By node in trouble, what holds there, by policy; known or new, acted on or not."""
        found: dict[str, tuple[tuple[Policy, Cause], ...]] = {}
        for name, policies in self.selecting.items():
            one, silent = self.fleet.nodes[name], self.observed.silent.get(name)
            if not _suspect(one, silent):
                continue
            told = [
                (policy, cause)
                for policy in policies
                if policy.followed and (cause := holding(policy, one, silent, self.now)) is not None
            ]
            if told:
                found[name] = tuple(told)
        return found

    @cached_property
    def troubled(self) -> Mapping[str, frozenset[str]]:
        """By policy, the nodes on which a trigger holds that no remediation has cured yet.

        What a kubelet still says of trouble that was cured is none.
        """
        found: dict[str, set[str]] = {name: set() for name in self.policies}
        for node, told in self.causes.items():
            for policy, cause in told:
                before = self.known(node, policy, cause)
                if before is None or before.status.phase != SUCCEEDED:
                    found[policy.name].add(node)
        return {name: frozenset(nodes) for name, nodes in found.items()}

    def known(self, node: str, policy: Policy, cause: Cause) -> NodeRemediation | None:
        """The incident of that very cause, finished or not."""
        return self.observed.remediations.get(spec_of(self.fleet.nodes[node], policy, cause).name)


def spec_of(one: Verdict, policy: Policy, cause: Cause) -> RemediationSpec:
    """The incident that a cause is, and its name."""
    return RemediationSpec(
        one.name, one.node.uid, policy.name, policy.policy.uid, cause, policy.policy.rules
    )


def cordoned_for(one: Verdict) -> str:
    """The NodeRemediation that our note on a cordoned node names; empty for none."""
    cordon = one.node.cordon
    return cordon.by[len(OWN) :] if cordon is not None and cordon.by.startswith(OWN) else ""


def _suspect(one: Verdict, silent: datetime | None) -> bool:
    """Whether any trigger could be on: of nearly all nodes none is."""
    fired = one.state is not None and one.state.status.pressure.fired
    return bool(one.node.conditions or fired or silent is not None)


def _selecting(policies: Mapping[str, Policy], fleet: Fleet) -> dict[str, tuple[Policy, ...]]:
    """By node, who selects it: thousands of nodes share a few such tuples."""
    found: dict[str, tuple[Policy, ...]] = {}
    known: dict[tuple[str, ...], tuple[Policy, ...]] = {}
    selectors = [(name, one.policy.selector) for name, one in policies.items()]
    for node, one in fleet.nodes.items() if policies else ():
        labels = one.node.labels
        names = tuple(name for name, chosen in selectors if matches(chosen, labels))
        if names:
            if names not in known:
                known[names] = tuple(policies[name] for name in names)
            found[node] = known[names]
    return found


def ward(observed: Observed, fleet: Fleet, before: Ward | None = None) -> Ward:
    """The survey; ``fleet`` is that of the same cluster, ``before`` the survey before some writes
    about nodes: these change no policy and no label.
    """
    if before is None:
        policies = {name: judge(observed.policies[name]) for name in sorted(observed.policies)}
        selecting = _selecting(policies, fleet)
    else:
        policies, selecting = dict(before.policies), dict(before.selecting)
    active = observed.active()
    chosen_names = {one.name for one in active.values()}
    unfinished = [
        one
        for _name, one in sorted(observed.remediations.items())
        if not one.finished and one.name not in chosen_names
    ]
    ended: dict[str, list[NodeRemediation]] = {}
    for each in observed.remediations.values():
        if each.finished:
            ended.setdefault(each.spec.node, []).append(each)
    return Ward(
        observed,
        fleet,
        policies,
        selecting,
        active,
        tuple(unfinished),
        {name: tuple(found) for name, found in ended.items()},
    )
