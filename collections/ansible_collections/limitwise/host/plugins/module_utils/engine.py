# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: check, plan, apply and verify a tuning over all layers, one run at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

from . import confirm, consistency, revert
from .acts import Act, ordered
from .catalogue import kinds
from .catalogue.rules import run as run_rules
from .catalogue.rules import tuning as tuning_rules
from .change import NOTHING, Change
from .findings import Finding, FindingsError, HostError, InputError, LockedError, errors
from .formats.sysctl_conf import canonical
from .host.machine import LIVE, MOUNTED, Host
from .journal import (
    APPLIED,
    APPLYING,
    FAILED,
    KILLED,
    LOCK,
    UNCONFIRMED,
    Run,
    Store,
    new_run_id,
    unfinished,
)
from .layers.base import Context, Layer, Plan
from .layers.table import LAYERS
from .perform import (
    as_found,
    clean_up,
    parents,
    perform,
    record_killed,
    take_back,
    undoing,
)
from .policy import READERS
from .report import Report, file_diffs
from .tuning import Tuning
from .undo import Limits

ALLOW = "/etc/limitwise/allow"


@dataclass(frozen=True)
class Options:
    """How to run: see layers.base.Context; ``confirm``: seconds, None for the policy's own.

    ``allow``: keys that whoever runs the agent of a mounted host permits, besides the host itself.
    """

    owner: str = "fleet"
    purge: bool = True
    adopt: bool = False
    force: bool = False
    takeover: Tuple[str, ...] = ()
    confirm: Optional[int] = None
    allow: FrozenSet[str] = frozenset()


DEFAULTS = Options()


def confirm_seconds(text: Optional[str]) -> Optional[int]:
    """The confirmation that a caller asks for; InputError for what is no such time."""
    if text is None:
        return None
    read_time, wanted = READERS["confirm"]
    seconds: Optional[int] = read_time(text)
    if seconds is None:
        raise InputError(f"confirm: {text!r} is not {wanted}")
    return seconds


@dataclass(frozen=True)
class Planned:
    """Everything that is known before the first write."""

    tuning: Tuning
    layers: Tuple[Layer[Any], ...]
    plans: Tuple[Plan, ...]
    findings: Tuple[Finding, ...]
    skipped: Tuple[str, ...]

    @property
    def changes(self) -> Tuple[Change, ...]:
        return tuple(change for plan in self.plans for change in plan.changes)

    @property
    def acts(self) -> Tuple[Act, ...]:
        return ordered(act for plan in self.plans for act in plan.acts)


# --- check: needs no host ------------------------------------------------------------------------


def check(tuning: Tuning, allowed: FrozenSet[str] = frozenset()) -> Tuple[Finding, ...]:
    """Everything that the catalogue alone can say about a tuning."""
    found: List[Finding] = []
    for name in tuning.layers:
        found.extend(LAYERS[name].check(tuning.of(name), allowed))
    found.extend(_above_maximum(tuning))
    found.extend(consistency.check(tuning.items))
    return tuple(found)


def _above_maximum(tuning: Tuning) -> List[Finding]:
    maximum: Dict[str, int] = {}
    for key, top in tuning.policy.maximum:
        maximum[canonical(key)] = maximum[key] = top
    found = []
    for item in tuning.items:
        top = maximum.get(item.key, maximum.get(item.name, -1))
        number = kinds.as_int("ulong", item.text)
        if top >= 0 and number is not None and number > top:
            found.append(
                tuning_rules.ABOVE_MAXIMUM.at(
                    item.place, layer=item.layer, found=item.text, what=item.name, maximum=top
                )
            )
    return found


def allowed_by(host: Host) -> FrozenSet[str]:
    """The keys that the host itself permits beyond limits: one name a line, # starts a comment."""
    image = host.files.image(ALLOW)
    if image is None:
        return frozenset()
    if host.running and (image.uid != 0 or image.mode & 0o022):
        raise HostError(
            f"{ALLOW} can be written by others than root", remedy=f"chown root, chmod 644 {ALLOW}"
        )
    return named_in(image.data.decode("utf-8", "replace"))


def named_in(text: str) -> FrozenSet[str]:
    """The keys that a file like ALLOW names, in both spellings."""
    names = {line.split("#")[0].strip() for line in text.splitlines()} - {""}
    return frozenset(names | {canonical(name) for name in names})


