# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Performing acts on a host, and undoing them: the only code that changes a machine."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from .acts import Act, MakeDirectory, Poke, RecordCgroup, SetKernel, WriteFile
from .findings import HostError
from .host.machine import Host
from .journal import Run, Store, unfinished
from .ledger import Target, target_of
from .undo import Limits, Now, Since, Undoing, same_text, undo

UNIT = re.compile(r"[^-\s/]\S*\.(?:service|slice|scope|socket|mount|swap)")
POKE_LIMIT = 180.0  # seconds; a restart of dockerd with many containers takes its time


def parents(host: Host, acts: Sequence[Act]) -> Tuple[MakeDirectory, ...]:
    """The directories that the acts' files need and that are not there, outermost first."""
    missing: Dict[MakeDirectory, None] = {}
    for act in acts:
        if isinstance(act, WriteFile) and act.after is not None:
            for folder in host.files.missing_parents(act.path):
                missing[MakeDirectory(act.layer, folder)] = None
    return tuple(missing)


def perform(host: Host, acts: Iterable[Act]) -> None:
    """Perform acts in their order; equal commands once. HostError at the first that fails."""
    poked: Set[Tuple[str, ...]] = set()
    for act in acts:
        if isinstance(act, MakeDirectory):
            host.files.make_directory(act.path, act.mode)
        elif isinstance(act, WriteFile):
            _put(host, act)
        elif isinstance(act, SetKernel):
            host.kernel.write(act.path, act.after)
        elif isinstance(act, Poke) and act.argv not in poked:
            poked.add(act.argv)
            call = host.must if act.required else host.run
            call(act.argv, timeout=POKE_LIMIT)


def take_back(host: Host, acts: Sequence[Act]) -> List[HostError]:
    """Perform an :class:`Undoing`: directories go when empty, cgroups get their value.

    One act that fails keeps no other from going back: what failed is returned.
    """
    failed = []
    poked: Set[Tuple[str, ...]] = set()
    for act in acts:
        if isinstance(act, Poke):
            if act.argv in poked:
                continue
            poked.add(act.argv)
        try:
            _take_one_back(host, act)
        except HostError as error:
            failed.append(error)
    return failed


def _take_one_back(host: Host, act: Act) -> None:
    if isinstance(act, MakeDirectory):
        host.files.remove_directory(act.path)
    elif isinstance(act, RecordCgroup):
        host.write_cgroup(act.path, act.before)
    elif isinstance(act, Poke):
        _poke_back(host, act)
    else:
        perform(host, [act])


def _poke_back(host: Host, poke: Poke) -> None:
    """Run a command of an undoing; one for a unit that is gone since then has nobody to tell."""
    try:
        perform(host, [poke])
    except HostError:
        units = [word for word in poke.argv if UNIT.fullmatch(word)]
        if not units or not all(_is_gone(host, unit) for unit in units):
            raise


def _is_gone(host: Host, unit: str) -> bool:
    shown = host.run(["systemctl", "show", "--property=LoadState", unit])
    return shown.out.strip() == "LoadState=not-found"


def clean_up(host: Host, acts: Iterable[Act]) -> None:
    """Remove the temporary files that a killed run may have left."""
    for act in acts:
        if isinstance(act, WriteFile):
            host.files.remove_temporary(act.path)


def undoing(
    host: Host, store: Store, run: Run, acts: Sequence[Act], limits: Limits
) -> Undoing:
    """How to take back these acts of a run, given what is on the host now."""
    later = store.later_acts(run)
    since = {}
    for act in acts:
        target = target_of(act)
        if target is not None:
            now = _now(host, act)
            since[target] = Since(now, _writer(now, target, later))
    undone = undo(acts, since, limits)
    if host.running:
        return undone
    # In an image nothing runs that could be told to read its files again.
    return replace(undone, acts=tuple(one for one in undone.acts if not isinstance(one, Poke)))


def as_found(host: Host, acts: Iterable[Act]) -> Tuple[Act, ...]:
    """The acts of a run that did not end, for the ledger: what was not done left what was there.

    An edit that somebody made since is not taken for ours.
    """
    found: List[Act] = []
    for act in acts:
        if isinstance(act, WriteFile):
            undone = host.files.image(act.path) == act.before
            found.append(replace(act, after=act.before) if undone else act)
        elif isinstance(act, SetKernel):
            undone = same_text(host.sysctl(act.path) or act.before, act.before)
            found.append(replace(act, after=act.before) if undone else act)
    return tuple(found)


def record_killed(host: Host, store: Store) -> None:
    """Let the ledger know what killed runs really left; for the holder of the lock."""
    for run in unfinished(store.runs()):
        store.record_originals(as_found(host, store.acts(run.id)))


def _put(host: Host, act: WriteFile) -> None:
    if act.after is None:
        host.files.remove(act.path)
    else:
        host.files.write(act.path, act.after)


def _now(host: Host, act: Act) -> Now:
    if isinstance(act, WriteFile):
        return host.files.image(act.path)
    if isinstance(act, SetKernel):
        return host.sysctl(act.path)
    return None


def _writer(now: Now, target: Target, later: Mapping[Target, Tuple[str, Act]]) -> Optional[str]:
    """The later run that left the target as it is now; None when nobody of ours did."""
    if target not in later:
        return None
    run_id, act = later[target]
    left = getattr(act, "after", None)
    if isinstance(left, str) and isinstance(now, str):
        return run_id if same_text(left, now) else None
    return run_id if left == now else None
