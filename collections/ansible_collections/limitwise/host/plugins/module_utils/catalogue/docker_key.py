# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One key of daemon.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from .docker_values import Check

RELOAD = "reload"
RESTART = "restart"
ALL = "all"
NEW_CONTAINERS = "new-containers"


@dataclass(frozen=True)
class DaemonKey:
    """One top-level key of daemon.json.

    `check` yields what is wrong with a value; `klass` is a class of classes.ALL; `doc` says what
    it limits, or for a refused key why it is none. `effect` is the act dockerd needs to read a
    new value: "reload" (SIGHUP) or "restart"; `applies_to` is "all" or "new-containers".
    `flag` is the command line flag of another name, `short` its letter; dockerd does not start
    when the flag is given too, unless `flag_may_repeat`. `since`/`until`: first and last version.
    `refused_parts` are names below the key that a tuning may not set.
    """

    name: str
    check: Check
    klass: str
    doc: str
    effect: str = RESTART
    applies_to: str = ALL
    flag: Optional[str] = None
    short: Optional[str] = None
    flag_may_repeat: bool = False
    since: Optional[str] = None
    until: Optional[str] = None
    replacement: Optional[str] = None
    refused_parts: Tuple[str, ...] = ()
