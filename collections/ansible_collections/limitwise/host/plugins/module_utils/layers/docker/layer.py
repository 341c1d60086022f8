# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer of Docker's daemon.json: merged in place, proved before it is written, put in force."""

from __future__ import annotations

from dataclasses import replace
from typing import FrozenSet, List, Optional, Sequence, Tuple

from ... import redact
from ...acts import Act, FileImage, WriteFile
from ...catalogue.rules import docker as rules
from ...catalogue.rules import run as run_rules
from ...catalogue.rules.docker import LAYER
from ...change import NOTHING, RELOAD, Change
from ...findings import Finding, Place, errors
from ...formats import keyed
from ...formats.text import FormatError
from ...host.machine import Host
from ...tuning import Item
from ..base import Context, Layer, Plan, Verdict
from . import (
    check as docker_check,
)
from . import (
    edits as docker_edits,
)
from . import (
    effect as docker_effect,
)
from . import (
    guards as docker_guards,
)
from . import (
    lint as docker_lint,
)
from . import (
    record as docker_record,
)
from . import (
    validate as docker_validate,
)
from .edits import Edits
from .effect import Effect
from .keys import applies_to, needs, readable, satisfied, wanted_text
from .record import FORMAT, Record
from .state import POOLS, DockerState, Known, in_force, observe


class DockerDaemonLayer(Layer[DockerState]):
    """daemon.json, a file shared with others: items are the JSON pointers of its leaves."""

    name = LAYER

    def lacking(self, host: Host) -> Optional[str]:
        return None if host.has_docker else "Docker is not installed (there is no dockerd)"

    def check(self, items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
        return docker_check.check(items, allowed)

    def observe(self, host: Host, items: Sequence[Item]) -> DockerState:
        return observe(host, items)

    def plan(self, state: DockerState, items: Sequence[Item], context: Context) -> Plan:
        if state.broken is not None:
            return Plan(findings=(docker_lint.broken(state.broken, state.path),))
        items = docker_edits.as_spelled(items, state.values)
        edits = docker_edits.decide(state.values, items, state.record, state.path, context)
        found = [*_foreign(state, context), *edits.findings]
        if errors(found):
            return Plan(findings=tuple(found))
        try:
            after = keyed.edit(FORMAT, state.image.data if state.image else b"", edits.all)
        except FormatError as error:
            return Plan(findings=(rules.NOT_JSON.at(Place(state.path), found=error.message),))
        effect = docker_effect.decide(state, edits, items, context.policy)
        wanted = {item.key for item in items}
        found.extend(docker_guards.guard(state, after, wanted, bool(effect.pokes)))
        found.extend(effect.findings)
        pools = edits.keys.get(POOLS)
        if pools is not None:
            found.append(docker_guards.capacity(state, pools))
        writes = _writes(state, edits, after, effect, context)
        changes = _changes(state, edits, items, effect)
        return Plan(changes, (*writes, *effect.pokes), tuple(found))

    def validate(self, host: Host, plan: Plan) -> List[Finding]:
        return docker_validate.validate(host, plan)

    def verify(
        self, state: DockerState, items: Sequence[Item], changes: Sequence[Change]
    ) -> Verdict:
        items = docker_edits.as_spelled(items, state.values)
        found = [finding for item in items for finding in _verified(state, item)]
        found.extend(docker_effect.still_needed(state, items, changes))
        read = []
        for change in changes:
            now = in_force(state, change.key)
            read.append(
                replace(
                    change,
                    runtime=None if now is None else _text(change.key, now.text),
                    persistent=_text(change.key, state.values.get(change.key)),
                    takes_effect=docker_effect.left(state, change),
                )
            )
        if changes and state.running is not None and state.running.containers is not None:
            count = str(state.running.containers)
            found.append(rules.CONTAINERS.at(found=count, when="after this run"))
        for name, defined in state.limited.items():
            if not defined and state.has_systemd and name.endswith(".slice"):
                found.append(rules.BARE_SLICE.at(Place(state.path), found=name))
        return Verdict(tuple(read), tuple(found))


def _text(key: str, value: Optional[str]) -> Optional[str]:
    """A value as changes show it, without credentials."""
    text = readable(value)
    return None if text is None else redact.value(key, text)


def _foreign(state: DockerState, context: Context) -> List[Finding]:
    other = state.record.owner
    if not state.record.keys or other == context.owner or context.adopt:
        return []
    return [run_rules.OTHER_OWNER.at(Place(state.path), found=other, owner=context.owner)]


def _changes(
    state: DockerState, edits: Edits, items: Sequence[Item], effect: Effect
) -> Tuple[Change, ...]:
    """The written keys, and those that are right in the file and come into force by this run."""
    wanted = {item.key: item for item in items}
    keys = dict(edits.keys)
    keys.update({key: state.values[key] for key in effect.catching_up})
    changes = []
    for key, after in keys.items():
        now = in_force(state, key) or Known(state.values.get(key))
        line = state.lines.get(key)
        item = wanted.get(key)
        changes.append(
            Change(
                LAYER, "", key, _text(key, now.text),
                _text(key, after) if item is None else redact.value(key, item.text),
                persistent=_text(key, state.values.get(key)),
                takes_effect=effect.waiting.get(key, NOTHING),
                applies_to=applies_to(key),
                file=state.path,
                line=line,
            )
        )
    return tuple(changes)


def _writes(
    state: DockerState, edits: Edits, data: bytes, effect: Effect, context: Context
) -> List[Act]:
    """The record and daemon.json, in this order: a run that dies between them has lost nothing."""
    adopted = bool(state.record.keys) and state.record.owner != context.owner
    image = state.image
    if not edits.keys and not adopted:
        return []
    created = state.record.created if state.record.keys else image is None
    record = Record(context.owner, created, edits.ours, *docker_effect.witness(state, effect))
    acts: List[Act] = []
    if record.keys or state.record_image is not None:
        acts.append(docker_record.write(LAYER, state.record_image, record))
    if edits.keys:
        after: Optional[FileImage] = replace(image or FileImage(b""), data=data)
        if created and not keyed.values(FORMAT, data):
            after = None
        acts.append(WriteFile(LAYER, state.path, image, after, FORMAT))
    return acts


def _verified(state: DockerState, item: Item) -> List[Finding]:
    """What is wrong with one wanted key as it is on the host now."""
    text = wanted_text(item)
    written = state.values.get(item.key)
    if not satisfied(item.key, written, text) and not docker_edits.holds(state.values, item):
        return [
            run_rules.NOT_PERSISTENT.at(
                Place(state.path), layer=LAYER, what=item.name,
                found=_text(item.key, written) or "unset", wanted=_text(item.key, text),
            )
        ]
    now = in_force(state, item.key)
    reloads = needs(item.key, text) == RELOAD and state.reload
    if now is None or not reloads or satisfied(item.key, now.text, text):
        return []
    return [
        run_rules.NOT_IN_FORCE.at(
            Place(state.path), layer=LAYER, what=item.name,
            found=_text(item.key, now.text) or "unset", wanted=_text(item.key, text),
        )
    ]
