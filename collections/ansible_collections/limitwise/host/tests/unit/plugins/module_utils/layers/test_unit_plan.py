# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for units: which drop-ins, which commands, what is refused, and when nothing is done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    Poke,
    RecordCgroup,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.change import NOTHING, RESTART, Change
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
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.verify import (
    make_verdict,
)
from ansible_collections.limitwise.host.plugins.module_utils.own_file import header
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
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


# --- the simple cases ---------------------------------------------------------------------------


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


# --- purge, owners, prefixes --------------------------------------------------------------------


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


# --- other files --------------------------------------------------------------------------------

RIVAL = f"{ETC}/a.slice.d/zzz.conf"


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


# --- the host's own limits ----------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("files", "units", "subject", "expected"),
    [
        ({}, (), "x.service", [("LW316", "warning")]),
        ({}, (), "x@.service", []),
        ({}, (), "x.slice", []),
        ({f"{USR}/x.service": b""}, (), "x.service", []),
        ({}, (unit("x.service"),), "x.service", []),
        ({}, (replace(unit("x.service"), loaded="not-found", active=False),), "x.service",
         [("LW316", "warning")]),
    ],
)
def test_units_that_are_not_there(
    files: Dict[str, bytes], units: Tuple[Unit, ...], subject: str,
    expected: List[Tuple[str, str]],
) -> None:
    assert codes(plan(state(files, *units, names=(subject,)), of(subject, TasksMax=5))) == expected


def test_a_foreign_memory_high_makes_a_livelock_band() -> None:
    files = {f"{ETC}/a.slice.d/50-MemoryHigh.conf": b"[Slice]\nMemoryHigh=12G\n"}
    result = plan(state(files), items(MemoryMax="16G", MemorySwapMax=0))
    assert codes(result) == [("LW308", "warning")]
    assert result.findings[0].place.line == 2
    assert codes(plan(state(files), items(MemoryMax="16G", MemoryHigh="infinity"))) == [
        ("LW313", "info")
    ]


# --- present use --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "wanted", "used", "refused"),
    [
        ("5000", "100", 90, True),
        ("5000", "100", 68, False),
        ("5000", "100", 69, True),
        ("infinity", "100", 90, True),
        ("95", "100", 90, False),
        ("5000", "infinity", 4999, False),
        ("5000", "1%", 90, True),
        ("100", "100", 90, False),
    ],
)
def test_nothing_goes_below_present_use(live: str, wanted: str, used: int, refused: bool) -> None:
    now = state({}, unit("a.slice", enforced={"TasksMax": live}, used={"TasksMax": used}))
    result = plan(now, items(TasksMax=wanted))
    assert (("LW602", "error") in codes(result)) is refused
    assert codes(plan(now, items(TasksMax=wanted), force=True)) == []


@pytest.mark.parametrize(
    ("subject", "files", "refused"),
    [
        ("a.slice", {}, False),
        ("a.slice", {f"{ETC}/a.slice": b"[Slice]\nTasksMax=100\n"}, True),
        ("a.service", {}, True),
    ],
)
def test_purge_does_not_go_below_present_use(
    subject: str, files: Dict[str, bytes], refused: bool
) -> None:
    section = unit_name.section_of(subject)
    path = unit_name.own_path(subject)
    running = unit(subject, enforced={"TasksMax": "9000"}, used={"TasksMax": 2000})
    now = state({**files, path: own(section, "TasksMax=9000")}, running, names=(subject,))
    assert (("LW602", "error") in codes(plan(now, []))) is refused


# --- limits that only a start gives -------------------------------------------------------------


def service(live: str, name: str = "a.service") -> Unit:
    return unit(name, enforced={"LimitNOFILE": live}, pid=42)


@pytest.mark.parametrize(
    ("live", "others", "held", "expected"),
    [
        ("1024:524288", "", "", "65536:524288"),
        ("1048576", "", "", "1048576"),
        ("1048576", "LimitNOFILE=infinity", "", None),
        ("1024:524288", "LimitNOFILE=1024", "", "65536:524288"),
        ("65536", "", "LimitNOFILE=65536", "65536"),
        ("65536", "", "LimitNOFILE=200000", "200000"),
    ],
)
def test_floors_are_only_raised(
    live: str, others: str, held: str, expected: Optional[str]
) -> None:
    files = {f"{USR}/a.service": f"[Service]\n{others}\n".encode()}
    path = f"{ETC}/a.service.d/zz-limitwise.conf"
    if held:
        files[path] = own("Service", held)
    now = state(files, service(live), names=("a.service",))
    result = plan(now, of("a.service", LimitNOFILE=65536))
    texts = written(result).get(path, f"[Service]\n{held}\n" if held else "")
    assert texts == (f"[Service]\nLimitNOFILE={expected}\n" if expected else "")
    lowered = Policy(allow_lowering=("LimitNOFILE",))
    changed = written(plan(now, of("a.service", LimitNOFILE=65536), policy=lowered))
    assert changed.get(path, "[Service]\nLimitNOFILE=65536\n") == "[Service]\nLimitNOFILE=65536\n"


