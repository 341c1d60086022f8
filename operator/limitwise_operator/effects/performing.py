"""Makes the writes of a plan: each kind of write to its verb, in its subject's order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatchmethod
from typing import Any, Protocol

from ..decide.writes import (
    WARNING,
    AddFinalizer,
    AddPolicyFinalizer,
    AddRemediationFinalizer,
    CordonNode,
    CreateRemediation,
    CreateState,
    DeletePod,
    DeleteRemediation,
    DeleteState,
    Escalate,
    EvictPod,
    RecordEvent,
    RemoveFinalizer,
    RemovePolicyFinalizer,
    RemoveRemediationFinalizer,
    RemoveStartupTaint,
    ReplaceStateSpec,
    SetPolicyStatus,
    SetRemediationStatus,
    SetTuningStatus,
    UncordonNode,
    Write,
)
from ..kinds import node_remediation
from ..kinds.meta import (
    FINALIZER,
    NODE_REMEDIATIONS,
    NODE_TUNING,
    NODE_TUNING_STATES,
    NODE_TUNINGS,
    REMEDIATION_FINALIZER,
    REMEDIATION_POLICIES,
    REMEDIATION_POLICY,
)
from ..kinds.node_tuning_state import body_of
from . import budgets, node_patches
from .answers import (
    ApiError,
    ConflictError,
    InvalidError,
    MissingError,
    StoppedError,
    TooManyError,
)
from .cluster import Cluster
from .door import Body

Adds = AddFinalizer | AddPolicyFinalizer | AddRemediationFinalizer
Removes = RemoveFinalizer | RemovePolicyFinalizer | RemoveRemediationFinalizer


@dataclass(frozen=True)
class Answer:
    """An object as our write left it, to be folded into what is known; `body` None for none."""

    resource: str
    body: Body | None
    deleted: bool = False

    def marks(self) -> Answer:
        """No more of it than what a later write of the same object goes by: bodies are large."""
        if self.body is None:
            return self
        metadata = self.body["metadata"]
        kept = {key: metadata[key] for key in ("resourceVersion", "finalizers") if key in metadata}
        return replace(self, body={"metadata": kept})


NOTHING = Answer("", None)
# How the API server begins a refusal that has the budget's name in it.
NAMED = "The disruption budget "


@dataclass(frozen=True)
class Eviction:
    """A pod's uid and why its eviction was refused ("" for one that was not); `after`: seconds
    after which it may be asked for again, as the server says.
    """

    uid: str
    refused: str = ""
    after: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What became of one subject's writes.

    `answers`: of those that were made; `refused` and `refusal`: the one at which they ended;
    `evictions`: what became of each.
    """

    subject: str
    answers: tuple[Answer, ...] = ()
    refused: Write | None = None
    refusal: ApiError | StoppedError | None = None
    evictions: tuple[Eviction, ...] = ()

    @property
    def result(self) -> str:
        """`done`, `conflict` (look again), `stopped` or `failed`."""
        if self.refusal is None:
            return "done"
        if isinstance(self.refusal, (ConflictError, MissingError)):
            return "conflict"
        return "stopped" if isinstance(self.refusal, StoppedError) else "failed"


class Escalates(Protocol):
    """Who tells others of an incident for which nothing helped."""

    def escalate(self, write: Escalate) -> str:
        """Tell them; what went wrong in words, empty when nothing did."""


class Nobody:
    """Tells nobody."""

    def escalate(self, write: Escalate) -> str:
        """Nothing."""
        return ""


class Teller(Protocol):
    """Who makes Events."""

    def tell(self, event: RecordEvent) -> None:
        """Say it once, or count it; never fails."""


def subject_of(write: Write) -> str:
    """Whose write it is: writes of one subject are made in order, those of others beside them."""
    match write:
        case AddFinalizer() | RemoveFinalizer() | SetTuningStatus():
            return f"{NODE_TUNING}/{write.tuning}"
        case AddPolicyFinalizer() | RemovePolicyFinalizer() | SetPolicyStatus():
            return f"{REMEDIATION_POLICY}/{write.policy}"
        case RecordEvent():
            own = write.kind in (NODE_TUNING, REMEDIATION_POLICY)
            return f"{write.kind if own else 'Node'}/{write.name}"
        case _:
            return f"Node/{write.node}"


def by_subject(writes: Iterable[Write]) -> dict[str, list[Write]]:
    """The writes of each subject, subjects in the order of their first write."""
    groups: dict[str, list[Write]] = {}
    for write in writes:
        groups.setdefault(subject_of(write), []).append(write)
    return groups


