# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a new configuration comes into force: by a restart of the kubelet where that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ...acts import Poke
from ...catalogue.rules import kubelet as rules
from ...catalogue.rules import run as run_rules
from ...catalogue.rules.kubelet import LAYER
from ...change import NOTHING, RESTART, Change
from ...findings import Finding, Place
from ...policy import IF_NEEDED, Policy
from ...tuning import Item
from .edits import Edits
from .state import KubeletState, in_force
from .values import same, wanted_text

KUBEPODS = "kubepods"
PIDS_MAX = "pids.max"


@dataclass(frozen=True)
class Effect:
    """``waiting``: keys that need a restart that this run may not do.

    ``catching_up``: keys that are right in the file already and come into force by ``pokes``;
    ``kubepods``: so does the cgroup of all pods.
    """

    pokes: Tuple[Poke, ...] = ()
    waiting: Tuple[str, ...] = ()
    catching_up: Tuple[str, ...] = ()
    kubepods: bool = False
    findings: Tuple[Finding, ...] = ()


def decide(
    state: KubeletState, edits: Edits, items: Sequence[Item], policy: Policy
) -> Effect:
    """The restart that brings the edits into force; none for a kubelet that does not run."""
    if state.running is None:
        return Effect()
    late = tuple(key for key in lagging(state, items) if key not in edits.keys)
    behind = is_behind(state)
    needed = (*edits.keys, *late)
    if not needed and not behind:
        return Effect()
    if policy.restart == IF_NEEDED and state.restart:
        return Effect((Poke(LAYER, state.restart, RESTART),), (), late, behind)
    return Effect((), needed, (), False, tuple(waiting(state, needed)))


def lagging(state: KubeletState, items: Sequence[Item]) -> List[str]:
    """Wanted keys that the configuration has and the running kubelet has not, or may not have."""
    found = []
    for item in items:
        text = wanted_text(item)
        if state.running is None or not same(item.key, state.settings.get(item.key), text):
            continue
        now = in_force(state, item.key)
        if now is None or not same(item.key, now.text, text):
            found.append(item.key)
    return found


def is_behind(state: KubeletState) -> bool:
    """Whether a restart alone would give the pods together more PIDs than they may have now."""
    limit, due = state.pods.limit, state.due
    return state.running is not None and limit is not None and due is not None and limit < due


def waiting(state: KubeletState, keys: Sequence[str]) -> List[Finding]:
    """What only a restart brings about, for a person."""
    found = []
    if keys:
        what = "kubelet " + ", ".join(sorted(key.lstrip("/") for key in keys))
        found.append(
            run_rules.STILL_NEEDED.at(layer=LAYER, what=what, found="restart of the kubelet")
        )
    if is_behind(state):
        found.append(rules.KUBEPODS_BEHIND.at(found=str(state.pods.limit), wanted=str(state.due)))
        if not keys:
            what = f"{KUBEPODS} {PIDS_MAX}"
            found.append(
                run_rules.STILL_NEEDED.at(layer=LAYER, what=what, found="restart of the kubelet")
            )
    if found and not state.restart:
        found.append(rules.NOT_TOLD.at(Place(state.path)))
    return found


def left(state: KubeletState, change: Change) -> str:
    """What a written key still needs."""
    if state.running is None:
        return NOTHING
    if change.subject == KUBEPODS:
        return RESTART if is_behind(state) else NOTHING
    now = in_force(state, change.key)
    if now is None:
        return RESTART
    return NOTHING if _is(change.key, now.text, state.settings.get(change.key)) else RESTART


def _is(key: str, now: Optional[str], written: Optional[str]) -> bool:
    return now == written or (written is not None and same(key, now, written))