def test_what_runs_keeps_its_limit_until_a_restart() -> None:
    now = state(
        {f"{ETC}/a.service": b""}, service("1024"), service("1024", "ssh.service"),
        names=("a.service", "ssh.service"),
    )
    wanted = [*of("a.service", LimitNOFILE=65536), *of("ssh.service", LimitNOFILE=65536)]
    result = plan(now, wanted)
    assert {one.takes_effect for one in result.changes} == {RESTART}
    assert codes(result) == [("LW610", "warning"), ("LW610", "warning")]

    allowed = plan(now, wanted, policy=Policy(restart="if-needed"))
    assert pokes(allowed)[-1] == ("systemctl", "try-restart", "a.service")
    assert [one.takes_effect for one in allowed.changes] == [NOTHING, RESTART]
    assert [one.message.split()[0] for one in allowed.findings] == ["ssh.service"]


def test_a_unit_under_another_name() -> None:
    loaded = replace(service("1024", "ssh.service"), aliases=("ssh.service", "sshd.service"))
    now = state({f"{USR}/sshd.service": b""}, names=("sshd.service",))
    now = replace(now, units={"sshd.service": loaded})
    result = plan(now, of("sshd.service", LimitNOFILE=65536))
    assert result.changes[0].before == "1024"
    assert [one.message.split()[0] for one in result.findings] == ["ssh.service"]


def test_only_a_restart_is_missing() -> None:
    files = {
        f"{ETC}/a@.service": b"", f"{ETC}/a@.service.d/zz-limitwise.conf": own(
            "Service", "LimitNOFILE=65536"
        ),
    }
    now = state(
        files, service("1024", "a@1.service"), service("65536", "a@2.service"),
        names=("a@.service",),
    )
    wanted = of("a@.service", LimitNOFILE=65536)
    waiting = plan(now, wanted)
    assert (waiting.acts, waiting.changes, codes(waiting)) == ((), (), [("LW610", "warning")])
    restarting = plan(now, wanted, policy=Policy(restart="if-needed"))
    assert pokes(restarting) == [("systemctl", "try-restart", "a@1.service")]
    assert [one.before for one in restarting.changes] == ["1024"]


# --- reading back -------------------------------------------------------------------------------


def test_verify_fills_what_was_read_back() -> None:
    files = {OWN_A: own("Slice", "TasksMax=500")}
    now = state(files, unit("a.slice", enforced={"TasksMax": "500"}))
    change = Change("slices", "a.slice", "TasksMax", "7", "500", file=OWN_A)
    verdict = make_verdict("slices", now, items(TasksMax=500), [change])
    assert verdict.findings == ()
    assert verdict.changes == (
        replace(change, runtime="500", persistent="500", line=5),
    )


@pytest.mark.parametrize(
    ("files", "enforced", "expected"),
    [
        ({OWN_A: own("Slice", "TasksMax=500")}, {"TasksMax": "7"}, ["LW603"]),
        ({OWN_A: own("Slice", "TasksMax=500")}, {}, []),
        ({OWN_A: own("Slice", "TasksMax=7")}, {"TasksMax": "500"}, ["LW604"]),
        ({}, {"TasksMax": "500"}, ["LW604"]),
        ({OWN_A: own("Slice", "TasksMax=500"), RIVAL: b"[Slice]\nTasksMax=7\n"}, {}, ["LW604"]),
    ],
)
def test_verify_finds_what_is_not_as_wanted(
    files: Dict[str, bytes], enforced: Dict[str, str], expected: List[str]
) -> None:
    now = state(files, unit("a.slice", enforced=enforced))
    verdict = make_verdict("slices", now, items(TasksMax=500), [])
    assert [one.code for one in verdict.findings] == expected


def test_verify_of_a_floor_above_the_wanted_one() -> None:
    files = {f"{ETC}/a.service": b"[Service]\nLimitNOFILE=infinity\n"}
    now = state(files, service("infinity"), names=("a.service",))
    verdict = make_verdict("units", now, of("a.service", LimitNOFILE=65536), [])
    assert verdict.findings == ()


# --- whatever is wanted -------------------------------------------------------------------------

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


@given(TUNINGS, TUNINGS)
def test_any_tuning_after_any_other_is_reached_in_one_run(
    first: Dict[str, Dict[str, str]], second: Dict[str, Dict[str, str]]
) -> None:
    files: Dict[str, bytes] = {}
    for tuning in (first, second):
        files = after(files, plan(state(files, names=NAMES), wanted_by(tuning)))
    again = state(files, names=NAMES)
    assert plan(again, wanted_by(second)).acts == ()
    assert make_verdict("slices", again, wanted_by(second), []).findings == ()
    assert after(files, plan(again, [])) == {}