class Performer:
    """Blocks its thread; many threads may use it, each with subjects of its own."""

    def __init__(
        self, cluster: Cluster, teller: Teller, escalates: Escalates | None = None
    ) -> None:
        self._cluster = cluster
        self._teller = teller
        self._escalates = escalates or Nobody()

    def perform(
        self, subject: str, writes: Sequence[Write], made: Sequence[Answer] = ()
    ) -> Outcome:
        """Make one subject's writes until one is refused; the rest depends on it and is dropped.

        `made`: the answers to those of its writes that were made before these.
        """
        answers: list[Answer] = []
        evictions: list[Eviction] = []
        for write in writes:
            try:
                answers.append(self._make(_after((*made, *answers), write)))
                if isinstance(write, EvictPod):
                    evictions.append(Eviction(write.uid))
            except (ApiError, StoppedError) as refusal:
                if not (isinstance(write, EvictPod) and _an_answer(refusal)):
                    return Outcome(subject, tuple(answers), write, refusal, tuple(evictions))
                answers.append(NOTHING)
                evictions.append(self._refused(write, refusal))
        return Outcome(subject, tuple(answers), evictions=tuple(evictions))

    def _refused(self, write: EvictPod, refusal: ApiError | StoppedError) -> Eviction:
        """Why, with the name of the budget, and when it may be asked again."""
        told = getattr(refusal, "retry_after", None)
        after = float(told) if told is not None and told.isdecimal() else 0.0
        why = refusal.message if isinstance(refusal, ApiError) else str(refusal)
        if NAMED in why:
            return Eviction(write.uid, why, after)
        try:
            named = budgets.of_pod(self._cluster, write.namespace, write.name)
        except (ApiError, StoppedError):
            named = ()
        return Eviction(write.uid, f"{budgets.text(named)}{why}", after)

    @singledispatchmethod
    def _make(self, write: Any) -> Answer:
        raise TypeError(f"no such write: {write!r}")

    @_make.register
    def _(self, write: AddFinalizer) -> Answer:
        return self._held(NODE_TUNINGS, write.tuning, FINALIZER, write)

    @_make.register
    def _(self, write: RemoveFinalizer) -> Answer:
        return self._let_go(NODE_TUNINGS, write.tuning, FINALIZER, write)

    @_make.register
    def _(self, write: SetTuningStatus) -> Answer:
        version, status = int(write.resource_version), write.status.to_dict()
        return Answer(
            NODE_TUNINGS, self._cluster.replace_tuning_status(write.tuning, version, status)
        )

    @_make.register
    def _(self, write: CreateState) -> Answer:
        return Answer(
            NODE_TUNING_STATES, self._cluster.create_state(body_of(write.node, write.spec))
        )

    @_make.register
    def _(self, write: ReplaceStateSpec) -> Answer:
        version, spec = int(write.resource_version), write.spec.to_dict()
        return Answer(
            NODE_TUNING_STATES, self._cluster.replace_state_spec(write.node, version, spec)
        )

    @_make.register
    def _(self, write: DeleteState) -> Answer:
        self._cluster.delete_state(write.node, write.uid)
        return NOTHING

    @_make.register
    def _(self, write: CordonNode) -> Answer:
        node = self._node(write.node, write.uid)
        if node_patches.outdated(node, write.note):
            # Whoever did so between our look and now has his way.
            told = "somebody has cordoned or uncordoned it"
            raise ConflictError(f"GET {write.node}", 409, "Conflict", told)
        return self._patched(write.node, node, node_patches.cordon(node, write.note))

    @_make.register
    def _(self, write: UncordonNode) -> Answer:
        node = self._node(write.node, write.uid)
        return self._patched(write.node, node, node_patches.uncordon(node, write.schedulable))

    @_make.register
    def _(self, write: RemoveStartupTaint) -> Answer:
        node = self._node(write.node, write.uid)
        return self._patched(write.node, node, node_patches.tuned(node))

    @_make.register
    def _(self, write: EvictPod) -> Answer:
        try:
            self._cluster.evict(write.namespace, write.name, write.uid, write.grace)
        except (MissingError, ConflictError):
            # That very pod is gone, which is what was asked for.
            return NOTHING
        return NOTHING

    @_make.register
    def _(self, write: DeletePod) -> Answer:
        try:
            self._cluster.delete_pod(write.namespace, write.name, write.uid, write.grace)
        except (MissingError, ConflictError):
            return NOTHING
        return NOTHING

    @_make.register
    def _(self, write: CreateRemediation) -> Answer:
        body = self._cluster.create_remediation(node_remediation.body_of(write.spec))
        return Answer(NODE_REMEDIATIONS, body)

    @_make.register
    def _(self, write: SetRemediationStatus) -> Answer:
        version, status = int(write.resource_version), write.status.to_dict()
        name = write.remediation
        body = self._cluster.replace_remediation_status(name, version, status)
        return Answer(NODE_REMEDIATIONS, body)

    @_make.register
    def _(self, write: AddRemediationFinalizer) -> Answer:
        return self._held(NODE_REMEDIATIONS, write.remediation, REMEDIATION_FINALIZER, write)

    @_make.register
    def _(self, write: RemoveRemediationFinalizer) -> Answer:
        return self._let_go(NODE_REMEDIATIONS, write.remediation, REMEDIATION_FINALIZER, write)

    @_make.register
    def _(self, write: DeleteRemediation) -> Answer:
        try:
            self._cluster.delete_remediation(write.remediation, write.uid)
        except MissingError:
            return NOTHING
        return NOTHING

    @_make.register
    def _(self, write: Escalate) -> Answer:
        if wrong := self._escalates.escalate(write):
            told = RecordEvent(
                "Node", write.node, write.node_uid, WARNING, "EscalationFailed", wrong
            )
            self._teller.tell(told)
        return NOTHING

    @_make.register
    def _(self, write: AddPolicyFinalizer) -> Answer:
        return self._held(REMEDIATION_POLICIES, write.policy, REMEDIATION_FINALIZER, write)

    @_make.register
    def _(self, write: RemovePolicyFinalizer) -> Answer:
        return self._let_go(REMEDIATION_POLICIES, write.policy, REMEDIATION_FINALIZER, write)

    @_make.register
    def _(self, write: SetPolicyStatus) -> Answer:
        version, status = int(write.resource_version), write.status.to_dict()
        body = self._cluster.replace_policy_status(write.policy, version, status)
        return Answer(REMEDIATION_POLICIES, body)

    @_make.register
    def _(self, write: RecordEvent) -> Answer:
        self._teller.tell(write)
        return NOTHING

    def _held(self, resource: str, name: str, ours: str, write: Adds) -> Answer:
        version, present = int(write.resource_version), write.finalizers
        body = self._cluster.add_finalizer(name, version, present, ours, resource)
        return Answer(resource, body)

    def _let_go(self, resource: str, name: str, ours: str, write: Removes) -> Answer:
        version, present = int(write.resource_version), write.finalizers
        body = self._cluster.remove_finalizer(name, version, present, ours, resource)
        return Answer(resource, body, deleted=_gone(body))

    def _node(self, name: str, uid: str) -> Body:
        node = self._cluster.get_node(name)
        if node["metadata"]["uid"] != uid:
            raise ConflictError(f"GET {name}", 409, "Conflict", "another node has the name now")
        return node

    def _patched(self, name: str, node: Body, ops: node_patches.Ops) -> Answer:
        return Answer("nodes", self._cluster.patch_node(name, ops) if ops else node)


