# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small parts that all rests on: findings, own files, switched-off rules, the packed engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils import (
    confirm,
    own_file,
    revert,
    suppress,
)
from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage
from ansible_collections.limitwise.host.plugins.module_utils.change import strongest
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    Finding,
    FindingsError,
    InputError,
    Place,
    in_order,
)
from ansible_collections.limitwise.host.plugins.module_utils.margin import margin, too_low

FORM = "sysctl_conf"
PATH = "/etc/sysctl.d/zz.conf"


def finding(line: int, code: str = "LW201", severity: str = "error", file: str = "f") -> Finding:
    return Finding(code, severity, "sysctl", "is wrong", Place(file, line, 1), suggestion="right")


def test_findings_read_in_the_file_s_order_and_each_once() -> None:
    given_order = [finding(2), finding(1, severity="warning"), finding(1), finding(2),
                   finding(9, file="a")]
    assert in_order(given_order) == (
        finding(9, file="a"), finding(1), finding(1, severity="warning"), finding(2)
    )


def test_messages_say_place_and_remedy() -> None:
    assert str(finding(3)) == "f:3:1: error LW201: is wrong (did you mean 'right'?)"
    assert str(InputError("is bad", place=Place("f"), remedy="mend it")) == "f: is bad (mend it)"
    two = FindingsError([finding(1), finding(2), finding(3, severity="info")])
    assert str(two).startswith("2 errors found, nothing was written; the first: f:1:1: error")


@pytest.mark.parametrize(
    ("words", "word"),
    [([], "none"), (["none", "restart", "reload"], "restart"), (["reboot"], "reboot")],
)
def test_the_strongest_act(words: List[str], word: str) -> None:
    assert strongest(words) == word


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_margin_grows_with_the_use(one: int, other: int) -> None:
    assert margin(one) >= 32
    assert not too_low(one + margin(one), one)
    assert too_low(one + margin(one) - 1, one)
    assert margin(min(one, other)) <= margin(max(one, other))


VALUES = st.dictionaries(
    st.sampled_from(["vm/swappiness", "kernel/pid_max", "net/ipv4/ip_forward"]),
    st.from_regex(r"[0-9]{1,6}( [0-9]{1,3})?", fullmatch=True),
)
OWNERS = st.sampled_from(["fleet", "operator"])


@given(VALUES, VALUES, OWNERS, OWNERS)
def test_our_file_has_exactly_the_wanted_values_and_a_second_write_is_none(
    before: Dict[str, str], wanted: Dict[str, str], owner: str, later: str
) -> None:
    first = own_file.rewritten(None, FORM, before, owner)
    second = own_file.rewritten(first, FORM, wanted, later)
    assert own_file.values(second, FORM) == wanted
    assert own_file.owner_of(second) == (later if wanted else None)
    assert own_file.write("sysctl", PATH, second, FORM, wanted, later) == ()
    assert second is None or second.data.count(b"Managed by Limitwise") == 1
    assert bool(own_file.foreign(second, owner, PATH)) == (bool(wanted) and owner != later)


def test_lines_of_others_in_our_file_stay() -> None:
    image = FileImage(b"# mine\nvm.swappiness=7 \n", 0o600, 4, 5)
    after = own_file.rewritten(image, FORM, {"vm/swappiness": "7", "kernel/pid_max": "9"}, "fleet")
    assert after is not None
    assert after.data.endswith(b"# mine\nvm.swappiness=7 \nkernel.pid_max = 9\n")
    assert (after.mode, after.uid, after.gid) == (0o600, 4, 5)


TEXT = b"""vm.a = 1 # limitwise: ignore LW201
# limitwise: ignore LW201, LW202
vm.b = 1
vm.c = 1
; limitwise: ignore  LW203
vm.d = 1
# limitwise: ignore everything
vm.e = 1
"""


@pytest.mark.parametrize(
    ("line", "code", "there"),
    [
        (1, "LW201", False), (1, "LW202", True), (2, "LW202", False), (3, "LW201", False),
        (3, "LW202", False), (3, "LW203", True), (4, "LW201", True), (6, "LW203", False),
        (8, "LW201", True),
    ],
)
def test_a_rule_is_switched_off_where_it_stands(line: int, code: str, there: bool) -> None:
    assert bool(suppress.kept([finding(line, code)], TEXT)) is there
    assert suppress.kept([finding(line, code)], TEXT, [code]) == []


@pytest.mark.parametrize("place", [Place(), Place("f")])
def test_a_finding_without_a_line_is_only_switched_off_by_option(place: Place) -> None:
    one = Finding("LW201", "error", "sysctl", "x", place)
    assert suppress.kept([one], TEXT) == [one]
    assert suppress.kept([one], TEXT, ["LW201"]) == []


@given(st.binary(), st.integers(0, 5))
def test_any_text_can_be_looked_through(data: bytes, line: int) -> None:
    assert len(suppress.kept([finding(line)], data + b" # limitwise: ")) == 1


def test_the_packed_engine_runs_by_itself(tmp_path: Path) -> None:
    archive = tmp_path / "engine.zip"
    archive.write_bytes(confirm.packed(revert.__name__))
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(archive), "none"], capture_output=True, text=True,
        check=False, cwd=str(tmp_path),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("limitwise: there is no run 'none'")
