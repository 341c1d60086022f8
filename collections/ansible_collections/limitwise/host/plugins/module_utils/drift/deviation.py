# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drift: one wanted value that the host has left, and what is done about several of them.

All of it is computed from what was observed (watch.py); nothing here looks at a host.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Iterable, List, Optional, Tuple

from ..formats.sysctl_conf import dotted
from ..tuning import Item, Tuning, type_of


@dataclass(frozen=True)
class Drift:
    """One item of the tuning that does not hold any more; (layer, subject, key) is its Item.id.

    ``live``: the value in force, None where there is none to read (limits, daemon.json, a unit that
    does not run). ``file_value``: what the next boot or start gives, None where no file says
    anything, and ``file`` the file whose word that is: another one than ours where that overrides
    us. ``since``: when it was first seen, kept by :func:`remember`. ``writer``: who wrote the
    deviating value, where it can be told: a file that says exactly that, or a program.
    """

    layer: str
    subject: str
    key: str
    wanted: str
    live: Optional[str]
    file_value: Optional[str]
    file: Optional[str] = None
    since: Optional[str] = None
    writer: Optional[str] = None

    @property
    def id(self) -> Tuple[str, str, str]:
        return (self.layer, self.subject, self.key)

    @property
    def name(self) -> str:
        """How a person calls it: ``kernel.pid_max``, ``user.slice TasksMax``."""
        key = dotted(self.key) if self.layer == "sysctl" else self.key
        return f"{self.subject} {key}" if self.subject else key

    def as_dict(self) -> Dict[str, Any]:
        return asdict(self)


def of_item(
    item: Item, live: Optional[str], file_value: Optional[str], file: Optional[str] = None,
    writer: Optional[str] = None,
) -> Drift:
    """The drift of a wanted item, without the time of which an observation knows nothing."""
    return Drift(
        item.layer, item.subject, item.key, item.text, live, file_value, file, writer=writer
    )


def remember(
    previous: Iterable[Drift], now: str, current: Iterable[Drift]
) -> Tuple[Drift, ...]:
    """The current drifts with the time each was first seen: that of before, or ``now``.

    A key that was right in between begins anew; one that drifts on to another value does not.
    """
    known = {drift.id: drift.since for drift in previous}
    return tuple(replace(drift, since=known.get(drift.id) or now) for drift in current)


def enforce(tuning: Tuning, drifts: Iterable[Drift]) -> Tuning:
    """The part of a tuning that puts back what drifted, and only that; the policy is kept.

    It is to be merged into what the host has (``engine.Options(purge=False)``): with purging the
    keys that are left out here would go back to their originals.
    """
    drifted = {drift.id for drift in drifts}
    items = tuple(item for item in tuning.items if item.id in drifted)
    layers = tuple(name for name in tuning.layers if any(item.layer == name for item in items))
    return replace(tuning, layers=layers, items=items)


def document(tuning: Tuning) -> Dict[str, Any]:
    """The layers of a tuning as the document that reads back as them; its policy is left out."""
    written: Dict[str, Any] = {name: type_of(name)() for name in tuning.layers}
    for item in tuning.items:
        _write(written[item.layer], item)
    return written


def _write(section: Any, item: Item) -> None:
    if item.layer == "sysctl":
        section[dotted(item.key)] = item.value
    elif item.layer == "limits":
        kind, _blank, name = item.key.partition(" ")
        section.append({"domain": item.subject, "type": kind, "item": name, "value": item.value})
    elif item.subject:
        section.setdefault(item.subject, {})[item.key] = item.value
    else:
        _write_leaf(section, item)


def _write_leaf(section: Dict[str, Any], item: Item) -> None:
    """A JSON pointer (RFC 6901) as nested maps."""
    parts: List[str] = [
        part.replace("~1", "/").replace("~0", "~") for part in item.key.split("/")[1:]
    ]
    for part in parts[:-1]:
        section = section.setdefault(part, {})
    section[parts[-1]] = item.value
