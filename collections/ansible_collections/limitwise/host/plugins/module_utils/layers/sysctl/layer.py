# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer sysctl: values below /proc/sys, now and after the next boot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import FrozenSet, List, Optional, Sequence, Tuple

from ...catalogue.rules import run as rules
from ...catalogue.sysctl import lookup
from ...change import Change
from ...findings import Finding
from ...formats.sysctl_conf import canonical
from ...host.machine import Host
from ...policy import Policy
from ...tuning import Item
from ..base import Context, Layer, Plan, Verdict
from . import check as sysctl_check
from . import plan as sysctl_plan
from . import state as sysctl_state
from . import use as sysctl_use
from .check import resolved
from .state import State
from .takeover import fulfils
from .values import as_printed, enough, lowers


@dataclass(frozen=True)
class SysctlLayer(Layer[State]):
    """``boot_script``: where a host keeps its values that has nobody to apply them at boot."""

    name = sysctl_plan.NAME
    boot_script: Optional[str] = None

    def configured(self, policy: Policy) -> SysctlLayer:
        return replace(self, boot_script=policy.boot_script)

    def lacking(self, host: Host) -> Optional[str]:
        if host.running and not host.files.is_directory("/proc/sys/kernel"):
            return "/proc/sys is not mounted"
        return None

    def check(self, items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
        return sysctl_check.check(items, allowed)

    def observe(self, host: Host, items: Sequence[Item]) -> State:
        return sysctl_state.observe(host, items, self.boot_script)

    def plan(self, state: State, items: Sequence[Item], context: Context) -> Plan:
        return sysctl_plan.plan(state, items, context)

    def verify(self, state: State, items: Sequence[Item], changes: Sequence[Change]) -> Verdict:
        found: List[Finding] = []
        boot = state.at_boot
        for one in resolved(items):
            live, given = state.keys.get(one.path), boot.of(one.path)
            value = live.value if live is not None else None
            if value is not None and not enough(one.key, value, one.text):
                found.append(
                    rules.NOT_IN_FORCE.at(
                        one.item.place, layer=self.name, found=value, what=one.name,
                        wanted=one.text,
                    )
                )
            if not fulfils(given, one):
                found.append(
                    rules.NOT_PERSISTENT.at(
                        given.place if given is not None else one.item.place, layer=self.name,
                        found=(given and given.value) or "the kernel's default", what=one.name,
                        wanted=one.text,
                    )
                )
        return Verdict(tuple(_read_back(state, change) for change in changes), tuple(found))

    def present_use(self, host: Host, subject: str, key: str) -> Optional[int]:
        return sysctl_use.present_use(host, canonical(key))

    def file_key(self, change: Change) -> Tuple[str, str]:
        return (change.file or "", canonical(change.key))

    def in_use_above(self, host: Host, change: Change) -> Optional[int]:
        """Present use, if ``change.before`` is below what is in force now and leaves too little."""
        path = canonical(change.key)
        now, key, before = host.sysctl(path), lookup(path), change.before
        if before is None or now is None or not lowers(key, now, before):
            return None
        used = sysctl_use.present_use(host, path)
        if used is None or int(as_printed(key, before)) >= used + sysctl_use.kept_above(path, used):
            return None
        return used


def _read_back(state: State, change: Change) -> Change:
    """A change with the values that the host has after the run."""
    path = canonical(change.key)
    live, given = state.keys.get(path), state.at_boot.of(path)
    ours = given is not None and given.file == state.home
    return replace(
        change,
        runtime=live.value if live is not None else None,
        persistent=given.value if given is not None else None,
        line=given.line if given is not None and ours else None,
    )
