# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of units: what is written, in which order, and what is left as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    RecordCgroup,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.change import Change
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.state import (
    Manager,
)
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.unit_cases import (
    BARRIER,
    ETC,
    GROUP,
    OWN_A,
    RELOAD,
    RIVAL,
    USR,
    codes,
    items,
    of,
    own,
    plan,
    pokes,
    realize,
    state,
    unit,
    written,
)


def test_a_slice_that_does_not_exist_yet() -> None:
    result = plan(state(), items(TasksMax=500, MemoryMax="80%"))
    assert written(result) == {OWN_A: "[Slice]\nTasksMax=500\nMemoryMax=80%\n"}
    assert pokes(result) == [RELOAD, BARRIER]
    assert result.findings == ()
    assert result.changes[0] == Change("slices", "a.slice", "TasksMax", None, "500", file=OWN_A)


def test_a_running_slice_is_realized() -> None:
    now = state({}, unit("a.slice", enforced={"TasksMax": "100"}))
    result = plan(now, items(TasksMax=500))
    assert pokes(result) == [RELOAD, realize("-.slice"), BARRIER]
    assert (result.changes[0].before, result.changes[0].after) == ("100", "500")


def test_a_systemd_that_writes_at_the_reload_only_reloads() -> None:
    now = state({}, unit("a.slice", enforced={"TasksMax": "100"}), manager=Manager(239))
    assert pokes(plan(now, items(TasksMax=500))) == [RELOAD, BARRIER]


def test_an_image_gets_files_only() -> None:
    now = state(running=False, manager=Manager())
    result = plan(now, items(TasksMax=500))
    assert [type(act) for act in result.acts] == [WriteFile]


@pytest.mark.parametrize(
    ("files", "enforced"),
    [
        ({OWN_A: own("Slice", "TasksMax=500")}, {"TasksMax": "500"}),
        ({OWN_A: own("Slice", "TasksMax=500")}, {}),
        ({f"{ETC}/a.slice": b"[Slice]\nTasksMax=500\n"}, {"TasksMax": "500"}),
        ({OWN_A: own("Slice", "TasksMax=0x1f4")}, {"TasksMax": "500"}),
    ],
)
def test_nothing_to_do(files: Dict[str, bytes], enforced: Dict[str, str]) -> None:
    result = plan(state(files, unit("a.slice", enforced=enforced)), items(TasksMax=500))
    assert (result.acts, result.changes, result.findings) == ((), (), ())


def test_a_percentage_is_in_force_when_systemd_says_so() -> None:
    files = {OWN_A: own("Slice", "TasksMax=33%")}
    exact = state(files, unit("a.slice", enforced={"TasksMax": "3300"}))
    rounded = state(files, unit("a.slice", enforced={"TasksMax": "3299"}))
    moved = state(
        files, unit("a.slice", enforced={"TasksMax": "99"}, figures={"TasksMax": "3300"})
    )
    assert plan(exact, items(TasksMax="33%")).acts == ()
    assert plan(rounded, items(TasksMax="33%")).acts == ()
    assert pokes(plan(moved, items(TasksMax="33%"))) == [RELOAD, realize("-.slice"), BARRIER]


def test_a_value_written_by_hand_is_recorded_and_overwritten() -> None:
    files = {OWN_A: own("Slice", "TasksMax=500")}
    running = unit(
        "a.slice", enforced={"TasksMax": "9000", "CPUWeight": "70"},
        figures={"TasksMax": "500", "CPUWeight": "100"},
    )
    result = plan(state(files, running), items(TasksMax=500))
    assert [act for act in result.acts if isinstance(act, RecordCgroup)] == [
        RecordCgroup("slices", f"{GROUP}/pids.max", "9000"),
        RecordCgroup("slices", f"{GROUP}/cpu.weight", "70"),
    ]
    assert (result.changes[0].before, result.changes[0].persistent) == ("9000", "500")


def test_files_that_systemd_has_not_read_yet() -> None:
    files = {OWN_A: own("Slice", "TasksMax=500")}
    before = unit("a.slice", enforced={}, figures={"TasksMax": "7"}, stale=True)
    for stale in (before, replace(before, active=False)):
        assert pokes(plan(state(files, stale), items(TasksMax=500)))[0] == RELOAD
    # somebody else's edit is not ours to bring into force
    other = unit("a.slice", enforced={"TasksMax": "500"}, stale=True)
    assert plan(state(files, other), items(TasksMax=500)).acts == ()


def test_purge_takes_back_what_is_not_wanted_any_more() -> None:
    files = {
        OWN_A: own("Slice", "TasksMax=500", "CPUWeight=20"),
        f"{ETC}/b.slice.d/zz-limitwise.conf": own("Slice", "TasksMax=1"),
    }
    running = unit("a.slice", enforced={"TasksMax": "500"})
    now = state(files, running, names=("a.slice", "b.slice"))
    result = plan(now, items(CPUWeight=20))
    assert written(result) == {
        OWN_A: "[Slice]\nCPUWeight=20\n", f"{ETC}/b.slice.d/zz-limitwise.conf": "",
    }
    assert [(one.name, one.after) for one in result.changes] == [
        ("a.slice TasksMax", None), ("b.slice TasksMax", None),
    ]
    assert written(plan(now, items(CPUWeight=30), purge=False)) == {
        OWN_A: "[Slice]\nTasksMax=500\nCPUWeight=30\n"
    }


