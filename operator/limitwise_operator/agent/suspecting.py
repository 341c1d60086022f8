"""Who takes the tasks: samples of all cgroups while it is near, and whom they point at."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import POD
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.group_name import name_of
from ansible_collections.limitwise.host.plugins.module_utils.relief.culprit import (
    LEAST_GROWTH,
    Culprit,
    find,
)
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Gauges, Level
from ansible_collections.limitwise.host.plugins.module_utils.relief.protected import Protected
from ansible_collections.limitwise.host.plugins.module_utils.relief.tree import Sample, look

WINDOW = 10.0  # seconds of samples
MOST = 12
STALE = 300.0  # seconds until a sample of a calm node is taken anew
LEAST_SPAN = 0.5  # seconds between the samples that name somebody
# Growth and refused forks name somebody at once; mere size only when it has been tight for so long.
BY_SIZE = 3.0


class Suspecting:
    """Looks at all cgroups of one host; ``culprit`` is whom they point at."""

    def __init__(self, gauges: Gauges, own: str, pod: str) -> None:
        self._gauges = gauges
        self._own = frozenset({pod}) if pod else frozenset[str]()
        self.protected = Protected(own, self._own)
        self._samples: deque[Sample] = deque(maxlen=MOST)
        self.culprit: Culprit | None = None
        self.since: float | None = None

    def look(self, tight: Level | None) -> None:
        """One more sample; ``tight``: the ceiling that is full, if one is."""
        sample = look(self._gauges)
        # One that is older stays as what all was like before.
        while len(self._samples) > 1 and sample.at - self._samples[1].at > WINDOW:
            self._samples.popleft()
        self._samples.append(sample)
        if tight is None:
            return
        if self.since is None:
            self.since = sample.at
        here = {group.path: group.tasks for group in sample.groups}
        known = self.culprit
        if known is not None and known.group not in here:
            self.culprit, self.since = None, sample.at
        found = find(tuple(self._samples), tight, self._guarded(sample))
        if found is not None and self._believed(found, sample.at):
            self.culprit = found
        elif self.culprit is not None:
            self.culprit = replace(self.culprit, tasks=here[self.culprit.group])

    def forget(self) -> None:
        """It is calm: whoever it was, the next time it may be somebody else."""
        self.culprit = self.since = None

    @property
    def stale(self) -> bool:
        """Whether it is not known what it is like while all is calm."""
        return not self._samples or self._gauges.clock() - self._samples[-1].at >= STALE

    def _believed(self, found: Culprit, now: float) -> bool:
        span = now - self._samples[0].at
        acts = found.growth * span / 60 >= LEAST_GROWTH - 1 or found.refused > 0
        if self.culprit is not None and found.group != self.culprit.group:
            return acts and span >= LEAST_SPAN
        tight_for = now - (self.since if self.since is not None else now)
        return span >= LEAST_SPAN and (acts or tight_for >= BY_SIZE)

    def _guarded(self, sample: Sample) -> Protected:
        """Static pods run the node: the kubelet names them by a hash, without a uid's dashes."""
        names = (name_of(group.path) for group in sample.groups)
        fixed = {subject for scope, subject in names if scope == POD and "-" not in subject}
        return replace(self.protected, pods=self._own | fixed)
