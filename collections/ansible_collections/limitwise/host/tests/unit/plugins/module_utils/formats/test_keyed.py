# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every format by key: what counts, where it stands, and edits that touch only their lines."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.formats import keyed
from ansible_collections.limitwise.host.plugins.module_utils.formats.text import FormatError

Changes = Dict[str, Optional[str]]


@pytest.mark.parametrize(
    ("fmt", "data", "values"),
    [
        (
            "sysctl_conf",
            b"a.b = 1\na/b = 2\nx.*.y=3\nnet.ipv4.conf.v0/1.z = 4\nnone\n",
            {"a/b": "2", "x/*/y": "3", "net/ipv4/conf/v0.1/z": "4"},
        ),
        ("sysctl_conf", b"a.b = 1\n-a.b\nc.d = 1\n-c.d\nc.d = 2", {"c/d": "2"}),
        (
            "limits_conf",
            b"* soft nofile 1\n* SOFT NoFile Unlimited\n* - nofile 3\nbob -\nnproc 5",
            {"* soft nofile": "Unlimited", "* - nofile": "3"},
        ),
        (
            "unit_file",
            b"[Slice]\nMemoryMax=1G\nMemoryMax=\n[Service]\nMemoryMax=5\n[Slice]\nMemoryMax=2G\n",
            {"Slice/MemoryMax": "2G", "Service/MemoryMax": "5"},
        ),
        (
            "unit_file",
            b"[Slice]\nMemoryMax=2G\nMemoryMax=\n[S]\nAfter=a\nAfter=b\nBefore=c\nBefore=\n",
            {"Slice/MemoryMax": "", "S/After": "a\nb", "S/Before": ""},
        ),
        ("unit_file", b"[S]\nAfter=a\nAfter=\nAfter=b\nAfter=c\n", {"S/After": "\nb\nc"}),
        ("unit_file", b"[S]\na/b=1\n", {}),
        (
            "json_text",
            b'{"a": {"b": 1.0, "c": {}}, "l": [ 1, 2 ], "x/~": "\\u00e9", "": null}',
            {"/a/b": "1.0", "/a/c": "{}", "/l": "[1,2]", "/x~1~0": '"é"', "/": "null"},
        ),
        ("json_text", b'{"a": {"b": 1}, "a": {"c": 2}}', {"/a/c": "2"}),
    ],
)
def test_values(fmt: str, data: bytes, values: Dict[str, str]) -> None:
    assert keyed.values(fmt, data) == values
    assert list(keyed.places(fmt, data)) == list(keyed.values(fmt, data))


@pytest.mark.parametrize(
    ("fmt", "data", "places"),
    [
        ("sysctl_conf", b"a.b = 1\n  a/b = 2\n", {"a/b": (2, 3)}),
        ("limits_conf", b"* - nofile 1\n\n * - nofile 2\n", {"* - nofile": (3, 2)}),
        ("unit_file", b"[S]\nAfter=a\n  After=b\n", {"S/After": (3, 3)}),
        ("json_text", b'{\n  "a": {"b": 1}\n}', {"/a/b": (2, 9)}),
    ],
)
def test_places(fmt: str, data: bytes, places: Dict[str, Tuple[int, int]]) -> None:
    assert keyed.places(fmt, data) == places


@pytest.mark.parametrize("fmt", keyed.FORMATS)
def test_nothing_is_a_document(fmt: str) -> None:
    assert keyed.values(fmt, b"") == {}
    assert keyed.edit(fmt, b"", {}) == b""


