# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every format by key, for any text: edits read back, roll back, and leave other lines alone."""

from __future__ import annotations

import json
import re
from typing import Dict, Iterator, List, Optional, Set

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats import (
    keyed,
    limits_conf,
    sysctl_conf,
    unit_file,
    yaml_text,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats.text import FormatError, split

PIECES: Dict[str, List[bytes]] = {
    "sysctl_conf": [b"a.b", b"a/b", b"c", b"x.*", b" = ", b"=", b"-", b"#", b" 1 "],
    "limits_conf": [b"* - nofile 1\n", b"* ", b"@u\t", b"soft ", b"- ", b"NOFILE ", b"7 8", b" #x"],
    "unit_file": [b"[A]\n", b"[B]\n", b"X=", b"After=", b"v", b"/", b"\\\n", b"#c\n", b"X = 1\n"],
}
COMMON = [b"\n", b"\n", b"\r\n", b" ", b"\t", b"\0", b"\r", b"\xff", b"\xc3\xa9", b"1"]
KEYS: Dict[str, List[str]] = {
    "sysctl_conf": ["a/b", "c", "x/*", "d.e/f", "\udcff"],
    "limits_conf": ["* - nofile", "* soft nofile", "@u - nofile", "new hard nproc"],
    "unit_file": ["A/X", "A/After", "B/X", "B/After", "C/New", "A/New"],
    "json_text": ["/a", "/a/b", "/a/b/c", "/x~1", "/new", "/"],
    "yaml_text": ["/a", "/a/b", "/a/b/c", "/x~1", "/new", "/", "/yes", "/e.f"],
}
JSON_VALUES = st.sampled_from(["1", "1.50", '"x"', "[1, 2]", "{}", "null", '{"k":1}', "wrong"])
VALUES = {"json_text": JSON_VALUES, "yaml_text": JSON_VALUES}
YAML_LINES = [
    b"a: 1\n", b"a:\n", b"  b: 2 # two\n", b"  b:\n", b"    c: '3'\n", b'    d: "4"\n',
    b"a: {b: 1}\n", b"x/: {}\n", b"new: [1, {y: 2}]\n", b"l:\n- 1\n- k: v\n  m: w\n",
    b"e.f: 10%\n", b"'yes': yes\n", b"# c\n", b"  # c\n", b"\n", b"---\n", b"z: ~\r\n", b"q: 0x1f",
]
ANY_VALUE = st.sampled_from(["1", "2 3", "a\nb", "", " x", "y\\", "é", "\udcff"]) | st.text(
    st.sampled_from(list("a1 \t\n\r\0#=\\[]-;\udcc3\udca9é\x0b\x85")), max_size=6
)
JSON_TEXTS = st.builds(
    lambda value, indent: json.dumps(value, indent=indent).encode(),
    st.dictionaries(
        st.sampled_from(["a", "b", "x/", ""]),
        st.recursive(
            st.integers(0, 3),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner)
            ),
            max_leaves=5,
        ),
    ),
    st.sampled_from([None, 2, "\t"]),
)
LINE_FORMATS = tuple(PIECES)
# JSON's strings, which keep their blanks, and the blanks that JSON loses
BLANKS = re.compile(r'("(?:[^"\\]|\\.)*")| ')
# What a text can hold but no edit writes: other readers would see more lines or comments in it.
ODD = re.compile(r"[\0\r#;]|\\$|^[-\s]|\s$|^[^/]*\.|/\s")


def texts(fmt: str) -> st.SearchStrategy[bytes]:
    """Texts that look like the format, with everything that can go wrong in them."""
    if fmt == "json_text":
        return JSON_TEXTS
    if fmt == "yaml_text":
        lines = st.lists(st.sampled_from(YAML_LINES), max_size=8, unique=True).map(b"".join)
        return lines.filter(is_read)
    return st.lists(st.sampled_from(PIECES[fmt] + COMMON), max_size=25).map(b"".join)


def is_read(text: bytes) -> bool:
    try:
        keyed.values("yaml_text", text)
    except FormatError:
        return False
    return True


def changes(fmt: str, data: bytes) -> st.SearchStrategy[Dict[str, Optional[str]]]:
    """Changes of known and new keys; many of the values cannot be written."""
    keys = st.sampled_from(KEYS[fmt] + list(keyed.values(fmt, data)))
    return st.dictionaries(keys, st.none() | VALUES.get(fmt, ANY_VALUE), max_size=4)


def difference(now: Dict[str, str], wanted: Dict[str, str]) -> Dict[str, Optional[str]]:
    """The changes that turn some values into others."""
    return {key: wanted.get(key) for key in [*now, *wanted] if now.get(key) != wanted.get(key)}


