"""What is really so (objects with versions, agents, pods) and what the operator believes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.expected import expected
from limitwise_operator.decide.observed import Observed, Settings
from limitwise_operator.decide.writes import Write
from limitwise_operator.kinds.meta import FINALIZER, GRANTED
from limitwise_operator.kinds.node import Node
from limitwise_operator.kinds.node_tuning import NodeTuning, TuningStatus
from limitwise_operator.kinds.node_tuning_state import NodeTuningState, StateSpec, Waiting
from limitwise_operator.kinds.pod import Pod

from .objects import START, failed, succeeded

Objects = dict[str, Any]


@dataclass
class World:
    """Versions grow with each write; a write with an old one is refused, as the API does."""

    settings: Settings = field(default_factory=Settings)
    now: datetime = START
    nodes: dict[str, Node] = field(default_factory=dict)
    tunings: dict[str, NodeTuning] = field(default_factory=dict)
    states: dict[str, NodeTuningState] = field(default_factory=dict)
    pods: dict[str, list[Pod]] = field(default_factory=dict)
    in_force: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What each node really has."""
    restarted: dict[str, Any] = field(default_factory=dict)
    """What each node's Docker was last started with."""
    spec_writes: list[tuple[str, StateSpec]] = field(default_factory=list)
    version: int = 1

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def put_tuning(self, one: NodeTuning) -> None:
        """As a person does: the generation grows, our status stays."""
        before = self.tunings.get(one.name)
        if before is not None:
            one = replace(
                one,
                status=before.status,
                finalizers=before.finalizers,
                generation=before.generation + 1,
                uid=before.uid,
            )
        self.tunings[one.name] = replace(one, resource_version=self._next())

    def delete_tuning(self, name: str) -> None:
        """Gone at once, or when its finalizer is."""
        one = self.tunings[name]
        if one.finalizers:
            self.tunings[name] = replace(one, deleting=True, resource_version=self._next())
        else:
            del self.tunings[name]

    def remove_node(self, name: str) -> None:
        """Its state goes with it."""
        for kept in (self.nodes, self.states, self.pods, self.in_force, self.restarted):
            kept.pop(name, None)

    def agent(self, name: str, ok: bool = True) -> None:
        """The agent of a node sees its state to its end, well or badly."""
        state = self.states.get(name)
        if state is None or name not in self.nodes or state.spec.go_ahead is None:
            return
        if not ok:
            self._report(failed(state, message="it said no"))
            return
        wanted = state.spec.content.tuning
        self.in_force[name] = wanted
        docker = wanted.get("docker_daemon")
        granted = state.spec.restart is not None and state.spec.restart.phase == GRANTED
        if granted or docker is None:
            self.restarted[name] = docker
        waits = docker is not None and self.restarted.get(name) != docker
        waiting = (Waiting("restart", "docker.service"),) if waits else ()
        self._report(succeeded(state, self.now, waiting))

    def _report(self, state: NodeTuningState) -> None:
        if state.status != self.states[state.name].status:
            self.states[state.name] = replace(state, resource_version=self._next())

    def make(self, write: Write) -> bool:
        """Carry out one write; whether the API would accept it."""
        match write:
            case made.AddFinalizer() | made.RemoveFinalizer() | made.SetTuningStatus():
                return self._make_on_tuning(write)
            case made.CreateState() | made.ReplaceStateSpec() | made.DeleteState():
                return self._make_on_state(write)
            case made.EvictPod():
                pods = self.pods.get(write.node, [])
                self.pods[write.node] = [one for one in pods if one.uid != write.uid]
                return True
            case made.RecordEvent():
                return True
        if write.node not in self.nodes or self.nodes[write.node].uid != write.uid:
            return False
        self.nodes = dict(expected(self.all_seen(), [write]).nodes)
        return True

    def _make_on_tuning(
        self, write: made.AddFinalizer | made.RemoveFinalizer | made.SetTuningStatus
    ) -> bool:
        one = self.tunings.get(write.tuning)
        if one is None or one.resource_version != write.resource_version:
            return False
        match write:
            case made.AddFinalizer():
                one = replace(one, finalizers=(*one.finalizers, FINALIZER))
            case made.RemoveFinalizer():
                del self.tunings[write.tuning]
                return True
            case made.SetTuningStatus():
                # As it comes back from the API.
                one = replace(one, status=TuningStatus.from_dict(write.status.to_dict()))
        self.tunings[write.tuning] = replace(one, resource_version=self._next())
        return True

    def _make_on_state(
        self, write: made.CreateState | made.ReplaceStateSpec | made.DeleteState
    ) -> bool:
        present = self.states.get(write.node)
        if isinstance(write, made.DeleteState):
            if present is None or present.uid != write.uid:
                return False
            del self.states[write.node]
            return True
        spec = StateSpec.from_dict(write.spec.to_dict())
        assert spec == write.spec, "a spec is the same after a journey through the API"
        if isinstance(write, made.CreateState):
            if present is not None:
                return False
            present = NodeTuningState(write.node, spec, uid=f"state-{self.version}")
        elif present is None or present.resource_version != write.resource_version:
            return False
        self.spec_writes.append((write.node, spec))
        self.states[write.node] = replace(present, spec=spec, resource_version=self._next())
        return True

    def _next(self) -> str:
        self.version += 1
        return str(self.version)

    def all_seen(self) -> Observed:
        """What a fresh operator sees."""
        seen = Observed(
            dict(self.nodes), dict(self.tunings), dict(self.states), self.now, self.settings
        )
        pods = {name: tuple(self.pods.get(name, ())) for name in seen.draining()}
        return replace(seen, pods=pods)


@dataclass
class Belief:
    """An operator's informers: each object as it was last told, its own writes included."""

    world: World
    nodes: Objects = field(default_factory=dict)
    tunings: Objects = field(default_factory=dict)
    states: Objects = field(default_factory=dict)

    def listed(self) -> None:
        """Everything anew, as at the start."""
        self.nodes = dict(self.world.nodes)
        self.tunings = dict(self.world.tunings)
        self.states = dict(self.world.states)

    def told(self, name: str) -> None:
        """News of every object of that name."""
        for kind in ("nodes", "tunings", "states"):
            real, known = getattr(self.world, kind), getattr(self, kind)
            if name in real:
                known[name] = real[name]
            else:
                known.pop(name, None)

    def observed(self) -> Observed:
        """What it plans from."""
        seen = Observed(
            dict(self.nodes),
            dict(self.tunings),
            dict(self.states),
            self.world.now,
            self.world.settings,
        )
        pods = {name: tuple(self.world.pods.get(name, ())) for name in seen.draining()}
        return replace(seen, pods=pods)

    def carry_out(self, writes: Iterable[Write]) -> None:
        """Make writes until one of a node is refused; learn from every answer."""
        refused: set[str] = set()
        for write in writes:
            subject = getattr(write, "node", None) or getattr(write, "tuning", None) or ""
            if subject in refused:
                continue
            if not self.world.make(write):
                refused.add(subject)
            if subject:
                self.told(subject)


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
    return replace(seen, tunings=tunings, pods={})
