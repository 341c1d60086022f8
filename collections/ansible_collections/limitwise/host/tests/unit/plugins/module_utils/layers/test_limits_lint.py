# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lint of limits files: every rule of pam_limits on a line of its own; clean files stay clean."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import Finding
from ansible_collections.limitwise.host.plugins.module_utils.formats import limits_conf
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.accounts import (
    read_accounts,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.facts import (
    NO_FACTS,
    Facts,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.lint import lint

HOST = Facts(
    version=(1, 7, 0),
    nr_open=1048576,
    accounts=read_accounts(
        b"root:x:0:0::/:/bin/sh\napp:x:1001:1001::/:/bin/sh\n",
        b"app:x:1001:\naudio:x:29:app\n",
        b"",
    ),
)


def codes(text: str, facts: Facts = NO_FACTS) -> List[str]:
    return [finding.code for finding in lint(text.encode(), "f", facts)]


def only(text: str, facts: Facts = NO_FACTS) -> Finding:
    (finding,) = lint(text.encode(), "f", facts)
    return finding


CLEAN = """\
# a comment, and below every form that pam_limits takes
*               soft    core            0
root            hard    core            100000
*\thard\trss\t10000
@student        hard    nproc           20
@faculty        soft    nproc           20
@faculty        hard    nproc           50
ftp             hard    nproc           0
ftp             -       chroot          /ftp
@student        -       maxlogins       4   # four are enough
@student        -       nonewprivs      1
:123            hard    cpu             5000
@500:           soft    cpu             10000
600:700         hard    locks           10
%               -       maxlogins       100
%student        -       maxlogins       10
%:500           hard    maxlogins       10
  *   Hard   NoFile   65536
* SOFT nproc UNLIMITED
* hard nproc Infinity
* - memlock -1
oracle soft stack -
oracle -
@audio - rtprio 95
@audio - nice -19
@audio - priority -5
@audio - rttime 200000
* anything maxsyslogins 50
* - as unlimited#no blank before
* - sigpending 127893
mysql - msgqueue 819200
mysql - nofile 1048576
josé - nofile 1024
DOMAIN\\user - nofile 1024
user.name@example.org - nofile 1024
"""


@pytest.mark.parametrize(
    "text", [CLEAN, CLEAN.rstrip("\n"), "", "\n\n", "#", CLEAN.replace("\n", "\n\n"), "\t\n"]
)
def test_a_clean_file_in_any_style_gives_nothing(text: str) -> None:
    assert lint(text.encode(), "f") == []


def test_numbers_and_words_in_dos_lines() -> None:
    text = "* - nofile 1024\r\n# x\r\n* - as unlimited # tail\r\n* - core -1\r\n"
    assert codes(text) == []


@pytest.mark.parametrize(
    ("line", "code", "column", "suggestion", "fixed"),
    [
        # case 1: the typo that hid the real cause
        ("* - noproc 65536", "LW102", 5, "nproc", "* - nproc 65536"),
        ("root hard nofiles 65536  # x", "LW102", 11, "nofile", "root hard nofile 65536  # x"),
        ("*\thard\tNFILE\t5", "LW102", 8, "nofile", "*\thard\tnofile\t5"),
        ("* hard zzzzzzzz 5", "LW102", 8, None, None),
        # no domain
        ("soft nproc 65536", "LW104", 1, "*", "* soft nproc 65536"),
        ("  hard noproc 65536", "LW104", 3, "*", "  * hard nproc 65536"),
        ("nproc - 65536", "LW104", 1, "*", "* - nproc 65536"),
        ("- nofile unlimited", "LW104", 1, "*", "* - nofile unlimited"),
        ("hard nproc 65536 of them", "LW104", 1, "*", None),
        # other counts of fields
        ("*hard nofile 65536", "LW101", 1, "* hard", "* hard nofile 65536"),
        ("*- nofiles 65536", "LW101", 1, "* -", "* - nofile 65536"),
        ("* hard nofile=65536", "LW101", 1, "nofile 65536", "* hard nofile 65536"),
        ("* -nofile 65536", "LW101", 1, "- nofile", "* - nofile 65536"),
        ("* nofile 65536", "LW101", 1, None, None),
        ("65536", "LW101", 1, None, None),
        ("* hard", "LW101", 1, None, None),
        ("* hard nofile", "LW101", 1, None, None),
        ("* hard nofile # 65536", "LW101", 1, None, None),
        # types
        ("* harf nofile 5", "LW103", 3, "hard", "* hard nofile 5"),
        ("* both nofile 5", "LW103", 3, "-", "* - nofile 5"),
        ("* nofile hard 5", "LW103", 3, "hard", "* hard nofile 5"),
        ("* zzzzzz nofile 5", "LW103", 3, None, None),
        # values
        ("* hard nofile 64k", "LW105", 15, "65536", None),
        ("* hard nofile 65,536", "LW105", 15, None, None),
        ("* hard nofile 65536;", "LW105", 15, "65536", "* hard nofile 65536"),
        ("* hard nproc 37somegarbage", "LW105", 14, None, None),
        ("* hard nproc 65536 trailing words", "LW105", 14, None, None),
        ("* hard nproc -5", "LW105", 14, None, None),
        ("* hard nproc unlimted", "LW106", 14, "unlimited", "* hard nproc unlimited"),
        ("* hard nproc unlimited words", "LW106", 14, None, None),
        ("* hard nproc lots", "LW106", 14, None, None),
        ("* - nice unlimited", "LW106", 10, None, None),
        ("* - priority infinity", "LW106", 14, None, None),
        ("* - nonewprivs 2", "LW106", 16, None, None),
        ("* hard nofile 9999999999", "LW107", 15, None, None),
        # characters that only look right
        ("\u201c*\u201d hard nofile 5", "LW109", 1, None, "* hard nofile 5"),
        ('"*" hard nofile 5', "LW109", 1, None, "* hard nofile 5"),
        ("*\u00a0hard nofile 5", "LW109", 2, None, "* hard nofile 5"),
        ("* \u2013 nofile 5 # \u2013", "LW109", 3, None, "* - nofile 5 # \u2013"),
        ("\ufeff* - nofile 5", "LW109", 1, None, "* - nofile 5"),
        ("* - nofile '5'", "LW109", 12, None, "* - nofile 5"),
        # domains
        ("% hard nproc 5", "LW112", 1, None, None),
        ("%student - maxsyslogins 5", "LW112", 1, None, None),
        ("900:800 - nproc 5", "LW115", 1, None, None),
        ("a:b - nproc 5", "LW115", 1, None, None),
        ("%5:6 - maxlogins 5", "LW115", 1, None, None),
        ("*soft - nproc 5", "LW126", 1, "*", None),
        ("- - nproc 5", "LW126", 1, "*", None),
        ("@ - nproc 5", "LW126", 1, None, None),
        ("* -", "LW121", 1, None, None),
        ("%student -", "LW121", 1, None, None),
        ("x:y -", "LW115", 1, None, None),
        # not text
        ("* - nofile 5\0 6", "LW123", 13, None, None),
    ],
)
def test_one_wrong_line(
    line: str, code: str, column: int, suggestion: Optional[str], fixed: Optional[str]
) -> None:
    finding = only("* - core 0\n" + line + "\n")
    assert (finding.code, finding.place.line, finding.place.column) == (code, 2, column)
    assert (finding.suggestion, finding.fixed_line) == (suggestion, fixed)
    assert finding.severity == "error"
    assert finding.place.file == "f"


@pytest.mark.parametrize(
    "line",
    ["* - noproc 65536", "soft nproc 65536", "nproc - 65536", "*hard nofile 65536",
     "* hard nofile=65536", "* both nofile 5", "\u201c*\u201d hard nofile 5", "* nofile hard 5",
     "* hard nofile 65536;", "* hard nproc unlimted"],
)  # fmt: skip
def test_a_fixed_line_is_clean(line: str) -> None:
    fixed = only(line).fixed_line
    assert fixed is not None
    assert lint(fixed.encode(), "f") == []


@pytest.mark.parametrize(
    ("line", "version", "wanted"),
    [
        ("* - nofile unlimited\r\n", None, ["LW110"]),
        ("* - nofile unlimited\r\n", (1, 6, 0), ["LW110"]),
        ("* - nofile unlimited\r\n", (1, 5, 3), []),
        ("* - nofile unlimited\n", None, []),
        ("* - nofile unlimited\n", (1, 5, 2), []),
        ("* - nofile unlimited\n", (1, 5, 1), ["LW108"]),
        ("* - nofile -1\n", (1, 3, 1), ["LW108"]),
        ("* - nproc unlimited\n", (1, 3, 1), []),
        ("* - as  unlimited\n", (1, 6, 0), ["LW124"]),
        ("* - as unlimited \n", (1, 6, 0), ["LW124"]),
        ("* - as unlimited\n", (1, 6, 0), []),
        ("* - as  unlimited\n", (1, 6, 1), []),
        ("* - as  5 \n", (1, 6, 0), []),
        ("* - rttime 5\n", (1, 7, 0), ["LW118"]),
        ("* - rttime 5\n", (1, 7, 1), []),
        ("* - nonewprivs 1\n", (1, 4, 0), ["LW118"]),
        ("* - nonewprivs 1\n", (1, 5, 0), []),
    ],
)
def test_by_version(
    line: str, version: Optional[Tuple[int, ...]], wanted: List[str]
) -> None:
    assert codes(line, Facts(version=version)) == wanted


@pytest.mark.parametrize(
    ("number", "nr_open", "severity"),
    [
        (1048576, None, None), (1048577, None, "warning"), (2147483585, None, "error"),
        (1048577, 1048576, "error"), (1048577, 1073741816, None), (524289, 524288, "error"),
    ],
)  # fmt: skip
def test_nofile_against_nr_open(
    number: int, nr_open: Optional[int], severity: Optional[str]
) -> None:
    found = lint(f"* - nofile {number}\n".encode(), "f", Facts(nr_open=nr_open))
    assert [(one.code, one.severity) for one in found] == (
        [("LW107", severity)] if severity else []
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("* soft nofile 10\n* hard nofile 5\n", [("LW111", 1, "5")]),
        ("* hard nofile 5\n* soft nofile 10\n", [("LW111", 2, "5")]),
        ("* - nofile 10\n* hard nofile 5\n", [("LW111", 1, "5")]),
        ("* soft nofile unlimited\n* hard nofile 5\n", [("LW111", 1, "5")]),
        ("* soft nofile 10\n* hard nofile unlimited\n", []),
        ("* soft nofile 10\n@x hard nofile 5\n", []),
        ("* soft nice 10\n* hard nice 5\n", []),
        # overridden in the same file
        ("* - nofile 10\n* - nofile 20\n", [("LW122", 1, None)]),
        ("* - nofile 10\n* soft nofile 5\n* hard nofile 20\n", [("LW122", 1, None)]),
        ("* - nofile 10\n* hard nofile 20\n", []),
        ("* - nofile 10\n* - nofile 10\n", []),
        ("app - nofile 10\n* - nofile 20\n", []),
    ],
)
def test_lines_against_each_other(
    text: str, wanted: List[Tuple[str, int, Optional[str]]]
) -> None:
    found = lint(text.encode(), "f")
    assert [(one.code, one.place.line, one.suggestion) for one in found] == wanted
    assert all(one.severity == "warning" for one in found)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("app - nproc 5", []), ("nobdy - nproc 5", ["LW113"]), ("@audio - rtprio 5", []),
        ("@adio - rtprio 5", ["LW113"]), ("%audio - maxlogins 5", []), ("5000: - nproc 5", []),
        ("nobdy -", ["LW113"]), ("* - nproc 5", []),
    ],
)  # fmt: skip
def test_domains_of_a_host(line: str, wanted: List[str]) -> None:
    assert codes(line, HOST) == wanted
    directory = replace(HOST, accounts=replace(HOST.accounts, complete=False))
    assert codes(line, directory) == []


