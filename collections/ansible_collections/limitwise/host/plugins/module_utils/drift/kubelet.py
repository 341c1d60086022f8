# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of the kubelet's configuration: its files and flags; the kubelet is not asked."""

from __future__ import annotations

from typing import Iterator, Optional, Sequence, Tuple

from ..host.cgroups import MOUNT
from ..host.machine import Host
from ..layers.kubelet import config
from ..layers.kubelet import running as kubelet_running
from ..layers.kubelet import start as kubelet_start
from ..layers.kubelet.config import Source
from ..layers.kubelet.start import UNIT, Start
from ..layers.kubelet.values import readable, same, wanted_text
from ..policy import Policy
from ..tuning import Item
from .deviation import Drift, of_item

# Where systemd puts the unit unless it is told otherwise: found without looking at all processes.
PROCESSES = f"{MOUNT}/system.slice/{UNIT}/cgroup.procs"


def drifts(host: Host, items: Sequence[Item], policy: Policy) -> Iterator[Drift]:
    """The keys that a kubelet which starts now would not have as wanted.

    A flag wins over all files; it is the writer then, and the file that says how the kubelet is
    started is named. A kubelet of which no configuration file is known (k3s) drifts in nothing.
    """
    start = _start(host)
    if start.config is None and start.drop_ins is None:
        return
    sources = config.sources(host, start)
    settings = config.effective(sources, start)
    for item in items:
        now = settings.get(item.key)
        if same(item.key, now, wanted_text(item)):
            continue
        flag = start.setting(item.key)
        file = start.place.file if flag is not None else _last_word(sources, item.key)
        yield of_item(item, None, readable(now), file, flag)


def _start(host: Host) -> Start:
    """How the kubelet was started: its process, else its unit, else whichever process it is."""
    pids = (host.files.read(PROCESSES) or b"").decode("ascii", "replace").split()
    if pids:
        start = kubelet_start.of_process(host.proc(f"{pids[0]}/cmdline") or "", UNIT)
        if start.flags:
            return start
    start = kubelet_start.of_unit(host)
    if start.config is None and start.drop_ins is None:
        running = kubelet_running.look(host)
        return running.start if running is not None else start
    return start


def _last_word(sources: Tuple[Source, ...], key: str) -> Optional[str]:
    """The file whose word a key's value is; None when no file says anything."""
    said = [
        one.path for one in sources
        if any(key == pointer or key.startswith(pointer + "/") for pointer in one.values)
    ]
    return said[-1] if said else None
