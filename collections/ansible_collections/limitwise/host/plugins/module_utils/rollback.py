# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling back: one run, some layers of it, the last one, or everything to the host's originals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Sequence, Set, Tuple

from . import confirm
from .acts import Act, Poke
from .catalogue.rules import run as rules
from .change import Change
from .findings import Finding, HostError, InputError, errors
from .host.machine import Host
from .journal import (
    APPLIED,
    APPLYING,
    DONE,
    FAILED,
    KILLED,
    LOCK,
    PARTLY_ROLLED_BACK,
    ROLLED_BACK,
    UNCONFIRMED,
    Run,
    Store,
    new_run_id,
)
from .layers.table import LAYERS
from .ledger import Target
from .margin import margin
from .perform import (
    as_found,
    clean_up,
    parents,
    perform,
    record_killed,
    take_back,
    undoing,
)
from .report import Report, file_diffs
from .undo import Limits, Undoing

LAST = "last"
ORIGINAL = "original"


@dataclass(frozen=True)
class Force:
    """What a rollback may override: the edits of others, the margin above present use."""

    edits: bool = False
    use: bool = False


GENTLY = Force()


def rollback(
    host: Host, name: str, layers: Sequence[str] = (), force: Force = GENTLY
) -> Report:
    """Take back a run (its id, ``last``) or everything (``original``); ``layers``: only those.

    Refused as a whole, with nothing written, when somebody else has edited a file since; what
    later runs changed, or what is in use, is left alone and named.
    """
    store = Store(host)
    store.prepare()
    with host.lock(LOCK):
        record_killed(host, store)
        if name == ORIGINAL:
            return _restore(host, store, layers, force)
        run = store.last() if name == LAST else store.run(name)
        if run.state in DONE:
            raise InputError(
                f"run {run.id} is {run.state} already", remedy="see: limitwise history"
            )
        if layers and _returns_by_itself(run):
            raise InputError(
                f"run {run.id} waits to be confirmed: it goes back as a whole or not at all",
                remedy=f"limitwise confirm {run.id}, then roll back the layer",
            )
        acts = _of_layers(store.acts(run.id), layers)
        report, undone = _take_back(host, store, run, acts, force)
        if report.ok or undone:
            store.set_state(run, _state(run, layers, report))
            _in_force_again(store, run, report)
            if _returns_by_itself(run):
                confirm.disarm(host, run.id)
        return report


def _returns_by_itself(run: Run) -> bool:
    return run.confirm is not None and run.state in (UNCONFIRMED, APPLYING)


def _in_force_again(store: Store, run: Run, report: Report) -> None:
    """Once a rollback is rolled back, the run that it had taken back is in force again."""
    if run.what == "rollback" and run.of is not None and run.of != ORIGINAL and report.ok:
        store.set_state(store.run(run.of), APPLIED)


def _state(run: Run, layers: Sequence[str], report: Report) -> str:
    """The state of a run after its rollback; what a later run holds may still go back one day."""
    whole = not layers or set(layers) >= set(run.layers)
    held = any(finding.code == rules.LATER_RUN.code for finding in report.findings)
    return ROLLED_BACK if whole and report.ok and not held else PARTLY_ROLLED_BACK


def preview(
    host: Host, name: str, layers: Sequence[str] = (), force: Force = GENTLY
) -> Report:
    """What a rollback would do; nothing is written."""
    store = Store(host)
    if name == ORIGINAL:
        run, acts = _composed_run(store)
    else:
        run = store.last() if name == LAST else store.run(name)
        acts = store.acts(run.id)
    acts = _of_layers(acts, layers)
    limits, found = _limits(host, run, acts, force)
    undone = undoing(host, store, run, acts, limits)
    findings = (*undone.findings, *found)
    changes = () if errors(undone.findings) else _reversed(run, undone.acts, limits)
    return Report(changes, findings, (), None, file_diffs(undone.acts))