def _after(answers: Sequence[Answer], write: Write) -> Write:
    """The write, on the version that our own last write left: nobody else came between."""
    resource = VERSIONED.get(type(write))
    if resource is None:
        return write
    bodies = [one.body for one in answers if one.resource == resource and one.body is not None]
    if not bodies:
        return write
    changed: Any = replace(
        write,
        resource_version=bodies[-1]["metadata"]["resourceVersion"],
    )
    if hasattr(write, "finalizers"):
        present = tuple(bodies[-1]["metadata"].get("finalizers") or ())
        changed = replace(changed, finalizers=present)
    made: Write = changed
    return made


def _gone(body: Body) -> bool:
    """Whether the object went with its last finalizer."""
    return "deletionTimestamp" in body["metadata"] and not body["metadata"].get("finalizers")


def _an_answer(refusal: ApiError | StoppedError) -> bool:
    """A budget that forbids it, a pod under two of them (500), or one that its server will not let
    go: no trouble of ours, and none of the pods beside it.
    """
    if isinstance(refusal, (TooManyError, InvalidError)):
        return True
    return "PodDisruptionBudget" in str(refusal)


VERSIONED: Mapping[type, str] = {
    AddFinalizer: NODE_TUNINGS,
    RemoveFinalizer: NODE_TUNINGS,
    SetTuningStatus: NODE_TUNINGS,
    SetRemediationStatus: NODE_REMEDIATIONS,
    AddRemediationFinalizer: NODE_REMEDIATIONS,
    RemoveRemediationFinalizer: NODE_REMEDIATIONS,
    AddPolicyFinalizer: REMEDIATION_POLICIES,
    RemovePolicyFinalizer: REMEDIATION_POLICIES,
    SetPolicyStatus: REMEDIATION_POLICIES,
}
"""Writes that are refused when the object has another version, and whose it is."""
