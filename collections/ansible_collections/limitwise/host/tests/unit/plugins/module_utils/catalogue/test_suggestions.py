# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value that is suggested is one that the same reader takes, for every key of the catalogue."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.catalogue import (
    kinds,
    limits,
    sysctl,
    unit_directives,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.problem import (
    ERROR,
    Problem,
    ValueKindError,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.unit_table import DIRECTIVES

TEXTS = (
    "infinity", "unlimited", "max", "-1", "0", "1", "", " 5 ", "1e3", "65536k", "64K", "2GB", "50",
    "50 %", "150%", "'8'", "8;", "1_000", "99999999999999999999", "yes", "5 s", "1-2", "KILL",
    "1 2 3", "1,2", "3 2 1", "10000:5", "infinity:5", "2GB:1GB", "0x", "/tmp", "-5:infinity",
)


@pytest.mark.parametrize("kind", kinds.KINDS)
@given(st.one_of(st.sampled_from(TEXTS), st.text(max_size=12)))
def test_of_every_kind(kind: str, text: str) -> None:
    try:
        kinds.parse(kind, text)
    except ValueKindError as error:
        if error.suggestion is not None:
            kinds.parse(kind, error.suggestion)


def problems(text: str) -> Dict[str, Tuple[Tuple[Problem, ...], List[Problem]]]:
    """What is wrong with a text by key, and with what is suggested instead of it."""
    found = {}
    for directive in DIRECTIVES:
        if not directive.replacement:
            first = unit_directives.check_value(directive, text)
            found[directive.name] = first, [
                two for one in first if one.suggestion is not None
                for two in unit_directives.check_value(directive, one.suggestion)
            ]
    for key in sysctl.KEYS:
        first = sysctl.check(key, text)
        found[key.path] = first, [
            two for one in first if one.suggestion is not None
            for two in sysctl.check(key, one.suggestion)
        ]
    for item in limits.ITEMS:
        first = limits.check_value(item, text)
        found[item.name] = first, [
            two for one in first if one.suggestion is not None
            for two in limits.check_value(item, one.suggestion)
        ]
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_of_every_key(text: str) -> None:
    wrong = {
        name: second for name, (_first, second) in problems(text).items()
        if any(one.severity == ERROR for one in second)
    }
    assert wrong == {}


def test_a_weight_has_no_infinity() -> None:
    weight = unit_directives.lookup("CPUWeight")
    assert weight is not None
    (problem,) = unit_directives.check_value(weight, "infinity")
    assert (problem.severity, problem.suggestion) == (ERROR, None)
