# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many more processes pid_max lets in: fewer than it says, since low ids are not given twice.

Source: alloc_pid and RESERVED_PIDS in kernel/pid.c. Once more than 300 ids were given since boot,
new ones come from 300 to pid_max - 1, whether numbering has started over or not.
"""

from __future__ import annotations

from typing import Iterable, Optional, Set

RESERVED = 300


def free(pid_max: int, taken: int) -> int:
    """Ids that can still be given, if so many from 300 on are taken."""
    return max(0, pid_max - RESERVED - taken)


def taken(ids: Iterable[int], threads: Optional[int] = None) -> int:
    """How many ids from 300 on are taken, by threads, process groups and sessions together.

    The group or session of a leader that is gone keeps its id. ``threads``: all threads of the
    host as the kernel counts them; those that this process may not see have ids as well, and at
    most 299 threads have an id below 300.
    """
    high: Set[int] = {one for one in ids if one >= RESERVED}
    hidden = 0 if threads is None else threads - (RESERVED - 1)
    return max(len(high), hidden)
