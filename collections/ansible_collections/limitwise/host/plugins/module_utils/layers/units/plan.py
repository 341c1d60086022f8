# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning the limits of units: a pure function from what is there and what is wanted to acts."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import List, Mapping, NamedTuple, Optional, Sequence, Set

from ... import own_file
from ...acts import Act, Poke, RecordCgroup, WriteFile
from ...catalogue import kinds
from ...catalogue.rules import run as run_rules
from ...catalogue.unit_directive import Directive
from ...change import NOTHING, RESTART, Change
from ...findings import Finding, errors
from ...margin import margin, too_low
from ...policy import IF_NEEDED
from ...tuning import Item
from .. import systemd_reload
from ..base import Context, Plan
from . import name as unit_name
from . import own as unit_own
from . import values as unit_values
from .files import without_own
from .host_rules import check_host
from .observe import FORM, State, counting, directive_of, in_force, live_text
from .state import ATTRIBUTES, Unit
from .takeover import Images, commented, given_back, with_files
from .wanted import Wanted, obstacles, report, taken_over, units_of, wanted_values

KEPT_RUNNING = (
    "dbus.service", "dbus-broker.service", "systemd-*", "user@*.service", "user-runtime-dir@*",
    "ssh.service", "sshd.service", "ssh@*", "sshd@*", "dropbear.service", "getty@*",
    "serial-getty@*", "display-manager.service", "gdm*.service", "sddm.service", "lightdm.service",
    "NetworkManager.service", "networking.service", "wpa_supplicant*.service", "polkit.service",
    "sssd.service", "nscd.service", "nslcd.service",
)
"""Units that are never restarted: sessions, the network and the way in hang on them."""


class Key(NamedTuple):
    """One directive of one subject, and what our drop-in says of it before and after."""

    subject: str
    key: str
    held: Optional[str]
    value: Optional[str]

    @property
    def directive(self) -> Directive:
        return directive_of(self.key.partition("/")[2])

    @property
    def moves(self) -> bool:
        return self.held != self.value


def make_plan(layer: str, state: State, items: Sequence[Item], context: Context) -> Plan:
    """What to do so that the units have what is wanted; see layers.base for the contract."""
    wanted = wanted_values(state, items, context)
    keys = _keys(state.held(), wanted, items)
    returned = given_back(state, wanted, items) if context.purge else {}
    files = _file_acts(layer, state, wanted, returned, context)
    found: List[Finding] = []
    if not context.adopt:
        for name, image in state.own.items():
            found.extend(own_file.foreign(image, context.owner, unit_name.own_path(name)))
    found.extend(check_host(layer, state, wanted, items))
    ignored = frozenset(path for path in context.takeover if path in state.files)
    found.extend(report(one, layer) for one in obstacles(state, wanted, ignored))
    if not context.force:
        found.extend(_below_use(layer, with_files(state, returned), wanted, keys))
    pending = [key for key in keys if _is_pending(state, wanted, key)]
    restarts = _restarts(state, wanted, keys, context)
    acts: List[Act] = list(files)
    if state.running and (files or pending):
        acts.extend(_record(layer, state, keys))
        acts.extend(systemd_reload.reload(layer, _slices_to_write(state, keys)))
    restart = ("systemctl", "try-restart")
    acts.extend(Poke(layer, (*restart, unit), "restart") for unit in sorted(restarts))
    found.extend(waiting(layer, state, wanted, keys, restarts))
    changed = [
        key for key in keys
        if key.moves or key in pending or restarts & set(_names(state, wanted, key))
    ]
    changes = [_change(layer, state, wanted, key, items, restarts) for key in changed]
    if errors(found):
        acts = []
    return Plan(tuple(changes), tuple(acts), tuple(found))


def _keys(
    held: Mapping[str, Mapping[str, str]], wanted: Wanted, items: Sequence[Item]
) -> List[Key]:
    """Every key that is wanted or was ours, in the tuning's order."""
    asked = [
        (item.subject, f"{unit_name.section_of(item.subject)}/{item.key}") for item in items
    ]
    ours = [
        (name, key)
        for name in sorted({*held, *wanted})
        for key in {**held.get(name, {}), **wanted.get(name, {})}
    ]
    return [
        Key(name, key, held.get(name, {}).get(key), wanted.get(name, {}).get(key))
        for name, key in dict.fromkeys([*asked, *ours])
    ]


# --- acts --------------------------------------------------------------------------------------


def _file_acts(
    layer: str, state: State, wanted: Wanted, returned: Images, context: Context
) -> List[WriteFile]:
    acts: List[WriteFile] = []
    content = unit_own.complete(wanted)
    for name in sorted({*state.own, *content}):
        image = state.own.get(name)
        if image is None and name not in content:
            continue
        path = unit_name.own_path(name)
        acts.extend(
            own_file.write(layer, path, image, FORM, content.get(name, {}), context.owner)
        )
    taken = taken_over(state, wanted, context.takeover)
    for path in dict.fromkeys((*taken, *returned)):
        after = commented(returned.get(path, state.files[path]), taken.get(path, ()))
        acts.append(WriteFile(layer, path, state.files[path], after, FORM))
    return acts


def _names(state: State, wanted: Wanted, key: Key) -> List[str]:
    return units_of(state, wanted, key.subject, key.key)


def _loaded_units(state: State, wanted: Wanted, key: Key) -> List[Unit]:
    """The loaded units that get this key from this subject."""
    return [state.units[name] for name in _names(state, wanted, key) if name in state.units]


