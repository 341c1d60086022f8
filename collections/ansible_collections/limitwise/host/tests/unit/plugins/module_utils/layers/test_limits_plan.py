# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of limits.conf: what is written, and what other files already give."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.change import NEW_SESSIONS
from ansible_collections.limitwise.host.plugins.module_utils.findings import errors
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.layer import (
    State,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.plan import (
    OWN,
    is_read_later,
)
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.limits_cases import (
    DEBIAN,
    EARLY,
    LATE,
    LAYER,
    MAIN,
    WANTED,
    codes,
    conf,
    done,
    items,
    own,
    plan,
    written,
)


def test_a_first_run_writes_soft_and_hard() -> None:
    made = plan({MAIN: "# nothing\n"}, WANTED)
    assert written(made) == [
        "* soft nofile 65536", "* hard nofile 65536", "@student hard nproc 4096",
        "root soft nofile 65536", "root hard nofile 65536",
    ]  # fmt: skip
    assert made.findings == ()
    change = made.changes[0]
    assert (change.layer, change.subject, change.key) == ("limits", "*", "soft nofile")
    assert (change.before, change.after, change.persistent) == (None, "65536", None)
    assert (change.applies_to, change.takes_effect, change.file) == (NEW_SESSIONS, "none", OWN)
    assert len(made.changes) == 5


def test_a_second_run_does_nothing() -> None:
    files = {MAIN: "# nothing\n"}
    after = done(files, plan(files, WANTED))
    again = plan(after, WANTED)
    assert (again.changes, again.acts, again.findings) == ((), (), ())


@pytest.mark.parametrize(
    ("files", "wanted", "lines"),
    [
        # a value in force that is less is raised, in our file, which is read last
        ({MAIN: "* hard nofile 4096\n"}, "* hard nofile 65536", ["* hard nofile 65536"]),
        ({EARLY: "* - nproc 4096\n"}, "* hard nproc 65536", ["* hard nproc 65536"]),
        # one that is enough stays where it is, and nothing is written
        ({MAIN: "* hard nofile 65536\n"}, "* hard nofile 65536", None),
        ({MAIN: "* hard nofile 99999\n"}, "* hard nofile 65536", None),
        ({EARLY: "* - nofile unlimited\n"}, "* hard nofile 65536", None),
        ({LATE: "* - nofile 99999\n"}, "* hard nofile 65536", None),
        ({EARLY: "* hard nofile 10\n", LATE: "* - nofile 99999\n"}, "* hard nofile 65536", None),
        ({OWN: own("* hard nofile 99999")}, "* hard nofile 65536", None),
        ({OWN: own("* - nofile 65536")}, "* - nofile 65536", None),
        # also where it comes from a wider domain
        ({MAIN: "* hard nproc 99999\n"}, "@student hard nproc 4096", None),
        ({MAIN: "@student hard nproc 99999\n"}, "stud hard nproc 4096", None),
        ({MAIN: "@faculty hard nproc 99999\n"}, "stud hard nproc 4096", ["stud hard nproc 4096"]),
        ({MAIN: "* hard nofile 99999\n"}, "root hard nofile 4096", ["root hard nofile 4096"]),
        # not what another kind of type says
        ({MAIN: "* soft nofile 99999\n"}, "* hard nofile 65536", ["* hard nofile 65536"]),
        # nor what pam_limits does not take
        ({MAIN: "* hard nofile lots\n"}, "* hard nofile 4096", ["* hard nofile 4096"]),
        ({MAIN: "* hard nofile 64k\n"}, "* hard nofile 4096", ["* hard nofile 4096"]),
        # caps and exact values hold up and down
        ({MAIN: "* hard core 5\n"}, "* hard core 0", ["* hard core 0"]),
        ({MAIN: "* hard core 0\n"}, "* hard core unlimited", ["* hard core unlimited"]),
        ({MAIN: "* hard core -1\n"}, "* hard core unlimited", None),
        ({MAIN: "@student - maxlogins 9\n"}, "@student - maxlogins 4", ["@student - maxlogins 4"]),
        ({MAIN: "@student x maxlogins 4\n"}, "@student hard maxlogins 4", None),
        ({MAIN: "app - nice 5\n"}, "app - nice 0", ["app soft nice 0", "app hard nice 0"]),
        ({MAIN: "app - priority 5\n"}, "app - priority -5", ["app - priority -5"]),
    ],
)
def test_what_our_file_gets(
    files: Dict[str, str], wanted: str, lines: Optional[List[str]]
) -> None:
    made = plan(files, [wanted])
    assert written(made) == lines
    assert codes(made) == []
    assert bool(made.changes) == (lines is not None)


def test_more_than_wanted_is_said_where_it_comes_from() -> None:
    made = plan({MAIN: "#\n* hard nproc 99999\n"}, ["* hard nproc 65536"])
    (finding,) = made.findings
    assert (finding.code, finding.severity) == ("LW119", "info")
    assert f"{MAIN}:2" in finding.message


@pytest.mark.parametrize("name", ["* hard nofile", "hard nofile", "nofile"])
def test_a_floor_is_lowered_when_the_policy_says_so(name: str) -> None:
    context = Context(policy=Policy(allow_lowering=(name,)))
    made = plan({MAIN: "* hard nofile 99999\n"}, ["* hard nofile 65536"], context)
    assert written(made) == ["* hard nofile 65536"]
    assert made.changes[0].before == "99999"


def test_a_tuning_may_give_a_group_less_than_everybody() -> None:
    files = {MAIN: "* hard nproc 99999\n"}
    made = plan(files, ["* hard nproc 9999", "@student hard nproc 4096"])
    assert written(made) == ["@student hard nproc 4096"]
    after = done(files, made)
    assert plan(after, ["* hard nproc 9999", "@student hard nproc 4096"]).acts == ()


@pytest.mark.parametrize(
    ("late", "wanted", "lines"),
    [
        ("* - nofile 1024\n", "* hard nofile 65536", [1]),
        ("* hard nofile 1024\n#\n* hard nofile 2048\n", "* hard nofile 65536", [1, 3]),
        ("1000: hard nofile 1024\n", "app hard nofile 65536", [1]),
        ("app -\n", "app hard nofile 65536", [1]),
        ("@student -\n", "stud hard nofile 65536", [1]),
        ("* hard core 1\n", "* hard core 0", [1]),
    ],
)
def test_later_lines_of_others_stop_the_run_or_are_taken_over(
    late: str, wanted: str, lines: List[int]
) -> None:
    made = plan({LATE: late}, [wanted])
    stops = errors(made.findings)
    assert [(one.code, one.place.file, one.place.line) for one in stops] == [
        ("LW116", LATE, line) for line in lines
    ]
    freed = plan({LATE: late}, [wanted], Context(takeover=(LATE,)))
    assert errors(freed.findings) == []
    assert written(freed) == [wanted]
    after = done({LATE: late}, freed)
    assert after[LATE] == "".join(
        ("# limitwise took over: " if number in lines else "") + line + "\n"
        for number, line in enumerate(late.splitlines(), 1)
    )
    assert plan(after, [wanted], Context(takeover=(LATE,))).acts == ()


def test_a_taken_over_line_alone_is_a_change() -> None:
    files = {OWN: own("* hard nofile 65536"), LATE: "* hard nofile 1024\n"}
    made = plan(files, ["* hard nofile 65536"], Context(takeover=(LATE,)))
    assert [(one.before, one.after) for one in made.changes] == [("1024", "65536")]
    assert written(made) is None
    assert written(made, LATE) == []


def test_a_link_cannot_be_taken_over() -> None:
    linked = replace(conf(LATE, "* hard nofile 1024\n"), image=None)
    made = LAYER.plan(
        State((linked,), DEBIAN), items("* hard nofile 65536"), Context(takeover=(LATE,))
    )
    assert [one.code for one in errors(made.findings)] == ["LW116"]


@pytest.mark.parametrize(
    ("path", "later"),
    [
        (LATE, True), (EARLY, False), (MAIN, False), (OWN, False),
        ("/usr/etc/security/limits.d/zzz.conf", True), ("/etc/security/limits.d/zz-m.conf", True),
        ("/etc/security/limits.d/zz-a.conf", False), ("/etc/security/limits.d/~.conf", True),
        ("/etc/security/limits.d/ZZZ.conf", False), ("/etc/security/limits.d/é.conf", True),
    ],
)  # fmt: skip
def test_names_sort_as_bytes(path: str, later: bool) -> None:
    assert is_read_later(path) == later


@pytest.mark.parametrize(
    ("main", "wanted", "severity", "code"),
    [
        # whom it misses
        ("@student hard nofile 10\n", "* hard nofile 500", "warning", "LW117"),
        ("stud hard nofile 10\n", "@student hard nofile 500", "warning", "LW117"),
        ("1000:1001 hard nofile 10\n", "* hard nofile 500", "warning", "LW117"),
        ("app -\n", "* hard nproc 500", "warning", "LW120"),
        # the hard limit that holds the soft one down
        ("* hard nproc 10\n", "* soft nproc 500", "error", "LW111"),
        ("* hard nproc 10\n", "app soft nproc 500", "error", "LW111"),
        # what this host does not know
        ("", "stranger hard nproc 500", "warning", "LW113"),
        ("", "@strangers hard nproc 500", "warning", "LW113"),
        ("", "app hard rttime 500", "error", "LW118"),
        # not for root
        ("", "* hard nofile 500", "info", "LW114"),
        # typos in others' files are theirs
        ("* hard noproc 5\n", "app hard nproc 500", "warning", "LW102"),
        ("soft nproc 65536\n", "app hard nproc 500", "warning", "LW104"),
        ("app hard nofile 9999999\n", "app hard nproc 500", "warning", "LW107"),
    ],
)
def test_advice(main: str, wanted: str, severity: str, code: str) -> None:
    made = plan({MAIN: main}, [wanted])
    assert (severity, code) in [(one.severity, one.code) for one in made.findings]
