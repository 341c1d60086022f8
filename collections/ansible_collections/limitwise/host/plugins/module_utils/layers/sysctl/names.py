# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The right name for a sysctl that is wrong or gone."""

from __future__ import annotations

import re
from typing import Dict, List, Optional

from ...catalogue.rules import sysctl as rules
from ...catalogue.sysctl import KEYS, lookup, nearest_key
from ...catalogue.sysctl_key import SysctlKey
from ...findings import Finding, Place
from ...formats.sysctl_conf import dotted

# net/ipv4/conf/eth0/rp_filter and its like: they come and go with their interface.
OF_INTERFACE = re.compile(r"(net/(?:ipv4|ipv6|mpls)/(?:conf|neigh))/(.+)/([^/]+)")

PROC_SYS = "proc/sys/"
# No key is as long; the search for a near one takes time with the length.
LONGEST_PATH = 160


def _by_last_word() -> Dict[str, str]:
    """Keys whose last word nobody else has: ``kernel.swappiness`` can only mean one."""
    found: Dict[str, List[str]] = {}
    for key in KEYS:
        found.setdefault(key.path.rsplit("/", 1)[-1], []).append(key.path)
    return {
        last: paths[0]
        for last, paths in found.items()
        if len(paths) == 1 and "*" not in paths[0]
    }


BY_LAST_WORD = _by_last_word()


def known(path: str) -> Optional[SysctlKey]:
    """The catalogue's entry, but none for an interface whose dots were taken for separators."""
    return lookup(path) if with_dots(path) is None else None


def suggested(path: str) -> Optional[str]:
    """How the key that was meant is written, or None when that would be a guess."""
    if path.startswith(PROC_SYS):
        path = path[len(PROC_SYS) :]
        if lookup(path) is not None:
            return dotted(path)
    if len(path) > LONGEST_PATH:
        return None
    meant = with_dots(path) or BY_LAST_WORD.get(path.rsplit("/", 1)[-1]) or nearest_key(path)
    return dotted(meant) if meant is not None else None


def with_dots(path: str) -> Optional[str]:
    """The key with its interface's dots put back: ``conf/v0/100/x`` was meant as ``v0.100``."""
    match = OF_INTERFACE.fullmatch(path)
    if match is None or "/" not in match.group(2):
        return None
    whole = "/".join((match.group(1), match.group(2).replace("/", "."), match.group(3)))
    return whole if lookup(whole) is not None else None


def removed(key: SysctlKey, name: str, place: Place) -> Finding:
    """The finding for a key that newer kernels no longer have."""
    instead = dotted(key.replacement) if key.replacement is not None else None
    return rules.REMOVED_KEY.at(
        place, found=name, until=key.until, suggestion=instead,
        instead=f"; instead: {instead}" if instead is not None else "",
    )