def active_units(state: State, wanted: Wanted, key: Key) -> List[Unit]:
    """The running units that get this key from this subject."""
    return [unit for unit in _loaded_units(state, wanted, key) if unit.active]


def _is_pending(state: State, wanted: Wanted, key: Key) -> bool:
    """Whether a reload would bring something into force that the files already say."""
    if key.value is None:
        return False
    directive, value = key.directive, key.value
    units = _loaded_units(state, wanted, key)
    if any(unit.stale and not _is_believed(state, unit, directive, value) for unit in units):
        return True
    if directive.takes_effect == RESTART:
        return False
    return any(in_force(state, unit, directive, value) is False for unit in units if unit.active)


def _is_believed(state: State, unit: Unit, directive: Directive, value: str) -> bool:
    """Whether systemd, which may have read older files, has the value nevertheless."""
    figure = unit.figures.get(directive.name)
    return figure is None or unit_values.same(directive.kind, figure, value, state.totals)


def _slices_to_write(state: State, keys: Sequence[Key]) -> Set[str]:
    """The slices that the running units concerned are in, where a reload alone writes nothing."""
    version = state.manager.version
    if version is not None and version < systemd_reload.WRITES_LATE_SINCE:
        return set()
    active = [unit for key in keys for unit in state.active(key.subject)]
    return {unit.parent for unit in active if unit.cgroup is not None and unit.parent}


def _record(layer: str, state: State, keys: Sequence[Key]) -> List[RecordCgroup]:
    """The cgroup values that somebody wrote by hand and that the reload is going to lose."""
    units = {unit.name: unit for key in keys for unit in state.active(key.subject)}
    found = []
    for _name, unit in sorted(units.items()):
        for name, attribute in ATTRIBUTES.items():
            live, figure = unit.enforced.get(name), unit.figures.get(name)
            if unit.cgroup is None or live is None or figure is None:
                continue
            if not unit_values.same(directive_of(name).kind, live, figure, state.totals):
                path = f"{unit.cgroup}/{attribute}"
                found.append(RecordCgroup(layer, path, unit.attributes[name]))
    return found


def _restarts(
    state: State, wanted: Wanted, keys: Sequence[Key], context: Context
) -> Set[str]:
    """The running units that the policy lets us restart for limits that only a start gives."""
    if context.policy.restart != IF_NEEDED or not state.running:
        return set()
    return {
        unit.name
        for key in keys
        for unit in needing_restart(state, wanted, key)
        if not any(fnmatchcase(unit.name, kept) for kept in KEPT_RUNNING)
    }


def needing_restart(state: State, wanted: Wanted, key: Key) -> List[Unit]:
    """The running units whose processes keep an older limit than their files give them."""
    directive = key.directive
    if directive.takes_effect != RESTART or key.value is None:
        return []
    return [
        unit for unit in active_units(state, wanted, key)
        if in_force(state, unit, directive, key.value) is False
    ]


def waiting(
    layer: str, state: State, wanted: Wanted, keys: Sequence[Key], restarted: Set[str]
) -> List[Finding]:
    """The units whose limits wait for a restart that this run does not do."""
    return [
        run_rules.STILL_NEEDED.at(
            layer=layer, found=RESTART, what=f"{unit.name} {key.directive.name}"
        )
        for key in keys
        for unit in needing_restart(state, wanted, key)
        if unit.name not in restarted
    ]


# --- what the plan says ------------------------------------------------------------------------


def _change(
    layer: str, state: State, wanted: Wanted, key: Key, items: Sequence[Item], restarts: Set[str]
) -> Change:
    directive = key.directive
    asked = next(
        (item.text for item in items if (item.subject, item.key) == (key.subject, directive.name)),
        None,
    )
    after = key.value if key.value is not None else asked
    counts = counting(state, key.subject, directive)
    persistent = None if counts is None else counts.value
    live = live_text(state, key.subject, directive, after or "")
    needing = {unit.name for unit in needing_restart(state, wanted, key)}
    return Change(
        layer, key.subject, directive.name,
        before=live if live is not None else persistent,
        after=after,
        persistent=persistent,
        takes_effect=RESTART if needing - restarts else NOTHING,
        file=unit_name.own_path(key.subject),
    )


def _below_use(
    layer: str, state: State, wanted: Wanted, keys: Sequence[Key]
) -> List[Finding]:
    """Limits that would go down to less than what is in use now and the margin above it."""
    found = []
    for key in keys:
        if key.value is None and key.held is None:
            continue
        name = key.directive.name
        value = key.value if key.value is not None else _left(state, key)
        limit = unit_values.number(key.directive.kind, value, state.totals)
        if limit is None or limit == kinds.INFINITY:
            continue
        for unit in active_units(state, wanted, key):
            used, live = unit.used.get(name), unit.enforced.get(name)
            now = None if live is None else unit_values.number(
                key.directive.kind, live, state.totals
            )
            lowered = now is None or limit < now
            if used is not None and lowered and too_low(limit, used):
                found.append(
                    run_rules.BELOW_USE.at(
                        layer=layer, found=value, what=f"{unit.name} {name}", used=used,
                        margin=margin(used),
                    )
                )
    return found


def _left(state: State, key: Key) -> str:
    """What a unit is left with when our drop-in says nothing any more."""
    others = counting(
        state, key.subject, key.directive, without_own(state.chain(key.subject))
    )
    if others is not None:
        return others.value
    is_slice = key.subject.endswith(".slice")
    if key.directive.name == "TasksMax" and not is_slice and state.manager.default_tasks:
        return state.manager.default_tasks
    return unit_values.INFINITY
