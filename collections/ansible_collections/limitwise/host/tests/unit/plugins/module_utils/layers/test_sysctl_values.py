# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing values: what is enough, what lowers nothing."""

from __future__ import annotations

from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.classes import EXACT, FLOOR
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.sysctl_key import SysctlKey
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.values import (
    as_printed,
    enough,
    lowers,
    raised,
    same,
)

THREADS = SysctlKey("kernel/threads-max", "", klass=FLOOR)
SWAPPINESS = SysctlKey("vm/swappiness", "", klass=EXACT)
MEMORY = SysctlKey("net/ipv4/tcp_mem", "", kind="ints", klass=FLOOR, arity=3)
PIPES = SysctlKey("fs/pipe-user-pages-soft", "", kind="ulong", klass=FLOOR, no_limit=0)


@pytest.mark.parametrize(
    ("key", "have", "wanted", "result"),
    [
        (THREADS, "65536", "65536", True),
        (THREADS, "65537", "65536", True),
        (THREADS, "65535", "65536", False),
        (THREADS, "65536", "0x10000", True),
        (THREADS, "nonsense", "65536", False),
        (SWAPPINESS, "10", "10", True),
        (SWAPPINESS, "60", "10", False),
        (SWAPPINESS, "012", "10", True),
        (MEMORY, "4096\t16384\t4194304", "4096 16384 4194304", True),
        (MEMORY, "4096\t16385\t4194304", "4096 16384 4194304", True),
        (MEMORY, "4096\t16383\t9999999", "4096 16384 4194304", False),
        (MEMORY, "4096\t16384", "4096 16384 4194304", False),
        (PIPES, "0", "16384", True),
        (PIPES, "16384", "0", False),
        (None, "a\tb", "a b", True),
        (None, "3", "2", False),
    ],
)
def test_enough(key: Optional[SysctlKey], have: str, wanted: str, result: bool) -> None:
    assert enough(key, have, wanted) is result


def test_a_floor_that_may_be_lowered_is_exact() -> None:
    assert not enough(THREADS, "65537", "65536", lowering=True)
    assert enough(THREADS, "65536", "65536", lowering=True)


@pytest.mark.parametrize(
    ("key", "have", "wanted", "result"),
    [
        (THREADS, None, "65536", "65536"),
        (THREADS, "100", "0x10000", "0x10000"),
        (THREADS, "131072", "65536", "131072"),
        (MEMORY, "1\t500\t3", "100 200 300", "100 500 300"),
        (MEMORY, "1\t2", "100 200 300", "100 200 300"),
        (PIPES, "0", "16384", "0"),
        (None, "5", "3", "3"),
    ],
)
def test_raised(key: Optional[SysctlKey], have: Optional[str], wanted: str, result: str) -> None:
    assert raised(key, have, wanted) == result


@pytest.mark.parametrize(
    ("key", "have", "new", "result"),
    [
        (THREADS, "100", "99", True),
        (THREADS, "100", "100", False),
        (THREADS, "100", "101", False),
        (PIPES, "0", "5", True),
        (PIPES, "5", "0", False),
        (MEMORY, "5 5 5", "1 1 1", False),
        (None, "100", "99", False),
    ],
)
def test_lowers(key: Optional[SysctlKey], have: str, new: str, result: bool) -> None:
    assert lowers(key, have, new) is result


@pytest.mark.parametrize(
    ("key", "text", "result"),
    [
        (THREADS, " 0x10000", "65536"),
        (THREADS, "010", "8"),
        (THREADS, "words of  any\tkind", "words of any kind"),
        (MEMORY, "1\t 0x10  3", "1 16 3"),
        (None, "0x10", "0x10"),
    ],
)
def test_as_printed(key: Optional[SysctlKey], text: str, result: str) -> None:
    assert as_printed(key, text) == result


VECTORS = st.lists(st.integers(0, 2**31 - 1), min_size=3, max_size=3).map(
    lambda numbers: "\t".join(map(str, numbers))
)


@given(VECTORS, VECTORS)
def test_raising_is_enough_and_lowers_nothing(have: str, wanted: str) -> None:
    new = raised(MEMORY, have, wanted)
    assert enough(MEMORY, new, wanted)
    assert enough(MEMORY, new, have)
    assert same(MEMORY, raised(MEMORY, new, wanted), new)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_texts_can_be_compared(one: str, other: str) -> None:
    assert same(MEMORY, one, one)
    assert same(MEMORY, one, other) is same(MEMORY, other, one)
    assert isinstance(raised(MEMORY, one, other), str)
