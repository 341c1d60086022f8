# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of Docker's daemon.json: the file alone; the daemon is not asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterator, Optional, Sequence

from .. import redact
from ..formats import keyed
from ..formats.text import FormatError
from ..host.machine import Host
from ..layers.docker import flags as docker_flags
from ..layers.docker.edits import as_spelled, holds
from ..layers.docker.keys import readable, same, satisfied, top, wanted_text
from ..layers.docker.record import FORMAT
from ..layers.docker.state import DAEMON_JSON
from ..policy import Policy
from ..tuning import Item
from .deviation import Drift, of_item


def drifts(host: Host, items: Sequence[Item], policy: Policy) -> Iterator[Drift]:
    """The keys that the file does not have as wanted; all of them when it is no JSON any more."""
    path = docker_flags.read(host).value("config-file") or DAEMON_JSON
    values = _values(host.files.read(path) or b"")
    spelled = as_spelled(items, values)
    for item, own in zip(items, spelled):
        now, text = values.get(own.key), wanted_text(own)
        lowering = {own.key, top(own.key)} & set(policy.allow_lowering)
        enough = same(now, text) if lowering else satisfied(own.key, now, text)
        if not enough and not holds(values, own):
            drift = of_item(item, None, _shown(own.key, now), path)
            yield replace(drift, wanted=redact.value(item.key, item.text))


def _values(data: bytes) -> Dict[str, str]:
    try:
        return keyed.values(FORMAT, data)
    except FormatError:
        return {}


def _shown(key: str, value: Optional[str]) -> Optional[str]:
    text = readable(value)
    return None if text is None else redact.value(key, text)