def checked(host: Host, tuning: Tuning, options: Options = DEFAULTS) -> List[Finding]:
    """What is to be said of a tuning on this host; FindingsError when anything is wrong."""
    if options.allow and host.form != MOUNTED:
        raise InputError("allow is for mounted hosts only", remedy=f"name the keys in {ALLOW}")
    found = list(check(tuning, allowed_by(host) | options.allow))
    if errors(found):
        raise FindingsError(found)
    return found


# --- plan ----------------------------------------------------------------------------------------


def plan(host: Host, tuning: Tuning, options: Options = DEFAULTS) -> Planned:
    """What a run would do; FindingsError when the document itself is wrong. Changes nothing."""
    found = checked(host, tuning, options)
    present, skipped = _present(host, tuning, found)
    context = Context(
        options.owner, options.purge, options.adopt, options.force, options.takeover,
        tuning.policy, Store(host).ledger(),
    )
    plans = []
    for layer in present:
        items = tuning.of(layer.name)
        planned = layer.plan(layer.observe(host, items), items, context)
        found.extend(planned.findings)
        if not errors(planned.findings):
            found.extend(layer.validate(host, planned))
        plans.append(planned)
    found.extend(consistency.check_on(host, tuning.items))
    return Planned(tuning, tuple(present), tuple(plans), tuple(found), tuple(skipped))


def _present(
    host: Host, tuning: Tuning, found: List[Finding]
) -> Tuple[List[Layer[Any]], List[str]]:
    present, skipped = [], []
    for layer in LAYERS.values():
        if layer.name not in tuning.layers:
            continue
        reason = layer.lacking(host)
        if reason is None:
            present.append(layer.configured(tuning.policy))
        else:
            skipped.append(layer.name)
            found.append(tuning_rules.SKIPPED.at(layer=layer.name, found=layer.name, reason=reason))
    return present, skipped


def preview(host: Host, tuning: Tuning, options: Options = DEFAULTS) -> Report:
    """What an apply would do or refuse; nothing is written."""
    refuse_while_unconfirmed(Store(host))
    return plan_report(plan(host, tuning, options))


def plan_report(planned: Planned) -> Report:
    """A plan as a report: nothing was written, so it has no run id."""
    return Report(
        planned.changes, planned.findings, planned.skipped, None, file_diffs(planned.acts)
    )


# --- apply ---------------------------------------------------------------------------------------


def apply(host: Host, tuning: Tuning, options: Options = DEFAULTS) -> Report:
    """Make the host what the tuning says, and read it back.

    Nothing is written when anything is wrong. A run that fails in the middle is taken back at
    once; one that is killed can be rolled back, or completed by the next apply.
    """
    checked(host, tuning, options)
    store = Store(host)
    store.prepare()
    with host.lock(LOCK):
        refuse_while_unconfirmed(store)
        record_killed(host, store)
        planned = plan(host, tuning, options)
        report = plan_report(planned)
        if not report.ok:
            return report
        found = take_over_killed(host, store)
        report = replace(report, findings=(*report.findings, *found))
        acts = (*parents(host, planned.acts), *planned.acts)
        if not acts:
            return report
        run = Run(
            new_run_id(), "apply", options.owner, APPLYING, tuning.layers,
            planned.changes, host.boot_id, None, _seconds(host, tuning, options),
        )
        return _run(host, store, run, acts, planned, report)


def refuse_while_unconfirmed(store: Store) -> None:
    """LockedError while a run waits to be confirmed: a second one would confuse its return."""
    for run in store.runs():
        if run.state == UNCONFIRMED:
            raise LockedError(
                f"run {run.id} is not confirmed yet",
                remedy=f"limitwise confirm {run.id}, or limitwise rollback {run.id}",
            )


def take_over_killed(host: Host, store: Store) -> List[Finding]:
    """Name the killed runs. What they had done is the coming run's: their return is disarmed."""
    found = []
    for run in unfinished(store.runs()):
        clean_up(host, store.acts(run.id))
        if run.confirm is not None:
            confirm.disarm(host, run.id)
        store.set_state(run, KILLED)
        found.append(run_rules.UNFINISHED.at(found=run.id))
    return found


def _seconds(host: Host, tuning: Tuning, options: Options) -> Optional[int]:
    """How long the run waits for its confirmation; an image or a mounted host has no way in."""
    if host.form != LIVE:
        return None
    return options.confirm if options.confirm is not None else tuning.policy.confirm


