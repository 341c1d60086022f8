# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""check of wanted limits: what the catalogue alone can say about a tuning's section limits."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import Finding, Place
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.layer import LimitsLayer
from ansible_collections.limitwise.host.plugins.module_utils.tuning import (
    Item,
    Path,
    read,
)

NONE: FrozenSet[str] = frozenset()


def found(*entries: Dict[str, Any], allowed: FrozenSet[str] = NONE) -> List[Finding]:
    places: Dict[Path, Place] = {("limits", "0"): Place("tuning.yml", 4, 3)}
    tuning, shape = read({"limits": list(entries)}, places=places, file="tuning.yml")
    assert not shape
    return LimitsLayer().check(tuning.of("limits"), allowed)


def entry(domain: str, kind: str, item: str, value: Any) -> Dict[str, Any]:
    return {"domain": domain, "type": kind, "item": item, "value": value}


@pytest.mark.parametrize(
    ("domain", "kind", "item", "value"),
    [
        ("*", "-", "nofile", 1048576), ("@student", "hard", "nproc", 65536),
        ("root", "soft", "core", 0), ("app", "HARD", "NoFile", "Unlimited"),
        ("1000:", "-", "as", -1), (":5", "-", "cpu", 5), ("@5:9", "-", "cpu", 5),
        ("%", "-", "maxlogins", 100), ("%student", "-", "maxlogins", 5),
        ("app", "-", "nice", -10), ("app", "-", "priority", 5), ("app", "soft", "nice", 5),
    ],
)  # fmt: skip
def test_right(domain: str, kind: str, item: str, value: Any) -> None:
    assert found(entry(domain, kind, item, value)) == []


@pytest.mark.parametrize(
    ("domain", "kind", "item", "value", "code", "suggestion"),
    [
        ("*", "hard", "noproc", 5, "LW102", "nproc"),
        ("*", "hard", "nofiles", 5, "LW102", "nofile"),
        ("*", "both", "nofile", 5, "LW103", "-"),
        ("*", "harf", "nofile", 5, "LW103", "hard"),
        ("*", "hard", "nofile", "64k", "LW105", "65536"),
        ("*", "hard", "nofile", "-5", "LW105", None),
        ("*", "hard", "nofile", "lots", "LW106", None),
        ("*", "hard", "nice", "unlimited", "LW106", None),
        ("*", "hard", "nofile", 2147483585, "LW107", "unlimited"),
        ("%", "hard", "nproc", 5, "LW112", None),
        ("%student", "-", "maxsyslogins", 5, "LW112", None),
        ("a:b", "hard", "nproc", 5, "LW126", None),
        ("\u201c*\u201d", "hard", "nproc", 5, "LW126", "*"),
        ("-", "hard", "nproc", 5, "LW126", "*"),
        ("*hard", "hard", "nproc", 5, "LW126", "*"),
        ("", "hard", "nproc", 5, "LW011", None),
        ("a b", "hard", "nproc", 5, "LW011", None),
        ("a#b", "hard", "nproc", 5, "LW011", None),
        ("app", "-", "chroot", "/srv", "LW007", None),
        ("app", "-", "nonewprivs", 1, "LW007", None),
    ],
)
def test_wrong(
    domain: str, kind: str, item: str, value: Any, code: str, suggestion: Optional[str]
) -> None:
    findings = found(entry(domain, kind, item, value))
    assert {finding.code for finding in findings} == {code}
    assert {finding.suggestion for finding in findings} == {suggestion}
    assert {finding.severity for finding in findings} == {"error"}
    assert {finding.layer for finding in findings} == {"limits"}
    assert str(findings[0].place) == "tuning.yml:4:3"


def test_the_host_may_allow_what_is_no_limit() -> None:
    jail = entry("web", "-", "chroot", "/srv/jail")
    assert found(jail, allowed=frozenset({"chroot"})) == []
    hidden = entry("web", "-", "chroot", "/srv # * - nproc 5")
    assert {one.code for one in found(hidden, allowed=frozenset({"chroot"}))} == {"LW011"}


@pytest.mark.parametrize(
    ("soft", "hard", "item", "code"),
    [
        (10, 5, "nofile", ["LW111"]), (5, 10, "nofile", []), (5, "unlimited", "nofile", []),
        ("unlimited", 5, "nofile", ["LW111"]), (5, 5, "maxlogins", []),
        (5, 6, "maxlogins", ["LW008"]), (5, -5, "nice", []),
    ],
)  # fmt: skip
def test_soft_and_hard(soft: Any, hard: Any, item: str, code: List[str]) -> None:
    findings = found(entry("app", "soft", item, soft), entry("app", "hard", item, hard))
    assert [finding.code for finding in findings] == code


@given(st.text(max_size=8), st.text(max_size=12), st.text(max_size=8), st.integers() | st.text())
def test_any_text_is_judged(domain: str, key: str, item: str, value: Any) -> None:
    wanted = Item("limits", domain, f"{key} {item}", value)
    for finding in LimitsLayer().check([wanted], frozenset()):
        assert finding.severity == "error"
