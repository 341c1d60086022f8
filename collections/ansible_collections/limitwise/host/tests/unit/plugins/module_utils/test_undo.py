# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing as a pure function: before, after and now, whoever came later, with and without force."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    Act,
    FileImage,
    MakeDirectory,
    Poke,
    RecordCgroup,
    SetKernel,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats import keyed
from ansible_collections.limitwise.host.plugins.module_utils.undo import (
    Limits,
    Since,
    undo,
    undo_file,
    undo_kernel,
)

PID_MAX = "kernel/pid_max"
FILE = "/etc/sysctl.d/zz.conf"
GENTLY = Limits("run")
FORCED = Limits("run", force=True)
KEPT = Limits("run", kept={("kernel", PID_MAX): {PID_MAX}, ("file", FILE): {PID_MAX}})


@pytest.mark.parametrize(
    ("now", "later", "limits", "written", "code"),
    [
        ("2", None, GENTLY, "1", None),  # as the run left it
        ("1", None, GENTLY, None, None),  # back already
        ("7", None, GENTLY, None, "LW607"),  # moved by somebody
        ("7", None, FORCED, "1", None),
        ("7", "later", GENTLY, None, "LW606"),  # set by a later run of ours
        ("7", "later", FORCED, None, "LW606"),
        ("2", "later", GENTLY, "1", None),  # a later run put it back to what we left
        (None, None, FORCED, None, None),  # the key is gone, with its module
        ("2", None, KEPT, None, None),  # in use: said elsewhere
        (" 2\t", None, GENTLY, "1", None),  # the kernel's own blanks
    ],
)
def test_a_kernel_value(
    now: Optional[str], later: Optional[str], limits: Limits, written: Optional[str],
    code: Optional[str],
) -> None:
    acts, found = undo_kernel(SetKernel("sysctl", PID_MAX, "1", "2"), Since(now, later), limits)
    assert [act.after for act in acts if isinstance(act, SetKernel)] == (
        [] if written is None else [written]
    )
    assert [one.code for one in found] == ([] if code is None else [code])
    assert all(one.found == (later or now) for one in found)


def conf(**values: str) -> FileImage:
    lines = [f"{key} = {value}\n" for key, value in values.items()]
    return FileImage("".join(lines).encode(), 0o640, 7, 8)


BEFORE = conf(a="1", b="1")
AFTER = conf(a="2", b="1", c="2")
EDITED = conf(a="2", b="1", c="2", d="9")
TOUCHED = conf(a="5", b="1", c="2")
FOREIGN = ["LW605"]
LATER = ["LW606"]


@pytest.mark.parametrize(
    ("now", "later", "limits", "result", "codes"),
    [
        (AFTER, None, GENTLY, BEFORE, []),
        (BEFORE, None, GENTLY, BEFORE, []),
        (EDITED, None, GENTLY, EDITED, FOREIGN),
        (TOUCHED, None, GENTLY, TOUCHED, FOREIGN),
        (None, None, GENTLY, None, FOREIGN),
        # forced: our keys go back, the other's stay
        (EDITED, None, FORCED, conf(a="1", b="1", d="9"), []),
        (TOUCHED, None, FORCED, conf(a="1", b="1"), []),
        (None, None, FORCED, BEFORE, []),
        # a later run of ours changed one key: the others go back
        (TOUCHED, "later", GENTLY, conf(a="5", b="1"), LATER),
        (TOUCHED, "later", FORCED, conf(a="5", b="1"), LATER),
        (EDITED, "later", GENTLY, conf(a="1", b="1", d="9"), []),
        (None, "later", GENTLY, None, LATER),
        (None, "later", FORCED, None, LATER),
    ],
)
def test_a_file(
    now: Optional[FileImage], later: Optional[str], limits: Limits,
    result: Optional[FileImage], codes: List[str],
) -> None:
    act = WriteFile("sysctl", FILE, BEFORE, AFTER, "sysctl_conf")
    acts, found = undo_file(act, Since(now, later), limits)
    there = now
    for one in acts:
        assert isinstance(one, WriteFile)
        assert one.before == there
        there = one.after
    assert there == result
    assert [one.code for one in found] == codes


def test_a_file_that_the_run_made_goes_when_nothing_else_is_in_it() -> None:
    act = WriteFile("sysctl", FILE, None, conf(a="2"), "sysctl_conf")
    (back,), _found = undo_file(act, Since(conf(a="2", d="9")), FORCED)
    assert isinstance(back, WriteFile)
    assert back.after is not None
    assert keyed.values("sysctl_conf", back.after.data) == {"d": "9"}
    note = FileImage(b"# a note\na = 2\n")
    (gone,), _found = undo_file(act, Since(note), FORCED)
    assert isinstance(gone, WriteFile)
    assert gone.after is None


