# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of the catalogue of unit directives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

ALL_WITH_PROCESSES = ("Service", "Socket", "Mount", "Swap")
ALL_WITH_CGROUP = ("Slice", "Scope", *ALL_WITH_PROCESSES)


@dataclass(frozen=True)
class Directive:
    """One directive that sets a limit.

    `kind` is a kind of kinds.KINDS, `klass` a class of classes.ALL, `since` the first systemd
    (0: as old as systemd). `controller` and `cgroup_file` say where it lands in cgroup v2, None
    where it does not; `rlimit` which resource limit it sets. `sections` may hold it.
    `takes_effect` is the act still needed after a daemon-reload: "none" or "restart".
    `multiple`: each device has a value of its own, on a line of its own.
    `low` to `high`, in the kind's unit, is what systemd keeps; `range_in_words` how people read it.
    `replacement`: the directive to use instead of a deprecated one.
    """

    name: str
    kind: str
    klass: str
    since: int
    controller: Optional[str] = None
    cgroup_file: Optional[str] = None
    rlimit: Optional[str] = None
    sections: Tuple[str, ...] = ALL_WITH_CGROUP
    takes_effect: str = "none"
    multiple: bool = False
    low: Optional[int] = None
    high: Optional[int] = None
    range_in_words: str = ""
    replacement: Optional[str] = None