@pytest.mark.parametrize(
    ("data", "changes", "result"),
    [
        (b"", {"a/b": "1"}, b"a.b = 1\n"),
        (b"# End", {"a/b": "1"}, b"# End\na.b = 1\n"),
        (b"x = 1\r\n", {"a/b": "1"}, b"x = 1\r\na.b = 1\r\n"),
        (b"# c\n  a/b=1 \t\nx = 2", {"a/b": "2 3"}, b"# c\n  a/b=2 3\nx = 2"),
        (b"x = 2\na.b = 1", {"a/b": "2"}, b"x = 2\na.b = 2"),
        (b"- a.b = 1\n", {"a/b": "2"}, b"- a.b = 2\n"),
        (b"a.b =\n", {"a/b": "2"}, b"a.b =2\n"),
        (b"a.b = 1\na/b = 2\n", {"a/b": "3"}, b"a.b = 1\na/b = 3\n"),
        (b"a.b = 1\nx = 1\na/b = 2\n", {"a/b": None}, b"x = 1\n"),
        (b"-a.b\n", {"a/b": "1"}, b"-a.b\na.b = 1\n"),
        (b"a.b = 0\n-a.b\na.b = 1\n", {"a/b": None}, b"-a.b\n"),
        (b"a.b = 1\r\n", {"a/b": "1"}, b"a.b = 1\r\n"),
        (b"a.b = 1\n", {"c/d": None}, b"a.b = 1\n"),
        (b"", {"net/ipv4/conf/v0.1/z": "1"}, b"net.ipv4.conf.v0/1.z = 1\n"),
        (b"\xff = \xfe\n", {"a/b": "1"}, b"\xff = \xfe\na.b = 1\n"),
    ],
)
def test_sysctl_edits(data: bytes, changes: Changes, result: bytes) -> None:
    assert keyed.edit("sysctl_conf", data, changes) == result


@pytest.mark.parametrize(
    ("data", "changes", "result"),
    [
        (b"", {"* - nofile": "5"}, b"* - nofile 5\n"),
        (b"# End of file", {"* - nofile": "5"}, b"# End of file\n* - nofile 5\n"),
        (
            b"*\tSOFT\tNofile   5   # why\n",
            {"* soft nofile": "7"},
            b"*\tSOFT\tNofile   7   # why\n",
        ),
        (
            b"* - nofile 1\n* - nofile 2\n",
            {"* - nofile": "3"},
            b"* - nofile 1\n* - nofile 3\n",
        ),
        (b"* - nofile 1\nbob -\n* - NOFILE 2\n", {"* - nofile": None}, b"bob -\n"),
        (
            b"* - nofile 1",
            {"@u hard nproc": "2", "* - nofile": None},
            b"@u hard nproc 2\n",
        ),
        (b"* - noproc 1\n", {"* soft nofile": "2"}, b"* - noproc 1\n* soft nofile 2\n"),
    ],
)
def test_limits_edits(data: bytes, changes: Changes, result: bytes) -> None:
    assert keyed.edit("limits_conf", data, changes) == result


