"""How often to look and to write: pure rules of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .kinds.node_tuning import Counts, NodeTuning, TuningStatus
from .kinds.remediation_policy import PolicyStatus

READY = "Ready"
PAUSED = "Paused"


@dataclass(frozen=True)
class Pace:
    """Seconds, but `batch`: subjects written in one pass before it is looked again.

    `debounce`: from the first event to the look, and of quiet before it, for which it waits
    `settle` at most; `rest`: from one decision to the next, as a multiple of what deciding took,
    so that thousands of events are taken in beside it; `moving`: between looks while something is
    under way (soaks and deadlines end by time alone); `still`: between looks otherwise (windows
    open by time alone); `status`: between two statuses of a NodeTuning that differ in their counts
    only; `put_off`: for how long what follows a cordon may wait for the cordons of other nodes.
    """

    debounce: float = 0.05
    settle: float = 0.3
    rest: float = 2.0
    moving: float = 1.0
    still: float = 20.0
    status: float = 10.0
    put_off: float = 3.0
    batch: int = 1000


def next_look(tunings: Iterable[NodeTuning], moving: bool, pace: Pace) -> float:
    """Seconds until the next look that no event asks for; ``moving``: a drain or remediation is."""
    return pace.moving if moving or any(_moves(one) for one in tunings) else pace.still


def only_counts(before: TuningStatus, after: TuningStatus) -> bool:
    """Whether two statuses differ in numbers and listed nodes, not in what they say of the whole.

    Messages of conditions hold numbers too.
    """

    def verdict(status: TuningStatus) -> tuple[TuningStatus, list[tuple[str, str, str]]]:
        bare = replace(status, nodes=Counts(), problem_nodes=(), conflicts=(), conditions=())
        return bare, [(one.type, one.status, one.reason) for one in status.conditions]

    return verdict(before) == verdict(after)


def only_policy_counts(before: PolicyStatus, after: PolicyStatus) -> bool:
    """The same of two statuses of a RemediationPolicy."""

    def verdict(status: PolicyStatus) -> tuple[int, list[tuple[str, str, str]]]:
        turned = [(one.type, one.status, one.reason) for one in status.conditions]
        return status.observed_generation, turned

    return verdict(before) == verdict(after)


def _moves(tuning: NodeTuning) -> bool:
    conditions = {one.type: one for one in tuning.status.conditions}
    ready, paused = conditions.get(READY), conditions.get(PAUSED)
    if tuning.deleting or ready is None or tuning.status.observed_generation != tuning.generation:
        return True
    return not ready.true and not (paused is not None and paused.true)
