"""Makes the writes of a plan: each kind of write to its verb, in its subject's order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatchmethod
from typing import Any, Protocol

from ..decide.writes import (
    AddFinalizer,
    CordonNode,
    CreateState,
    DeleteState,
    EvictPod,
    RecordEvent,
    RemoveFinalizer,
    RemoveStartupTaint,
    ReplaceStateSpec,
    SetTuningStatus,
    UncordonNode,
    Write,
)
from ..kinds.meta import FINALIZER, NODE_TUNING, NODE_TUNING_STATES, NODE_TUNINGS
from ..kinds.node_tuning_state import body_of
from . import node_patches
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


@dataclass(frozen=True)
class Answer:
    """An object as our write left it, to be folded into what is known; `body` None for none."""

    resource: str
    body: Body | None
    deleted: bool = False


NOTHING = Answer("", None)


@dataclass(frozen=True)
class Outcome:
    """What became of one subject's writes.

    `answers`: of those that were made; `refused` and `refusal`: the one at which they ended;
    `evictions`: by a pod's uid, why its eviction was refused ("" for one that was not).
    """

    subject: str
    answers: tuple[Answer, ...] = ()
    refused: Write | None = None
    refusal: ApiError | StoppedError | None = None
    evictions: tuple[tuple[str, str], ...] = ()

    @property
    def result(self) -> str:
        """`done`, `conflict` (look again), `stopped` or `failed`."""
        if self.refusal is None:
            return "done"
        if isinstance(self.refusal, (ConflictError, MissingError)):
            return "conflict"
        return "stopped" if isinstance(self.refusal, StoppedError) else "failed"


class Teller(Protocol):
    """Who makes Events."""

    def tell(self, event: RecordEvent) -> None:
        """Say it once, or count it; never fails."""


def subject_of(write: Write) -> str:
    """Whose write it is: writes of one subject are made in order, those of others beside them."""
    match write:
        case AddFinalizer() | RemoveFinalizer() | SetTuningStatus():
            return f"{NODE_TUNING}/{write.tuning}"
        case RecordEvent():
            return f"{NODE_TUNING if write.kind == NODE_TUNING else 'Node'}/{write.name}"
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

    def __init__(self, cluster: Cluster, teller: Teller) -> None:
        self._cluster = cluster
        self._teller = teller

    def perform(self, subject: str, writes: Sequence[Write]) -> Outcome:
        """Make one subject's writes until one is refused; the rest depends on it and is dropped."""
        answers: list[Answer] = []
        evictions: dict[str, str] = {}
        for write in writes:
            try:
                answers.append(self._make(_after(answers, write)))
                if isinstance(write, EvictPod):
                    evictions[write.uid] = ""
            except TooManyError as refusal:
                if not isinstance(write, EvictPod):
                    return self._ended(subject, answers, write, refusal, evictions)
                evictions[write.uid] = refusal.message
            except (ApiError, StoppedError) as refusal:
                if not (isinstance(write, EvictPod) and _two_budgets(refusal)):
                    return self._ended(subject, answers, write, refusal, evictions)
                evictions[write.uid] = str(refusal)
        return Outcome(subject, tuple(answers), evictions=tuple(evictions.items()))

    @staticmethod
    def _ended(
        subject: str,
        answers: list[Answer],
        write: Write,
        refusal: ApiError | StoppedError,
        evictions: Mapping[str, str],
    ) -> Outcome:
        return Outcome(subject, tuple(answers), write, refusal, tuple(evictions.items()))

    @singledispatchmethod
    def _make(self, write: Any) -> Answer:
        raise TypeError(f"no such write: {write!r}")

    @_make.register
    def _(self, write: AddFinalizer) -> Answer:
        version, present = int(write.resource_version), write.finalizers
        body = self._cluster.add_finalizer(write.tuning, version, present, FINALIZER)
        return Answer(NODE_TUNINGS, body)

    @_make.register
    def _(self, write: RemoveFinalizer) -> Answer:
        version, present = int(write.resource_version), write.finalizers
        body = self._cluster.remove_finalizer(write.tuning, version, present, FINALIZER)
        gone = "deletionTimestamp" in body["metadata"] and not body["metadata"].get("finalizers")
        return Answer(NODE_TUNINGS, body, deleted=gone)

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
            self._cluster.evict(write.namespace, write.name, write.uid)
        except (MissingError, ConflictError):
            # That very pod is gone, which is what was asked for.
            return NOTHING
        return NOTHING

    @_make.register
    def _(self, write: RecordEvent) -> Answer:
        self._teller.tell(write)
        return NOTHING

    def _node(self, name: str, uid: str) -> Body:
        node = self._cluster.get_node(name)
        if node["metadata"]["uid"] != uid:
            raise ConflictError(f"GET {name}", 409, "Conflict", "another node has the name now")
        return node

    def _patched(self, name: str, node: Body, ops: node_patches.Ops) -> Answer:
        return Answer("nodes", self._cluster.patch_node(name, ops) if ops else node)


def _after(answers: Sequence[Answer], write: Write) -> Write:
    """The write, on the version that our own last write left: nobody else came between."""
    if isinstance(write, (AddFinalizer, RemoveFinalizer, SetTuningStatus)) and answers:
        body = answers[-1].body
        if body is not None and answers[-1].resource == NODE_TUNINGS:
            return replace(write, resource_version=body["metadata"]["resourceVersion"])
    return write


def _two_budgets(refusal: ApiError | StoppedError) -> bool:
    """A pod under two budgets (500) or one that its server will not let go: no trouble of ours."""
    return isinstance(refusal, InvalidError) or "PodDisruptionBudget" in str(refusal)
