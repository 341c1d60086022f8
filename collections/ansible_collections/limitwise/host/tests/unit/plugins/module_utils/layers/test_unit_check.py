# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wanted limits of units against the catalogue: names, directives, values, the memory band."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.layers.units.slices import (
    SlicesLayer,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.units import UnitsLayer
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

LAYERS = {"slices": SlicesLayer(), "units": UnitsLayer()}


def check(
    layer: str, subject: str, key: str, value: object, allowed: FrozenSet[str] = frozenset()
) -> List[Tuple[str, str, Optional[str]]]:
    found = LAYERS[layer].check([Item(layer, subject, key, value)], allowed)
    return [(one.code, one.severity, one.suggestion) for one in found]


@pytest.mark.parametrize(
    ("layer", "subject", "key", "value"),
    [
        ("slices", "user.slice", "MemoryMax", "80%"),
        ("slices", "user.slice", "MemorySwapMax", 0),
        ("slices", "user-.slice", "MemoryHigh", "infinity"),
        ("slices", "user-.slice", "TasksMax", 65536),
        ("slices", "docker.slice", "TasksMax", "infinity"),
        ("slices", "student.slice", "CPUQuota", "400%"),
        ("slices", "student.slice", "CPUWeight", "idle"),
        ("units", "docker.service", "LimitNOFILE", 1048576),
        ("units", "docker.service", "LimitNOFILE", "1024:1048576"),
        ("units", "t3-serve@.service", "OOMPolicy", "continue"),
        ("units", "session-1.scope", "TasksMax", 10),
    ],
)
def test_right_items(layer: str, subject: str, key: str, value: object) -> None:
    assert check(layer, subject, key, value) == []


@pytest.mark.parametrize(
    ("layer", "subject", "key", "value", "code", "suggestion"),
    [
        ("slices", "user-*.slice", "TasksMax", 5, "LW301", "user-.slice"),
        ("units", "dockerd", "TasksMax", 5, "LW301", "dockerd.service"),
        ("units", "../x.service", "TasksMax", 5, "LW301", None),
        ("units", "user.slice", "TasksMax", 5, "LW318", "slices"),
        ("slices", "docker.service", "TasksMax", 5, "LW318", "units"),
        ("slices", "user.slice", "TaskMax", 5, "LW302", "TasksMax"),
        ("units", "a.service", "nofile", 5, "LW302", "LimitNOFILE"),
        ("slices", "user.slice", "LimitNOFILE", 5, "LW303", None),
        ("slices", "user.slice", "OOMPolicy", "stop", "LW303", None),
        ("slices", "user.slice", "MemoryMax", "128g", "LW304", "128G"),
        ("slices", "user.slice", "MemoryMax", "2GB", "LW304", "2G"),
        ("slices", "user.slice", "TasksMax", "unlimited", "LW304", "infinity"),
        ("slices", "user.slice", "CPUQuota", 50, "LW304", "50%"),
        ("slices", "user.slice", "TasksMax", "", "LW304", None),
        ("slices", "user.slice", "TasksMax", "5 # x", "LW304", "5"),
        ("slices", "user.slice", "CPUQuotaPeriodSec", "5s", "LW304", None),
        ("slices", "user.slice", "MemoryLimit", "5G", "LW307", "MemoryMax"),
        ("units", "a.service", "ExecStart", "/bin/sh", "LW007", None),
        ("units", "a.service", "Environment", "A=b", "LW007", None),
        ("units", "a.service", "User", "root", "LW007", None),
        ("units", "a.service", "Delegate", "yes", "LW007", None),
        ("slices", "user.slice", "X-Foo", "1", "LW302", None),
    ],
)
def test_wrong_items(
    layer: str, subject: str, key: str, value: object, code: str, suggestion: Optional[str]
) -> None:
    assert check(layer, subject, key, value) == [(code, "error", suggestion)]


@pytest.mark.parametrize(
    ("allowed", "passes"),
    [
        (frozenset(), False),
        (frozenset({"Environment"}), True),
        (frozenset({"a.service Environment"}), True),
        (frozenset({"b.service Environment", "User"}), False),
    ],
)
def test_the_host_can_allow_more(allowed: FrozenSet[str], passes: bool) -> None:
    assert (check("units", "a.service", "Environment", "A=b", allowed) == []) is passes


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"MemoryHigh": "12G", "MemoryMax": "16G", "MemorySwapMax": 0}, "LW308"),
        ({"MemoryHigh": "40%", "MemoryMax": "50%", "MemorySwapMax": "0"}, "LW308"),
        ({"MemoryHigh": "12G", "MemorySwapMax": 0}, "LW308"),
        ({"MemoryHigh": "16G", "MemoryMax": "16G"}, "LW309"),
        ({"MemoryHigh": "16G", "MemoryMax": "12G", "MemorySwapMax": 0}, "LW309"),
        ({"MemoryHigh": "12G", "MemoryMax": "16G"}, None),
        ({"MemoryHigh": "12G", "MemoryMax": "16G", "MemorySwapMax": "1G"}, None),
        ({"MemoryHigh": "infinity", "MemoryMax": "16G", "MemorySwapMax": 0}, None),
        ({"MemoryMax": "16G", "MemorySwapMax": 0}, None),
    ],
)
def test_the_memory_band(settings: Dict[str, object], code: Optional[str]) -> None:
    items = [Item("slices", "user.slice", key, value) for key, value in settings.items()]
    found = LAYERS["slices"].check(items, frozenset())
    assert [one.code for one in found] == ([code] if code else [])
