# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of systemd units as drop-ins: what the layers slices and units have in common.

Each unit gets ``/etc/systemd/system/<unit>.d/zz-limitwise.conf``; systemd reads it at a reload and
at every boot, and the cgroup files and processes tell what came of it.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import FrozenSet, List, Optional, Sequence, Tuple

from ...change import Change
from ...findings import Finding
from ...host.machine import Host
from ...tuning import Item
from ..base import Context, Layer, Plan, Verdict
from . import name as unit_name
from .check import check_items
from .observe import State, observe
from .plan import make_plan
from .state import read_units
from .verify import make_verdict


class DropinLayer(Layer[State]):
    """A layer whose subjects are unit names and whose keys are directives."""

    @abstractmethod
    def is_ours(self, unit: str) -> bool:
        """Whether the layer is the one for this type of unit."""

    def lacking(self, host: Host) -> Optional[str]:
        return None if host.has_systemd else "no systemd"

    def check(self, items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
        return check_items(items, allowed)

    def observe(self, host: Host, items: Sequence[Item]) -> State:
        return observe(host, [item.subject for item in items], self.is_ours)

    def plan(self, state: State, items: Sequence[Item], context: Context) -> Plan:
        return make_plan(self.name, state, items, context)

    def verify(self, state: State, items: Sequence[Item], changes: Sequence[Change]) -> Verdict:
        return make_verdict(self.name, state, items, changes)

    def present_use(self, host: Host, subject: str, key: str) -> Optional[int]:
        """Tasks, or bytes of memory without the page cache, of the fullest unit concerned."""
        units = read_units(host, [unit_name.pattern(subject)]).values()
        concerned = [
            unit for unit in units
            if subject in unit.aliases or unit_name.covers(subject, unit.name)
        ]
        return max((unit.used[key] for unit in concerned if key in unit.used), default=None)

    def file_key(self, change: Change) -> Tuple[str, str]:
        section = unit_name.section_of(change.subject)
        return (unit_name.own_path(change.subject), f"{section}/{change.key}")
