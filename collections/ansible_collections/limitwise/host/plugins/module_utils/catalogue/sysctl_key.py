# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of the sysctl catalogue, and the words that its tables are written in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Optional, Tuple

from .classes import CAP, EXACT, FLOOR, REFUSED

AT_ONCE = "none"
NEW_SOCKETS = "new-sockets"
NEW_PROCESSES = "new-processes"
NEW_OBJECTS = "new-objects"
NEW_NAMESPACES = "new-namespaces"


@dataclass(frozen=True)
class SysctlKey:
    """One file below /proc/sys.

    `path` has slashes and may hold `*` for one component (an interface), or end in `/**`.
    `doc` says in one line what it limits; for a refused key, why it is none.
    `kind` is a kind of kinds.KINDS, `klass` a class of classes.ALL.
    `low` and `high` are what the kernel takes (None: all that the kind can hold), `sane_low` and
    `sane_high` what makes sense where the kernel takes nonsense; each holds for every number of a
    vector of `arity` numbers (0: any length). `unit` is what one stands for ("" for plain counts).
    `ascending`: how bad it is when the numbers of a vector fall ("error", "warning", None: not).
    `words` are the only words a word kind takes.
    `module`: the kernel module that brings the key. `since`/`until`: first and last kernel that
    has it ("6.14"), `replacement` the key to use instead after that.
    `aliases`: other paths of the same variable. `used_by`: the resource that counts against it.
    `effect`: "none" (at once, for all), or what must be made anew to get it.
    `no_limit`: the number that stands for "no limit" here, if one does.
    `counterpart`: the key that says the same in another unit. Writing one makes the kernel read 0
    for the other, and such a 0 is no value of its own: write the counterpart instead.
    `read_only`: the kernel reports it, and nobody can write it.
    """

    path: str
    doc: str
    kind: str = "int"
    klass: str = EXACT
    low: Optional[int] = None
    high: Optional[int] = None
    sane_low: Optional[int] = None
    sane_high: Optional[int] = None
    arity: int = 1
    ascending: Optional[str] = None
    unit: str = ""
    words: Tuple[str, ...] = ()
    module: Optional[str] = None
    since: Optional[str] = None
    until: Optional[str] = None
    replacement: Optional[str] = None
    aliases: Tuple[str, ...] = ()
    used_by: str = ""
    effect: str = AT_ONCE
    no_limit: Optional[int] = None
    counterpart: Optional[str] = None
    read_only: bool = False


floor = partial(SysctlKey, klass=FLOOR)
cap = partial(SysctlKey, klass=CAP)
exact = partial(SysctlKey, klass=EXACT)
switch = partial(SysctlKey, klass=EXACT, low=0, high=1)
refused = partial(SysctlKey, kind="text", klass=REFUSED)