def test_a_huge_line_is_not_shown_whole() -> None:
    finding = only("* hard " + "x" * 10_000_000 + " 5")
    assert finding.code == "LW102"
    assert len(finding.message) < 200
    assert finding.fixed_line is None


def test_every_finding_of_many_lines_has_its_line() -> None:
    text = "".join(f"* - noproc {number}\n" for number in range(1, 3001))
    assert [one.place.line for one in lint(text.encode(), "f")] == list(range(1, 3001))


@given(st.binary(max_size=400))
def test_any_bytes_are_judged(data: bytes) -> None:
    for finding in lint(data, "f", HOST):
        assert finding.place.line is not None
        assert str(finding)


WORDS = st.sampled_from(
    ["*", "@g", "%", "app", "1:", "soft", "hard", "-", "nofile", "nproc", "noproc", "nice", "64k",
     "5", "unlimited", "-1", "\u201c*\u201d", "# x", "=", "*hard", "nofile=5", "\t", "\r"]
)  # fmt: skip


@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=5).map("\n".join))
def test_a_fixed_line_always_reads_as_a_limit(text: str) -> None:
    for finding in lint(text.encode(), "f", HOST):
        if finding.fixed_line is not None and finding.code in ("LW101", "LW104"):
            assert limits_conf.parse(finding.fixed_line.encode()).entries
