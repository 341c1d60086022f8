"""What the operator believes of a world: what it was told, and what its own writes left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.expected import expected
from limitwise_operator.decide.observed import Observed
from limitwise_operator.decide.writes import Write
from limitwise_operator.kinds.meta import FINALIZER, REMEDIATION_FINALIZER
from limitwise_operator.kinds.remediation_policy import RemediationPolicy

from .world import Objects, World


@dataclass
class Belief:
    """An operator's informers: each object as it was last told, its own writes included."""

    world: World
    nodes: Objects = field(default_factory=dict)
    tunings: Objects = field(default_factory=dict)
    states: Objects = field(default_factory=dict)
    policies: Objects = field(default_factory=dict)
    remediations: Objects = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)

    def listed(self) -> None:
        """Everything anew, as at the start."""
        self.nodes = dict(self.world.nodes)
        self.tunings = dict(self.world.tunings)
        self.states = dict(self.world.states)
        self.policies = dict(self.world.policies)
        self.remediations = dict(self.world.remediations)

    def told(self, name: str) -> None:
        """News of every object of that name."""
        for kind in ("nodes", "tunings", "states"):
            real, known = getattr(self.world, kind), getattr(self, kind)
            if name in real:
                known[name] = real[name]
            else:
                known.pop(name, None)
        if name in self.world.policies:
            self.policies[name] = self.world.policies[name]
        else:
            self.policies.pop(name, None)
        here = {n: one for n, one in self.world.remediations.items() if one.spec.node == name}
        gone = [n for n, one in self.remediations.items() if one.spec.node == name]
        for one in gone:
            del self.remediations[one]
        self.remediations.update(here)

    def observed(self) -> Observed:
        """What it plans from."""
        seen = Observed(
            dict(self.nodes),
            dict(self.tunings),
            dict(self.states),
            self.world.now,
            self.world.settings,
            policies=dict(self.policies),
            remediations=dict(self.remediations),
            refusals=dict(self.refusals),
        )
        pods = {name: tuple(self.world.pods.get(name, ())) for name in seen.draining()}
        return replace(seen, pods=pods)

    def carry_out(self, writes: Iterable[Write]) -> None:
        """Make writes until one of a node is refused; learn from every answer."""
        refused: set[str] = set()
        changed: set[str] = set()
        for write in writes:
            subject = (
                getattr(write, "node", None)
                or getattr(write, "tuning", None)
                or getattr(write, "policy", None)
                or ""
            )
            if subject in refused:
                continue
            if isinstance(write, made.EvictPod):
                self.refusals.pop(write.uid, None)
                if write.uid in self.world.protected:
                    self.refusals[write.uid] = self.world.protected[write.uid]
            if not self.world.make(self._after_own(write, changed)):
                refused.add(subject)
            changed.add(
                getattr(write, "remediation", None) or getattr(write, "policy", "") or _made(write)
            )
            if subject:
                self.told(subject)

    def _after_own(self, write: Any, changed: set[str]) -> Any:
        """On the version that our own last write left, as the performer does."""
        kinds = (("remediation", self.world.remediations), ("policy", self.world.policies))
        for field_name, objects in kinds:
            name = getattr(write, field_name, "")
            if name and name in changed and hasattr(write, "resource_version"):
                one: Any = objects.get(name)
                return replace(write, resource_version=one.resource_version if one else "")
        return write


def _made(write: Write) -> str:
    return write.spec.name if isinstance(write, made.CreateRemediation) else ""


def after_all(observed: Observed, writes: Iterable[Write]) -> Observed:
    """The cluster in which these writes were made; pods are not shown again."""
    writes = tuple(writes)
    seen = expected(observed, writes)
    tunings = dict(seen.tunings)
    for write in writes:
        match write:
            case made.AddFinalizer(name):
                one = tunings[name]
                tunings[name] = replace(one, finalizers=(*one.finalizers, FINALIZER))
            case made.RemoveFinalizer(name):
                del tunings[name]
            case made.SetTuningStatus(name, status=status):
                tunings[name] = replace(tunings[name], status=status)
    return replace(seen, tunings=tunings, policies=_policies(observed, writes), pods={})


def _policies(observed: Observed, writes: Iterable[Write]) -> dict[str, RemediationPolicy]:
    policies = dict(observed.policies)
    for write in writes:
        match write:
            case made.AddPolicyFinalizer(name):
                one = policies[name]
                held = (*one.finalizers, REMEDIATION_FINALIZER)
                policies[name] = replace(one, finalizers=held)
            case made.RemovePolicyFinalizer(name):
                del policies[name]
            case made.SetPolicyStatus(name, status=status):
                policies[name] = replace(policies[name], status=status)
    return policies
