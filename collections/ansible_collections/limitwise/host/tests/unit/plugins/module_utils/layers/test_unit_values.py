# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One limit in its spellings: shares of a host, cgroup attributes, systemd's figures."""

from __future__ import annotations

from typing import Dict, Optional

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.layers.units import (
    values as unit_values,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.values import Totals

HOST = Totals(memory=1000 * 4096 + 4000, tasks=32767)


@pytest.mark.parametrize(
    ("kind", "first", "second", "totals", "expected"),
    [
        ("tasks", "33%", "10813", HOST, True),
        ("tasks", "33%", "10814", HOST, False),
        ("tasks", "100%", "32767", HOST, True),
        ("tasks", "33%", "10813", unit_values.UNKNOWN, False),
        ("tasks", "33%", "33.00%", unit_values.UNKNOWN, True),
        ("memory", "50%", str(500 * 4096), HOST, True),
        ("memory", "1G", "1073741824", HOST, True),
        ("memory", "1000000", "999424", HOST, True),
        ("memory", "infinity", "infinity", HOST, True),
        ("memory", "128g", "128g", HOST, True),
        ("memory", "128g", "128G", HOST, False),
        ("quota", "150%", "150.00%", HOST, True),
        ("quota", "infinity", "150%", HOST, False),
        ("cpus", "0-3", "0,1,2-3", HOST, True),
    ],
)
def test_same(kind: str, first: str, second: str, totals: Totals, expected: bool) -> None:
    assert unit_values.same(kind, first, second, totals) is expected
    assert unit_values.same(kind, second, first, totals) is expected


@pytest.mark.parametrize(
    ("one", "other", "higher"),
    [
        ("65536", "1024:524288", "65536:524288"),
        ("infinity", "1024:524288", "infinity"),
        ("65536", "65536:65536", "65536"),
        ("10:20", "5:15", "10:20"),
        ("5:15", "10:20", "10:20"),
    ],
)
def test_raised(one: str, other: str, higher: str) -> None:
    assert unit_values.raised("rlimit-count", one, other) == higher


@pytest.mark.parametrize(
    ("attribute", "text", "expected"),
    [
        ("pids.max", "max\n", "infinity"),
        ("pids.max", "512\n", "512"),
        ("cpu.max", "max 100000\n", "infinity"),
        ("cpu.max", "400000 100000\n", "400%"),
        ("cpu.max", "12345 100000\n", "12.34%"),
        ("cpu.max", "50000 50000\n", "100%"),
        ("cpu.weight", "0\n", "idle"),
        ("cpu.weight", "100\n", "100"),
        ("io.weight", "default 200\n8:0 100\n", "200"),
        ("cpuset.cpus", "\n", ""),
    ],
)
def test_from_attribute(attribute: str, text: str, expected: str) -> None:
    assert unit_values.from_attribute(attribute, text) == expected


@pytest.mark.parametrize(
    ("directive", "shown", "expected"),
    [
        ("TasksMax", {"TasksMax": "4915"}, "4915"),
        ("MemoryMax", {"MemoryMax": "infinity"}, "infinity"),
        ("CPUWeight", {"CPUWeight": "[not set]"}, "100"),
        ("CPUQuota", {"CPUQuotaPerSecUSec": "1.500000s"}, "150%"),
        ("CPUQuota", {"CPUQuotaPerSecUSec": "infinity"}, "infinity"),
        ("CPUQuota", {"CPUQuotaPerSecUSec": "500ms"}, "50%"),
        ("LimitNOFILE", {"LimitNOFILE": "524288", "LimitNOFILESoft": "1024"}, "1024:524288"),
        ("LimitCORE", {"LimitCORE": "infinity", "LimitCORESoft": "infinity"}, "infinity"),
        ("LimitNOFILE", {"LimitNOFILE": "524288"}, None),
        ("TasksMax", {}, None),
    ],
)
def test_from_properties(
    directive: str, shown: Dict[str, str], expected: Optional[str]
) -> None:
    assert unit_values.from_properties(directive, shown) == expected
