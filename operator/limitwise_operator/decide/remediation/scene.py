"""What a phase of a remediation looks at: one incident, its node as it is now, and its times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ...kinds.node import Cordon, Node
from ...kinds.node_remediation import NodeRemediation
from ...kinds.node_tuning_state import NodeTuningState
from ...kinds.pod import Pod
from ...kinds.remediation_policy import Rules
from ...kinds.watch import CALM, Pressure, TaskEnd
from ..observed import DrainOptions
from ..verdict import Verdict
from ..writes import CordonNode, UncordonNode
from .policy import Times, armed, times
from .triggers import PID_PRESSURE, measured_calm, still
from .ward import OWN, Ward, cordoned_for


@dataclass(frozen=True)
class Scene:
    """``name`` and ``uid`` of the incident; an incident that is just begun has no uid yet."""

    ward: Ward
    nr: NodeRemediation
    one: Verdict

    @property
    def now(self) -> datetime:
        return self.ward.now

    @property
    def node(self) -> Node:
        return self.one.node

    @property
    def rules(self) -> Rules:
        return self.nr.spec.rules

    @property
    def times(self) -> Times:
        return times(self.rules)

    @property
    def state(self) -> NodeTuningState | None:
        return self.one.state

    @property
    def pressure(self) -> Pressure:
        return self.state.status.pressure if self.state is not None else CALM

    @property
    def silent(self) -> datetime | None:
        """Since when the node's agent has been silent."""
        return self.ward.observed.silent.get(self.one.name)

    @property
    def pods(self) -> tuple[Pod, ...] | None:
        """The node's pods, if they were listed for this plan."""
        return self.ward.observed.pods.get(self.one.name)

    @property
    def options(self) -> DrainOptions:
        drain = self.rules.steps.drain
        return DrainOptions(drain.empty_dir, drain.unmanaged, opt_out=drain.opt_out)

    def task_id(self, what: str) -> str:
        """The name of a task for good: one for each try."""
        return f"{self.nr.uid}/{self.nr.status.try_number}/{what}"

    def answer(self, task: str) -> TaskEnd | None:
        """What the agent says of a task; None while it says nothing of this one."""
        told = self.state.status.task if self.state is not None else None
        return told if told is not None and told.id == task else None

    # --- trouble -------------------------------------------------------------------------------

    @property
    def by_ceiling(self) -> bool:
        """Whether it is the agent's own measurement that it began with."""
        name = self.nr.spec.trigger.name
        return any(one.level for one in self.rules.triggers if one.name == name)

    @property
    def exhausted(self) -> bool:
        """Whether the node is in trouble still; a kubelet's word alone, which lasts for minutes,
        is none where the agent measures calm.
        """
        if self.pressure.spent:
            return True
        name = self.nr.spec.trigger.name
        policy = self.nr.spec.policy
        if not still(policy, name, armed(self.rules.triggers), self.one, self.silent):
            return False
        return not measured_calm(policy, name, self.one, self.silent)

    @property
    def kubelets_word(self) -> str:
        """What the kubelet says of it, to be shown beside what was measured."""
        told = self.node.condition(PID_PRESSURE)
        return f"the kubelet says {PID_PRESSURE} {told.status if told else 'False'}"

    # --- the cordon ----------------------------------------------------------------------------

    @property
    def ours(self) -> bool:
        """Whether the node carries this incident's note."""
        return cordoned_for(self.one) == self.nr.name

    @property
    def out_before(self) -> bool:
        """Whether the node's note says that it was out of service before."""
        return self.node.cordon is not None and self.node.cordon.unschedulable_before

    def cordon(self, unschedulable_before: bool) -> CordonNode:
        """Out of service for this incident."""
        note = Cordon(OWN + self.nr.name, unschedulable_before, self.now)
        return CordonNode(self.one.name, self.node.uid, note)

    def uncordon(self) -> UncordonNode:
        """Our taint and note off, and back in service unless somebody else had taken it out."""
        return UncordonNode(self.one.name, self.node.uid, schedulable=not self.out_before)
