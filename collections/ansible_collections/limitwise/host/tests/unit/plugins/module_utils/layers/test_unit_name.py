# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit names: what is refused with which suggestion, and what a name covers."""

from __future__ import annotations

from typing import Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.layers.units import name as unit_name

RIGHT = (
    "user.slice", "user-.slice", "user-1000.slice", "-.slice", "a-b-c.slice", "docker.service",
    "t3-serve@.service", "t3-serve@web.service", "foo\\x2dbar.mount", "session-1.scope",
    "dbus.socket", "dev-sda1.swap", "a:b_c.service", "getty@tty1.service",
)


@pytest.mark.parametrize("name", RIGHT)
def test_names_of_units_with_limits(name: str) -> None:
    assert unit_name.objection(name) is None
    assert unit_name.section_of(name)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("user-*.slice", "user-.slice"),
        ("t3@*.service", "t3@.service"),
        ("*.service", None),
        ("docker", "docker.service"),
        ("docker.srvice", "docker.service"),
        ("user.slices", "user.slice"),
        ("", None),
        ("../../etc/x.service", None),
        ("a/b.service", None),
        ("a b.service", None),
        ("a\nb.service", None),
        ("a\0.service", None),
        ("multi-user.target", None),
        ("apt-daily.timer", None),
        (".slice", None),
        ("@x.service", None),
        ("user@1.slice", None),
        ("-user.slice", None),
        ("a--b.slice", None),
        ("x" * 250 + ".service", None),
        ("\u00fcser.slice", None),
    ],
)
def test_other_names_are_refused(name: str, suggestion: Optional[str]) -> None:
    objection = unit_name.objection(name)
    assert objection is not None
    assert objection[1] == suggestion


@given(st.text(max_size=300))
def test_an_accepted_name_is_one_harmless_file_name(name: str) -> None:
    if unit_name.objection(name) is None:
        assert "/" not in name
        assert name.isprintable()
        assert name not in (".", "..")
        assert len(name) <= 255


@pytest.mark.parametrize(
    ("name", "broader"),
    [
        ("user-1000.slice", ("user-.slice",)),
        ("user-.slice", ()),
        ("user.slice", ()),
        ("-.slice", ()),
        ("a-b-c.slice", ("a-b-.slice", "a-.slice")),
        ("foo@bar.service", ("foo@.service",)),
        ("foo@.service", ()),
        ("t3-serve@a-b.service", ("t3-serve@.service", "t3-@.service", "t3-@a-b.service")),
        ("a--b.service", ("a--.service", "a-.service")),
    ],
)
def test_broader_names(name: str, broader: Tuple[str, ...]) -> None:
    assert unit_name.broader(name) == broader
    assert all(unit_name.covers(wide, name) for wide in broader)


def test_what_a_name_covers() -> None:
    assert unit_name.covers("user-.slice", "user-1000.slice")
    assert unit_name.covers("user.slice", "user.slice")
    assert not unit_name.covers("user-.slice", "user.slice")
    assert not unit_name.covers("user-.slice", "user-1000.service")
    assert not unit_name.covers("user.slice", "user-1000.slice")
    assert [unit_name.covers_many(name) for name in ("user-.slice", "a@.service", "-.slice")] == [
        True, True, False,
    ]
    assert unit_name.pattern("user-.slice") == "user-*.slice"
    assert unit_name.pattern("a@.service") == "a@*.service"
    assert unit_name.pattern("a-@.service") == "a-*@*.service"
    assert unit_name.pattern("-.slice") == "-.slice"
    assert unit_name.folders(("user-7.slice",)) == ["user-7.slice.d", "user-.slice.d", "slice.d"]
