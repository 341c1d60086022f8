"""A small cluster whose operator sees everything: for stories told step by step."""

from __future__ import annotations

from typing import Any

from limitwise_operator.decide.observed import Settings
from limitwise_operator.decide.plan import plan
from limitwise_operator.decide.writes import Write
from limitwise_operator.kinds import conditions
from limitwise_operator.kinds.conditions import Condition
from limitwise_operator.kinds.node_tuning import NodeTuning

from .belief import Belief
from .objects import PID_MAX, node, tuning
from .world import World


class Cluster:
    """A world with an operator that sees everything."""

    def __init__(self, nodes: int = 10, whole: int | str = "100%", **labels: Any) -> None:
        self.world = World(Settings(max_unavailable=whole))
        self.belief = Belief(self.world)
        for number in range(nodes):
            self.join(f"n{number}", pool="even" if number % 2 == 0 else "odd")

    def join(self, name: str, pool: str = "even", **fields: Any) -> None:
        self.world.nodes[name] = node(name, labels={"pool": pool}, **fields)

    def put(self, name: str = "a", document: Any = PID_MAX, **rollout: Any) -> None:
        """A tuning of all nodes, new or changed."""
        self.world.put_tuning(tuning(name, document, rollout=rollout))

    def operate(self) -> list[str]:
        """One pass; the nodes that were told something."""
        before = len(self.world.spec_writes)
        self.writes()
        return [name for name, _spec in self.world.spec_writes[before:]]

    def writes(self) -> tuple[Write, ...]:
        """One pass; everything that it wrote."""
        self.belief.listed()
        made = plan(self.belief.observed())
        self.belief.carry_out(made)
        return made

    def values(self, name: str) -> Any:
        """What a node has in force."""
        return self.world.in_force.get(name, {})

    def through(self, names: list[str]) -> None:
        for name in names:
            self.world.agent(name)

    def settle(self) -> None:
        """Until nothing is to be told and every soak is over."""
        for _pass in range(100):
            told = self.operate()
            self.through(told)
            self.world.tick(31)
            if not told and not self.operate():
                return
        raise AssertionError("no rest")

    def condition(self, kind: str, name: str = "a") -> Condition:
        found = conditions.find(self.world.tunings[name].status.conditions, kind)
        assert found is not None
        return found

    def of(self, name: str = "a") -> NodeTuning:
        return self.world.tunings[name]
