"""A small cluster with policies whose operator sees everything: remediation told step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from limitwise_operator.decide.observed import Settings
from limitwise_operator.decide.plan import plan
from limitwise_operator.decide.writes import RecordEvent, Write
from limitwise_operator.kinds.node import CONTROL_PLANE, Told
from limitwise_operator.kinds.node_remediation import NodeRemediation
from limitwise_operator.kinds.pod import Pod
from limitwise_operator.kinds.remediation_policy import RemediationPolicy

from .belief import Belief
from .objects import node, tuning
from .world import World

PIDS = {"name": "pids", "condition": {"type": "PIDPressure"}}
KUBEPODS = {"name": "pods", "ceiling": {"level": "kubepods", "usedPercent": 90}}
QUICK = {
    "relieve": {"enabled": False},
    "culprit": {"enabled": False},
    "drain": {"when": "Always"},
    "verify": {"for": "0s"},
}
FREE: dict[str, Any] = {
    "budget": {"maxUnavailable": "100%"},
    "storm": {"limit": "100%"},
    "cooldown": "0s",
}


def policy(name: str = "p", **spec: Any) -> RemediationPolicy:
    """A policy of all nodes for PIDPressure that hinders nothing."""
    whole = {"nodeSelector": {"all": True}, "triggers": [PIDS], "steps": QUICK, **FREE, **spec}
    return RemediationPolicy.from_dict(
        {"metadata": {"name": name, "uid": f"uid-{name}", "generation": 1}, "spec": whole}
    )


class Clinic:
    """A world with nodes n0, n1, ... each with one pod, and an operator that sees everything."""

    def __init__(self, nodes: int = 3, whole: int | str = "100%", **settings: Any) -> None:
        self.world = World(Settings(max_unavailable=whole, **settings))
        self.belief = Belief(self.world)
        for number in range(nodes):
            self.join(f"n{number}")

    def join(self, name: str, control_plane: bool = False, **fields: Any) -> None:
        labels = {"name": name, **({CONTROL_PLANE: ""} if control_plane else {})}
        self.world.nodes[name] = node(name, labels=labels, **fields)
        self.world.pods[name] = [Pod("apps", f"web-{name}", f"pod-{name}", name, "ReplicaSet")]

    def put(self, name: str = "p", **spec: Any) -> None:
        """A policy, new or changed."""
        self.world.put_policy(policy(name, **spec))

    def tune(self, **spec: Any) -> None:
        """A NodeTuning of all nodes, applied everywhere."""
        self.world.put_tuning(tuning("t", rollout={"soak": "0s", "maxUnavailable": "100%"}, **spec))
        for _pass in range(4):
            self.operate()
            for name in self.world.nodes:
                self.world.agent(name)
            self.world.tick(1)

    def falls_ill(self, *names: str, kind: str = "PIDPressure", status: str = "True") -> None:
        """A condition of these nodes, from now on."""
        for name in names:
            one = self.world.nodes[name]
            told = Told(kind, status, int(self.world.now.timestamp()))
            others = tuple(each for each in one.conditions if each.type != kind)
            self.world.nodes[name] = replace(one, conditions=(*others, told))

    def recovers(self, *names: str) -> None:
        """No condition any more."""
        for name in names:
            self.world.nodes[name] = replace(self.world.nodes[name], conditions=())

    def operate(self) -> tuple[Write, ...]:
        """One pass; everything that it wrote."""
        self.belief.listed()
        made = plan(self.belief.observed())
        self.belief.carry_out(made)
        return made

    def live(self, seconds: float = 1, ok: bool = True) -> tuple[Write, ...]:
        """A pass, then agents and kubelets do their work, and time goes by."""
        made = self.operate()
        for name in self.world.nodes:
            self.world.answer(name, ok)
            self.world.kubelet(name)
        self.world.tick(seconds)
        return made

    def until(self, phase: str, name: str = "n0", ok: bool = True, seconds: float = 1) -> None:
        """Passes until a node's incident is in that phase."""
        for _pass in range(200):
            if self.phase(name) == phase:
                return
            self.live(seconds, ok)
        raise AssertionError(f"{name} never is {phase}: {self.of(name)}")

    def rest(self, passes: int = 60) -> None:
        """Until every incident has ended and nothing is to be written."""
        for _pass in range(passes):
            if not self.live() and all(one.finished for one in self.world.remediations.values()):
                return
        raise AssertionError(f"no rest: {self.world.remediations}")

    def of(self, name: str = "n0") -> NodeRemediation | None:
        """The newest incident of a node."""
        found = [one for one in self.world.remediations.values() if one.spec.node == name]
        return max(found, key=lambda one: int(one.uid.removeprefix("nr-")), default=None)

    def the(self, name: str = "n0") -> NodeRemediation:
        """The same, which there is."""
        found = self.of(name)
        assert found is not None
        return found

    def phase(self, name: str = "n0") -> str:
        one = self.of(name)
        return one.status.phase if one is not None else ""

    def active(self) -> set[str]:
        """Nodes with an unfinished incident."""
        return {one.spec.node for one in self.world.remediations.values() if not one.finished}

    def passes(self, span: timedelta) -> None:
        self.world.tick(span.total_seconds())


def reasons(made: tuple[Write, ...]) -> list[str]:
    """The reasons of the events among writes."""
    return [one.reason for one in made if isinstance(one, RecordEvent)]