def test_a_key_in_use_stays_while_the_rest_goes_back() -> None:
    act = WriteFile(
        "sysctl", FILE, FileImage(b""), FileImage(b"kernel.pid_max = 9\nvm.swappiness = 1\n"),
        "sysctl_conf",
    )
    (back,), found = undo_file(act, Since(act.after), KEPT)
    assert isinstance(back, WriteFile)
    assert back.after is not None
    assert back.after.data == b"kernel.pid_max = 9\n"
    assert found == []


def test_what_somebody_broke_is_only_put_back_by_force() -> None:
    before, after = FileImage(b'{"a": 1}'), FileImage(b'{"a": 2}')
    act = WriteFile("docker_daemon", "/etc/docker/daemon.json", before, after, "json_text")
    broken = Since(FileImage(b'{"a": '))
    assert undo_file(act, broken, GENTLY)[0] == []
    (back,), _found = undo_file(act, broken, FORCED)
    assert isinstance(back, WriteFile)
    assert back.after == before


MADE = MakeDirectory("units", "/etc/x.d")
UNIT = WriteFile("units", "/etc/x.d/zz.conf", None, FileImage(b"[Service]\nTasksMax=5\n"))
CGROUP = RecordCgroup("units", "/sys/fs/cgroup/x/pids.max", "77")
RELOAD = Poke("units", ("systemctl", "daemon-reload"))
SYSCTL = SetKernel("sysctl", PID_MAX, "1", "2")
OTHER = Poke("sysctl", ("sysctl", "--system"))
WHOLE = (MADE, UNIT, SYSCTL, CGROUP, RELOAD, OTHER)


def test_files_then_values_then_commands_then_folders() -> None:
    since = {("file", UNIT.path): Since(UNIT.after), ("kernel", PID_MAX): Since("2"),
             ("directory", MADE.path): Since(None)}
    acts = undo(WHOLE, since, GENTLY).acts
    assert acts == (
        replace(UNIT, before=UNIT.after, after=None), SetKernel("sysctl", PID_MAX, "2", "1"),
        RELOAD, OTHER, CGROUP, MADE,
    )


def test_a_layer_of_which_nothing_goes_back_is_not_poked() -> None:
    since = {("file", UNIT.path): Since(None), ("kernel", PID_MAX): Since("2"),
             ("directory", MADE.path): Since(None)}
    assert undo(WHOLE, since, GENTLY).acts == (SetKernel("sysctl", PID_MAX, "2", "1"), OTHER, MADE)
    assert RELOAD in undo(WHOLE, since, Limits("run", again=True)).acts


KEYS = st.sampled_from(["a", "b", "c", "d"])
VALUES = st.dictionaries(KEYS, st.sampled_from("123"))


def values_of(image: Optional[FileImage]) -> Dict[str, str]:
    return {} if image is None else keyed.values("sysctl_conf", image.data)


@given(VALUES, VALUES, VALUES)
def test_forced_or_not_no_key_of_others_is_lost(
    before: Dict[str, str], after: Dict[str, str], now: Dict[str, str]
) -> None:
    act = WriteFile("sysctl", FILE, conf(**before), conf(**after), "sysctl_conf")
    for later in (None, "later"):
        for limits in (GENTLY, FORCED):
            acts, found = undo_file(act, Since(conf(**now), later), limits)
            result = now
            for one in acts:
                assert isinstance(one, WriteFile)
                result = values_of(one.after)
            for key in {*before, *after, *now}:
                ours = before.get(key) != after.get(key)
                allowed = {now.get(key), before.get(key)} if ours else {now.get(key)}
                whole = conf(**now) == conf(**after)
                assert result.get(key) in ({before.get(key)} if whole else allowed), (key, found)


@given(st.lists(st.sampled_from(WHOLE), unique=True))
def test_every_undo_is_of_something_done(acts: List[Act]) -> None:
    since = {("file", UNIT.path): Since(UNIT.after), ("kernel", PID_MAX): Since("2"),
             ("directory", MADE.path): Since(None)}
    undone = undo(acts, since, GENTLY)
    assert undone.findings == ()
    assert {type(act) for act in undone.acts} <= {type(act) for act in acts}
