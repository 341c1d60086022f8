# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a new daemon.json comes into force: a signal, a restart where it is allowed, or later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ...acts import Poke
from ...catalogue.classes import REFUSED
from ...catalogue.rules import docker as rules
from ...catalogue.rules import run as run_rules
from ...catalogue.rules.docker import LAYER
from ...change import NOTHING, RELOAD, RESTART, Change
from ...findings import Finding, Place
from ...policy import IF_NEEDED, Policy
from ...tuning import Item
from .edits import Edits
from .keys import klass, needs, satisfied, top, wanted_text
from .running import DEFAULTS
from .state import LIVE_RESTORE, DockerState, accepted, in_force, read_by


@dataclass(frozen=True)
class Effect:
    """``waiting``: keys that need more than this run may do, with the act they need.

    ``catching_up``: keys that are right in the file already and come into force by ``pokes``.
    """

    pokes: Tuple[Poke, ...] = ()
    waiting: Mapping[str, str] = field(default_factory=dict)
    catching_up: Tuple[str, ...] = ()
    findings: Tuple[Finding, ...] = ()

    @property
    def restarts(self) -> bool:
        return any(poke.disrupts == RESTART for poke in self.pokes)


def decide(state: DockerState, edits: Edits, items: Sequence[Item], policy: Policy) -> Effect:
    """The commands that bring the edits into force; none for a daemon that does not run.

    A restart does what a reload does, so there is never need of both.
    """
    if state.running is None:
        return Effect()
    needed = {key: needs(key, after) for key, after in edits.keys.items()}
    late = {key: act for key, act in lagging(state, items).items() if key not in needed}
    needed.update(late)
    restarting = RESTART in needed.values() and policy.restart == IF_NEEDED and bool(state.restart)
    possible = {RESTART: restarting, RELOAD: restarting or bool(state.reload)}
    waiting = {key: act for key, act in needed.items() if not possible[act]}
    done = [key for key in needed if key not in waiting]
    pokes: Tuple[Poke, ...] = ()
    if restarting:
        pokes = (Poke(LAYER, state.restart, RESTART),)
    elif done:
        pokes = (Poke(LAYER, state.reload, RELOAD),)
    found = [*_waiting(waiting), *_containers(state, pokes, restarting)]
    if RELOAD in waiting.values() and not state.reload:
        found.append(rules.NO_SIGNAL.at(Place(state.path), found=state.path))
    return Effect(pokes, waiting, tuple(key for key in done if key in late), tuple(found))


def lagging(state: DockerState, items: Sequence[Item]) -> Dict[str, str]:
    """Wanted keys that the file has and the running daemon has not, with the act they need.

    A daemon older than the file, of which nobody can tell, counts as one that has not.
    """
    found = {}
    for item in items:
        text = wanted_text(item)
        if state.running is None or not satisfied(item.key, state.values.get(item.key), text):
            continue
        now = in_force(state, item.key)
        if now is None or not satisfied(item.key, now.text, text):
            found[item.key] = needs(item.key, text)
    return found


def left(state: DockerState, change: Change) -> str:
    """The strongest act that a written key still needs."""
    if state.running is None:
        return NOTHING
    written = state.values.get(change.key, DEFAULTS.get(change.key))
    act = needs(change.key, change.after)
    now = in_force(state, change.key)
    if now is None or now.text != written:
        return act
    if change.after is None and act == RESTART and change.key not in state.running.shown:
        # a signal does not put such a key back to its default, and nothing shows it
        return NOTHING if read_by(state.running, state.changed) else RESTART
    return NOTHING


def still_needed(
    state: DockerState, items: Sequence[Item], changes: Sequence[Change]
) -> List[Finding]:
    """What a plan would say too: keys of the file that the running daemon does not have yet."""
    waiting = lagging(state, items)
    for change in changes:
        act = left(state, change)
        if act != NOTHING:
            waiting[change.key] = act
    # a signal that came to nothing is an error of its own (verify)
    late = {key: act for key, act in waiting.items() if act == RESTART or not state.reload}
    return _waiting(late)


def _waiting(waiting: Mapping[str, str]) -> List[Finding]:
    found = []
    for act in (RELOAD, RESTART):
        names = sorted({top(key) for key in waiting if waiting[key] == act})
        if names:
            what = "daemon.json " + ", ".join(names)
            finding = run_rules.STILL_NEEDED.at(layer=LAYER, what=what, found=f"{act} of Docker")
            found.append(finding)
    return found


def _containers(state: DockerState, pokes: Sequence[Poke], restarting: bool) -> List[Finding]:
    """How many containers run before the commands, and whether a restart stops them."""
    running = state.running
    if not pokes or running is None or running.containers is None:
        return []
    count = str(running.containers)
    found = [rules.CONTAINERS.at(found=count, when="before this run")]
    if restarting and running.containers and running.shown.get(LIVE_RESTORE) != "true":
        found.append(rules.STOPS_CONTAINERS.at(found=count))
    return found


def witness(state: DockerState, effect: Effect) -> Tuple[str, Dict[str, Optional[str]], bool]:
    """What the record keeps: the daemon, its values that only a restart changes, and acceptance.

    After a restart the age of the files says all of it.
    """
    if state.running is None or effect.restarts:
        return "", {}, False
    known = {}
    for key in {*state.values, *effect.waiting}:
        now = in_force(state, key)
        if needs(key, "") == RESTART and klass(key) != REFUSED and now is not None:
            known[key] = now.text
    return state.running.identity, known, accepted(state)
