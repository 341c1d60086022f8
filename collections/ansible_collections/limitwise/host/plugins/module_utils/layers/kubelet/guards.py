# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a plan: flags and files that win over ours, and PIDs that are in use."""

from __future__ import annotations

from typing import Iterator, List, Mapping, Sequence

from ...catalogue.rules import kubelet as rules
from ...catalogue.rules import run as run_rules
from ...catalogue.rules.kubelet import LAYER
from ...findings import WARNING, Finding, Place
from ...margin import margin, too_low
from ...tuning import Item
from ..base import Context
from .config import effective, later_than
from .state import KubeletState, due
from .values import number, readable, same, wanted_text

POD_LIMIT = "/podPidsLimit"
MAX_PODS = "/maxPods"
RESERVED = ("/systemReserved/pid", "/kubeReserved/pid")
SHOWN = 10


def guard(state: KubeletState, items: Sequence[Item], context: Context) -> List[Finding]:
    """Everything that would make the file's new keys vain or harmful."""
    found = [*_flags(state, items), *_later(state, items), *_unreadable(state)]
    if not context.force:
        found.extend(_in_use(state, items))
    return found


def _flags(state: KubeletState, items: Sequence[Item]) -> Iterator[Finding]:
    forced = effective((), state.start)
    for item in items:
        flag = state.start.setting(item.key)
        if flag is not None and not same(item.key, forced.get(item.key), wanted_text(item)):
            yield rules.FLAG_WINS.at(
                state.start.place, found=flag, what=item.name.lstrip("/"), by=state.start.by
            )


def _later(state: KubeletState, items: Sequence[Item]) -> Iterator[Finding]:
    for source in later_than(state.sources, state.path or ""):
        for item in items:
            text = source.values.get(item.key)
            if text is not None and not same(item.key, text, wanted_text(item)):
                yield rules.OVERRIDDEN.at(
                    Place(source.path, source.lines.get(item.key)), what=item.name.lstrip("/"),
                    found=readable(text), wanted=item.text,
                )


def _unreadable(state: KubeletState) -> Iterator[Finding]:
    """Files of others that cannot be read here: what they set is not known."""
    for source in state.sources:
        if source.broken is not None and source.path != state.path:
            yield rules.BROKEN.at(
                Place(source.path, source.broken.line, source.broken.column),
                found=source.broken.message, severity=WARNING,
            )


def _in_use(state: KubeletState, items: Sequence[Item]) -> Iterator[Finding]:
    wanted = {item.key: item for item in items}
    limit = number(wanted_text(wanted[POD_LIMIT])) if POD_LIMIT in wanted else None
    largest = max((pod.used for pod in state.pods.pods), default=0)
    if limit is not None and limit > 0 and largest and too_low(limit, largest):
        yield _below(wanted[POD_LIMIT], limit, largest, margin(largest))
    count = len(state.pods.pods)
    most = number(wanted_text(wanted[MAX_PODS])) if MAX_PODS in wanted else None
    if most is not None and most < count:
        yield _below(wanted[MAX_PODS], most, count, 0)
    then = due(state.capacity, after(state.settings, items))
    used = state.pods.used
    for key in RESERVED:
        if key in wanted and then is not None and state.due is not None and then < state.due \
                and too_low(then, used):
            yield run_rules.BELOW_USE.at(
                wanted[key].place, layer=LAYER, found=str(then), used=used, margin=margin(used),
                what=f"kubepods pids.max, with {key.lstrip('/')} {wanted[key].text},",
            )


def _below(item: Item, limit: int, used: int, kept: int) -> Finding:
    return run_rules.BELOW_USE.at(
        item.place, layer=LAYER, what=item.name.lstrip("/"), found=str(limit), used=used,
        margin=kept,
    )


def after(settings: Mapping[str, str], items: Sequence[Item]) -> Mapping[str, str]:
    """The settings as they are with the items."""
    return {**settings, **{item.key: wanted_text(item) for item in items}}


def old_pods(state: KubeletState, items: Sequence[Item]) -> List[Finding]:
    """The pods whose limit is another than the one that is wanted and in the configuration."""
    for item in items:
        limit = number(wanted_text(item))
        if item.key != POD_LIMIT or limit is None:
            continue
        wanted = limit if limit > 0 else None
        other = [pod for pod in state.pods.pods if pod.limit != wanted]
        if other:
            names = [
                f"{pod.uid} ({'no limit' if pod.limit is None else pod.limit})"
                for pod in other[:SHOWN]
            ]
            more = [f"and {len(other) - SHOWN} more"] if len(other) > SHOWN else []
            shown = ", ".join([*names, *more])
            return [rules.OLD_PODS.at(Place(state.path), found=shown, count=len(other))]
    return []
