# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the sysctl layer: decisions made into acts, and who overrides us at boot."""

from __future__ import annotations

from typing import AbstractSet, Dict, List, Optional, Sequence, Set, Tuple

from ... import own_file
from ...acts import Act, SetKernel, WriteFile
from ...catalogue.rules import sysctl as rules
from ...catalogue.sysctl import apply_order, counterpart, lookup
from ...change import Change
from ...findings import Finding, Place
from ...formats.sysctl_conf import dotted
from ...formats.text import FormatError
from ...tuning import Item
from .. import systemd_reload
from ..base import Context, Plan
from . import script, shares
from .check import Wanted, resolved
from .decide import Decision, give_up, want
from .files import ConfFile, procps, systemd_sysctl, with_content
from .state import APPLIERS, NOBODY, OWN, SYSTEMD, State
from .takeover import fulfils, given_back, taken_over
from .values import as_printed, lowers

NAME = "sysctl"
FORMAT = "sysctl_conf"


def plan(state: State, items: Sequence[Item], context: Context) -> Plan:
    """What to do so that the host has what is wanted, now and after its next boot."""
    foreign = [] if context.adopt else _foreign(state, context.owner)
    if foreign:
        return Plan(findings=tuple(foreign))
    wanted = resolved(items)
    decisions = _decisions(state, wanted, context)
    found = [finding for one in decisions for finding in one.findings]
    found.extend(_not_kept(state, wanted, decisions))
    try:
        writes = _write_ours(state, _shall_hold(state, decisions, context.purge), context.owner)
    except FormatError as error:
        place = Place(state.home, error.line, error.column)
        return Plan(findings=(*found, rules.DAMAGED.at(place, found=error.message)))
    files, touched = _others(state, writes, wanted, decisions, context)
    found.extend(_overridden(state, files, wanted))
    acts = (*writes, *_file_acts(state.files, files), *_runtime_acts(state, decisions))
    return Plan(_changes(state, decisions, touched), acts, tuple(found))


def _foreign(state: State, owner: str) -> List[Finding]:
    if state.in_script:
        return script.foreign(state.script, owner, state.home)
    return own_file.foreign(state.own, owner, OWN)


def _decisions(state: State, wanted: Sequence[Wanted], context: Context) -> List[Decision]:
    others = APPLIERS[state.boot](with_content(state.files, OWN, None))
    decisions = [want(state, others, one, context) for one in wanted]
    if context.purge:
        kept = {one.path for one in wanted}
        gone = [path for path in state.ours if path not in kept]
        decisions.extend(
            Decision(path, None, None, None) if counterpart(path) in kept
            else give_up(state, others, path, context)
            for path in gone
        )
    return decisions


def _shall_hold(state: State, decisions: Sequence[Decision], purge: bool) -> Dict[str, str]:
    """Everything that our file shall hold; without purging, also what it holds already."""
    held = {} if purge else dict(state.ours)
    for one in decisions:
        held.pop(one.path, None)
        if one.held is not None:
            held[one.path] = one.held
    return held


def _write_ours(state: State, held: Dict[str, str], owner: str) -> Tuple[WriteFile, ...]:
    if not state.in_script:
        return own_file.write(NAME, OWN, state.own, FORMAT, held, owner)
    after = script.rewritten(state.script, held, owner)
    if after == state.script:
        return ()
    return (WriteFile(NAME, state.home, state.script, after),)


def _others(
    state: State, writes: Sequence[WriteFile], wanted: Sequence[Wanted],
    decisions: Sequence[Decision], context: Context,
) -> Tuple[Tuple[ConfFile, ...], Set[str]]:
    """All files after the run, and the keys whose lines in files of others come or go."""
    files = state.files
    for act in writes:
        if act.path == OWN:
            files = with_content(files, OWN, act.after)
    files = given_back(files, {one.path for one in decisions if one.after is None})
    appliers = [systemd_sysctl, procps] if state.boot == SYSTEMD else [APPLIERS[state.boot]]
    return taken_over(files, appliers, wanted, context.takeover)