@pytest.mark.parametrize(
    ("data", "changes", "result"),
    [
        (b"", {"Slice/TasksMax": "5"}, b"[Slice]\nTasksMax=5\n"),
        (b"# c", {"Slice/TasksMax": "5"}, b"# c\n\n[Slice]\nTasksMax=5\n"),
        (b"[A]\n\n", {"S/X": "5"}, b"[A]\n\n[S]\nX=5\n"),
        (b"[A]\r\nX=1", {"A/Y": "2"}, b"[A]\r\nX=1\r\nY=2\r\n"),
        (
            b"[A]\nX=1\n\n[B]\nZ=1\n[A]\n# c\n\n[B]\n",
            {"A/Y": "2"},
            b"[A]\nX=1\n\n[B]\nZ=1\n[A]\nY=2\n# c\n\n[B]\n",
        ),
        (b"[A]\n  X = 1\nX=2\n X =3", {"A/X": "4"}, b"[A]\n  X = 1\nX=2\n X =4"),
        (b"[A]\nX=1\n[B]\n[A]\nX=2\nY=3\n", {"A/X": None}, b"[A]\n[B]\n[A]\nY=3\n"),
        (b"[A]\nX=1 \\\n# c\n2\nY=1\n", {"A/X": "3"}, b"[A]\nX=3\n# c\nY=1\n"),
        (b"[A]\nX=1 \\\n# c\n2\nY=1\n", {"A/X": None}, b"[A]\n# c\nY=1\n"),
        (b"[A]\n X\\\n = 1\n", {"A/X": "2"}, b"[A]\nX=2\n"),
        (b"[A]\nX=1\\", {"A/Y": "2"}, b"[A]\nX=1\\\n\nY=2\n"),
        (b"[A]\nX=1\\\n# c", {"B/Y": "2"}, b"[A]\nX=1\\\n# c\n\n[B]\nY=2\n"),
        (b"[A\\\n]\nX=1\n", {"A /Y": "2"}, b"[A\\\n]\nX=1\nY=2\n"),
        (b"[A\\\n]\n", {"A /Y": "2"}, b"[A\\\n]\nY=2\n"),
        (b"[A]\nX=5\n", {"A/X": ""}, b"[A]\nX=\n"),
        (b"[U]\nAfter=a\n", {"U/After": "a\nb"}, b"[U]\nAfter=a\nAfter=b\n"),
        (b"[U]\n After = a\n", {"U/After": "c\nb"}, b"[U]\n After = c\n After = b\n"),
        (b"[U]\nAfter=a\nX=1\nAfter=b\n", {"U/After": "a"}, b"[U]\nAfter=a\nX=1\n"),
        (b"[U]\nAfter=a\nAfter=\nAfter=b\n", {"U/After": "c"}, b"[U]\nAfter=c\n"),
        (b"[U]\nAfter=a\nAfter=\nAfter=b\n", {"U/After": "\nc"},
         b"[U]\nAfter=a\nAfter=\nAfter=c\n"),
        (b"", {"U/After": "\na"}, b"[U]\nAfter=\nAfter=a\n"),
        (b"[U]\nAfter=a\n", {"U/After": None}, b"[U]\n"),
        (b"[A]\nb/c=1\n[A/b]\nc=2\n", {"A/b/c": None}, b"[A]\nb/c=1\n[A/b]\n"),
    ],
)  # fmt: skip
def test_unit_edits(data: bytes, changes: Changes, result: bytes) -> None:
    assert keyed.edit("unit_file", data, changes) == result


@pytest.mark.parametrize(
    ("data", "changes", "result"),
    [
        (b"", {"/a/b": "1"}, b'{\n  "a": {\n    "b": 1\n  }\n}\n'),
        (b'{"a":1}', {"/a": "2", "/b": '"x"'}, b'{"a":2,"b":"x"}'),
        (b'{"a": {"b": 1, "c": 2}}', {"/a/b": None}, b'{"a": {"c": 2}}'),
        (b'{"a": {"b": 1}, "c": 2}', {"/a/b": None}, b'{"c": 2}'),
        (b'{"a": {"b": 1}}', {"/a/b": None, "/a": "{}"}, b'{"a": {}}'),
        (b'{"a": {}}', {"/a/b": "1"}, b'{"a": {"b": 1}}'),
        (b'{"a": 5}', {"/a": None, "/a/b": "1"}, b'{"a": {"b": 1}}'),
        (b'{"a": {"b": 1, "c": 2}}', {"/a/b": None, "/a/c": None, "/a": "5"}, b'{"a": 5}'),
        (b'{"a": {"b": 1}}', {"/a": "{}"}, b'{"a": {"b": 1}}'),
        (b'{"a": {"b": 1}}', {"/a": None}, b'{"a": {"b": 1}}'),
        (b'{"l": [1, 2]}', {"/l": "[1, 2]"}, b'{"l": [1, 2]}'),
        (b'{"l": [1, 2]}', {"/l": "[ 2 ]"}, b'{"l": [2]}'),
        (b'{"a": 1, "a": 2}', {"/a": None}, b"{}"),
        (b'{"a": 1, "x/y": 2}', {"/x~1y": "3"}, b'{"a": 1, "x/y": 3}'),
    ],
)
def test_json_edits(data: bytes, changes: Changes, result: bytes) -> None:
    assert keyed.edit("json_text", data, changes) == result


