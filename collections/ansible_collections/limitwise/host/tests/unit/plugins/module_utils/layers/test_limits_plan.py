# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the limits layer: what our file gets, what stays, what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils import own_file
from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage, WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.change import NEW_SESSIONS
from ansible_collections.limitwise.host.plugins.module_utils.findings import errors
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
    is_read_later,
    lines_of,
)
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item, read

MAIN = "/etc/security/limits.conf"
EARLY = "/etc/security/limits.d/20-nproc.conf"
LATE = "/etc/security/limits.d/zzz-local.conf"
ORDER = (MAIN, EARLY, OWN, LATE)
LAYER = LimitsLayer()
CONTEXT = Context()

DEBIAN = Facts(
    version=(1, 7, 0),
    root_is_exempt=True,
    nr_open=1048576,
    accounts=read_accounts(
        b"root:x:0:0::/:/bin/sh\napp:x:1001:1001::/:/bin/sh\nstud:x:1002:1002::/:/bin/sh\n",
        b"app:x:1001:\nstud:x:1002:\nstudent:x:2000:stud\nfaculty:x:2001:\n",
        b"",
    ),
)


def items(*texts: str) -> Tuple[Item, ...]:
    """``* - nofile 5`` as the tuning's items."""
    entries = [dict(zip(("domain", "type", "item", "value"), text.split(" "))) for text in texts]
    tuning, findings = read({"limits": entries})
    assert not findings
    return tuning.of("limits")


def conf(path: str, text: str) -> ConfFile:
    data = text.encode()
    return ConfFile(path, data, FileImage(data))


def own(*lines: str, owner: str = "fleet") -> str:
    return own_file.header(owner).decode() + "".join(line + "\n" for line in lines)


def state(files: Dict[str, str], facts: Facts = DEBIAN, **use: int) -> State:
    in_order = [path for path in ORDER if path in files]
    return State(tuple(conf(path, files[path]) for path in in_order), facts, tuple(use.items()))


def plan(
    files: Dict[str, str], wanted: Sequence[str], context: Context = CONTEXT, **use: int
) -> Plan:
    return LAYER.plan(state(files, DEBIAN, **use), items(*wanted), context)


def written(plan: Plan, path: str = OWN) -> Optional[List[str]]:
    """The lines that the plan leaves in a file, comments left out; None: it isn't touched."""
    for act in plan.acts:
        if isinstance(act, WriteFile) and act.path == path:
            text = act.after.data.decode() if act.after is not None else ""
            return [line for line in text.splitlines() if not line.startswith("#")]
    return None


def done(files: Dict[str, str], made: Plan) -> Dict[str, str]:
    """The files after the plan's acts."""
    after = dict(files)
    for act in made.acts:
        assert isinstance(act, WriteFile)
        if act.after is None:
            del after[act.path]
        else:
            after[act.path] = act.after.data.decode()
    return after


def codes(plan: Plan, severity: str = "error") -> List[str]:
    return [finding.code for finding in plan.findings if finding.severity == severity]


WANTED = ["* - nofile 65536", "@student hard nproc 4096", "root - nofile 65536"]


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


# --- what stands in the way -------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("main", "wanted"),
    [
        ("@student hard nproc 9999\n", "* hard nproc 500"),
        ("@faculty soft nproc 10\n", "* hard nproc 500"),
        ("app hard nproc 10\n", "@student hard nproc 500"),
        ("root hard nproc 10\n", "* hard nproc 500"),
        ("* hard nproc 500\n", "app soft nproc 500"),
        ("", "* hard nproc 500"),
    ],
)
def test_no_advice_where_there_is_nothing_to_say(main: str, wanted: str) -> None:
    made = plan({MAIN: main}, [wanted])
    assert made.findings == ()


def test_a_dash_line_that_a_softer_one_drops_whole() -> None:
    files = {MAIN: "app soft nproc 10\n* - nproc 500\n"}
    made = plan(files, ["* hard nproc 500"])
    assert [(one.code, one.severity) for one in made.findings] == [("LW127", "warning")]
    assert "app" in made.findings[0].message
    in_other_order = {MAIN: "* - nproc 500\napp soft nproc 10\n"}
    assert plan(in_other_order, ["* hard nproc 500"]).findings == ()
    assert plan({MAIN: "app soft nproc 10\n"}, ["* hard nproc 500"]).findings == ()


def test_the_tunings_own_narrower_lines_are_no_surprise() -> None:
    made = plan({MAIN: "@student hard nproc 10\n"}, ["* hard nproc 5000", "@student hard nproc 50"])
    assert made.findings == ()


def test_old_linux_pam_and_unlimited_descriptors() -> None:
    old = replace(DEBIAN, version=(1, 3, 1))
    made = LAYER.plan(State((), old), items("app - nofile unlimited"), Context())
    assert codes(made) == ["LW108"]


def test_no_pam_service() -> None:
    made = LAYER.plan(State((), replace(DEBIAN, in_use=False)), items("app - as 5"), Context())
    assert "LW125" in codes(made, "warning")


# --- owners, purging, present use --------------------------------------------------------------


