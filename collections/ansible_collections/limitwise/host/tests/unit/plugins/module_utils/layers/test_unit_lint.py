# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lint of unit files: every rule on a line of its own; usual styles are clean; repairs hold."""

from __future__ import annotations

from typing import List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.layers.units.lint import lint

SLICE = "/etc/systemd/system/student.slice"
DROPIN = "/etc/systemd/system/docker.service.d/limits.conf"

CLEAN_SLICE = b"""# students share these
; and nothing else
[Unit]
Description=All students # and their jobs
Documentation=man:systemd.slice(5)
Before=slices.target

[Slice]
TasksMax=65536
  MemoryMax = 80%
MemoryHigh=infinity
MemorySwapMax=0
CPUQuota=
CPUQuota=1600%
IODeviceWeight=/dev/sda 100
IODeviceWeight=/dev/sdb 200
AllowedCPUs=0-3 \\
  8-11

[X-Site]
Whatever=1

[Install]
WantedBy=slices.target
"""
CLEAN_DROPIN = b"""\xef\xbb\xbf[Service]\r
ExecStart=\r
ExecStart=/usr/bin/dockerd -H fd:// --default-ulimit nofile=1:2\r
LimitNOFILE=1024:1048576\r
LimitNPROC=infinity\r
LimitCPU=1h\r
TasksMax=infinity\r
OOMScoreAdjust=-500\r
Environment=A=1 "B=2 # 3"\r
"""


@pytest.mark.parametrize(("file", "data"), [
    (SLICE, CLEAN_SLICE),
    (DROPIN, CLEAN_DROPIN),
    (SLICE, b""),
    ("/etc/systemd/system/user-.slice.d/50.conf", b"[Slice]\nMemoryHigh=2G\n"),
    ("/etc/systemd/system/service.d/50.conf", b"[Service]\nTasksMax=5%\n"),
    ("/etc/systemd/system/x.timer", b"[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=x\n"),
    ("/etc/systemd/system/x.target", b"[Unit]\nDescription=x\n"),
    ("-", b"[Service]\nTasksMax=5\n"),
])
def test_clean_files(file: str, data: bytes) -> None:
    assert lint(data, file) == []


def codes(text: str, file: str = SLICE) -> List[Tuple[str, str, Optional[int], Optional[str]]]:
    return [
        (one.code, one.severity, one.place.line, one.suggestion)
        for one in lint(text.encode(), file)
    ]


