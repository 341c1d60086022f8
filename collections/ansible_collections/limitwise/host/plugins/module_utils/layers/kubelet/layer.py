# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer of the kubelet's configuration: merged or dropped in, in force by a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import FrozenSet, List, Optional, Sequence, Tuple

from ...acts import Act, FileImage, WriteFile
from ...catalogue.rules import kubelet as rules
from ...catalogue.rules import run as run_rules
from ...catalogue.rules.kubelet import LAYER
from ...change import ALL, NEW_CONTAINERS, NOTHING, RESTART, Change
from ...findings import Finding, HostError, Place, errors
from ...formats import keyed
from ...formats.text import FormatError
from ...host.machine import Host
from ...own_file import header, owner_of
from ...tuning import Item
from .. import record as records
from ..base import Context, Layer, Plan, Verdict
from ..record import Record
from ..unit_start import unit_files
from . import check as kubelet_check
from . import edits as kubelet_edits
from . import effect as kubelet_effect
from . import groups, guards
from . import running as kubelet_running
from .config import DROP_IN_HEAD, YAML, form_of
from .edits import Edits
from .effect import KUBEPODS, PIDS_MAX, Effect
from .guards import MAX_PODS, POD_LIMIT
from .start import UNIT
from .state import RECORD, KubeletState, in_force, observe, witness
from .values import readable, same, wanted_text

# What the record has for the process when there was none.
STOPPED = "-"


