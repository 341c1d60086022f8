# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json: as strict as the standard parser, with a place for everything that is wrong."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats.json_text import (
    DEEPEST,
    Object,
    compact,
    parse,
    parse_value,
    quoted,
    render,
    to_python,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats.text import FormatError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)
ROUGH = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", ",", ":", '"', '"a"', "\\", "\\u00e9", "\n", "\r\n", " ", "1", "-",
         "0", ".5", "e3", "true", "null", "nul", "é", "\0", "\x85"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


def refuse_constant(name: str) -> None:
    raise ValueError(name)


def standard(text: str) -> Dict[str, Any]:
    """What Python's own parser reads, held to the same strictness."""
    value = json.loads(text, parse_constant=refuse_constant)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


@given(OBJECTS, st.sampled_from([None, 1, 4, "\t"]), st.booleans())
def test_reads_what_the_standard_parser_writes(
    value: Dict[str, Any], indent: Any, ascii_only: bool
) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    document = parse(data)
    assert render(document) == data
    assert to_python(document.root) == value
    assert json.loads(compact(document.root)) == value


@given(ROUGH | st.builds(lambda inside: "{" + inside + "}", ROUGH))
def test_takes_and_refuses_what_the_standard_parser_does(text: str) -> None:
    try:
        expected = standard(text)
    except ValueError:
        expected = {}
        if text.strip(" \t\r\n"):
            with pytest.raises(FormatError) as caught:
                parse(text.encode())
            assert 1 <= (caught.value.line or 0) <= text.count("\n") + 1
            assert (caught.value.column or 0) >= 1
            return
    assert to_python(parse(text.encode()).root) == expected


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_a_place(data: bytes) -> None:
    try:
        result = render(parse(data))
    except FormatError as problem:
        result = data if problem.line and problem.column else b"no place"
    assert result == data


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("\ufeff{}", 1, 1, "byte order mark"),
        ("[]", 1, 1, "must be an object"),
        ('\n "x"', 2, 2, "must be an object"),
        ('{\n  "a": 1,\n}', 2, 9, "a comma before '}'"),
        ('{"a": [1, 2, ]}', 1, 12, "a comma before ']'"),
        ('{\n  // why\n  "a": 1}', 2, 3, "no comments"),
        ('{"a": 1 /* x */}', 1, 9, "no comments"),
        ("# x\n{}", 1, 1, "no comments"),
        ('{"a" 1}', 1, 6, "expected ':' after the key 'a', found '1'"),
        ('{"a": }', 1, 7, "expected a value, found '}'"),
        ('{"a": 1 "b": 2}', 1, 9, "expected ',' or '}'"),
        ('{"a": [1 2]}', 1, 10, "expected ',' or ']'"),
        ("{a: 1}", 1, 2, "expected a key in double quotes, found 'a'"),
        ("{'a': 1}", 1, 2, "expected a key in double quotes"),
        ('{"a": 1', 1, 8, "found the end of the text"),
        ('{"a": True}', 1, 7, "expected a value, found 'T'"),
        ('{"a": NaN}', 1, 7, "expected a value"),
        ('{"a": 01}', 1, 8, "expected ',' or '}'"),
        ('{"a": 1.}', 1, 8, "expected ',' or '}'"),
        ('{"a": "x}', 1, 7, "in a string: Unterminated"),
        ('{"a": "x\ty"}', 1, 9, "in a string: Invalid control character"),
        ('{"a": "\\x"}', 1, 8, "in a string: Invalid \\\\escape"),
        ("{}\n}", 2, 1, "more after the end"),
        ('{"a": "\udcff"}', 1, 8, "not UTF-8"),
    ],
)
def test_an_error_has_its_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        parse(text.encode("utf-8", "surrogateescape"))
    assert (caught.value.line, caught.value.column) == (line, column)


def test_depth_is_limited() -> None:
    inside = DEEPEST - 1
    parse(b'{"a":' + b"[" * inside + b"]" * inside + b"}")
    with pytest.raises(FormatError, match="deeper than 100") as caught:
        parse(b'{"a":' + b"[" * 1_000_000)
    assert (caught.value.line, caught.value.column) == (1, 5 + DEEPEST)


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t"])
def test_nothing_is_an_empty_object(data: bytes) -> None:
    document = parse(data)
    assert document.root.members == ()
    assert render(document) == data


def test_everything_has_a_place() -> None:
    document = parse(b'{\n  "a": 1,\r\n\t"b": {"c": [true]}\n}')
    first, second = document.root.members
    assert document.place(first.start) == (2, 3)
    assert document.place(first.value.start) == (2, 8)
    assert document.place(second.start) == (3, 2)
    assert isinstance(second.value, Object)
    assert document.place(second.value.members[0].start) == (3, 8)
    assert document.place(second.value.members[0].value.start) == (3, 13)


def test_duplicates() -> None:
    document = parse(b'{"a": 1, "b": [{"c": 1, "c": 2}],\n "a": 3, "a": 4}')
    assert [(twice.path, twice.line, twice.column) for twice in document.duplicates()] == [
        (("b", "0", "c"), 1, 25),
        (("a",), 2, 2),
        (("a",), 2, 10),
    ]
    assert to_python(document.root) == {"a": 4, "b": [{"c": 2}]}
    assert compact(document.root) == '{"a":4,"b":[{"c":2}]}'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("18446744073709551616", 18446744073709551616),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("1e999", float("inf")),
        ("9" * 5000, float("inf")),
        ('"\\u00e9"', "é"),
        ("null", None),
        ("[true, false]", [True, False]),
    ],
)
def test_values(text: str, value: object) -> None:
    assert to_python(parse_value(text)) == value


@pytest.mark.parametrize(
    ("text", "compacted"),
    [
        (" 1.50 ", "1.50"),
        ("1E+3", "1E+3"),
        ("9" * 50, "9" * 50),
        ('[ 1, {"b" : "\\u00e9"} ]', '[1,{"b":"é"}]'),
        ('"\\ud800x"', '"\\ud800x"'),
        ('"\\ud83d\\ude00"', '"😀"'),
        ('"\\u0000"', '"\\u0000"'),
    ],
)
def test_compact_keeps_numbers_as_written(text: str, compacted: str) -> None:
    assert compact(parse_value(text)) == compacted
    assert compact(parse_value(compacted)) == compacted


@pytest.mark.parametrize("text", ["", "1 2", '1,"b":2', "1}", "nul", "\ud800"])
def test_what_is_no_value(text: str) -> None:
    with pytest.raises(FormatError):
        parse_value(text)


@given(st.text(st.characters(), max_size=20))
def test_quoted_is_json(text: str) -> None:
    assert json.loads(quoted(text)) == text
    quoted(text).encode()


HUGE: List[Tuple[bytes, int]] = [
    (b'{"a": "' + b"x" * 10_000_000 + b'"}', 1),
    (b'{"a": "' + b"\\n" * 5_000_000 + b'"}', 1),
    (b'{"a": ' + b"9" * 10_000_000 + b"}", 1),
    (b"{" + b" " * 10_000_000 + b"}", 0),
    (b"{" + b",\n".join(b'"k%d": %d' % (n, n) for n in range(100_000)) + b"}", 100_000),
]


@pytest.mark.parametrize(
    ("data", "members"), HUGE, ids=["string", "escapes", "digits", "blanks", "lines"]
)
def test_huge_input_is_read(data: bytes, members: int) -> None:
    assert len(parse(data).root.members) == members