@pytest.mark.parametrize(
    ("line", "code", "severity", "suggestion", "fixed"),
    [
        ("MemoryMax=128g", "LW304", "error", "128G", "MemoryMax=128G"),
        (" MemoryMax =  2GB", "LW304", "error", "2G", " MemoryMax =  2G"),
        ("TasksMax=unlimited", "LW304", "error", "infinity", "TasksMax=infinity"),
        ("CPUQuota=50", "LW304", "error", "50%", "CPUQuota=50%"),
        ("MemoryMax=lots", "LW304", "error", None, None),
        ("TasksMax=512 # all of them", "LW305", "error", "512", "TasksMax=512"),
        ("MemoryMax=128g ; cap", "LW305", "error", "128G", "MemoryMax=128G"),
        ("TaskMax=512", "LW302", "error", "TasksMax", "TasksMax=512"),
        ("tasksmax=unlimited", "LW302", "error", "TasksMax", "TasksMax=infinity"),
        ("TaskMax=lots", "LW302", "error", "TasksMax", None),
        ("Frobnicate=1", "LW302", "warning", None, None),
        ("LimitNOFILE=5", "LW303", "error", None, None),
        ("WantedBy=x", "LW303", "warning", None, None),
        ("MemoryLimit=5G", "LW307", "warning", "MemoryMax", "MemoryMax=5G"),
        ("CPUShares=512", "LW307", "warning", "CPUWeight", None),
        ("TasksMax 512", "LW310", "error", None, None),
    ],
)
def test_one_wrong_line(
    line: str, code: str, severity: str, suggestion: Optional[str], fixed: Optional[str]
) -> None:
    found = lint(f"[Slice]\n{line}\n".encode(), SLICE)
    assert [(one.code, one.severity, one.suggestion, one.fixed_line) for one in found] == [
        (code, severity, suggestion, fixed)
    ]
    assert (found[0].place.file, found[0].place.line, found[0].layer) == (SLICE, 2, "slices")
    if fixed is not None:
        assert lint(f"[Slice]\n{fixed}\n".encode(), SLICE) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Slce]\nTasksMax=5\n", [("LW306", "error", 1, "Slice")]),
        ("[Service]\nTasksMax=5\n", [("LW306", "error", 1, "Slice")]),
        ("[Frob]\nTasksMax=5\n", [("LW306", "warning", 1, None)]),
        ("TasksMax=5\n", [("LW310", "error", 1, None)]),
        ("[Slice\nTasksMax=5\n", [("LW310", "error", 1, None), ("LW310", "error", 2, None)]),
        ("[Slice]\nTasksMax=5\nTasksMax=6\n", [("LW317", "warning", 2, None)]),
        ("[Slice]\nTasksMax=5\nTasksMax=\nTasksMax=6\n", []),
        ("[Slice]\nTasksMax=\\\n 5x\n", [("LW304", "error", 2, None)]),
        ("[Slice]\nMemoryHigh=12G\nMemoryMax=16G\nMemorySwapMax=0\n",
         [("LW308", "error", 2, "infinity")]),
        ("[Slice]\nMemoryHigh=12G\n", [("LW309", "warning", 2, None)]),
        ("[Slice]\nMemoryHigh=12G\nMemoryMax=12G\n", [("LW309", "warning", 2, None)]),
        ("[Slice]\nMemoryHigh=12G\nMemoryMax=16g\n",
         [("LW304", "error", 3, "16G"), ("LW309", "warning", 2, None)]),
        ("[Slice]\nMemoryHigh=12G\nMemoryHigh=\n", []),
        ("[Slice]\n\0\n", [("LW310", "error", 2, None)]),
    ],
)
def test_whole_files(
    text: str, expected: List[Tuple[str, str, int, Optional[str]]]
) -> None:
    assert codes(text) == expected


def test_the_unit_can_be_named() -> None:
    data = b"[Slice]\nTasksMax=5\n"
    assert lint(data, "/tmp/x.conf", "a.slice") == []
    assert [one.code for one in lint(data, "/tmp/x.conf", "a.service")] == ["LW306"]
    assert lint(data, "/tmp/x.conf", "slice") == []


@given(st.binary(max_size=200), st.sampled_from([SLICE, DROPIN, "-", "x.target"]))
def test_any_bytes_are_looked_at(data: bytes, file: str) -> None:
    for one in lint(data, file):
        assert one.place.file == file
        assert 1 <= (one.place.line or 0) <= data.count(b"\n") + 1


LINES = st.lists(
    st.builds(
        "{}={}".format,
        st.sampled_from(["TasksMax", "TaskMax", "MemoryMax", "memorymax", "CPUQuota", "CPUWeight"]),
        st.sampled_from(["5", "5g", "5GB", "50", "50%", "infinity", "unlimited", "x", "1 # y"]),
    ),
    max_size=4,
)


@given(LINES)
def test_a_repaired_line_needs_no_second_repair(lines: List[str]) -> None:
    text = ["[Slice]", *lines]
    repaired = list(text)
    for one in lint("\n".join(text).encode(), SLICE):
        if one.fixed_line is not None:
            repaired[(one.place.line or 0) - 1] = one.fixed_line
    again = lint("\n".join(repaired).encode(), SLICE)
    assert [one for one in again if one.fixed_line is not None] == []


def test_a_huge_line_is_no_trouble() -> None:
    found = lint(b"[Slice]\nTasksMax=" + b"9" * 10_000_000 + b"\n", SLICE)
    assert [one.code for one in found] == ["LW304"]
    assert all(len(str(one)) < 1000 for one in found)