class KubeletLayer(Layer[KubeletState]):
    """Items are the JSON pointers of a KubeletConfiguration's leaves."""

    name = LAYER

    def lacking(self, host: Host) -> Optional[str]:
        known = host.which("kubelet") is not None or unit_files(host, UNIT)
        if known or kubelet_running.look(host) is not None:
            return None
        return "there is no kubelet"

    def check(self, items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
        return kubelet_check.check(items, allowed)

    def observe(self, host: Host, items: Sequence[Item]) -> KubeletState:
        return observe(host)

    def plan(self, state: KubeletState, items: Sequence[Item], context: Context) -> Plan:
        refused = _refused(state, items, context)
        if refused:
            return Plan(findings=tuple(refused))
        if state.path is None:
            return Plan()
        edits = kubelet_edits.decide(state, items, context)
        found = [*edits.findings, *guards.guard(state, items, context)]
        if errors(found):
            return Plan(findings=tuple(found))
        try:
            writes = _writes(state, edits, context)
        except FormatError as error:
            return Plan(findings=(rules.BROKEN.at(Place(state.path), found=error.message),))
        effect = kubelet_effect.decide(state, edits, items, context.policy)
        found.extend(effect.findings)
        writes = [*_recorded(state, edits, effect, context), *writes]
        return Plan(_changes(state, edits, items, effect), (*writes, *effect.pokes), tuple(found))

    def verify(
        self, state: KubeletState, items: Sequence[Item], changes: Sequence[Change]
    ) -> Verdict:
        """Raises HostError, which takes the run back, when the kubelet did not survive it."""
        _survived(state, changes)
        found = [finding for item in items for finding in _verified(state, item)]
        late = set(kubelet_effect.lagging(state, items))
        late.update(
            change.key for change in changes
            if change.subject != KUBEPODS and kubelet_effect.left(state, change) != NOTHING
        )
        found.extend(kubelet_effect.waiting(state, sorted(late)))
        found.extend(guards.old_pods(state, items))
        return Verdict(tuple(_read_back(state, change) for change in changes), tuple(found))

    def present_use(self, host: Host, subject: str, key: str) -> Optional[int]:
        if key not in (POD_LIMIT, PIDS_MAX):
            return None
        pods = groups.read(host)
        if key == PIDS_MAX:
            return pods.used if pods.path else None
        return max((pod.used for pod in pods.pods), default=None)

    def in_use_above(self, host: Host, change: Change) -> Optional[int]:
        """A cap on the count of pods has no margin: pods do not come by themselves."""
        if change.key != MAX_PODS:
            return super().in_use_above(host, change)
        count = len(groups.read(host).pods)
        before = change.before or ""
        return count if before.isdigit() and int(before) < count else None


def _refused(state: KubeletState, items: Sequence[Item], context: Context) -> List[Finding]:
    """Why nothing can be planned at all."""
    if state.path is None:
        if not items:
            return []
        by = state.start.by or "nothing says how it is started"
        return [rules.NO_CONFIG.at(state.start.place, found=by)]
    if state.own.broken is not None:
        broken = state.own.broken
        place = Place(state.path, broken.line, broken.column)
        return [rules.BROKEN.at(place, found=broken.message)]
    if state.image is None and not state.drop_in:
        return [rules.NO_CONFIG.at(state.start.place, found=f"{state.path} is not there")]
    other = state.record.owner if state.record.keys else ""
    other = other or (owner_of(state.image) or "" if state.drop_in else "")
    if other and other != context.owner and not context.adopt:
        return [run_rules.OTHER_OWNER.at(Place(state.path), found=other, owner=context.owner)]
    return []


def _shown(state: KubeletState, key: str) -> Optional[str]:
    """The value in force of a key, as far as it can be known, else the configured one."""
    now = in_force(state, key)
    return readable(now.text if now is not None else state.settings.get(key))


def _changes(
    state: KubeletState, edits: Edits, items: Sequence[Item], effect: Effect
) -> Tuple[Change, ...]:
    """The written keys, and those that come into force by this run without being written."""
    wanted = {item.key: wanted_text(item) for item in items}
    keys = dict(edits.keys)
    keys.update({key: wanted[key] for key in effect.catching_up})
    changes = [
        Change(
            LAYER, "", key, _shown(state, key), readable(after),
            persistent=readable(state.settings.get(key)),
            takes_effect=RESTART if key in effect.waiting else NOTHING,
            applies_to=NEW_CONTAINERS if key == POD_LIMIT else ALL,
            file=state.path, line=state.own.lines.get(key),
        )
        for key, after in keys.items()
    ]
    if effect.kubepods:
        changes.append(
            Change(LAYER, KUBEPODS, PIDS_MAX, str(state.pods.limit), str(state.due))
        )
    return tuple(changes)


def _writes(state: KubeletState, edits: Edits, context: Context) -> List[Act]:
    """The file with the edits; a file of our own without any key goes."""
    path, image = state.path, state.image
    foreign = state.drop_in and owner_of(image) not in (None, context.owner)
    if path is None or not (edits.keys or foreign):
        return []
    data = image.data if image is not None else b""
    if state.drop_in and (image is None or foreign):
        data = keyed.edit(YAML, header(context.owner), {**DROP_IN_HEAD, **state.own.values})
    form = form_of(data)
    data = keyed.edit(form, data, edits.all)
    after: Optional[FileImage] = replace(image or FileImage(b""), data=data)
    if state.drop_in and not set(keyed.values(form, data)) - set(DROP_IN_HEAD):
        after = None
    return [WriteFile(LAYER, path, image, after, form)]


def _recorded(
    state: KubeletState, edits: Edits, effect: Effect, context: Context
) -> List[Act]:
    """The record, before the file: a run that dies between them has lost nothing."""
    adopted = bool(state.record.keys) and state.record.owner != context.owner
    if not edits.keys and not adopted:
        return []
    record = Record(context.owner, state.drop_in, edits.ours, path=state.path or "")
    if state.running is None:
        record = replace(record, daemon=STOPPED)
    elif not effect.pokes:
        known = witness(state, [*state.settings, *edits.keys])
        record = replace(record, daemon=state.running.identity, in_force=known)
    if not record.keys and state.record_image is None:
        return []
    return [records.write(LAYER, RECORD, state.record_image, record)]


def _survived(state: KubeletState, changes: Sequence[Change]) -> None:
    """HostError when this run restarted the kubelet and it does not come up."""
    done = [change for change in changes if change.takes_effect == NOTHING]
    recorded = bool(state.record.keys) and state.record.daemon != STOPPED
    restarted = any(change.subject == KUBEPODS or recorded for change in done)
    if restarted and (state.running is None or not state.running.up):
        raise HostError(
            "the kubelet does not come up with the new configuration",
            place=Place(state.path),
            remedy="see: journalctl --unit kubelet",
        )


def _read_back(state: KubeletState, change: Change) -> Change:
    if change.subject == KUBEPODS:
        limit = state.pods.limit
        runtime = None if not state.pods.path else "max" if limit is None else str(limit)
        return replace(
            change, runtime=runtime, persistent=runtime,
            takes_effect=kubelet_effect.left(state, change),
        )
    now = in_force(state, change.key)
    return replace(
        change,
        runtime=None if now is None else readable(now.text),
        persistent=readable(state.settings.get(change.key)),
        takes_effect=kubelet_effect.left(state, change),
    )


def _verified(state: KubeletState, item: Item) -> List[Finding]:
    """What is wrong with one wanted key as a kubelet that starts now would have it."""
    found, text = state.settings.get(item.key), wanted_text(item)
    if state.path is None or same(item.key, found, text):
        return []
    return [
        run_rules.NOT_PERSISTENT.at(
            Place(state.path), layer=LAYER, what=item.name.lstrip("/"),
            found=readable(found) or "unset", wanted=readable(text),
        )
    ]
