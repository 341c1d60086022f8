# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding key by key: what a sysctl shall be now, and what our file shall hold of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Tuple

from ...acts import SetKernel
from ...catalogue.rules import run as run_rules
from ...catalogue.rules import sysctl as rules
from ...catalogue.sysctl import lookup
from ...catalogue.sysctl_key import NEW_NAMESPACES, NEW_PROCESSES, SysctlKey
from ...change import ALL, NEW_CONTAINERS, NEW_SESSIONS, NOTHING, RELOAD
from ...findings import WARNING, Finding, Place, errors
from ...formats.sysctl_conf import canonical, dotted
from ...ledger import Ledger
from ...policy import Policy
from ..base import Context
from .check import Wanted
from .files import Assigned, Given
from .names import OF_INTERFACE
from .state import Live, State
from .use import WITHOUT_MARGIN, kept_above
from .values import as_printed, enough, lowers, only_raised, raised, same

GETS_IT = {NEW_PROCESSES: NEW_SESSIONS, NEW_NAMESPACES: NEW_CONTAINERS}


@dataclass(frozen=True)
class Decision:
    """What becomes of one key.

    ``after``: wanted, None when the key is given up; ``runtime``: what to write to the kernel,
    None for nothing; ``held``: what our file shall hold, None for nothing. ``target``: the
    counterpart, where it is that one which gets ``runtime``.
    """

    path: str
    after: Optional[str]
    runtime: Optional[str]
    held: Optional[str]
    takes_effect: str = NOTHING
    applies_to: str = ALL
    findings: Tuple[Finding, ...] = ()
    target: Optional[str] = None


def may_go_down(path: str, policy: Policy) -> bool:
    """Whether the policy lets this floor be lowered."""
    return any(canonical(name) == path for name in policy.allow_lowering)


def want(state: State, others: Assigned, wanted: Wanted, context: Context) -> Decision:
    """The decision for a wanted key; ``others`` is what the files without ours give at boot."""
    path, key, text = wanted.path, wanted.key, wanted.text
    down = may_go_down(path, context.policy)
    live = state.keys.get(path, Live(exists=False)) if state.running else None
    value = live.value if live is not None else None
    held = _held(key, text, down, others.of(path), state.ours.get(path), value)
    applies = GETS_IT.get(key.effect, ALL) if key is not None else ALL
    if live is None:
        return Decision(path, text, None, held, NOTHING, applies)
    if not live.exists:
        found = absent(state, wanted, live)
        return Decision(path, text, None, held, RELOAD, applies, (found,))
    if value is None or enough(key, value, text, down):
        return Decision(path, text, None, held, NOTHING, applies)
    new = raised(key, value, text) if only_raised(key, down) else text
    found_list = _guard(path, key, live, new, wanted.item.place, context)
    return Decision(path, text, new, held, NOTHING, applies, tuple(found_list))


def _held(
    key: Optional[SysctlKey], text: str, down: bool, given: Optional[Given],
    ours: Optional[str], live: Optional[str],
) -> Optional[str]:
    """What our file shall hold: never what would lower a floor at the next boot.

    What other files promise for the next boot need not be said again, unless the value of now has
    to be raised by us: what is in our file is what we give back when it is not wanted any more.
    """
    if only_raised(key, down):
        promised = given.value if given is not None else None
        if promised is not None and enough(key, promised, text):
            if ours is not None and enough(key, ours, promised):
                return ours
            below = live is not None and not enough(key, live, text)
            return promised if below or ours is not None else None
        if ours is None or not enough(key, ours, text):
            return raised(key, live, text)
        return ours
    return ours if ours is not None and same(key, ours, text) else text