def _run(
    host: Host, store: Store, run: Run, acts: Sequence[Act], planned: Planned, report: Report
) -> Report:
    store.begin(run, acts)
    try:
        if run.confirm is not None:
            confirm.arm(host, run.id, run.confirm, revert.__name__)
        perform(host, acts)
        changes, found = read_back(host, planned)
        state = APPLIED if run.confirm is None else UNCONFIRMED
        store.save(replace(run, changes=changes, state=state))
        if run.confirm is not None:
            confirm.restart(host, run.id, run.confirm)
            found = (*found, run_rules.UNCONFIRMED.at(found=run.id, seconds=run.confirm))
    except HostError as error:
        return _failed(host, store, run, acts, error, report)
    return replace(report, run_id=run.id, changes=changes, findings=(*report.findings, *found))


def _failed(
    host: Host, store: Store, run: Run, acts: Sequence[Act], error: HostError, report: Report
) -> Report:
    """Take a failed run back and say how that went; changes are left only where that failed too."""
    try:
        undone = undoing(host, store, run, acts, Limits(run.id, force=True))
        wrong = take_back(host, undone.acts)
        clean_up(host, acts)
        if wrong:
            raise wrong[0]
    except HostError as second:
        outcome = f"taking it back failed too ({second}): run limitwise rollback {run.id}"
    else:
        outcome = "everything was taken back, the host is as it was"
        outcome += _closed(host, store, run, acts)
        report = replace(report, changes=(), files=())
    failed = run_rules.FAILED.at(error.place, found=str(error), outcome=outcome)
    return replace(report, run_id=run.id, findings=(*report.findings, failed))


def _closed(host: Host, store: Store, run: Run, acts: Sequence[Act]) -> str:
    """Close the journal of a run that was taken back; what cannot be written is said.

    Until it is written the run counts as killed: taking it back again changes nothing.
    """
    try:
        store.record_originals(as_found(host, acts))
        if run.confirm is not None:
            confirm.disarm(host, run.id)
        store.set_state(run, FAILED)
    except HostError as error:
        return f" (but its journal could not be closed: {error})"
    return ""


def read_back(host: Host, planned: Planned) -> Tuple[Tuple[Change, ...], Tuple[Finding, ...]]:
    """The changes as the kernel, systemd and Docker have them now, and what is not as wanted."""
    changes: List[Change] = []
    found: List[Finding] = []
    for layer, made in zip(planned.layers, planned.plans):
        items = planned.tuning.of(layer.name)
        verdict = layer.verify(layer.observe(host, items), items, made.changes)
        changes.extend(verdict.changes)
        found.extend(verdict.findings)
    return tuple(changes), tuple(found)


# --- verify --------------------------------------------------------------------------------------


def verify(host: Host, tuning: Tuning, options: Options = DEFAULTS) -> Report:
    """Whether the host is as the tuning says: every pending change is a finding."""
    planned = plan(host, tuning, options)
    found = list(planned.findings)
    for change in planned.changes:
        found.append(_pending(change))
    for layer in planned.layers:
        items = planned.tuning.of(layer.name)
        found.extend(layer.verify(layer.observe(host, items), items, ()).findings)
    return Report(planned.changes, tuple(dict.fromkeys(found)), planned.skipped)


def _pending(change: Change) -> Finding:
    wanted = "its original" if change.after is None else change.after
    if change.before != change.after and change.takes_effect == NOTHING:
        return run_rules.NOT_IN_FORCE.at(
            layer=change.layer, what=change.name, found=change.before or "unset", wanted=wanted
        )
    return run_rules.NOT_PERSISTENT.at(
        layer=change.layer, what=change.name, found=change.persistent or "unset", wanted=wanted
    )


def confirm_run(host: Host, run_id: str) -> Report:
    """Keep a run for good; its changes are reported once, when it is this call that kept it."""
    store = Store(host)
    store.prepare()
    with host.lock(LOCK):
        run = store.run(run_id)
        if run.state != UNCONFIRMED:
            if run.state == APPLIED:
                return Report(run_id=run.id)
            raise InputError(f"run {run_id} is {run.state}: there is nothing to confirm")
        confirm.disarm(host, run.id)
        store.set_state(run, APPLIED)
        return Report(run.changes, (), (), run.id)