def test_what_leaves_the_tuning_goes_back_to_what_others_give() -> None:
    files = {MAIN: "* hard nofile 4096\n", OWN: own("* hard nofile 65536", "app hard as 5")}
    made = plan(files, ["app hard as 5"])
    assert written(made) == ["app hard as 5"]
    assert [(one.key, one.before, one.after) for one in made.changes] == [
        ("hard nofile", "65536", None)
    ]
    kept = plan(files, ["app hard as 5"], Context(purge=False))
    assert kept.acts == ()


def test_an_empty_tuning_removes_our_file() -> None:
    made = plan({OWN: own("* hard nofile 65536")}, [])
    (act,) = made.acts
    assert isinstance(act, WriteFile)
    assert act.after is None


def test_another_owner_is_refused_unless_adopted() -> None:
    files = {OWN: own("app hard as 5", owner="operator")}
    made = plan(files, ["app hard as 6"])
    assert codes(made) == ["LW601"]
    adopted = plan(files, ["app hard as 6"], Context(adopt=True))
    assert codes(adopted) == []
    (act,) = adopted.acts
    assert isinstance(act, WriteFile)
    assert own_file.owner_of(act.after) == "fleet"


@pytest.mark.parametrize(
    ("wanted", "use", "force", "code"),
    [
        ("app hard nproc 1000", 980, False, ["LW602"]),
        ("app hard nproc 1000", 980, True, []),
        ("app hard nproc 1100", 980, False, []),
        ("app hard nproc unlimited", 980, False, []),
        ("app hard nofile 100", 980, False, []),
    ],
)
def test_nothing_goes_below_present_use(
    wanted: str, use: int, force: bool, code: List[str]
) -> None:
    made = plan({}, [wanted], Context(force=force), app=use)
    assert codes(made) == code


def test_purging_spares_present_use_too() -> None:
    files = {MAIN: "app hard nproc 100\n", OWN: own("app hard nproc 4096")}
    assert codes(plan(files, [], app=2000)) == ["LW602"]


@pytest.mark.parametrize(
    "text",
    ["* hard nofile 4096", "app - core 0", "@student soft nproc 9", "* - nproc 65536",
     "root hard nofile unlimited", "app - maxlogins 3", "stud -", "1000: hard nofile 7"],
)  # fmt: skip
def test_verify_finds_what_is_not_there(text: str) -> None:
    """After its own plan everything verifies, whatever another file says."""
    files = {MAIN: text + "\n"}
    wanted = ["* - nofile 65536", "app hard nproc 5000", "@student soft nproc 500"]
    before = LAYER.verify(state(files), items(*wanted), ())
    assert [one.code for one in before.findings].count("LW604") >= 2
    made = plan(files, wanted)
    after = LAYER.verify(state(done(files, made)), items(*wanted), made.changes)
    assert after.findings == ()
    for change in after.changes:
        assert change.persistent == change.after
        assert change.runtime is None
        assert change.line is not None


VALUES = st.sampled_from(["1", "4096", "65536", "unlimited"])
DOMAINS = st.sampled_from(["*", "@student", "stud", "app", "1000:1001", "root"])
LINE = st.builds(
    "{} {} {} {}".format, DOMAINS, st.sampled_from(["soft", "hard", "-"]),
    st.sampled_from(["nofile", "nproc", "core"]), VALUES,
)  # fmt: skip


def without_contradictions(lines: List[str]) -> List[str]:
    """The first line of each domain and item, as hard and soft at once."""
    first: Dict[Tuple[str, str], str] = {}
    for line in lines:
        domain, _kind, item, value = line.split(" ")
        first.setdefault((domain, item), f"{domain} - {item} {value}")
    return list(first.values())


@given(
    st.fixed_dictionaries(
        {}, optional={path: st.lists(LINE, max_size=4) for path in (MAIN, EARLY, OWN, LATE)}
    ),
    st.lists(LINE, max_size=4).map(without_contradictions),
)
def test_a_plan_without_errors_holds_and_a_second_does_nothing(
    texts: Dict[str, List[str]], wanted: List[str]
) -> None:
    files = {path: "".join(line + "\n" for line in lines) for path, lines in texts.items()}
    context = Context(takeover=(LATE,))
    made = plan(files, wanted, context)
    after = done(files, made)
    again = plan(after, wanted, context)
    assert again.acts == ()
    assert again.changes == ()
    if not errors(made.findings):
        assert LAYER.verify(state(after), items(*wanted), made.changes).findings == ()


@given(st.lists(LINE, max_size=5), st.lists(LINE, max_size=4).map(without_contradictions))
def test_without_purge_no_line_of_ours_is_lost(ours: List[str], wanted: List[str]) -> None:
    files = {OWN: own(*ours)}
    made = plan(files, wanted, Context(purge=False))
    after = done(files, made)
    had = lines_of(FileImage(files[OWN].encode()))
    has = lines_of(FileImage(after[OWN].encode()))
    touched = {item.id[1:] for item in items(*wanted)}
    assert {key: value for key, value in had.items() if (key[0], " ".join(key[1:])) not in touched
            } == {key: value for key, value in has.items()
                  if (key[0], " ".join(key[1:])) not in touched}  # fmt: skip