def _take_back(
    host: Host, store: Store, run: Run, acts: Tuple[Act, ...], force: Force
) -> Tuple[Report, bool]:
    """Undo acts under a journal of their own; also whether anything may have been undone."""
    clean_up(host, acts)
    limits, found = _limits(host, run, acts, force)
    limits = replace(limits, again=_was_cut_short(store, run))
    undone = undoing(host, store, run, acts, limits)
    findings = (*undone.findings, *found)
    if any(finding.code == rules.EDITED_SINCE.code for finding in undone.findings):
        return Report((), findings), False
    changes = _reversed(run, undone.acts, limits)
    files = file_diffs(undone.acts)
    if not undone.acts:
        return Report(changes, findings), False
    own = Run(
        new_run_id(), "rollback", run.owner, APPLYING, run.layers, changes, host.boot_id, run.id
    )
    store.begin(own, _forward(undone))
    try:
        perform(host, parents(host, undone.acts))
        wrong = take_back(host, undone.acts)
    except HostError as error:
        wrong = [error]
    if wrong:
        store.record_originals(as_found(host, undone.acts))
        store.set_state(own, FAILED)
        outcome = "the rest was taken back; run it again when that is mended"
        failed = [rules.FAILED.at(one.place, found=str(one), outcome=outcome) for one in wrong]
        return Report((), (*findings, *failed), (), own.id), False
    store.set_state(own, APPLIED)
    return Report(_as_now(host, changes), findings, (), own.id, files), True


def _was_cut_short(store: Store, run: Run) -> bool:
    """Whether an earlier rollback of the run was killed or failed."""
    cut = (APPLYING, KILLED, FAILED)
    return any(
        one.what == "rollback" and one.of == run.id and one.state in cut for one in store.runs()
    )


def _restore(host: Host, store: Store, layers: Sequence[str], force: Force) -> Report:
    """Undo the ledger, the composition of every run there ever was."""
    run, acts = _composed_run(store)
    report, undone = _take_back(host, store, run, _of_layers(acts, layers), force)
    if report.ok and undone and not layers:
        for one in store.runs():
            if one.what == "apply" and one.state not in DONE:
                if _returns_by_itself(one):
                    confirm.disarm(host, one.id)
                store.set_state(one, ROLLED_BACK)
    return report


def _composed_run(store: Store) -> Tuple[Run, Tuple[Act, ...]]:
    """The ledger as one run, older than any other."""
    ledger = store.ledger()
    acts = (*(ledger.acts[target] for target in sorted(ledger.acts)), *ledger.pokes)
    layers = tuple(dict.fromkeys(act.layer for act in acts))
    runs = store.runs()
    owner = runs[-1].owner if runs else ""
    changes = tuple(ledger.changes.values())
    return Run(ORIGINAL, "apply", owner, APPLIED, layers, changes), acts


def _of_layers(acts: Sequence[Act], layers: Sequence[str]) -> Tuple[Act, ...]:
    unknown = [layer for layer in layers if layer not in LAYERS]
    if unknown:
        raise InputError(f"there is no layer {unknown[0]!r}", remedy=", ".join(LAYERS))
    return tuple(act for act in acts if not layers or act.layer in layers)


def _limits(
    host: Host, run: Run, acts: Sequence[Act], force: Force
) -> Tuple[Limits, List[Finding]]:
    """The keys that are in use above what they would go back to: they stay, and are named."""
    if force.use or not host.running:
        return Limits(run.id, force.edits), []
    kept: Dict[Target, Set[str]] = {}
    found = []
    layers = {act.layer for act in acts}
    for change in run.changes:
        layer = LAYERS[change.layer]
        if change.layer not in layers:
            continue
        used = layer.in_use_above(host, change)
        if used is None:
            continue
        file, key = layer.file_key(change)
        kept.setdefault(("file", file), set()).add(key)
        kept.setdefault(("kernel", key), set()).add(key)
        found.append(
            rules.BELOW_USE.at(
                layer=change.layer, what=change.name, found=change.before, used=used,
                margin=margin(used),
            )
        )
    return Limits(run.id, force.edits, kept=kept), found


def _forward(undone: Undoing) -> Tuple[Act, ...]:
    """The undoing as acts of a run of its own, so that it too can be rolled back."""
    return tuple(act for act in undone.acts if hasattr(act, "after") or isinstance(act, Poke))


def _reversed(run: Run, acts: Sequence[Act], limits: Limits) -> Tuple[Change, ...]:
    """The run's changes the other way round, for those whose file or value goes back."""
    layers = {act.layer for act in acts}
    back = []
    for change in run.changes:
        file, key = LAYERS[change.layer].file_key(change)
        if change.layer in layers and key not in limits.keys(("file", file)):
            now = change.runtime if change.runtime is not None else change.after
            back.append(
                replace(change, before=now, after=change.before, runtime=None, persistent=None)
            )
    return tuple(back)


def _as_now(host: Host, changes: Tuple[Change, ...]) -> Tuple[Change, ...]:
    """The changes with their runtime value where the kernel can be asked at once."""
    read = []
    for change in changes:
        _file, key = LAYERS[change.layer].file_key(change)
        value = host.sysctl(key) if change.layer == "sysctl" else None
        read.append(replace(change, runtime=value))
    return tuple(read)
