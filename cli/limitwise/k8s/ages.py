# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as people on call read them: how long, how long ago, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Optional

MINUTE, HOUR, DAY = 60, 3600, 86400


def span(length: timedelta) -> str:
    """``12s``, ``5m30s``, ``3h10m``, ``4d2h``; what is not positive is ``0s``."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < MINUTE:
        return f"{seconds}s"
    for large, small, names in ((DAY, HOUR, "dh"), (HOUR, MINUTE, "hm"), (MINUTE, 1, "ms")):
        if seconds >= large:
            rest = seconds % large // small
            return f"{seconds // large}{names[0]}" + (f"{rest}{names[1]}" if rest else "")
    return f"{seconds}s"


def age(since: Optional[datetime], at: datetime) -> str:
    """How long ago; ``-`` for a time that is not known."""
    return "-" if since is None else span(at - since)


def stamp(moment: datetime) -> str:
    """``11-23 00:13:21``, in UTC as all times here."""
    return moment.strftime("%m-%d %H:%M:%S")