def give_up(state: State, others: Assigned, path: str, context: Context) -> Decision:
    """The decision for a key of ours that is not wanted any more: back to its original."""
    key, live = lookup(path), state.keys.get(path)
    if live is None or not live.exists or live.value is None:
        return Decision(path, None, None, None)
    original = _original(state, others, path, live.value, key, context)
    if original is None:
        return Decision(path, None, None, None)
    target, value = original
    if target != path:
        key, live = lookup(target), state.keys.get(target, Live(exists=False))
    if live.value is None or same(key, value, live.value):
        return Decision(path, None, None, None)
    found = _guard(target, key, live, value, Place(state.home), context)
    if path in WITHOUT_MARGIN and errors(found):
        # What holds it is in a file, perhaps one of ours that this very run takes away.
        kept = state.ours.get(path)
        warned = tuple(replace(one, severity=WARNING) for one in found)
        return Decision(path, kept, None, kept, findings=warned)
    return Decision(
        path, None, value, None, findings=tuple(found), target=target if target != path else None
    )


def _original(
    state: State, others: Assigned, path: str, live: str, key: Optional[SysctlKey],
    context: Context,
) -> Optional[Tuple[str, str]]:
    """What the kernel had before us, and of which key; None when we never changed it."""
    original = _recorded(context.ledger, path, key)
    if original is not None or context.ledger.knows_file(state.home):
        return original
    # No ledger (a root in RAM, a lost disk): the value is ours only if it is still what we hold.
    given = others.of(path)
    if given is None or given.value is None or not same(key, live, state.ours.get(path, "")):
        return None
    return path, given.value


def _recorded(
    ledger: Ledger, path: str, key: Optional[SysctlKey]
) -> Optional[Tuple[str, str]]:
    """The ledger's original. A key and its counterpart are one variable: the first write counts,
    which is the one that did not begin at a value of ours.
    """
    paths = (path,) if key is None or key.counterpart is None else (path, key.counterpart)
    acts = [
        act for act in ledger.acts.values() if isinstance(act, SetKernel) and act.path in paths
    ]
    ours = {(act.path, act.after) for act in acts}
    first = sorted(acts, key=lambda act: (act.instead is not None, act.instead in ours))[:1]
    return (first[0].instead or (first[0].path, first[0].before)) if first else None


def _guard(
    path: str, key: Optional[SysctlKey], live: Live, new: str, place: Place, context: Context
) -> List[Finding]:
    """What stands against writing a new value: rights, or present use."""
    name, value = dotted(path), live.value or ""
    if not live.writable:
        return [rules.NOT_WRITABLE.at(place, found=value, what=name)]
    number = as_printed(key, new)
    if context.force or live.used is None or not lowers(key, value, new):
        return []
    above = kept_above(path, live.used)
    if int(number) >= live.used + above:
        return []
    return [
        run_rules.BELOW_USE.at(
            place, layer="sysctl", found=new, what=name, used=live.used, margin=above
        )
    ]


def absent(state: State, wanted: Wanted, live: Live) -> Finding:
    """Why the host has no such key now: a module, an interface, its kernel, or a wrong name."""
    key, place, name = wanted.key, wanted.item.place, wanted.name
    release = ".".join(map(str, state.kernel[:2]))
    if key is not None and key.since is not None and _is_older(state.kernel, key.since):
        reason = f": it came with Linux {key.since}, this is {release}"
        return rules.ABSENT.at(place, found=name, reason=reason)
    if key is not None and key.until is not None and _is_older(_numbers(key.until), release):
        instead = dotted(key.replacement) if key.replacement is not None else None
        reason = f": the last Linux that has it is {key.until}, this is {release}"
        return rules.ABSENT.at(place, found=name, reason=reason, suggestion=instead)
    if key is not None and key.module is not None:
        return rules.MODULE_NOT_LOADED.at(place, found=name, module=key.module)
    if key is not None and OF_INTERFACE.fullmatch(wanted.path):
        return rules.INTERFACE_ABSENT.at(place, found=name)
    return rules.ABSENT.at(place, found=name, reason="", suggestion=live.near)


def _numbers(release: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


def _is_older(kernel: Tuple[int, ...], than: str) -> bool:
    return bool(kernel) and kernel[:2] < _numbers(than)[:2]
