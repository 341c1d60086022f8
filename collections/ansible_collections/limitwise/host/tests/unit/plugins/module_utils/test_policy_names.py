# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a policy: one that means no limit is an error, with the right one where it is clear."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import Place
from ansible_collections.limitwise.host.plugins.module_utils.policy_names import meant
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read


def named(section: str, name: str) -> Any:
    return {name: 5} if section == "maximum" else [name]


def findings(section: str, name: str) -> List[Tuple[str, Optional[str]]]:
    _tuning, found = read({"policy": {section: named(section, name)}})
    return [(one.code, one.suggestion) for one in found]


@pytest.mark.parametrize("section", ["maximum", "allow_lowering"])
@pytest.mark.parametrize(
    "name",
    [
        "kernel.pid_max", "kernel/pid_max", "net.ipv4.conf.eth0/100.rp_filter", "TasksMax",
        "user.slice TasksMax", "hard nofile", "soft nproc", "@staff hard nofile",
        "first.last soft nproc", "/default-ulimits/nofile/Hard",
    ],
)
def test_right_names(section: str, name: str) -> None:
    assert findings(section, name) == []


@pytest.mark.parametrize("section", ["maximum", "allow_lowering"])
@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("kernel.pidmax", "kernel.pid_max"),
        ("kernel.pid_maxx", "kernel.pid_max"),
        ("kernel.nothing_like_it", None),
        ("tasksmax", "TasksMax"),
        ("user.slice TaskMax", "user.slice TasksMax"),
        ("- nofile", "hard nofile"),
        ("* - nofile", "* hard nofile"),
        ("* Hard nofiles", "* hard nofile"),
        ("/default-ulimit/nofile/Hard", None),
        ("", None),
        ("a", None),
    ],
)
def test_wrong_names(section: str, name: str, suggestion: Optional[str]) -> None:
    assert findings(section, name) == [("LW012", suggestion)]


def test_a_bare_name_lets_floors_down_but_is_no_maximum() -> None:
    assert findings("allow_lowering", "nofile") == []
    assert findings("maximum", "nofile") == [("LW012", "hard nofile")]
    assert findings("allow_lowering", "default-ulimits") == []


def test_what_the_document_wants_may_be_named() -> None:
    """The host's own list may allow a key that the catalogue does not have."""
    document = {"sysctl": {"vendor.key": 3}, "policy": {"maximum": {"vendor.key": 4}}}
    assert read(document)[1] == ()


def test_the_finding_has_its_place() -> None:
    here = Place("a.yml", 3)
    document = {"policy": {"maximum": {"kernel.pidmax": 4}}}
    _tuning, (found,) = read(document, places={("policy", "maximum", "kernel.pidmax"): here})
    assert (found.place, found.severity, found.found) == (here, "error", "kernel.pidmax")


@given(st.text(max_size=40))
def test_no_name_breaks_it_and_a_suggestion_is_right(name: str) -> None:
    suggestion = meant(name)
    assert suggestion is None or findings("maximum", suggestion) == []
