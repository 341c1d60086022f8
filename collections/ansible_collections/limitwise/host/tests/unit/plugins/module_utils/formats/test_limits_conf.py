# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""limits.conf: four fields as pam_limits takes them, and the lines it skips."""

from __future__ import annotations

from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats.limits_conf import (
    NoLimits,
    lowered,
    parse,
    render,
)

ROUGH = st.lists(
    st.sampled_from(
        [b"*", b"@u", b"soft", b"-", b"nofile", b"1", b" ", b"\t", b"#", b"\n", b"\r\n", b"\r",
         b"\v", b"\0", b"\xff", b"* - nofile 1\n"]
    )
).map(b"".join)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "fields", "columns"),
    [
        ("* soft nofile 1024", ("*", "soft", "nofile", "1024"), (1, 3, 8, 15)),
        ("@s\t-\tnproc\t 5  ", ("@s", "-", "nproc", "5"), (1, 4, 6, 13)),
        ("  Root HARD NoFile Unlimited", ("Root", "HARD", "NoFile", "Unlimited"), (3, 8, 13, 20)),
        ("* - nofile 5 # why", ("*", "-", "nofile", "5"), (1, 3, 5, 12)),
        ("* - nofile 5#6", ("*", "-", "nofile", "5"), (1, 3, 5, 12)),
        ("* - nofile 65536 and more", ("*", "-", "nofile", "65536 and more"), (1, 3, 5, 12)),
        ("u - chroot /srv/jail", ("u", "-", "chroot", "/srv/jail"), (1, 3, 5, 12)),
        ("\u201c* - nofile 5", ("\u201c*", "-", "nofile", "5"), (1, 4, 6, 13)),
        ("\v* - nofile 5\v", ("*", "-", "nofile", "5"), (2, 4, 6, 13)),
    ],
)
def test_an_entry(line: str, fields: Tuple[str, ...], columns: Tuple[int, ...]) -> None:
    (entry,) = parse(b"\n" + line.encode() + b"\r\n").entries
    assert entry.line == 2
    assert (entry.domain, entry.type, entry.item, entry.value) == fields
    places = (entry.domain_column, entry.type_column, entry.item_column, entry.value_column)
    assert places == columns


@pytest.mark.parametrize("line", ["", " \t", "# * - nofile 5", "   # x", "#"])
def test_nothing(line: str) -> None:
    document = parse(line.encode())
    assert (document.entries, document.no_limits, document.rejected) == ((), (), ())


def test_no_limits() -> None:
    assert parse(b" alice - # none\nbob -x").no_limits == (
        NoLimits(1, "alice", 2),
        NoLimits(2, "bob", 1),
    )


@pytest.mark.parametrize(
    ("line", "fields", "columns"),
    [
        ("soft nproc 65536", ["soft", "nproc", "65536"], [1, 6, 12]),
        ("nofile", ["nofile"], [1]),
        ("* soft", ["*", "soft"], [1, 3]),
        ("* soft nofile  # 5", ["*", "soft", "nofile"], [1, 3, 8]),
    ],
)
def test_too_few_fields(line: str, fields: List[str], columns: List[int]) -> None:
    (bad,) = parse(line.encode()).rejected
    assert (bad.line, bad.text) == (1, line)
    assert (list(bad.fields), list(bad.columns)) == (fields, columns)


def test_only_ascii_letters_are_lowered() -> None:
    assert lowered("NoFile") == "nofile"
    assert lowered("loc\u212a") == "loc\u212a"  # the Kelvin sign is no k for pam_limits


@given(st.one_of(st.binary(max_size=100), ROUGH))
def test_any_bytes_come_back_and_places_are_true(data: bytes) -> None:
    document = parse(data)
    assert render(document) == data
    for entry in document.entries:
        text = document.lines[entry.line - 1].text
        assert text.startswith(entry.domain, entry.domain_column - 1)
        assert text.startswith(entry.type, entry.type_column - 1)
        assert text.startswith(entry.item, entry.item_column - 1)
        assert text.startswith(entry.value, entry.value_column - 1)
        assert entry.value
        assert "#" not in text[: entry.value_column + len(entry.value) - 1]


@pytest.mark.parametrize(
    "data",
    [b"a" * 10_000_000, b" " * 10_000_000 + b"x", b"a " * 5_000_000, b"* - nofile 5\n" * 100_000],
    ids=["word", "blanks", "words", "lines"],
)
def test_huge_input_is_read(data: bytes) -> None:
    document = parse(data)
    assert len(document.entries) + len(document.rejected) == len(document.lines)
