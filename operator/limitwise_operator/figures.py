"""What remediation tells Prometheus: counted from what is observed, each change once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from .decide.observed import Observed
from .decide.remediation import admission, storm
from .kinds import conditions
from .kinds.node_remediation import ACTIVE, PHASES, NodeRemediation
from .metrics import Metrics

# Whom a status lists as hindered is told by the policy's own words; these are the limits behind.
WORDS = (
    ("mode is Report", admission.REPORT),
    ("paused:", admission.PAUSED),
    ("too many nodes are in trouble", admission.STORM),
    ("left alone until", admission.COOLDOWN),
    ("it is the last control-plane", admission.CONTROL_PLANE),
    ("", admission.BUDGET),
)


@dataclass
class Figures:
    """Remembers what it has counted, so that a status seen twice counts once."""

    metrics: Metrics
    _seen: dict[str, tuple[str, int]] = field(default_factory=dict)
    _blocked: set[tuple[str, str]] = field(default_factory=set)
    _first: bool = True

    def look(self, observed: Observed) -> None:
        """Take in all incidents and policies as they are now."""
        self._phases(observed)
        for one in observed.remediations.values():
            self._count(one)
        gone = self._seen.keys() - observed.remediations.keys()
        for name in gone:
            del self._seen[name]
        self._policies(observed)
        self._first = False

    def _phases(self, observed: Observed) -> None:
        now = Counter(one.status.phase for one in observed.remediations.values())
        oldest: dict[str, float] = {}
        for one in observed.remediations.values():
            if one.status.phase in ACTIVE and one.status.steps:
                age = _age(one, observed.now)
                oldest[one.status.phase] = max(age, oldest.get(one.status.phase, 0.0))
        for phase in PHASES:
            self.metrics.gauge("remediations", now[phase], phase)
        for phase in ACTIVE:
            self.metrics.gauge("remediation_oldest_seconds", oldest.get(phase, 0.0), phase)

    def _count(self, one: NodeRemediation) -> None:
        """Steps that have ended since, and the end; what a fresh operator finds is not counted."""
        ended = [step for step in one.status.steps if step.end is not None]
        phase, known = self._seen.get(one.name, ("", 0))
        self._seen[one.name] = (one.status.phase, len(ended))
        if self._first:
            return
        for step in ended[known:]:
            if step.end is not None:
                seconds = (step.end - step.start).total_seconds()
                self.metrics.observe("remediation_phase_seconds", seconds, step.phase)
        if one.finished and phase != one.status.phase:
            trigger = one.spec.trigger.name
            self.metrics.count("remediation_total", one.status.phase, trigger)

    def _policies(self, observed: Observed) -> None:
        self.metrics.clear("remediation_storm")
        blocked = set()
        for policy in observed.policies.values():
            found = conditions.find(policy.status.conditions, storm.STORM)
            blowing = found is not None and found.true
            self.metrics.gauge("remediation_storm", float(blowing), policy.name)
            for node, _trigger, message in policy.status.would:
                blocked.add((node, _limit(message)))
        for _node, limit in blocked - self._blocked:
            self.metrics.count("remediation_blocked_total", limit)
        self._blocked = blocked


def _limit(message: str) -> str:
    """The first limit whose words the message has; what people wrote into it may hold anything."""
    return next(limit for words, limit in WORDS if f"; {words}" in f"; {message}")


def _age(one: NodeRemediation, now: datetime) -> float:
    return max(0.0, (now - one.status.steps[-1].start).total_seconds())
