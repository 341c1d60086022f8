# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of units: owners, takeovers, restarts, present use."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Tuple

import pytest
from hypothesis import given

from ansible_collections.limitwise.host.plugins.module_utils.change import NOTHING, RESTART, Change
from ansible_collections.limitwise.host.plugins.module_utils.layers.units import name as unit_name
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.state import (
    Unit,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.verify import (
    make_verdict,
)
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.unit_cases import (
    ETC,
    NAMES,
    OWN_A,
    RIVAL,
    TUNINGS,
    USR,
    after,
    codes,
    items,
    of,
    own,
    plan,
    pokes,
    service,
    state,
    unit,
    wanted_by,
    written,
)


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
