# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which wanted values a running host has left: three values compared, no fork, nothing written.

The room's interface; everything else in it is a part of this:

``observe(host, tuning) -> tuple[Drift, ...]``
    every item of the tuning whose value in force or whose value in the files is not what is wanted,
    in the tuning's order of layers. Numbers are compared as numbers, sizes in their units, vectors
    word by word; a value above a floor is no drift, caps, exact values and weights must be equal;
    what ``policy.allow_lowering`` names must be equal, too. A layer that the host lacks has none.
``Drift(layer, subject, key, wanted, live, file_value, file, writer)``
    see deviation.py; ``as_dict()``; ``id`` is the item's (layer, subject, key).
``WATCHERS``
    what each layer is watched by; a layer without an entry is not watched.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Sequence, Tuple

from ..host.machine import Host
from ..layers.table import LAYERS
from ..policy import Policy
from ..tuning import Item, Tuning
from . import docker, kubelet, logins, sysctls, units
from .deviation import Drift

Watcher = Callable[[Host, Sequence[Item], Policy], Iterator[Drift]]

WATCHERS: Dict[str, Watcher] = {
    "sysctl": sysctls.drifts,
    "limits": logins.drifts,
    "slices": units.drifts,
    "units": units.drifts,
    "docker_daemon": docker.drifts,
    "kubelet": kubelet.drifts,
}


def observe(host: Host, tuning: Tuning) -> Tuple[Drift, ...]:
    """The drifts of a host; the tuning has been checked before. HostError when it cannot read."""
    found: List[Drift] = []
    for name in tuning.layers:
        watcher, items = WATCHERS.get(name), tuning.of(name)
        if watcher is not None and items and LAYERS[name].lacking(host) is None:
            found.extend(watcher(host, items, tuning.policy))
    return tuple(found)