def is_subsequence(some: List[str], every: List[str]) -> bool:
    """Whether all of some are among every, in their order."""
    rest: Iterator[str] = iter(every)
    return all(text in rest for text in some)


@pytest.mark.parametrize("fmt", keyed.FORMATS)
@given(st.data())
def test_what_edit_accepts_reads_back(fmt: str, data: st.DataObject) -> None:
    text = data.draw(texts(fmt))
    wanted = data.draw(changes(fmt, text))
    try:
        result = keyed.edit(fmt, text, wanted)
    except FormatError:
        return
    got = keyed.values(fmt, result)
    expected: Dict[str, Optional[str]] = {**keyed.values(fmt, text), **wanted}
    for key, value in expected.items():
        # Without its blanks, which only JSON's values lose; an empty object may have been filled.
        plain = BLANKS.sub(r"\1", value) if value and fmt in VALUES else value
        filled = value == "{}" and any(other.startswith(key + "/") for other in got)
        assert filled or got.get(key) == plain


@pytest.mark.parametrize("fmt", keyed.FORMATS)
@given(st.data())
def test_an_edit_can_be_taken_back(fmt: str, data: st.DataObject) -> None:
    before = data.draw(texts(fmt))
    try:
        after = keyed.edit(fmt, before, data.draw(changes(fmt, before)))
    except FormatError:
        return
    back = difference(keyed.values(fmt, after), keyed.values(fmt, before))
    try:
        restored = keyed.edit(fmt, after, back)
    except FormatError:
        assert any(ODD.search(text) for text in [*back, *filter(None, back.values())])
    else:
        assert keyed.values(fmt, restored) == keyed.values(fmt, before)


@pytest.mark.parametrize("fmt", keyed.FORMATS)
@given(st.data())
def test_what_is_so_already_touches_nothing(fmt: str, data: st.DataObject) -> None:
    text = data.draw(texts(fmt))
    same: Dict[str, Optional[str]] = dict(keyed.values(fmt, text))
    absent = {key: None for key in KEYS[fmt] if key not in same}
    assert keyed.edit(fmt, text, {**same, **absent}) == text


@given(st.data())
def test_other_lines_of_yaml_stay(data: st.DataObject) -> None:
    """Only the lines from a changed key to the next one, and those that lead to it, may go."""
    text = data.draw(texts("yaml_text"))
    wanted = data.draw(changes("yaml_text", text))
    try:
        result = keyed.edit("yaml_text", text, wanted)
    except FormatError:
        return
    touched = {
        key.split("/")[1]
        for key in difference(keyed.values("yaml_text", text), keyed.values("yaml_text", result))
    }
    top, others = "", []
    document = yaml_text.parse(text)
    column = document.place(document.root.start)[1] - 1
    for line in split(text):
        match = re.match(r"'?([^\s#'-][^:']*)'?:", line.text[column:])
        top = match.group(1).replace("/", "~1") if match else top
        if top not in touched:
            others.append(line.text)
    assert is_subsequence(others, [line.text for line in split(result)])


@pytest.mark.parametrize("fmt", LINE_FORMATS)
@given(st.data())
def test_other_lines_stay(fmt: str, data: st.DataObject) -> None:
    text = data.draw(texts(fmt))
    wanted = data.draw(changes(fmt, text))
    try:
        result = keyed.edit(fmt, text, wanted)
    except FormatError:
        return
    touched = difference(keyed.values(fmt, text), keyed.values(fmt, result))
    spoken_for = lines_of(fmt, text, set(touched))
    # A carriage return at the very end becomes part of the ending when lines follow.
    others = [line.text.rstrip("\r") for line in split(text) if line.number not in spoken_for]
    assert is_subsequence(others, [line.text.rstrip("\r") for line in split(result)])


def lines_of(fmt: str, data: bytes, keys: Set[str]) -> Set[int]:
    """The numbers of the lines that assign one of the keys."""
    if fmt == "sysctl_conf":
        return {entry.line for entry in sysctl_conf.parse(data).entries if entry.path in keys}
    if fmt == "limits_conf":
        return {
            entry.line
            for entry in limits_conf.parse(data).entries
            if " ".join([entry.domain, entry.type.lower(), entry.item.lower()]) in keys
        }
    return {
        number
        for entry in unit_file.parse(data).entries
        if f"{entry.section}/{entry.key}" in keys
        for number in range(entry.line, entry.last_line + 1)
    }


@pytest.mark.parametrize("fmt", keyed.FORMATS)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(fmt: str, data: bytes) -> None:
    try:
        values = keyed.values(fmt, data)
    except FormatError:
        assert fmt in VALUES
    else:
        assert set(keyed.places(fmt, data)) == set(values)
