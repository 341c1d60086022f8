# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checking wanted sysctls without a host: names, classes, values."""

from __future__ import annotations

from typing import Any, FrozenSet, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import Place
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import canonical
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.check import check
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

NONE: FrozenSet[str] = frozenset()


def item(name: str, value: Any) -> Item:
    return Item("sysctl", "", canonical(name), value, Place("t.yml", 3, 5))


def found(name: str, value: Any, allowed: FrozenSet[str] = NONE) -> List[Tuple[str, Optional[str]]]:
    return [(one.code, one.suggestion) for one in check([item(name, value)], allowed)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kernel.pid_max", 4194304),
        ("kernel/pid_max", "4194304"),
        ("/kernel/pid_max", "0x400000"),
        ("net.ipv4.tcp_rmem", "4096\t131072  33554432"),
        ("net.ipv4.tcp_congestion_control", "bbr"),
        ("net.ipv4.neigh.v0/100.base_reachable_time_ms", 30000),
        ("net/ipv4/neigh/v0.100/base_reachable_time_ms", 30000),
        ("fs.inotify.max_user_watches", 1048576),
        ("vm.overcommit_memory", 1),
    ],
)
def test_right_ones(name: str, value: Any) -> None:
    assert found(name, value) == []


@pytest.mark.parametrize(
    ("name", "value", "code", "suggestion"),
    [
        ("kernel.thread-max", 1, "LW201", "kernel.threads-max"),
        ("kernel.pid_maxx", 1, "LW201", "kernel.pid_max"),
        ("kernel.panic_on_oom", 1, "LW201", "vm.panic_on_oom"),
        ("proc.sys.vm.swappiness", 1, "LW201", "vm.swappiness"),
        ("net.ipv4.neigh.v0.100.base_reachable_time_ms", 1, "LW201",
         "net.ipv4.neigh.v0/100.base_reachable_time_ms"),
        ("completely.unknown.thing", 1, "LW201", None),
        ("../../etc/passwd", 1, "LW201", None),
        ("", 1, "LW201", None),
        ("kernel." + "x" * 5000, 1, "LW201", None),
        ("net.ipv4.conf.*.rp_filter", 1, "LW206", None),
        ("kernel.core_pattern", "|/bin/sh", "LW007", None),
        ("/kernel//core_pattern", "|/bin/sh", "LW007", None),
        ("kernel/x/../core_pattern", "|/bin/sh", "LW007", None),
        ("kernel.modprobe", "/tmp/x", "LW007", None),
        ("fs.binfmt_misc.register", "x", "LW007", None),
        ("kernel.ngroups_max", 1, "LW205", None),
        ("vm.swappiness", 500, "LW202", "200"),
        ("vm.swappiness", "ten", "LW202", None),
        ("vm.swappiness", "", "LW202", None),
        ("fs.inotify.max_user_watches", "64k", "LW202", "65536"),
        ("kernel.pid_max", 300, "LW202", "301"),
        ("net.ipv4.tcp_rmem", "4096 87380", "LW202", None),
        ("net.ipv4.tcp_tw_recycle", 0, "LW204", None),
    ],
)
def test_wrong_ones(name: str, value: Any, code: str, suggestion: Optional[str]) -> None:
    assert found(name, value)[0] == (code, suggestion)
    (finding, *_rest) = check([item(name, value)], NONE)
    assert (finding.layer, str(finding.place)) == ("sysctl", "t.yml:3:5")


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("kernel.core_pattern", "kernel.core_pattern"),
        ("kernel/core_pattern", "kernel.core_pattern"),
        ("kernel.core_pattern", "kernel/core_pattern"),
        ("vendor.own_key", "vendor/own_key"),
        ("kernel.sysrq", "kernel.sysrq"),
    ],
)
def test_the_host_may_allow_more(name: str, allowed: str) -> None:
    assert found(name, "1") != []
    assert found(name, "1", frozenset({allowed})) == []
    assert found(name, "1", frozenset({allowed + "x"})) != []


def test_two_names_of_one_key() -> None:
    one, other = item("net.netfilter.nf_conntrack_max", 1000), item("net.nf_conntrack_max", 2000)
    assert [finding.code for finding in check([one, other], NONE)] == ["LW008"]
    assert check([one, item("net.nf_conntrack_max", "0x3e8")], NONE) == []


@given(st.text(max_size=40), st.one_of(st.integers(), st.text(max_size=40)))
def test_any_words_get_an_answer(name: str, value: Any) -> None:
    for finding in check([item(name, value)], NONE):
        assert finding.severity in ("error", "warning")
