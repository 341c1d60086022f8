# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint of sysctl files: what is found, what is put right, and what is left in peace."""

from __future__ import annotations

from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.lint import lint


@pytest.mark.parametrize(
    ("line", "code", "severity", "fixed"),
    [
        ("kernel.thread-max = 65536", "LW201", "error", "kernel.threads-max = 65536"),
        ("  kernel.thread-max=65536", "LW201", "error", "  kernel.threads-max=65536"),
        ("-kernel.thread-max=65536", "LW201", "error", "-kernel.threads-max=65536"),
        ("vm.swapiness = 10", "LW201", "error", "vm.swappiness = 10"),
        ("kernel.panic_on_oom=1", "LW201", "error", "vm.panic_on_oom=1"),
        ("/proc/sys/vm/swappiness = 10", "LW201", "error", "vm.swappiness = 10"),
        ("sysctl -w fs.nr_open=1048576", "LW201", "error", "fs.nr_open=1048576"),
        ("net.ipv4.conf.v0.100.rp_filter = 1", "LW201", "error",
         "net.ipv4.conf.v0/100.rp_filter = 1"),
        ("kernel.zork_count = 1", "LW201", "warning", None),
        ("net.ipv4.tcp_tw_recycle = 0", "LW204", "warning", None),
        ("vm.swappiness = 500", "LW202", "error", None),
        ("vm.swappiness = ten", "LW202", "error", None),
        ("vm.swappiness =", "LW202", "error", None),
        ("fs.inotify.max_user_watches = 64k", "LW202", "error",
         "fs.inotify.max_user_watches = 65536"),
        ("kernel.threads-max = 65,536", "LW202", "error", "kernel.threads-max = 65536"),
        ("vm.swappiness = 10 # calm", "LW212", "warning", "vm.swappiness = 10"),
        ("vm.swappiness = 10\t; calm", "LW212", "warning", "vm.swappiness = 10"),
        ("vm.swappiness = 10# calm", "LW212", "error", "vm.swappiness = 10"),
        ("vm.swappiness = 10;", "LW212", "error", "vm.swappiness = 10"),
        ("net.ipv4.tcp_rmem = 4096 87380 4194304 # x", "LW212", "warning",
         "net.ipv4.tcp_rmem = 4096 87380 4194304"),
        ("net.ipv4.tcp_congestion_control = bbr # fast", "LW212", "error",
         "net.ipv4.tcp_congestion_control = bbr"),
        ("kernel.sysrq = 1 # magic", "LW212", "warning", "kernel.sysrq = 1"),
        ('net.core.somaxconn = "65535"', "LW213", "error", "net.core.somaxconn = 65535"),
        ("net.core.somaxconn = 'lots'", "LW213", "error", None),
        ("fs.file-max 100000", "LW211", "error", "fs.file-max = 100000"),
        ("fs.file-max: 100000", "LW211", "error", "fs.file-max = 100000"),
        ("fs.file-max\t\t100000", "LW211", "error", "fs.file-max = 100000"),
        ("just some words", "LW211", "error", None),
        ("= 5", "LW211", "error", None),
    ],
)
def test_one_slip(line: str, code: str, severity: str, fixed: Optional[str]) -> None:
    (found,) = lint(f"# first\n{line}\n".encode(), "x.conf")
    assert (found.code, found.severity, found.fixed_line) == (code, severity, fixed)
    assert (found.place.file, found.place.line, found.layer) == ("x.conf", 2, "sysctl")
    if fixed is not None:
        assert lint(fixed.encode(), "x.conf") == []


def test_a_line_with_two_slips_is_put_right_as_a_whole() -> None:
    both = lint(b"vm.swapiness = 10;", "x.conf")
    assert [one.code for one in both] == ["LW201"]
    assert both[0].fixed_line == "vm.swappiness = 10;"
    removed = lint(b"net.ipv4.tcp_tw_recycle = 1;", "x.conf")
    assert sorted(one.code for one in removed) == ["LW204", "LW212"]
    assert [one.fixed_line for one in removed] == [None, None]


def test_the_last_of_two_assignments_holds() -> None:
    (found,) = lint(b"vm.swappiness=10\nkernel.sysrq=1\nvm/swappiness = 20\n", "x.conf")
    assert (found.code, found.place.line) == ("LW214", 3)
    assert "line 1" in found.message
    assert lint(b"vm.swappiness=10\nvm/swappiness = 0xa\n", "x.conf") == []


CLEAN = """
# A host for containers, in every usual style
; also a comment
kernel.pid_max=4194304
kernel.threads-max = 4194304
\tvm.max_map_count\t=\t262144
vm/overcommit_memory = 1
/vm/swappiness = 10
net.ipv4.tcp_rmem = 4096\t131072\t33554432
net.ipv4.tcp_wmem = 4096 16384 33554432
net.ipv4.tcp_mem=   191232    254976    382464
net.ipv4.ip_local_port_range = 1024 65535
net.ipv4.ip_local_reserved_ports = 8080,9000-9010
net.ipv4.ping_group_range = 0 2147483647
net.core.default_qdisc = fq_codel
net.ipv4.tcp_congestion_control=cubic
kernel.core_pattern = |/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h
kernel.printk = 4 4 1 7
kernel.sem = 250 32000 100 128
kernel.shmmax = 18446744073692774399
kernel.sysrq = 176
kernel.kptr_restrict = 1
kernel.yama.ptrace_scope = 1
kernel.core_uses_pid = 1
kernel.unprivileged_userns_clone=1
fs.protected_hardlinks = 1
fs.suid_dumpable = 2
fs.inotify.max_user_instances = 8192
fs.xfs.xfssyncd_centisecs = 3000
dev.raid.speed_limit_max = 200000
net.ipv4.conf.default.rp_filter = 2
net.ipv4.conf.*.rp_filter = 2
-net.ipv4.conf.all.rp_filter
net.ipv4.conf.enp3s0/200.forwarding = 1
net/ipv4/conf/enp3s0.200/accept_redirects = 0
-net.ipv4.ip_forward = 1
net.ipv6.conf.all.disable_ipv6 = 0
net.bridge.bridge-nf-call-iptables = 1
net.netfilter.nf_conntrack_max = 1048576
user.max_user_namespaces = 28633
vm.min_free_kbytes = 65536
vm.dirty_background_ratio = 5
vm.nr_hugepages = 0
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_clean_file_has_no_finding(ending: str) -> None:
    assert lint(CLEAN.replace("\n", ending).encode(), "x.conf") == []
    assert lint(CLEAN.rstrip("\n").encode(), "x.conf") == []
    assert lint(b"", "x.conf") == []


@given(st.binary(max_size=300))
def test_any_bytes_can_be_linted(data: bytes) -> None:
    for found in lint(data, "x.conf"):
        assert found.code.startswith("LW2")


def test_a_huge_line_and_a_binary_file_are_no_trouble() -> None:
    assert len(lint(b"x" * 5_000_000, "x.conf")) == 1
    assert len(lint(b"kernel." + b"y" * 5_000_000 + b" = 1", "x.conf")) == 1
    assert lint(b"vm.swappiness = " + b"1 " * 1_000_000, "x.conf") != []
    assert lint(bytes(range(256)) * 100, "x.conf") != []


def test_a_file_full_of_unknown_names_gets_a_hundred_guesses() -> None:
    lines = b"".join(b"vm.swappines%d = 1\n" % number for number in range(150))
    found = lint(lines, "x.conf")
    assert [one.suggestion for one in found] == ["vm.swappiness"] * 100 + [None] * 50
