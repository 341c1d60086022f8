# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of the kubelet's limits: files, process, pods, and what is in force."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Sequence, Tuple

from ...acts import FileImage
from ...host.machine import Host
from .. import record as records
from ..record import Record
from . import config, groups
from . import running as kubelet_running
from . import start as kubelet_start
from .config import OWN_NAME, Source
from .groups import Kubepods
from .running import PAUSE, Running
from .start import Start
from .values import number

RECORD = "/var/lib/limitwise/kubelet.json"
# Seconds. A file and a start are told apart by clocks that differ by so much at most; how long a
# new kubelet takes from its first answer to writing its pods' cgroup.
SLACK = 0.05
SETTLING = 20.0


@dataclass(frozen=True)
class KubeletState:
    """``path``: the file that ours go into, None where the kubelet has none; ``drop_in``: it is our
    own. ``sources``: every file of its configuration. ``settings``: what they and the flags come
    to. ``due``: the pids.max that a kubelet which starts now gives kubepods.
    """

    start: Start = field(default_factory=Start)
    path: Optional[str] = None
    drop_in: bool = False
    image: Optional[FileImage] = None
    sources: Tuple[Source, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    changed: Optional[float] = None
    record: Record = field(default_factory=Record)
    record_image: Optional[FileImage] = None
    running: Optional[Running] = None
    pods: Kubepods = field(default_factory=Kubepods)
    capacity: Optional[int] = None

    @property
    def own(self) -> Source:
        """The file that ours go into."""
        for source in self.sources:
            if source.path == self.path:
                return source
        return Source(self.path or "")

    @property
    def due(self) -> Optional[int]:
        return due(self.capacity, self.settings)

    @property
    def restart(self) -> Tuple[str, ...]:
        """What restarts the running kubelet, and does nothing to one that does not run."""
        if self.running is None or not self.running.unit:
            return ()
        return ("systemctl", "try-restart", self.running.unit)


def observe(host: Host) -> KubeletState:
    """Read the files, the record, the process and the cgroups of the pods."""
    running = kubelet_running.observe(host)
    start = running.start if running is not None else kubelet_start.of_unit(host)
    sources = config.sources(host, start)
    settings = config.effective(sources, start)
    drop_in = start.drop_ins is not None
    path = f"{start.drop_ins}/{OWN_NAME}" if drop_in else start.config
    record_image = host.files.image(RECORD)
    record = records.read(RECORD, record_image)
    capacity = _capacity(host)
    return KubeletState(
        start, path, drop_in, host.files.image(path) if path is not None else None, sources,
        settings, _last_change(host, sources), record if record.path == path else Record(),
        record_image, running, _pods(host, running, due(capacity, settings)), capacity,
    )


def _last_change(host: Host, sources: Sequence[Source]) -> Optional[float]:
    """When the newest of the files was written (seconds since 1970); None when that is unknown."""
    paths = [host.files.locate(source.path) for source in sources]
    newest = max((os.stat(path).st_mtime for path in paths if os.path.exists(path)), default=None)
    return newest if newest is not None and newest <= time.time() + SLACK else None


def _capacity(host: Host) -> Optional[int]:
    """The smaller of pid_max and threads-max, as pkg/kubelet/stats/pidlimit reads them."""
    limits = [number(host.sysctl(f"kernel/{name}")) for name in ("pid_max", "threads-max")]
    known = [limit for limit in limits if limit is not None]
    return min(known, default=None)


def due(capacity: Optional[int], settings: Mapping[str, str]) -> Optional[int]:
    """What a kubelet with these settings gives kubepods; None where it enforces nothing on it."""
    enforced = settings.get("/enforceNodeAllocatable", '["pods"]')
    if capacity is None or '"pods"' not in enforced or settings.get("/cgroupsPerQOS") == "false":
        return None
    reserved = [number(settings.get(f"/{name}/pid")) for name in ("systemReserved", "kubeReserved")]
    return capacity - sum(count for count in reserved if count is not None)


def _pods(host: Host, running: Optional[Running], wanted: Optional[int]) -> Kubepods:
    """The cgroups of the pods, once a kubelet that has just come up has written theirs."""
    begun = time.monotonic()
    while True:
        found = groups.read(host)
        written = found.limit is None or wanted is None or found.limit == wanted
        young = running is not None and running.up and running.age < SETTLING
        if not young or (written and found.path) or time.monotonic() - begun > SETTLING:
            return found
        time.sleep(PAUSE)


# --- what is in force ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A value in force, as compact JSON; ``text`` is None where the key is unset."""

    text: Optional[str]


def in_force(state: KubeletState, pointer: str) -> Optional[Known]:
    """The value that the running kubelet has; None when none runs or nobody can tell."""
    running = state.running
    if running is None:
        return None
    if state.record.daemon == running.identity:
        known = state.record.in_force
        return Known(known[pointer]) if pointer in known else None
    if state.changed is None or state.changed > running.since + SLACK:
        return None
    return Known(state.settings.get(pointer))


def witness(state: KubeletState, pointers: Sequence[str]) -> Dict[str, Optional[str]]:
    """The values in force of some keys, as far as they are known: what the record keeps."""
    found = {pointer: in_force(state, pointer) for pointer in pointers}
    return {pointer: known.text for pointer, known in found.items() if known is not None}
