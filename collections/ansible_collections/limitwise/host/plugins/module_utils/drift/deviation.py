# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drift: one wanted value that the host has left.

All of it is computed from what was observed (watch.py); nothing here looks at a host.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional, Tuple

from ..formats.sysctl_conf import dotted
from ..tuning import Item


@dataclass(frozen=True)
class Drift:
    """One item of the tuning that does not hold any more; (layer, subject, key) is its Item.id.

    ``live``: the value in force, None where there is none to read (limits, daemon.json, a unit that
    does not run). ``file_value``: what the next boot or start gives, None where no file says
    anything, and ``file`` the file whose word that is: another one than ours where that overrides
    us. ``writer``: who wrote the
    deviating value, where it can be told: a file that says exactly that, or a program.
    """

    layer: str
    subject: str
    key: str
    wanted: str
    live: Optional[str]
    file_value: Optional[str]
    file: Optional[str] = None
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