def _file_acts(before: Sequence[ConfFile], after: Sequence[ConfFile]) -> List[WriteFile]:
    """The writes to files of others."""
    was = {file.real: file.image for file in before}
    acts = {
        file.real: WriteFile(NAME, file.real, was[file.real], file.image, FORMAT)
        for file in after
        if file.real != OWN and file.image != was.get(file.real)
    }
    return list(acts.values())


def _runtime_acts(state: State, decisions: Sequence[Decision]) -> List[Act]:
    """The writes to the kernel: what rises in its order first, then what falls the other way."""
    new = {one.target or one.path: one.runtime for one in decisions if one.runtime is not None}
    was = {path: state.keys[path].value or "" for path in new}
    falling = {path for path in new if lowers(lookup(path), was[path], new[path])}
    ordered = apply_order(new)
    paths = [path for path in ordered if path not in falling]
    paths += [path for path in reversed(ordered) if path in falling]
    # As it will be read back: a rollback compares it to tell whether others wrote since.
    acts: List[Act] = [
        SetKernel(
            NAME, path, was[path], as_printed(lookup(path), new[path]), _instead(state, path)
        )
        for path in paths
    ]
    if state.systemd and any(path in shares.SHARED_OUT for path in new):
        acts.extend(systemd_reload.reload(NAME, state.slices))
    return acts


def _instead(state: State, path: str) -> Optional[Tuple[str, str]]:
    """The counterpart and its value, where that one was in force: a 0 cannot be written back."""
    other = counterpart(path)
    live = state.keys.get(other) if other is not None else None
    if other is None or live is None or live.value is None or state.keys[path].value != "0":
        return None
    return other, live.value


def _not_kept(
    state: State, wanted: Sequence[Wanted], decisions: Sequence[Decision]
) -> List[Finding]:
    """What keeps the values from being there after the next boot."""
    if not wanted or state.boot != NOBODY:
        return []
    if not state.in_script:
        place = wanted[0].item.place
        return [rules.LOST_AT_BOOT.at(place, reason=state.why_nobody)]
    held = {one.path: one.held for one in decisions if one.held is not None}
    return [
        finding
        for one in wanted
        if one.path in held
        for finding in script.unsafe(one.path, one.name, held[one.path], one.item.place)
    ]


def _overridden(
    state: State, files: Sequence[ConfFile], wanted: Sequence[Wanted]
) -> List[Finding]:
    """Other people's lines that win over ours, at boot or when somebody runs the other applier."""
    if state.boot == NOBODY:
        return []
    boot = APPLIERS[state.boot](files)
    by_hand = procps(files)
    found = []
    for one in wanted:
        given, other = boot.of(one.path), by_hand.of(one.path)
        if given is not None and not fulfils(given, one):
            found.append(
                rules.OVERRIDDEN.at(
                    given.place, found=given.value or "(left out)", what=one.name,
                    wanted=one.text, own=OWN,
                )
            )
        elif other is not None and other.value is not None and not fulfils(other, one):
            found.append(
                rules.OVERRIDDEN_BY_HAND.at(
                    other.place, found=other.value, what=one.name, wanted=one.text
                )
            )
    return found


def _changes(
    state: State, decisions: Sequence[Decision], touched: AbstractSet[str]
) -> Tuple[Change, ...]:
    """The decisions that an act carries out."""
    ours, boot = state.ours, state.at_boot
    changes = []
    for one in decisions:
        if one.runtime is None and ours.get(one.path) == one.held and one.path not in touched:
            continue
        given = boot.of(one.path)
        persistent = given.value if given is not None else None
        before = state.keys[one.path].value if state.running else persistent
        in_ours = one.held is not None or one.path in ours
        changes.append(
            Change(
                NAME, "", dotted(one.path), before, one.after, None, persistent,
                one.takes_effect, one.applies_to, state.home if in_ours else None,
            )
        )
    return tuple(changes)
