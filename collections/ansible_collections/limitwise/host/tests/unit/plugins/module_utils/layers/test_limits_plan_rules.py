# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of limits.conf: overrides, takeovers, owners, present use."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils import own_file
from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage, WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.findings import errors
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.layer import (
    State,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.plan import (
    OWN,
    lines_of,
)
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.limits_cases import (
    DEBIAN,
    EARLY,
    LATE,
    LAYER,
    LINE,
    MAIN,
    codes,
    done,
    items,
    own,
    plan,
    state,
    without_contradictions,
    written,
)


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
