# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines: any bytes come back, and a revision touches only what it names."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats.text import (
    FormatError,
    Line,
    Revision,
    encode,
    join,
    refuse_control,
    split,
)

ROUGH = st.lists(
    st.sampled_from([b"a", b" ", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xa9", b"\x85"])
).map(b"".join)
ANY_BYTES = st.one_of(st.binary(max_size=200), ROUGH)


@given(ANY_BYTES)
def test_any_bytes_come_back(data: bytes) -> None:
    assert join(split(data)) == data


@given(ANY_BYTES)
def test_only_a_newline_ends_a_line(data: bytes) -> None:
    lines = split(data)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert sum(line.ending.endswith("\n") for line in lines) == data.count(b"\n")
    assert all("\n" not in line.text for line in lines)
    assert all(line.ending for line in lines[:-1])


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [Line(1, "", "\n")]),
        (b"a", [Line(1, "a", "")]),
        (b"a\n", [Line(1, "a", "\n")]),
        (b"a\r\nb", [Line(1, "a", "\r\n"), Line(2, "b", "")]),
        (b"a\r\r\n", [Line(1, "a\r", "\r\n")]),
        (b"a\rb\n", [Line(1, "a\rb", "\n")]),
        (b"a\r", [Line(1, "a\r", "")]),
        ("a\x0bb\x85c\u2028d\n".encode(), [Line(1, "a\x0bb\x85c\u2028d", "\n")]),
        (b"\xff\0\n", [Line(1, "\udcff\0", "\n")]),
    ],
)
def test_lines(data: bytes, lines: List[Line]) -> None:
    assert list(split(data)) == lines


@pytest.mark.parametrize(
    ("data", "texts", "added", "result"),
    [
        (b"a\nb\n", {}, {}, b"a\nb\n"),
        (b"a\nb\n", {1: "c"}, {}, b"c\nb\n"),
        (b"a\nb\n", {1: None}, {}, b"b\n"),
        (b"a\nb", {2: None}, {}, b"a\n"),
        (b"a\nb", {2: "c"}, {}, b"a\nc"),
        (b"a\nb", {}, {2: ["c"]}, b"a\nb\nc\n"),
        (b"a\r\nb", {}, {2: ["c", "d"]}, b"a\r\nb\r\nc\r\nd\r\n"),
        (b"a\r\nb\n", {2: "c"}, {1: ["n"]}, b"a\r\nn\r\nc\n"),
        (b"a\n", {1: None}, {1: ["b"]}, b"b\n"),
        (b"", {}, {0: ["a"]}, b"a\n"),
        (b"b", {}, {0: ["a"]}, b"a\nb"),
    ],
)
def test_a_revision(
    data: bytes, texts: Dict[int, Optional[str]], added: Dict[int, List[str]], result: bytes
) -> None:
    assert Revision(texts, added).apply(split(data)) == result


def test_more_lines_follow_those_already_added() -> None:
    revision = Revision()
    revision.add(1, ["b"])
    revision.add(1, ["c"])
    assert revision.apply(split(b"a\nd\n")) == b"a\nb\nc\nd\n"


@pytest.mark.parametrize("text", ["a\nb", "a\r", "\0", "\ud800", "a\udc41"])
def test_what_no_line_holds_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="cannot"):
        refuse_control("the value", text)


@pytest.mark.parametrize("text", ["", "é", "\udcff", "\x85", "\u2028", "\t"])
def test_what_a_line_holds_passes(text: str) -> None:
    refuse_control("the value", text)
    assert split(encode(text)) == split(text.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    ("place", "text"),
    [((None, None), "wrong"), ((3, None), "3: wrong"), ((3, 4), "3:4: wrong")],
)
def test_an_error_says_where(place: Tuple[Optional[int], Optional[int]], text: str) -> None:
    assert str(FormatError("wrong", *place)) == text
