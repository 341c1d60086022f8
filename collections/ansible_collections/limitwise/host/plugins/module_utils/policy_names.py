# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in policy.maximum and policy.allow_lowering that mean no limit, and so would bind nobody.

A name is that of a sysctl (``kernel.pid_max``), a directive (``TasksMax``, ``user.slice
TasksMax``), a limit of logins (``hard nofile``, ``@staff hard nofile``) or a pointer into
daemon.json or the kubelet's configuration (``/default-ulimits/nofile/Hard``, ``/maxPods``).
"""

from __future__ import annotations

from typing import AbstractSet, Callable, Iterator, List, Optional, Sequence, Tuple

from .catalogue import docker, kubelet, limits, sysctl, unit_directives
from .catalogue.rules import tuning as rules
from .catalogue.suggest import nearest
from .catalogue.unit_table import DIRECTIVES
from .findings import Finding, Place
from .formats.sysctl_conf import canonical, dotted
from .policy import Policy

TYPES = ("soft", "hard")
WORDS = tuple(directive.name for directive in DIRECTIVES)
# No name is as long; the search for a near one takes time with the length.
LONGEST = 160
PlaceOf = Callable[[Tuple[str, ...]], Place]


def unknown(policy: Policy, wanted: AbstractSet[str], place: PlaceOf) -> List[Finding]:
    """A finding for every name that is neither in the catalogue nor among the ``wanted`` ones."""
    return [
        rules.UNKNOWN_NAME.at(place(("policy", section, name)), found=name, what=section,
                              suggestion=meant(name))
        for section, name in _named(policy)
        if name not in wanted and canonical(name) not in wanted and not _is_known(section, name)
    ]  # fmt: skip


def _named(policy: Policy) -> Iterator[Tuple[str, str]]:
    for name, _top in policy.maximum:
        yield "maximum", name
    for name in policy.allow_lowering:
        yield "allow_lowering", name


def _is_known(section: str, name: str) -> bool:
    *before, last = name.split(" ")
    if unit_directives.lookup(last) is not None:
        return len(before) < 2
    if before:
        return before[-1] in TYPES and len(before) < 3 and _is_item(last)
    if name.startswith("/"):
        return docker.lookup(name) is not None or kubelet.lookup(name) is not None
    # floors may go down by the bare name, a maximum is one key's
    bare = section == "allow_lowering" and (_is_item(name) or docker.lookup(name) is not None)
    return bare or sysctl.lookup(canonical(name)) is not None


def _is_item(word: str) -> bool:
    return word.islower() and limits.lookup(word) is not None


def meant(name: str) -> Optional[str]:
    """The right spelling of a wrong name, or None when that would be a guess."""
    near = _nearest(name) if len(name) <= LONGEST else None
    return near if near is not None and _is_known("maximum", near) else None


def _nearest(name: str) -> Optional[str]:
    *before, last = name.split() or [""]
    item = last.lower() if limits.lookup(last) is not None else limits.nearest_item(last)
    if not before and ("." in name or "/" in name):
        near = sysctl.nearest_key(canonical(name))
        return dotted(near) if near is not None else None
    directive = nearest(last, WORDS)
    if directive is not None and not _is_typed(before):
        return " ".join([*before, directive])
    if item is None:
        return None
    return " ".join([*(before[:-1] if _is_typed(before) else before), _type(before), item])


def _is_typed(before: Sequence[str]) -> bool:
    return bool(before) and (before[-1] == "-" or before[-1].lower() in TYPES)


def _type(before: Sequence[str]) -> str:
    return before[-1].lower() if before and before[-1].lower() in TYPES else "hard"
