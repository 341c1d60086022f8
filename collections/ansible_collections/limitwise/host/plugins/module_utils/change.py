# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change: one difference between what a host has and what the tuning says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, Optional

NOTHING = "none"
RELOAD = "reload"
RESTART = "restart"
REBOOT = "reboot"
TAKES_EFFECT = (NOTHING, RELOAD, RESTART, REBOOT)

ALL = "all"
NEW_SESSIONS = "new-sessions"
NEW_CONTAINERS = "new-containers"


@dataclass(frozen=True)
class Change:
    """One key of one subject; every value is a string, or None where there is none.

    ``before``: in force now; ``after``: wanted (None: the key goes back to what it was without us);
    ``runtime``: read back after the run; ``persistent``: what the next boot gives;
    ``takes_effect``: the strongest act still needed once written; ``applies_to``: who gets it.
    """

    layer: str
    subject: str
    key: str
    before: Optional[str]
    after: Optional[str]
    runtime: Optional[str] = None
    persistent: Optional[str] = None
    takes_effect: str = NOTHING
    applies_to: str = ALL
    file: Optional[str] = None
    line: Optional[int] = None

    def as_dict(self) -> Dict[str, Any]:
        """The change as the JSON contract has it."""
        return asdict(self)

    @property
    def name(self) -> str:
        """How a person calls the key: ``user.slice TasksMax``, ``kernel.pid_max``."""
        return f"{self.subject} {self.key}" if self.subject else self.key


def strongest(acts: Iterable[str]) -> str:
    """The strongest of several ``takes_effect`` words; ``none`` for an empty sequence."""
    return max(acts, key=TAKES_EFFECT.index, default=NOTHING)
