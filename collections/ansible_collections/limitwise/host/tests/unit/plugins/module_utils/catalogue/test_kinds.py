# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of values: what each reader takes, what it would drop, and which spellings are one."""

from __future__ import annotations

import contextlib
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.catalogue import kinds
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.kinds import (
    INFINITY,
    KINDS,
    ValueKindError,
    as_int,
    at_least,
    parse,
    parse_integer,
    same,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.systemd_values import Share

G = 1 << 30
ALL_KINDS = st.sampled_from(sorted(KINDS))
PLAUSIBLE = st.text("0123456789.kKmMGgTPEB%:-+ xinfinty,/\t\u2030\u2031", max_size=24)
TEXTS = st.one_of(
    PLAUSIBLE,
    st.text(max_size=12),
    st.integers(-(2**70), 2**70).map(str),
    st.integers(1, 6000).map(lambda length: "9" * length),
)

GOOD = [
    ("int", "0", 0),
    ("int", "-1", -1),
    ("int", " 10\n", 10),
    ("int", "0x10", 16),
    ("int", "-0x10", -16),
    ("int", "010", 8),
    ("ints", "4096\t16384 4194304", (4096, 16384, 4194304)),
    ("ints", "7", (7,)),
    ("word", "bbr\n", "bbr"),
    ("words", "reno cubic", frozenset({"reno", "cubic"})),
    ("ranges", "", ()),
    ("ranges", "9000-9010,8080", ((8080, 8080), (9000, 9010))),
    ("ranges", "1-2,3,4-4", ((1, 4),)),
    ("memory", "1073741824", G),
    ("memory", "1G", G),
    ("memory", "1.5G", G + G // 2),
    ("memory", "1G 512M", G + G // 2),
    ("memory", "10.M", 10 << 20),
    ("memory", "100B", 100),
    ("memory", "2 T", 2 << 40),
    ("memory", "80%", Share(8000)),
    ("memory", "12.5%", Share(1250)),
    ("memory", "12.25%", Share(1225)),
    ("memory", "5\u2030", Share(50)),
    ("memory", "5.5\u2030", Share(55)),
    ("memory", "5\u2031", Share(5)),
    ("memory", "infinity", INFINITY),
    ("memory-or-0", "0", 0),
    ("memory-or-0", "0%", Share(0)),
    ("tasks", "512", 512),
    ("tasks", "0x200", 512),
    ("tasks", "0b11", 3),
    ("tasks", "0o17", 15),
    ("tasks", "+512", 512),
    ("tasks", "15%", Share(1500)),
    ("tasks", "infinity", INFINITY),
    ("quota", "50%", Share(5000)),
    ("quota", "1600%", Share(160000)),
    ("quota", "0.5%", Share(50)),
    ("share", "100%", Share(10000)),
    ("weight", "1", 1),
    ("weight", "10000", 10000),
    ("cpu-weight", "idle", 0),
    ("boolean", "YES", True),
    ("boolean", "off", False),
    ("oom-score", "-1000", -1000),
    ("nice", "+5", 5),
    ("oom-policy", "continue", "continue"),
    ("span", "5", 5000000),
    ("span", "1min 30s", 90000000),
    ("span", "1min30s", 90000000),
    ("span", "1.5s", 1500000),
    ("span", "100ms", 100000),
    ("span", "2 h", 7200000000),
    ("span", "5 5", 10000000),
    ("span", "infinity", INFINITY),
    ("cpus", "0-2,5 7", frozenset({0, 1, 2, 5, 7})),
    ("bandwidth", "/dev/sda 5M", ("/dev/sda", 5000000)),
    ("bandwidth", "/dev/sda infinity", ("/dev/sda", INFINITY)),
    ("device-weight", "/ 500", ("/", 500)),
    ("device-latency", "/ 25ms", ("/", 25000)),
    ("rlimit-count", "1024", (1024, 1024)),
    ("rlimit-count", "1024:524288", (1024, 524288)),
    ("rlimit-count", "infinity", (INFINITY, INFINITY)),
    ("rlimit-count", "1024:infinity", (1024, INFINITY)),
    ("rlimit-bytes", "8M:1G", (8 << 20, G)),
    ("rlimit-seconds", "1500ms", (2, 2)),
    ("rlimit-seconds", "5min", (300, 300)),
    ("rlimit-microseconds", "200", (200, 200)),
    ("rlimit-microseconds", "1ms", (1000, 1000)),
    ("rlimit-nice", "-5", (25, 25)),
    ("rlimit-nice", "+5", (15, 15)),
    ("rlimit-nice", "40", (40, 40)),
    ("pam-count", "65536", 65536),
    ("pam-count", "unlimited", INFINITY),
    ("pam-count", "Unlimited", INFINITY),
    ("pam-count", "-", INFINITY),
    ("pam-count", "-1", INFINITY),
    ("pam-nice", "-20", -20),
    ("pam-flag", "1", 1),
    ("pam-path", "/srv/jail", "/srv/jail"),
]

BAD = [
    ("int", "", None),
    ("int", "ten", None),
    ("int", "64k", "65536"),
    ("int", "1_000", "1000"),
    ("int", "1,000,000", "1000000"),
    ("int", "10;", "10"),
    ("int", "2# x", "2"),
    ("int", "2 # x", "2"),
    ("int", "75s", "75"),
    ("int", '"10"', "10"),
    ("int", "true", "1"),
    ("int", "+5", None),
    ("int", "09", "9"),
    ("int", "1 2", None),
    ("int", "9" * 30, None),
    ("ints", "4k 8k 16k", "4096 8192 16384"),
    ("ints", "1 x 2", None),
    ("word", "", None),
    ("word", '"bbr"', "bbr"),
    ("word", "bbr cubic", None),
    ("words", " ", None),
    ("ranges", "8080;9090", None),
    ("ranges", "10-5", "5-10"),
    ("memory", "128g", "128G"),
    ("memory", "2GB", "2G"),
    ("memory", "2GiB", "2G"),
    ("memory", "2 gb", "2G"),
    ("memory", "unlimited", "infinity"),
    ("memory", "max", "infinity"),
    ("memory", "Infinity", "infinity"),
    ("memory", "-1", "infinity"),
    ("memory", "0", None),
    ("memory", "101%", None),
    ("memory", "80 %", "80%"),
    ("memory", "1M 1G", None),
    ("memory", "5 5", None),
    ("memory", "-5", None),
    ("memory", "0x10", None),
    ("memory", "", None),
    ("memory", str(INFINITY), "infinity"),
    ("memory", "16E", "infinity"),
    ("tasks", "0", None),
    ("tasks", "unlimited", "infinity"),
    ("tasks", "64k", "65536"),
    ("tasks", "-1", "infinity"),
    ("tasks", "15.123%", None),
    ("quota", "50", "50%"),
    ("quota", "0%", None),
    ("quota", "infinity", None),
    ("share", "101%", None),
    ("weight", "0", None),
    ("weight", "10001", None),
    ("weight", "idle", None),
    ("boolean", "maybe", None),
    ("oom-score", "1001", None),
    ("nice", "20", None),
    ("oom-policy", "Kill", "kill"),
    ("span", "", None),
    ("span", "5x", None),
    ("span", "5S", "5s"),
    ("span", "1.5.5", None),
    ("span", "5.", None),
    ("span", "-5", None),
    ("cpus", "3-1", "1-3"),
    ("cpus", "", None),
    ("bandwidth", "/dev/sda 5m", "/dev/sda 5M"),
    ("bandwidth", "sda 5M", None),
    ("bandwidth", "/dev/sda", None),
    ("bandwidth", "/dev/sda 0", None),
    ("device-weight", "/ 0", None),
    ("rlimit-count", "unlimited", "infinity"),
    ("rlimit-count", "1024:unlimited", "1024:infinity"),
    ("rlimit-count", "524288:1024", "1024:524288"),
    ("rlimit-count", "64k", "65536"),
    ("rlimit-count", "1:2:3", None),
    ("rlimit-count", "1024:", None),
    ("rlimit-bytes", "8mb", "8M"),
    ("rlimit-nice", "41", None),
    ("rlimit-nice", "+20", None),
    ("pam-count", "64k", "65536"),
    ("pam-count", "65536 trailing words", None),
    ("pam-count", "-5", None),
    ("pam-count", "infinite", "unlimited"),
    ("pam-count", "", None),
    ("pam-kilobytes", "64M", "65536"),
    ("pam-nice", "unlimited", None),
    ("pam-nice", "25", None),
    ("pam-flag", "yes", None),
    ("pam-path", "jail", None),
]


@pytest.mark.parametrize(("kind", "text", "value"), GOOD)
def test_read(kind: str, text: str, value: object) -> None:
    assert parse(kind, text) == value


@pytest.mark.parametrize(("kind", "text", "suggestion"), BAD)
def test_refused(kind: str, text: str, suggestion: Optional[str]) -> None:
    with pytest.raises(ValueKindError) as caught:
        parse(kind, text)
    assert caught.value.message
    assert caught.value.suggestion == suggestion


@pytest.mark.parametrize(
    ("kind", "text", "suggestion"), [case for case in BAD if case[2] is not None]
)
def test_a_suggestion_is_right_itself(kind: str, text: str, suggestion: str) -> None:
    parse(kind, suggestion)


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [
        ("ints", "4096\t16384\t4194304", "4096 16384 4194304", True),
        ("ints", "0x10 010", "16 8", True),
        ("ints", "1 2", "1 2 3", False),
        ("int", "0x10", "16", True),
        ("int", "10", "010", False),
        ("memory", "1G", "1073741824", True),
        ("memory", "1G", "1024M", True),
        ("memory", "80%", "80.0%", True),
        ("memory", "80%", "800\u2030", True),
        ("memory", "infinity", "max", True),
        ("memory", "infinity", str(INFINITY), True),
        ("memory", "1G", "1g", False),
        ("tasks", "max", "infinity", True),
        ("span", "60", "1min", True),
        ("cpus", "0-3", "0,1,2,3", True),
        ("rlimit-count", "1024", "1024:1024", True),
        ("boolean", "yes", "true", True),
        ("words", "reno cubic", "cubic reno", True),
        ("word", "bbr", "cubic", False),
        ("pam-count", "unlimited", "-1", True),
        ("pam-count", "unlimited", "infinity", True),
        ("text", " a ", "a", True),
        ("int", "not a number", "not  a number", True),
    ],
)
def test_same(kind: str, left: str, right: str, expected: bool) -> None:
    assert same(kind, left, right) is expected


@given(ALL_KINDS, TEXTS)
def test_nothing_but_the_one_error(kind: str, text: str) -> None:
    with contextlib.suppress(ValueKindError):
        parse(kind, text)


@given(ALL_KINDS, TEXTS)
def test_same_is_reflexive(kind: str, text: str) -> None:
    assert same(kind, text, text)


@given(ALL_KINDS, TEXTS, TEXTS)
def test_same_is_symmetric(kind: str, first: str, second: str) -> None:
    assert same(kind, first, second) == same(kind, second, first)


@given(st.integers(-(2**63), 2**64 - 1))
def test_every_spelling_of_a_kernel_number(number: int) -> None:
    assert parse_integer(str(number)) == number
    assert parse_integer("%s0x%x" % ("-" if number < 0 else "", abs(number))) == number


@given(st.integers(1, 2**43))
def test_sizes_with_and_without_a_unit(megabytes: int) -> None:
    assert parse("memory", "%dM" % megabytes) == megabytes << 20
    assert same("memory", "%dM" % megabytes, str(megabytes << 20))


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        ("int", "0x20", 32),
        ("ints", "1 2 3", None),
        ("memory", "2G", 2 * G),
        ("memory", "80%", None),
        ("memory", "max", INFINITY),
        ("tasks", "infinity", INFINITY),
        ("span", "1s", 1000000),
        ("rlimit-count", "1024", 1024),
        ("rlimit-count", "1024:2048", None),
        ("boolean", "yes", None),
        ("word", "bbr", None),
        ("int", "nonsense", None),
        ("pam-count", "unlimited", INFINITY),
    ],
)
def test_as_int(kind: str, text: str, number: Optional[int]) -> None:
    assert as_int(kind, text) == number


@pytest.mark.parametrize(
    ("kind", "live", "wanted", "expected"),
    [
        ("int", "10", "10", True),
        ("int", "9", "10", False),
        ("ints", "250 32000 100 128", "250 32000 32 128", True),
        ("ints", "250 32000 32 128", "250 32000 100 128", False),
        ("ints", "1 2", "1 2 3", None),
        ("tasks", "max", "65536", True),
        ("memory", "80%", "1G", None),
        ("rlimit-count", "1024:524288", "1024:1024", True),
        ("rlimit-count", "1024:524288", "2048:2048", False),
        ("word", "bbr", "bbr", None),
    ],
)
def test_at_least(kind: str, live: str, wanted: str, expected: Optional[bool]) -> None:
    assert at_least(kind, live, wanted) is expected


def test_every_range_belongs_to_a_kind() -> None:
    for kind, (low, high) in kinds.NATURAL_RANGES.items():
        assert kind in KINDS
        assert low < high
