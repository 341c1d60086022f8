"""Whose turn it is: canary first, then as many as budgets admit, in an order that never changes.

Nothing is remembered but what the API has: sources of states say who has what, the status of a
tuning says whether it was paused. So a restarted operator goes on where the last one was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..kinds import conditions
from ..kinds.meta import BLOCKED
from . import restart
from .budget import Budget, Budgets, budget
from .fleet import Fleet
from .judged import DEFAULTS, Judged
from .quantity import amount
from .verdict import Verdict

PAUSED = "Paused"
BY_USER = "ByUser"
FAILURE_THRESHOLD = "FailureThreshold"
WINDOW_CLOSED = "WindowClosed"


@dataclass(frozen=True)
class Course:
    """How one tuning's rollout stands before a plan.

    ``todo``: selected nodes that lack its content; ``leaving``: nodes that have something of it
    and should not; ``canaries_left``: None when they have proved themselves.
    """

    name: str
    judged: Judged | None
    failures: tuple[Verdict, ...] = ()
    paused: str = ""
    canaries_left: int | None = None
    todo: tuple[Verdict, ...] = ()
    leaving: tuple[Verdict, ...] = ()

    @property
    def held(self) -> str:
        """Why no further selected node gets it: a reason of the condition Paused, or nothing."""
        if self.paused or self.judged is None or self.judged.open:
            return self.paused
        return WINDOW_CLOSED

    def may_have(self, one: Verdict) -> bool:
        """Whether a node that lacks it may get it; one that takes no pods yet needs no window."""
        return (one.reachable and not one.care) and (
            not self.held or (self.held == WINDOW_CLOSED and one.node.startup_taint)
        )

    def may_leave(self, one: Verdict) -> bool:
        """Whether a node may be freed of it. A failed rollout holds nothing back here."""
        if not one.reachable or one.care or self.judged is None:
            return one.reachable and not one.care
        waits = self.judged.tuning.rollout.paused and not self.judged.tuning.deleting
        return self.judged.open and not waits


def course(fleet: Fleet, name: str) -> Course:
    """The rollout of a tuning, or of one that has gone without giving its nodes back."""
    judged = fleet.tunings.get(name)
    selected = fleet.matched[name] if judged is not None and judged.enforced else frozenset()
    leaving = fleet.verdicts(sorted(fleet.holders.get(name, frozenset()) - selected))
    if judged is None or not judged.enforced:
        return Course(name, judged, leaving=tuple(leaving))
    matched = fleet.verdicts(sorted(selected))
    failures = tuple(one for one in matched if one.failed_for(judged.tuning))
    todo = [one for one in matched if lacks(fleet, judged, one)] if judged.valid else []
    return Course(
        name,
        judged,
        failures,
        _paused(judged, len(failures), len(matched)),
        _canaries_left(fleet, judged, matched) if todo else None,
        tuple(todo),
        tuple(leaving),
    )


def lacks(fleet: Fleet, judged: Judged, one: Verdict) -> bool:
    """Whether a node has other content, has failed with this one before the last retry, or lacks
    a key of it because of a conflict that is settled by now.
    """
    tuning = judged.tuning
    if not one.has(tuning):
        return True
    if one.failed and not one.at(tuning) and one.told_by(tuning.name):
        return True
    conflicts = one.content.conflicts
    if not conflicts:
        return False
    group = fleet.groups[one.name]
    settled = any(
        conflict.key not in group.disputed and tuning.name in conflict.tunings
        for conflict in conflicts
    )
    # Only where all have come and gone is every conflict one of the present contents.
    everyone = [other.name for other in group.enforced]
    return (
        settled
        and everyone == [source.name for source in one.content.sources]
        and all(one.has(other.tuning) for other in group.enforced)
    )


def _paused(judged: Judged, failures: int, matched: int) -> str:
    """A rollout that failed stays paused, also when the failed nodes are gone: someone looks."""
    tuning = judged.tuning
    if tuning.rollout.paused:
        return BY_USER
    before = conditions.find(tuning.status.conditions, PAUSED)
    was = before is not None and before.true and before.reason == FAILURE_THRESHOLD
    if was and tuning.status.revision == tuning.revision:
        return FAILURE_THRESHOLD
    return FAILURE_THRESHOLD if failures >= max(1, judged.failure_threshold.of(matched)) else ""


def _canaries_left(fleet: Fleet, judged: Judged, matched: list[Verdict]) -> int | None:
    wanted = min(judged.canary.of(len(matched)), len(matched))
    having = [one for one in matched if one.has(judged.tuning)]
    proved = sum(soaked(fleet, judged, one) for one in having)
    if proved >= wanted:
        return None
    # One that failed before the last retry is a canary still to come, not one that is under way.
    going = [one for one in having if not lacks(fleet, judged, one)]
    return max(0, wanted - sum(not one.failed_for(judged.tuning) for one in going))


def soaked(fleet: Fleet, judged: Judged, one: Verdict) -> bool:
    """Whether the content has proved itself on a node, the restart that it may do included."""
    proved = one.soaked(judged.tuning, judged.soak, fleet.now) and one.reachable
    return proved and not restart.outstanding(fleet, one)


def turns(fleet: Fleet, budgets: Budgets, courses: Iterable[Course]) -> dict[str, set[str]]:
    """By node, the tunings whose turn has come there: to give their content, or to go."""
    found: dict[str, set[str]] = {}
    queues = [_Queue(one) for one in courses]
    # A node that one tuning has taken costs the others nothing: they come again to share the write.
    while any(queue.take(fleet, budgets, found) for queue in queues):
        pass
    return found


class _Queue:
    """The nodes that wait for one tuning, in order, and how many of them may be canaries still."""

    def __init__(self, one: Course) -> None:
        self.course = one
        self.left = one.canaries_left
        self.leaving = [node for node in in_order(one, one.leaving) if one.may_leave(node)]
        self.todo = [node for node in in_order(one, one.todo) if one.may_have(node)]

    def take(self, fleet: Fleet, budgets: Budgets, found: dict[str, set[str]]) -> bool:
        """Take those that the budgets admit; whether there were any."""
        freed = [node for node in self.leaving if _take(fleet, budgets, self.course, node)]
        given: list[Verdict] = []
        for node in self.todo:
            if self.left is not None and len(given) >= self.left:
                break
            if _take(fleet, budgets, self.course, node):
                given.append(node)
        for node in (*freed, *given):
            found.setdefault(node.name, set()).add(self.course.name)
        taken = {node.name for node in (*freed, *given)}
        self.leaving = [node for node in self.leaving if node.name not in taken]
        self.todo = [node for node in self.todo if node.name not in taken]
        self.left = self.left - len(given) if self.left is not None else None
        return bool(taken)


def _take(fleet: Fleet, budgets: Budgets, one: Course, node: Verdict) -> bool:
    pool = fleet.pool(node, one.judged.tuning) if one.judged is not None else ""
    return budgets.take(node.name, [(one.name, pool)])


def in_order(one: Course, nodes: Iterable[Verdict]) -> list[Verdict]:
    """Nodes as they come: by a hash that spreads racks and pools, and is the same for ever."""
    uid = one.judged.tuning.uid if one.judged is not None else one.name
    return sorted(nodes, key=lambda node: _rank(uid, node.name))


@lru_cache(maxsize=65536)
def _rank(uid: str, node: str) -> bytes:
    return hashlib.sha256(f"{uid}/{node}".encode()).digest()[:8]


def budgets_of(fleet: Fleet, courses: Iterable[Course]) -> Budgets:
    """The budgets as they stand, of all tunings that want to change anything."""
    everyone = fleet.nodes.values()
    moving = {one.name for one in everyone if one.busy}
    limit = max(1, amount(fleet.settings.max_unavailable).of(len(fleet.nodes)))
    pools: dict[tuple[str, str], Budget] = {}
    for one in courses:
        pools.update(_pools(fleet, one))
    return Budgets(budget(limit, fleet.nodes, (), moving, moving), pools)


def _pools(fleet: Fleet, one: Course) -> dict[tuple[str, str], Budget]:
    selected = fleet.matched.get(one.name, frozenset())
    members: dict[str, list[Verdict]] = {}
    for node in fleet.verdicts(selected | fleet.holders.get(one.name, frozenset())):
        pool = fleet.pool(node, one.judged.tuning) if one.judged is not None else ""
        members.setdefault(pool, []).append(node)
    most = one.judged.max_unavailable if one.judged else amount(DEFAULTS.max_unavailable)
    return {
        (one.name, pool): _budget(fleet, one, nodes, most.of(len(nodes)))
        for pool, nodes in members.items()
    }


def _budget(fleet: Fleet, one: Course, nodes: list[Verdict], limit: int) -> Budget:
    told = [node for node in nodes if node.told_by(one.name)]
    own = {node.name for node in told if node.moving or _unproven(fleet, one, node)}
    own |= {node.name for node in nodes if node.restarting and one.name in restart.owners(node)}
    return budget(
        limit,
        (node.name for node in nodes),
        own.union(node.name for node in nodes if node.out or node.failed),
        (node.name for node in nodes if node.busy),
        own,
    )


def _unproven(fleet: Fleet, one: Course, node: Verdict) -> bool:
    """Whether a node that was told the tuning's content has failed or not yet proved itself."""
    judged = one.judged
    if node.failed:
        return True
    if judged is None or not judged.enforced or not node.has(judged.tuning):
        return False
    # One node that cannot be drained does not hold up the others.
    given_up = node.phase == BLOCKED and node.current
    return not given_up and not soaked(fleet, judged, node)
