# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of sysctls: /proc/sys now, and the file whose word the next boot takes."""

from __future__ import annotations

from typing import Iterator, Optional, Sequence

from ..formats.sysctl_conf import parse
from ..host.machine import Host
from ..layers.sysctl import files as sysctl_files
from ..layers.sysctl.check import Wanted, resolved
from ..layers.sysctl.decide import may_go_down
from ..layers.sysctl.state import OWN, State, boot_applier
from ..layers.sysctl.values import enough, same
from ..policy import Policy
from ..tuning import Item
from .deviation import Drift, of_item


def drifts(host: Host, items: Sequence[Item], policy: Policy) -> Iterator[Drift]:
    """The sysctls that are not as wanted, now or after the next boot.

    A key that this kernel does not have is none: nothing can have changed it.
    """
    state = _state(host, policy)
    boot = state.at_boot
    for wanted in resolved(items):
        down = may_go_down(wanted.path, policy)
        live = host.sysctl(wanted.path)
        if live is None and host.running:
            continue
        given = boot.of(wanted.path)
        value = given.value if given is not None else None
        lasts = value is not None and enough(wanted.key, value, wanted.text, down)
        holds = live is None or enough(wanted.key, live, wanted.text, down)
        if holds and lasts:
            continue
        yield of_item(
            wanted.item, live, value, given.file if given is not None else None,
            None if holds or live is None else _writer(state, wanted, live),
        )


def _state(host: Host, policy: Policy) -> State:
    """The files alone: what is in use, and who shares it, only a plan has to know."""
    boot, why = boot_applier(host)
    script = policy.boot_script
    return State(
        host.running, boot, why, host.files.image(OWN), sysctl_files.read(host),
        script_path=script, script=host.files.image(script) if script is not None else None,
    )


def _writer(state: State, wanted: Wanted, live: str) -> Optional[str]:
    """The file that says exactly what is in force: somebody has applied it."""
    for file in reversed(sysctl_files.in_order(state.files)):
        for entry in parse(file.data).entries:
            says = entry.path == wanted.path and not entry.exclude
            if says and same(wanted.key, entry.value, live):
                return file.real
    return None