@pytest.mark.parametrize(
    ("fmt", "key", "value", "message"),
    [
        ("sysctl_conf", "a/b", "1\n2", "newline"),
        ("sysctl_conf", "a/b", "1\r", "carriage return"),
        ("sysctl_conf", "a/b", "1\0", "NUL"),
        ("sysctl_conf", "a/b", " 1", "would read back as '1'"),
        ("sysctl_conf", "a/b", "1\t", "would read back"),
        ("sysctl_conf", "a/b", "\ud800", "UTF-8"),
        ("sysctl_conf", "a/b", "\udcc3\udca9", "would read back"),
        ("sysctl_conf", "a.b", "1", "write 'a/b'"),
        ("sysctl_conf", "/a/b", "1", "no path"),
        ("sysctl_conf", "", "1", "no path"),
        ("sysctl_conf", "#a", "1", "would read back as None"),
        ("sysctl_conf", "-a", "1", "would read back"),
        ("sysctl_conf", "a=b", "1", "would read back"),
        ("sysctl_conf", "a\nb = 1", "1", "newline"),
        ("limits_conf", "* - nofile", "", "empty"),
        ("limits_conf", "* - nofile", "5 # x", "comment"),
        ("limits_conf", "# - nofile", "5", "comment"),
        ("limits_conf", "* - nofile", "5\n* - nproc 1", "newline"),
        ("limits_conf", "* - nofile", "5 ", "would read back"),
        ("limits_conf", "* nofile", "5", "a domain, a type and an item"),
        ("limits_conf", "* -  nofile", "5", "a domain, a type and an item"),
        ("limits_conf", "* SOFT nofile", "5", "would read back"),
        ("limits_conf", "*\t- a b", "5", "would read back"),
        ("unit_file", "TasksMax", "5", "is not a section and a directive"),
        ("unit_file", "Slice/", "5", "is not a section and a directive"),
        ("unit_file", "Slice/TasksMax", "5\nX=1", "newline"),
        ("unit_file", "Slice/TasksMax", "5\rX=1", "carriage return"),
        ("unit_file", "Slice/TasksMax", "5\\", "backslash"),
        ("unit_file", "Unit/After", "a\nb\\", "backslash"),
        ("unit_file", "Unit/After", "a\n\nb", "would read back"),
        ("unit_file", "Slice/TasksMax", " 5", "trims"),
        ("unit_file", "Sli'ce/TasksMax", "5", "would read back"),
        ("unit_file", "Slice]\n[X/TasksMax", "5", "newline"),
        ("unit_file", "Slice/[X]", "5", "would read back"),
        ("unit_file", "Slice/#X", "5", "would read back"),
        ("unit_file", "Slice/A=B", "5", "would read back"),
        ("json_text", "/a", "", "is no JSON"),
        ("json_text", "/a", "1, 2", "is no JSON"),
        ("json_text", "/a", '1,"b":2', "is no JSON"),
        ("json_text", "/a", '{"b":1}', "whole object"),
        ("json_text", "a", "1", "begin with '/'"),
        ("json_text", "", "1", "begin with '/'"),
        ("json_text", "/~2", "1", "written '~0'"),
        ("json_text", "/a" * 101, "1", "more than 100"),
        ("json_text", "/a" * 60, "[" * 60 + "]" * 60, "deeper than"),
    ],
)
def test_what_would_read_back_differently_is_refused(
    fmt: str, key: str, value: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        keyed.edit(fmt, b"", {key: value})


def test_a_value_cannot_have_leaves_below_it() -> None:
    with pytest.raises(FormatError, match="'/a' cannot be 5 and hold '/a/b'"):
        keyed.edit("json_text", b'{"a": 5}', {"/a/b": "1"})


def test_a_unit_that_systemd_gives_up_is_not_edited() -> None:
    with pytest.raises(FormatError, match="broken section header") as caught:
        keyed.edit("unit_file", b"[A]\nX=1\n[B\n", {"A/X": "2"})
    assert caught.value.line == 3


@pytest.mark.parametrize("data", [b"[]", b"{", b"\xff"])
def test_broken_json_is_refused(data: bytes) -> None:
    for action in (keyed.values, keyed.places):
        with pytest.raises(FormatError):
            action("json_text", data)
    with pytest.raises(FormatError):
        keyed.edit("json_text", data, {"/a": "1"})