def test_another_owner_refuses_unless_adopted() -> None:
    now = state({OWN_A: own("Slice", "TasksMax=5", owner="operator")})
    assert codes(plan(now, items(TasksMax=6))) == [("LW601", "error")]
    assert plan(now, items(TasksMax=6)).acts == ()
    adopted = plan(now, items(TasksMax=6), adopt=True)
    assert codes(adopted) == []
    assert b"owner: fleet" in next(
        act.after.data for act in adopted.acts if isinstance(act, WriteFile) and act.after
    )


def test_a_specific_drop_in_repeats_what_it_hides() -> None:
    running = [
        unit("user-7.slice", enforced={"TasksMax": "1", "CPUWeight": "100"}),
        unit("user-8.slice", enforced={"TasksMax": "1", "CPUWeight": "100"}),
    ]
    now = state({}, *running, names=("user-.slice", "user-7.slice"))
    wanted = [*of("user-.slice", TasksMax=100, CPUWeight=50), *of("user-7.slice", TasksMax=200)]
    result = plan(now, wanted)
    assert written(result) == {
        f"{ETC}/user-.slice.d/zz-limitwise.conf": "[Slice]\nTasksMax=100\nCPUWeight=50\n",
        f"{ETC}/user-7.slice.d/zz-limitwise.conf": "[Slice]\nTasksMax=200\nCPUWeight=50\n",
    }
    assert pokes(result) == [RELOAD, realize("user.slice"), BARRIER]


def test_a_specific_drop_in_follows_the_broader_one() -> None:
    files = {
        f"{ETC}/user-.slice.d/zz-limitwise.conf": own("Slice", "TasksMax=100"),
        f"{ETC}/user-7.slice.d/zz-limitwise.conf": own("Slice", "TasksMax=100", "CPUWeight=5"),
    }
    now = state(files, names=("user-.slice", "user-7.slice"))
    result = plan(now, of("user-.slice", TasksMax=300), purge=False)
    assert written(result) == {
        f"{ETC}/user-.slice.d/zz-limitwise.conf": "[Slice]\nTasksMax=300\n",
        f"{ETC}/user-7.slice.d/zz-limitwise.conf": "[Slice]\nTasksMax=300\nCPUWeight=5\n",
    }


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (RIVAL, "[Slice]\nTasksMax=7\n", ("LW311", "error", 2)),
        (RIVAL, "[Slice]\nTasksMax=\n", ("LW311", "error", 2)),
        (RIVAL, "[Slice]\nTasksMax=7\nTasksMax=500\n", None),
        (RIVAL, "[Slice]\nTasksMax=unlimited\n", ("LW304", "warning", 2)),
        (RIVAL, "[Slice]\nCPUWeight=7\n", None),
        (f"{USR}/a.slice.d/zzz.conf", "[Slice]\nTasksMax=7\n", ("LW311", "error", 2)),
        ("/etc/systemd/system.control/a.slice.d/50-TasksMax.conf", "[Slice]\n\nTasksMax=7\n",
         ("LW312", "warning", 3)),
        (f"{ETC}/a.slice.d/override.conf", "[Slice]\nTasksMax=7\n", ("LW313", "info", 2)),
        (f"{ETC}/a.slice", "[Slice]\nTasksMax=7\n", ("LW313", "info", 2)),
        (f"{USR}/a.slice", "[Slice]\nTasksMax=7\n", None),
        (f"{ETC}/a.slice", "[Slice]\nMemoryMax=128g\n", ("LW304", "warning", 2)),
    ],
)
def test_what_other_files_say(
    path: str, text: str, expected: Optional[Tuple[str, str, int]]
) -> None:
    result = plan(state({path: text.encode()}), items(TasksMax=500))
    found = [(one.code, one.severity, one.place.line) for one in result.findings]
    assert found == ([expected] if expected else [])
    assert all(one.place.file == path for one in result.findings)
    if expected is not None:
        assert bool(result.acts) is (expected[1] != "error")


def test_takeover_comments_out_the_lines_that_win() -> None:
    text = b"[Slice]\n# keep\nTasksMax=\\\n  7\nCPUWeight=9\nTasksMax=500\nTasksMax=8\n"
    now = state({RIVAL: text})
    result = plan(now, items(TasksMax=500), takeover=(RIVAL,))
    assert codes(result) == []
    act = next(one for one in result.acts if isinstance(one, WriteFile) and one.path == RIVAL)
    assert act.before == FileImage(text)
    assert act.after is not None
    assert act.after.data == (
        b"[Slice]\n# keep\n# limitwise took over: TasksMax=\\\n# limitwise took over:   7\n"
        b"CPUWeight=9\nTasksMax=500\n# limitwise took over: TasksMax=8\n"
    )


def test_takeover_of_one_file_still_names_the_next() -> None:
    other = f"{ETC}/a.slice.d/zzy.conf"
    now = state({RIVAL: b"[Slice]\nTasksMax=7\n", other: b"[Slice]\nTasksMax=8\n"})
    found = plan(now, items(TasksMax=500), takeover=(RIVAL,)).findings
    assert [(one.code, one.place.file) for one in found] == [("LW311", other)]


def test_an_old_systemd_does_not_know_the_directive() -> None:
    now = state(manager=Manager(252))
    assert codes(plan(now, items(MemoryZSwapMax=0))) == [("LW314", "error")]
    assert codes(plan(state(manager=Manager(251)), items(CPUWeight="idle"))) == [
        ("LW314", "error")
    ]
    assert codes(plan(state(manager=Manager(251)), items(CPUWeight=5))) == []


def test_controllers_that_are_switched_off() -> None:
    now = state(controllers=("cpu", "pids"))
    assert codes(plan(now, items(MemoryMax="1G", AllowedCPUs="0"))) == [
        ("LW315", "error"), ("LW315", "warning"),
    ]
