# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit files: sections, continued lines, comments, and what systemd skips."""

from __future__ import annotations

from typing import Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats.unit_file import (
    parse,
    render,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats.unit_lists import is_list

ROUGH = st.lists(
    st.sampled_from(
        [b"[", b"]", b"[Slice]\n", b"A", b"=", b"1", b" ", b"\t", b"\\", b"\\\n", b"#", b";", b"\n",
         b"\r\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf"]
    )
).map(b"".join)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # column, key, value, value column, last line; the entry begins in line 2
        (b"A=1", (1, "A", "1", 3, 2)),
        (b"  A \t=  1 2 ", (3, "A", "1 2", 9, 2)),
        (b"A=", (1, "A", "", 3, 2)),
        (b"A= b=c", (1, "A", "b=c", 4, 2)),
        (b"A=1 # no comment", (1, "A", "1 # no comment", 3, 2)),
        (b"A=1 \\\n  2", (1, "A", "1    2", 3, 3)),
        (b"A=1\\\r\n2\r\n", (1, "A", "1 2", 3, 3)),
        (b"A=1\\\n# in between\n; too\n2\n", (1, "A", "1 2", 3, 5)),
        (b"A=\\\n2", (1, "A", "2", None, 3)),
        (b"A\\\n=2", (1, "A", "2", None, 3)),
        (b"A=1\\\n\nB", (1, "A", "1", 3, 3)),
        (b"A=1\\\n", (1, "A", "1", 3, 2)),
        (b"A=1\\\\\nB", (1, "A", "1\\\\", 3, 2)),
        (b"A=1\\ \nB", (1, "A", "1\\", 3, 2)),
    ],
)
def test_an_entry(body: bytes, expected: Tuple[int, str, str, Optional[int], int]) -> None:
    entry = parse(b"[Slice]\n" + body).entries[0]
    assert (entry.line, entry.section) == (2, "Slice")
    assert (entry.column, entry.key, entry.value, entry.value_column, entry.last_line) == expected


def test_sections_go_on() -> None:
    document = parse(b" [A]\nX=1\n[B]\nX=2\n[A\\\n]\nX=3\n[A]\nX=4\n")
    assert [(s.name, s.line, s.column, s.last_line) for s in document.sections] == [
        ("A", 1, 2, 1),
        ("B", 3, 1, 3),
        ("A ", 5, 1, 6),
        ("A", 8, 1, 8),
    ]
    assert [(e.section, e.value) for e in document.entries] == [
        ("A", "1"),
        ("B", "2"),
        ("A ", "3"),
        ("A", "4"),
    ]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert parse(b"\xef\xbb\xbf[A]\nX=1").entries[0].section == "A"


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"A=1\n[S]\n", 1, "assignment outside of a section"),
        (b"[S]\n TasksMax 5\n", 2, "no '=' in this line"),
        (b"[S]\n=5\n", 2, "no name before '='"),
        (b"[S\nA=1", 1, "broken section header"),
        (b"[", 1, "broken section header"),
        (b"[S'] ", 1, "broken section header"),
    ],
)
def test_what_systemd_skips(data: bytes, line: int, reason: str) -> None:
    bad = parse(data).rejected[0]
    assert (bad.line, bad.reason) == (line, reason)


def test_nothing_is_read_after_a_broken_header() -> None:
    document = parse(b"[S]\nA=1\n[T\nB=2\n[U]\nC=3\n# comment\n")
    assert [entry.key for entry in document.entries] == ["A"]
    assert document.stopped_at == 3
    assert [bad.line for bad in document.rejected] == [3, 4, 5, 6]


@pytest.mark.parametrize("directive", ["ExecStart", "After", "AllowedCPUs", "ConditionHost"])
def test_directives_that_add_up(directive: str) -> None:
    assert is_list(directive)


@pytest.mark.parametrize("directive", ["TasksMax", "MemoryMax", "LimitNOFILE", "Slice", "Nonsense"])
def test_directives_of_which_the_last_counts(directive: str) -> None:
    assert not is_list(directive)


@given(st.one_of(st.binary(max_size=100), ROUGH))
def test_any_bytes_come_back_and_places_are_true(data: bytes) -> None:
    document = parse(data)
    assert render(document) == data
    for entry in document.entries:
        text = document.lines[entry.line - 1].text
        assert entry.line <= entry.last_line <= len(document.lines)
        if entry.line == entry.last_line:
            assert text.startswith(entry.key, entry.column - 1)
            assert entry.value_column is not None
            # A backslash at the file's end reads as a blank.
            assert text.startswith(entry.value, entry.value_column - 1)


@pytest.mark.parametrize(
    ("data", "entries"),
    [
        (b"[S]\nA=" + b"x" * 10_000_000, 1),
        (b"[S]\nA=" + b"\\" * 10_000_001, 1),
        (b"[S]\nA=" + b"x\\\n" * 100_000, 1),
        (b"[S]\n" + b" " * 10_000_000 + b"A=1", 1),
        (b"[S]\n" + b"A=1\n" * 100_000, 100_000),
    ],
    ids=["word", "backslashes", "continued", "blanks", "lines"],
)
def test_huge_input_is_read(data: bytes, entries: int) -> None:
    assert len(parse(data).entries) == entries
