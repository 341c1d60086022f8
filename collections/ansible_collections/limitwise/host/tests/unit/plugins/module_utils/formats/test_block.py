# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marked block: found, replaced, taken away, and nothing else touched."""

from __future__ import annotations

from typing import List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats.block import replace_block
from ansible_collections.limitwise.host.plugins.module_utils.formats.text import FormatError, split

BEGIN = "# BEGIN limitwise"
END = "# END limitwise"
BLOCK = b"# BEGIN limitwise\nnew\n# END limitwise\n"


@pytest.mark.parametrize(
    ("data", "body", "result"),
    [
        (b"", ["new"], BLOCK),
        (b"", None, b""),
        (b"a\n", None, b"a\n"),
        (b"a\n", ["new"], b"a\n" + BLOCK),
        (b"a", ["new"], b"a\n" + BLOCK),
        (b"a\r\n", ["new"], b"a\r\n" + BLOCK.replace(b"\n", b"\r\n")),
        (b"a\n" + BLOCK + b"b", ["new"], b"a\n" + BLOCK + b"b"),
        (b"a\n" + BLOCK.replace(b"new", b"old\nolder") + b"b", ["new"], b"a\n" + BLOCK + b"b"),
        (b"a\n" + BLOCK + b"b", None, b"a\nb"),
        (b"a\n" + BLOCK[:-1], None, b"a\n"),
        (b"a\n" + BLOCK, [], b"a\n# BEGIN limitwise\n# END limitwise\n"),
        (b"#!/bin/sh\na\nexit 0\n", ["new"], b"#!/bin/sh\na\n" + BLOCK + b"exit 0\n"),
        (b"exit 0\n\n# end", ["new"], BLOCK + b"exit 0\n\n# end"),
        (b"exit 1\n", ["new"], b"exit 1\n" + BLOCK),
        (b"exit 0\na\n", ["new"], b"exit 0\na\n" + BLOCK),
    ],
)
def test_a_block(data: bytes, body: Optional[List[str]], result: bytes) -> None:
    assert replace_block(data, BEGIN, END, body) == result


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a\n# BEGIN limitwise\nb\n", 2),
        (b"a\n# END limitwise\n", 2),
        (b"# END limitwise\n# BEGIN limitwise\n", 1),
        (b"# BEGIN limitwise\n# BEGIN limitwise\n# END limitwise\n", 2),
        (BLOCK + BLOCK, 4),
        (BLOCK + b"# END limitwise\n", 4),
    ],
)
def test_damaged_markers(data: bytes, line: int) -> None:
    for body in (None, ["new"]):
        with pytest.raises(FormatError, match="damaged block") as caught:
            replace_block(data, BEGIN, END, body)
        assert (caught.value.line, caught.value.column) == (line, 1)


@pytest.mark.parametrize("line", ["a\nb", BEGIN, END, "a\0", "a\r"])
def test_a_body_that_could_not_be_found_again(line: str) -> None:
    with pytest.raises(FormatError):
        replace_block(b"", BEGIN, END, [line])


@pytest.mark.parametrize(("begin", "end"), [("", "x"), ("x", ""), ("x", "x"), ("x\n", "y")])
def test_markers_must_tell_apart(begin: str, end: str) -> None:
    with pytest.raises(FormatError):
        replace_block(b"", begin, end, ["new"])


@given(st.binary(max_size=100), st.lists(st.text(st.sampled_from(list("ab =#é")))))
def test_a_block_comes_and_goes(data: bytes, body: List[str]) -> None:
    added = replace_block(data, BEGIN, END, body)
    texts = [line.text for line in split(added)]
    first = texts.index(BEGIN)
    assert texts[first : first + len(body) + 2] == [BEGIN, *body, END]
    assert replace_block(added, BEGIN, END, body) == added
    # Only a missing newline at the end stays added.
    assert replace_block(added, BEGIN, END, None) in (data, data + b"\n")
