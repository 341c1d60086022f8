"""What is really so: objects with versions, agents, pods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from limitwise_operator.decide import writes as made
from limitwise_operator.decide.expected import expected
from limitwise_operator.decide.observed import Observed, Settings
from limitwise_operator.decide.writes import Write
from limitwise_operator.kinds.meta import FINALIZER, GRANTED, REMEDIATION_FINALIZER
from limitwise_operator.kinds.node import Node
from limitwise_operator.kinds.node_remediation import (
    NodeRemediation,
    RemediationSpec,
    RemediationStatus,
    body_of,
)
from limitwise_operator.kinds.node_tuning import NodeTuning, TuningStatus
from limitwise_operator.kinds.node_tuning_state import NodeTuningState, StateSpec, Waiting
from limitwise_operator.kinds.pod import Pod
from limitwise_operator.kinds.remediation_policy import PolicyStatus, RemediationPolicy
from limitwise_operator.kinds.watch import DONE, FAILED, Pressure, TaskEnd

from .objects import START, failed, succeeded

Objects = dict[str, Any]
ON_TUNINGS = (made.AddFinalizer, made.RemoveFinalizer, made.SetTuningStatus)
ON_STATES = (made.CreateState, made.ReplaceStateSpec, made.DeleteState)
ON_POLICIES = (made.AddPolicyFinalizer, made.RemovePolicyFinalizer, made.SetPolicyStatus)
ON_REMEDIATIONS = (
    made.CreateRemediation,
    made.SetRemediationStatus,
    made.AddRemediationFinalizer,
    made.RemoveRemediationFinalizer,
    made.DeleteRemediation,
)


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
    policies: dict[str, RemediationPolicy] = field(default_factory=dict)
    remediations: dict[str, NodeRemediation] = field(default_factory=dict)
    protected: dict[str, str] = field(default_factory=dict)
    """By a pod's uid, why its eviction is refused."""
    evicted: list[str] = field(default_factory=list)
    lingers: bool = False
    """Whether an evicted pod stays, terminating, until its node's kubelet works."""
    escalations: list[made.Escalate] = field(default_factory=list)
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
        """The agent of a node sees its state to its end, well or badly.

        Not that of a former node of the name, in the moment until it is deleted: a real one cannot
        tell, and keeps what it got from it where nobody wants anything of the new node.
        """
        state, node = self.states.get(name), self.nodes.get(name)
        if state is None or node is None or state.spec.go_ahead is None:
            return
        if state.spec.node_uid != node.uid:
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
        made_by: Callable[[Any], bool] = self._make_on_node
        if isinstance(write, ON_TUNINGS):
            made_by = self._make_on_tuning
        elif isinstance(write, ON_STATES):
            made_by = self._make_on_state
        elif isinstance(write, ON_POLICIES):
            made_by = self._make_on_policy
        elif isinstance(write, ON_REMEDIATIONS):
            made_by = self._make_on_remediation
        return made_by(write)

    def _make_on_node(self, write: Any) -> bool:
        """Nodes, their pods, and what is only said."""
        match write:
            case made.EvictPod() | made.DeletePod():
                self._leave(write)
                return True
            case made.RecordEvent() | made.Escalate():
                self.escalations += [write] if isinstance(write, made.Escalate) else []
                return True
        node = self.nodes.get(write.node)
        if node is None or node.uid != write.uid or self._outdated(node, write):
            return False
        self.nodes = dict(expected(self.all_seen(), [write]).nodes)
        return True

    def _outdated(self, node: Node, write: Any) -> bool:
        """Whether somebody has cordoned or uncordoned a node since we looked."""
        if not isinstance(write, made.CordonNode) or node.cordon is not None:
            return False
        ours = write.note.by.startswith("NodeRemediation/")
        return ours and node.unschedulable != write.note.unschedulable_before

    def _leave(self, write: made.EvictPod | made.DeletePod) -> None:
        here = {one.uid: one for one in self.pods.get(write.node, [])}
        pod = here.get(write.uid)
        if pod is None:
            return
        if isinstance(write, made.EvictPod):
            if write.uid in self.protected:
                return
            assert not pod.terminating, f"{pod} is evicted twice"
            self.evicted.append(write.uid)
        here[write.uid] = replace(pod, terminating=True)
        stay = [one for one in here.values() if self.lingers or not one.terminating]
        self.pods[write.node] = stay

    def kubelet(self, name: str) -> None:
        """What terminates is gone."""
        self.pods[name] = [one for one in self.pods.get(name, []) if not one.terminating]

    def _make_on_policy(
        self, write: made.AddPolicyFinalizer | made.RemovePolicyFinalizer | made.SetPolicyStatus
    ) -> bool:
        one = self.policies.get(write.policy)
        if one is None or one.resource_version != write.resource_version:
            return False
        match write:
            case made.AddPolicyFinalizer():
                one = replace(one, finalizers=(*one.finalizers, REMEDIATION_FINALIZER))
            case made.RemovePolicyFinalizer():
                assert one.deleting
                del self.policies[write.policy]
                return True
            case made.SetPolicyStatus():
                assert PolicyStatus.from_dict(write.status.to_dict()) == write.status
                one = replace(one, status=write.status)
        self.policies[write.policy] = replace(one, resource_version=self._next())
        return True

    def _make_on_remediation(self, write: Any) -> bool:
        if isinstance(write, made.CreateRemediation):
            body = body_of(write.spec)
            if write.spec.name in self.remediations:
                return False
            spec = RemediationSpec.from_dict(body["spec"])
            assert spec.name == write.spec.name
            self.remediations[spec.name] = NodeRemediation(
                spec.name,
                f"nr-{self._next()}",
                spec,
                resource_version=self._next(),
                created=self.now,
                finalizers=(REMEDIATION_FINALIZER,),
            )
            return True
        one = self.remediations.get(write.remediation)
        if isinstance(write, made.DeleteRemediation):
            same = one is not None and one.uid == write.uid
            if same:
                self.delete_remediation(write.remediation)
            return same
        if one is None or one.resource_version != write.resource_version:
            return False
        return self._changed_remediation(one, write)

    def _changed_remediation(self, one: NodeRemediation, write: Any) -> bool:
        match write:
            case made.SetRemediationStatus():
                assert not one.finished or one.status.phase == write.status.phase
                status = RemediationStatus.from_dict(write.status.to_dict())
                assert status == write.status, "a status is the same after its journey"
                one = replace(one, status=status)
            case made.AddRemediationFinalizer():
                one = replace(one, finalizers=(*one.finalizers, REMEDIATION_FINALIZER))
            case made.RemoveRemediationFinalizer():
                assert one.finished, "an incident is let go before it has ended"
                one = replace(one, finalizers=())
                if one.deleting:
                    del self.remediations[one.name]
                    return True
        self.remediations[one.name] = replace(one, resource_version=self._next())
        return True

    def delete_remediation(self, name: str) -> None:
        """Gone at once, or when its finalizer is."""
        one = self.remediations[name]
        if one.finalizers:
            self.remediations[name] = replace(one, deleting=True, resource_version=self._next())
        else:
            del self.remediations[name]

    def delete_policy(self, name: str) -> None:
        """Gone at once, or when its finalizer is."""
        one = self.policies[name]
        if one.finalizers:
            self.policies[name] = replace(one, deleting=True, resource_version=self._next())
        else:
            del self.policies[name]

    def put_policy(self, one: RemediationPolicy) -> None:
        """As a person does: the generation grows, our status stays."""
        before = self.policies.get(one.name)
        if before is not None:
            one = replace(
                one,
                status=before.status,
                finalizers=before.finalizers,
                generation=before.generation + 1,
                uid=before.uid,
            )
        self.policies[one.name] = replace(one, resource_version=self._next())

    def answer(self, name: str, ok: bool = True) -> None:
        """The agent of a node does the task that it is asked for."""
        state = self.states.get(name)
        if state is None or name not in self.nodes or state.spec.task is None:
            return
        told = TaskEnd(state.spec.task.id, DONE if ok else FAILED, "as asked", self.now)
        self._report(replace(state, status=replace(state.status, task=told)))

    def presses(self, name: str, pressure: Pressure) -> None:
        """The agent of a node tells what it measures."""
        state = self.states.get(name)
        if state is not None and name in self.nodes:
            status = replace(state.status, pressure=pressure, boot_id="b")
            self._report(replace(state, status=status))

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
            dict(self.nodes),
            dict(self.tunings),
            dict(self.states),
            self.now,
            self.settings,
            policies=dict(self.policies),
            remediations=dict(self.remediations),
        )
        pods = {name: tuple(self.pods.get(name, ())) for name in seen.draining()}
        return replace(seen, pods=pods)
