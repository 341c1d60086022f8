# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sysctl.conf: keys in any spelling, assignments with places, and lines that are none."""

from __future__ import annotations

from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import (
    canonical,
    dotted,
    parse,
    render,
)

KEYS = st.text(st.sampled_from(list("ab./-*\t é")), max_size=20)
ROUGH = st.lists(
    st.sampled_from(
        [b"a", b".", b"/", b"-", b"=", b" ", b"\t", b"#", b";", b"*", b"\n", b"\r\n", b"\r", b"\0",
         b"\xff", b"kernel.pid_max = 1\n"]
    )
).map(b"".join)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("kernel.pid_max", "kernel/pid_max"),
        ("kernel/pid_max", "kernel/pid_max"),
        ("vm/swappiness", "vm/swappiness"),
        ("net.ipv4.conf.v0/100.rp_filter", "net/ipv4/conf/v0.100/rp_filter"),
        ("net/ipv4/conf/v0.100/rp_filter", "net/ipv4/conf/v0.100/rp_filter"),
        ("net.ipv4.conf.v0.100.rp_filter", "net/ipv4/conf/v0/100/rp_filter"),
        ("/kernel/pid_max", "kernel/pid_max"),
        ("kernel//pid_max/", "kernel/pid_max"),
        ("kernel..pid_max", "kernel/pid_max"),
        ("kernel/./pid_max", "kernel/pid_max"),
        ("vm/../kernel/core_pattern", "kernel/core_pattern"),
        ("vm.//.kernel.core_pattern", "kernel/core_pattern"),
        ("../../etc/passwd", ".etc.passwd"),
        ("/../../etc/passwd", "../../etc/passwd"),
        ("kernel/../../x", "../x"),
        ("single", "single"),
        ("", ""),
        (".", ""),
        ("/", ""),
    ],
)
def test_one_key_has_one_path(raw: str, path: str) -> None:
    assert canonical(raw) == path


@pytest.mark.parametrize(
    ("path", "spelling"),
    [
        ("kernel/pid_max", "kernel.pid_max"),
        ("net/ipv4/conf/v0.100/rp_filter", "net.ipv4.conf.v0/100.rp_filter"),
        ("net/ipv4/neigh/default/gc_thresh3", "net.ipv4.neigh.default.gc_thresh3"),
        ("v0.100/mtu", "/v0.100/mtu"),
        ("a.b", "/a.b"),
        ("single", "single"),
    ],
)
def test_the_usual_spelling(path: str, spelling: str) -> None:
    assert dotted(path) == spelling
    assert canonical(spelling) == path


@given(KEYS)
def test_a_path_is_its_own_and_survives_its_spelling(raw: str) -> None:
    path = canonical(raw)
    assert canonical(dotted(path)) == path
    assert "//" not in path
    assert not path.startswith("/")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # column, value column, raw key, path, value, ignore errors, exclude, glob
        ("a.b=1", (1, 5, "a.b", "a/b", "1", False, False, False)),
        ("  a.b\t=  1 2\t3 ", (3, 10, "a.b", "a/b", "1 2\t3", False, False, False)),
        ("a.b = 1 # x", (1, 7, "a.b", "a/b", "1 # x", False, False, False)),
        ('a.b = "1"', (1, 7, "a.b", "a/b", '"1"', False, False, False)),
        ("a.b = c = d", (1, 7, "a.b", "a/b", "c = d", False, False, False)),
        ("a.b =", (1, 6, "a.b", "a/b", "", False, False, False)),
        ("- a.b = 1", (3, 9, "a.b", "a/b", "1", True, False, False)),
        (" -a/b=1", (3, 7, "a/b", "a/b", "1", True, False, False)),
        ("-a.b", (2, 5, "a.b", "a/b", "", False, True, False)),
        ("a.*.c = 1", (1, 9, "a.*.c", "a/*/c", "1", False, False, True)),
        ("a.[bc] = 1", (1, 10, "a.[bc]", "a/[bc]", "1", False, False, True)),
    ],
)
def test_an_entry(line: str, expected: Tuple[object, ...]) -> None:
    (entry,) = parse(b"# first\n" + line.encode()).entries
    assert entry.line == 2
    assert (
        entry.column,
        entry.value_column,
        entry.raw_key,
        entry.path,
        entry.value,
        entry.ignore_errors,
        entry.exclude,
        entry.glob,
    ) == expected


@pytest.mark.parametrize("line", ["", "   ", "# a = 1", "; a = 1", "  # a", "#"])
def test_neither_entry_nor_rejected(line: str) -> None:
    document = parse(line.encode() + b"\n")
    assert (document.entries, document.rejected) == ((), ())


@pytest.mark.parametrize(
    ("line", "column"), [("kernel.pid_max 5", 1), ("  x", 3), ("= 5", 1), ("-", 1), (". = 1", 1)]
)
def test_no_assignment(line: str, column: int) -> None:
    document = parse(line.encode())
    assert document.entries == ()
    assert [(bad.line, bad.column, bad.text) for bad in document.rejected] == [
        (1, column, line.strip())
    ]


@given(st.one_of(st.binary(max_size=100), ROUGH))
def test_any_bytes_come_back_and_places_are_true(data: bytes) -> None:
    document = parse(data)
    assert render(document) == data
    for entry in document.entries:
        text = document.lines[entry.line - 1].text
        assert text.startswith(entry.raw_key, entry.column - 1)
        assert text.startswith(entry.value, entry.value_column - 1)


HUGE: List[bytes] = [
    b"a" * 10_000_000,
    b"a." * 5_000_000 + b"= 1",
    b" " * 10_000_000 + b"x = 1",
    b"=" * 10_000_000,
    b"kernel.pid_max = 1\n" * 100_000,
]


@pytest.mark.parametrize("data", HUGE, ids=["word", "dots", "blanks", "equals", "lines"])
def test_huge_input_is_read(data: bytes) -> None:
    document = parse(data)
    assert len(document.entries) + len(document.rejected) == len(document.lines)
