# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer is: one place where limits live, with five verbs; no layer knows another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import FrozenSet, Generic, List, Optional, Sequence, Tuple, TypeVar

from ..acts import Act
from ..change import Change
from ..findings import Finding
from ..host.machine import Host
from ..ledger import EMPTY, Ledger
from ..margin import too_low
from ..policy import DEFAULT_POLICY, Policy
from ..tuning import Item

State = TypeVar("State")


@dataclass(frozen=True)
class Context:
    """What a plan depends on besides the state and the wanted items.

    ``purge``: a key of ours that is not wanted any more goes back to its original (tune); without
    it items are merged into what is there (the single-layer modules). ``takeover``: files of
    others whose overriding lines may be commented out. ``force``: go below present use.
    """

    owner: str = "fleet"
    purge: bool = True
    adopt: bool = False
    force: bool = False
    takeover: Tuple[str, ...] = ()
    policy: Policy = DEFAULT_POLICY
    ledger: Ledger = EMPTY


@dataclass(frozen=True)
class Plan:
    """What a layer would do: the changes it reports, the acts that make them, what it found.

    A change is there only when an act makes it; what only waits for a restart is a finding.
    """

    changes: Tuple[Change, ...] = ()
    acts: Tuple[Act, ...] = ()
    findings: Tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The changes with ``runtime``, ``persistent``, ``takes_effect`` as read back, and findings."""

    changes: Tuple[Change, ...]
    findings: Tuple[Finding, ...] = ()


class Layer(ABC, Generic[State]):
    """One layer. ``apply`` is the same for all (the engine performs a plan's acts)."""

    name: str

    def configured(self, policy: Policy) -> Layer[State]:
        """The layer as it is under this policy, for those whose reading depends on it."""
        return self

    @abstractmethod
    def lacking(self, host: Host) -> Optional[str]:
        """Why this host cannot have the layer ("no Docker"); None when it can."""

    @abstractmethod
    def check(self, items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
        """Everything that is wrong with the wanted items by the catalogue alone: needs no host.

        ``allowed`` are the keys that the host itself permits besides limits (/etc/limitwise/allow).
        """

    @abstractmethod
    def observe(self, host: Host, items: Sequence[Item]) -> State:
        """Read what the items and our own files concern; changes nothing; works on an image too."""

    @abstractmethod
    def plan(self, state: State, items: Sequence[Item], context: Context) -> Plan:
        """A pure function: what to do so that the host has what is wanted."""

    @abstractmethod
    def verify(self, state: State, items: Sequence[Item], changes: Sequence[Change]) -> Verdict:
        """Compare a state observed after the run with what was wanted; a pure function."""

    def validate(self, host: Host, plan: Plan) -> List[Finding]:
        """Ask the host's own checker about what the plan would write; nothing is written yet."""
        return []

    def present_use(self, host: Host, subject: str, key: str) -> Optional[int]:
        """How much of this ceiling is in use now, in the key's own unit; None when nothing is."""
        return None

    def file_key(self, change: Change) -> Tuple[str, str]:
        """Where a change stands: the file, and its key there as formats.keyed names it."""
        return (change.file or "", change.key)

    def in_use_above(self, host: Host, change: Change) -> Optional[int]:
        """Present use, if putting ``change.before`` back would leave too little above it."""
        if change.before is None or not change.before.strip().isdigit():
            return None
        used = self.present_use(host, change.subject, change.key)
        return used if used is not None and too_low(int(change.before), used) else None
