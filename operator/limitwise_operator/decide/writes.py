"""What a plan asks for: one small value per write to the API, in the order they are to be made.

Writes of one node depend on those before them: when one fails, the rest of that node's are
dropped, and the next look at the cluster plans them again. A write that finds the object changed
(resourceVersion, uid, failed JSON-patch test) is dropped in the same way. The answers of own
writes must be in what is observed next, or budgets would be counted by old states.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..kinds.node import Cordon
from ..kinds.node_remediation import RemediationSpec, RemediationStatus
from ..kinds.node_tuning import TuningStatus
from ..kinds.node_tuning_state import StateSpec
from ..kinds.remediation_policy import Escalation, PolicyStatus

NORMAL = "Normal"
WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class AddFinalizer:
    """Put our finalizer on a NodeTuning (JSON patch, test on resourceVersion)."""

    tuning: str
    uid: str
    resource_version: str
    finalizers: tuple[str, ...] = ()
    """Those that are there now."""


@dataclass(frozen=True, slots=True)
class RemoveFinalizer:
    """Let a deleted NodeTuning go: every reachable node has given its values back."""

    tuning: str
    uid: str
    resource_version: str
    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetTuningStatus:
    """Replace a NodeTuning's status. Counts change often: the shell may keep the newest of 10 s."""

    tuning: str
    uid: str
    resource_version: str
    status: TuningStatus


@dataclass(frozen=True, slots=True)
class CreateState:
    """Make a node's NodeTuningState (see kinds.node_tuning_state.body_of)."""

    node: str
    spec: StateSpec


@dataclass(frozen=True, slots=True)
class ReplaceStateSpec:
    """Replace the spec of a node's state, if it still has that resourceVersion."""

    node: str
    uid: str
    resource_version: str
    spec: StateSpec


@dataclass(frozen=True, slots=True)
class DeleteState:
    """Remove the state of a former node of that name (uid precondition)."""

    node: str
    uid: str


@dataclass(frozen=True, slots=True)
class DrainNode:
    """What Cordon and Uncordon have in common: the Node, which must still have that uid."""

    node: str
    uid: str


@dataclass(frozen=True, slots=True)
class CordonNode(DrainNode):
    """Set spec.unschedulable, our drain taint and our annotation, in one patch."""

    note: Cordon


@dataclass(frozen=True, slots=True)
class UncordonNode(DrainNode):
    """Take our taint and annotation off; ``schedulable``: spec.unschedulable too."""

    schedulable: bool


@dataclass(frozen=True, slots=True)
class RemoveStartupTaint:
    """The node is at its target: pods may come."""

    node: str
    uid: str


@dataclass(frozen=True, slots=True)
class EvictPod:
    """Evict one pod, by uid, through the eviction API; 429 means: later.

    ``grace``: seconds; None for the pod's own.
    """

    node: str
    namespace: str
    name: str
    uid: str
    grace: int | None = None


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Delete one pod, by uid, that could not be evicted in time: its policy says so."""

    node: str
    namespace: str
    name: str
    uid: str
    grace: int | None = None


@dataclass(frozen=True, slots=True)
class CreateRemediation:
    """Make a NodeRemediation; its name is the spec's, so that a second one is refused."""

    node: str
    spec: RemediationSpec


@dataclass(frozen=True, slots=True)
class SetRemediationStatus:
    """Replace a NodeRemediation's status; without a version after the write that made it."""

    node: str
    remediation: str
    resource_version: str
    status: RemediationStatus


@dataclass(frozen=True, slots=True)
class AddRemediationFinalizer:
    """Hold a NodeRemediation that somebody else made."""

    node: str
    remediation: str
    resource_version: str
    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveRemediationFinalizer:
    """Let a NodeRemediation go when somebody wants it to: its node has been given back."""

    node: str
    remediation: str
    resource_version: str
    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteRemediation:
    """Remove an ended NodeRemediation (uid precondition): there are enough newer ones."""

    node: str
    remediation: str
    uid: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """Tell those whom the policy names: a POST to the webhook, an object by the template.

    Its failure hinders nothing and is told by an event.
    """

    node: str
    node_uid: str
    remediation: str
    uid: str
    escalation: Escalation
    incident: str
    """What the webhook is sent, as JSON."""


@dataclass(frozen=True, slots=True)
class AddPolicyFinalizer:
    """Put our finalizer on a RemediationPolicy."""

    policy: str
    uid: str
    resource_version: str
    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemovePolicyFinalizer:
    """Let a deleted RemediationPolicy go: none of its remediations is under way."""

    policy: str
    uid: str
    resource_version: str
    finalizers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetPolicyStatus:
    """Replace a RemediationPolicy's status; counts may be kept back for a while."""

    policy: str
    uid: str
    resource_version: str
    status: PolicyStatus


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Tell people once: plans give an event only together with the write of what it tells."""

    kind: str
    name: str
    uid: str
    type: str
    reason: str
    message: str


Write = (
    AddFinalizer
    | RemoveFinalizer
    | SetTuningStatus
    | CreateState
    | ReplaceStateSpec
    | DeleteState
    | CordonNode
    | UncordonNode
    | RemoveStartupTaint
    | EvictPod
    | DeletePod
    | CreateRemediation
    | SetRemediationStatus
    | AddRemediationFinalizer
    | RemoveRemediationFinalizer
    | DeleteRemediation
    | Escalate
    | AddPolicyFinalizer
    | RemovePolicyFinalizer
    | SetPolicyStatus
    | RecordEvent
)
