# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that were taken over come back when the key they were taken over for is given up."""

from __future__ import annotations

from typing import Dict, Sequence

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage, WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context, Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.accounts import (
    read_accounts,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.facts import Facts
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.layer import (
    LimitsLayer,
    State,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.plan import (
    OWN,
    ConfFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.files import (
    read_source,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.observe import (
    State as UnitState,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.plan import (
    make_plan,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.state import Unit
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item, read

LATE = "/etc/security/limits.d/zzz-local.conf"
MARK = "# limitwise took over: "
LAYER = LimitsLayer()
FACTS = Facts(
    version=(1, 7, 0), root_is_exempt=True,
    accounts=read_accounts(b"app:x:1001:1001::/:/bin/sh\n", b"app:x:1001:\n", b""),
)


def plan(files: Dict[str, str], wanted: Sequence[str], use: int = 0) -> Plan:
    entries = [dict(zip(("domain", "type", "item", "value"), text.split())) for text in wanted]
    items = read({"limits": entries})[0].of("limits")
    confs = tuple(
        ConfFile(path, files[path].encode(), FileImage(files[path].encode()))
        for path in (OWN, LATE) if path in files
    )
    state = State(confs, FACTS, (("app", use),) if use else ())
    return LAYER.plan(state, items, Context(takeover=(LATE,)))


def done(files: Dict[str, str], made: Plan) -> Dict[str, str]:
    after = {**files}
    for act in made.acts:
        assert isinstance(act, WriteFile)
        after[act.path] = act.after.data.decode() if act.after is not None else ""
    return {path: text for path, text in after.items() if text}


@pytest.mark.parametrize(
    ("late", "first", "then", "back"),
    [
        ("* hard nofile 10 # low\r\n", ["* hard nofile 500"], [], True),
        ("# a\n* - nofile 10\nb - core 0\n", ["* - nofile 500"], [], True),
        # half of the line is still wanted
        ("* - nofile 10\n", ["* - nofile 500"], ["* soft nofile 500"], False),
        # another key stays
        ("* hard nofile 10\n", ["* hard nofile 500", "* hard nproc 500"], ["* hard nproc 500"],
         True),
        # the same user by another name, and the line that ends all limits
        ("1001:1001 hard nofile 10\n", ["app hard nofile 500"], ["app hard nproc 500"], True),
        ("app -\n", ["app hard nofile 500"], [], True),
        ("app -\n", ["app hard nofile 500"], ["app hard nproc 500"], False),
    ],
)
def test_lines_of_limits_come_back(
    late: str, first: Sequence[str], then: Sequence[str], back: bool
) -> None:
    taken = done({LATE: late}, plan({LATE: late}, first))
    assert MARK in taken[LATE]
    made = plan(taken, then)
    assert made.changes
    after = done(taken, made)
    assert (after[LATE] == late) == back
    assert (MARK in after[LATE]) != back
    again = plan(after, then)
    assert (again.acts, again.changes) == ((), ())


def test_what_comes_back_spares_present_use() -> None:
    late = "app hard nproc 50\n"
    taken = done({LATE: late}, plan({LATE: late}, ["app hard nproc 500"]))
    assert [one.code for one in plan(taken, [], use=100).findings] == ["LW602"]
    assert plan(taken, [], use=10).findings == ()


# --- units ---------------------------------------------------------------------------------------

OURS = "/etc/systemd/system/a.slice.d/zz-limitwise.conf"
RIVAL = "/etc/systemd/system/a.slice.d/zzx.conf"
TEXT = "[Slice]\n# keep\nTasksMax=\\\n  7\nCPUWeight=9\n"


def unit_state(files: Dict[str, str], used: int = 0) -> UnitState:
    images = {path: FileImage(text.encode()) for path, text in files.items()}
    chain = tuple(read_source(path, images[path].data, dropin=True) for path in sorted(images))
    unit = Unit(
        "a.slice", ("a.slice",), active=True, enforced={"TasksMax": "500"}, used={"TasksMax": used}
    )
    return UnitState(
        running=True, own={"a.slice": images.get(OURS)}, chains={"a.slice": chain},
        covered={"a.slice": ("a.slice",)}, units={"a.slice": unit} if used else {},
        files={RIVAL: images[RIVAL]},
    )


def unit_plan(files: Dict[str, str], wanted: Dict[str, int], used: int = 0) -> Plan:
    items = [Item("slices", "a.slice", key, value) for key, value in wanted.items()]
    return make_plan("slices", unit_state(files, used), items, Context(takeover=(RIVAL,)))


def files_of(made: Plan) -> Plan:
    return Plan(made.changes, tuple(act for act in made.acts if isinstance(act, WriteFile)))


@pytest.mark.parametrize(
    ("then", "text"),
    [
        ({}, TEXT),
        ({"CPUWeight": 5}, TEXT.replace("CPUWeight", MARK + "CPUWeight")),
        ({"TasksMax": 500},
         TEXT.replace("TasksMax", MARK + "TasksMax").replace("  7", MARK + "  7")),
    ],
)
def test_assignments_of_unit_files_come_back(then: Dict[str, int], text: str) -> None:
    first = files_of(unit_plan({RIVAL: TEXT}, {"TasksMax": 500, "CPUWeight": 5}))
    taken = done({RIVAL: TEXT}, first)
    assert taken[RIVAL].count(MARK) == 3
    after = done(taken, files_of(unit_plan(taken, then)))
    assert after[RIVAL] == text
    again = unit_plan(after, then)
    assert files_of(again) == Plan()


def test_what_comes_back_to_a_unit_spares_present_use() -> None:
    taken = done({RIVAL: TEXT}, files_of(unit_plan({RIVAL: TEXT}, {"TasksMax": 500})))
    assert [one.code for one in unit_plan(taken, {}, used=100).findings] == ["LW602"]
    assert unit_plan(taken, {"TasksMax": 500}, used=100).findings == ()
