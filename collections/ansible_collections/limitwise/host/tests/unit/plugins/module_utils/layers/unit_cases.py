# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units, files and wishes from which the tests of the units' plans are made."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    Poke,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context, Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.units import name as unit_name
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.files import (
    Source,
    read_source,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.observe import State
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.plan import (
    make_plan,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.state import (
    Manager,
    Unit,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.values import Totals
from ansible_collections.limitwise.host.plugins.module_utils.own_file import header
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

ETC = "/etc/systemd/system"


USR = "/usr/lib/systemd/system"


GROUP = "/sys/fs/cgroup/a.slice"


RELOAD = ("systemctl", "daemon-reload")


BARRIER = ("systemctl", "show", "--property=Version")


def realize(name: str) -> Tuple[str, ...]:
    return ("systemd-run", "--quiet", "--wait", "--collect", f"--slice={name}", "true")


def own(section: str, *lines: str, owner: str = "fleet") -> bytes:
    return header(owner) + "\n".join(["", f"[{section}]", *lines, ""]).encode()


def unit(name: str, **words: Any) -> Unit:
    """A running unit; ``enforced`` is also what systemd believes, unless it is said."""
    enforced = words.pop("enforced", {})
    figures = words.pop("figures", enforced)
    parent = "user.slice" if name.startswith("user-") else "-.slice"
    return Unit(
        name, (name,), active=True, parent=parent, cgroup=f"/sys/fs/cgroup/{name}",
        attributes=dict(enforced), figures=figures, enforced=enforced, **words,
    )


def state(
    files: Optional[Dict[str, bytes]] = None, *units: Unit, names: Tuple[str, ...] = ("a.slice",),
    **words: Any,
) -> State:
    """A host with these files (by path) and running units; the chains are made from the files."""
    files = files or {}
    covered = {}
    for name in names:
        inside = [one.name for one in units if unit_name.covers(name, one.name)]
        covered[name] = tuple(sorted(inside)) if unit_name.covers_many(name) else (name,)
    everything = dict.fromkeys([*names, *(name for found in covered.values() for name in found)])
    chains = {name: tuple(_chain(files, name)) for name in everything}
    images = {path: FileImage(data) for path, data in files.items()}
    return State(
        running=words.pop("running", True),
        own={name: images.get(unit_name.own_path(name)) for name in names},
        chains=chains,
        covered=covered,
        units={one.name: one for one in units},
        files={
            path: image for path, image in images.items()
            if not path.endswith(unit_name.OWN) and not path.startswith("/usr/")
        },
        totals=Totals(memory=4096 * 1000, tasks=10000),
        manager=words.pop("manager", Manager(257, "1500")),
        **words,
    )


def _chain(files: Dict[str, bytes], name: str) -> List[Source]:
    fragments: List[Source] = []
    dropins: Dict[str, Tuple[str, bytes]] = {}
    for folder in (f"{wide}.d" for wide in (name, *unit_name.broader(name))):
        for path, data in files.items():
            if f"/{folder}/" in path:
                dropins.setdefault(path.rpartition("/")[2], (path, data))
    for path, data in files.items():
        if path.endswith(f"/{name}"):
            fragments.append(read_source(path, data, dropin=False))
    return fragments + [
        read_source(dropins[base][0], dropins[base][1], dropin=True) for base in sorted(dropins)
    ]


def items(**settings: Any) -> List[Item]:
    return of("a.slice", **settings)


def of(subject: str, **settings: Any) -> List[Item]:
    layer = "slices" if subject.endswith(".slice") else "units"
    return [Item(layer, subject, key, value) for key, value in settings.items()]


def plan(now: State, wanted: List[Item], **words: Any) -> Plan:
    return make_plan("slices", now, wanted, Context(**words))


def written(result: Plan) -> Dict[str, str]:
    """What the plan's files say, without the header."""
    return {
        act.path: "".join(
            line for line in act.after.data.decode().splitlines(True)
            if line.strip() and not line.startswith("#")
        ) if act.after else ""
        for act in result.acts if isinstance(act, WriteFile)
    }


def pokes(result: Plan) -> List[Tuple[str, ...]]:
    return [act.argv for act in result.acts if isinstance(act, Poke)]


def codes(result: Plan) -> List[Tuple[str, str]]:
    return [(one.code, one.severity) for one in result.findings]


OWN_A = f"{ETC}/a.slice.d/zz-limitwise.conf"


RIVAL = f"{ETC}/a.slice.d/zzz.conf"


def service(live: str, name: str = "a.service") -> Unit:
    return unit(name, enforced={"LimitNOFILE": live}, pid=42)


NAMES = ("user-.slice", "user-7.slice", "a.slice")


SETTINGS = st.dictionaries(
    st.sampled_from(["TasksMax", "CPUWeight"]), st.sampled_from(["100", "200", "300"])
)


TUNINGS = st.fixed_dictionaries(dict.fromkeys(NAMES, SETTINGS))


def wanted_by(tuning: Dict[str, Dict[str, str]]) -> List[Item]:
    return [
        Item("slices", name, key, value)
        for name, settings in tuning.items() for key, value in settings.items()
    ]


def after(files: Dict[str, bytes], result: Plan) -> Dict[str, bytes]:
    new = dict(files)
    for act in result.acts:
        if isinstance(act, WriteFile):
            new.pop(act.path, None)
            if act.after is not None:
                new[act.path] = act.after.data
    return new
