# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sysctl catalogue: consistent tables, look-ups whatever the spelling, values, order."""

from __future__ import annotations

from collections import Counter
from typing import Dict, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.catalogue import sysctl
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.classes import (
    ALL,
    CAP,
    EXACT,
    FLOOR,
    REFUSED,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.kinds import (
    KINDS,
    NATURAL_RANGES,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.sysctl import (
    KEYS,
    apply_order,
    check,
    lookup,
    nearest_key,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.sysctl_key import SysctlKey
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.sysctl_order import PRECEDES

SETTABLE = [key for key in KEYS if key.klass != REFUSED]


def known(path: str) -> SysctlKey:
    key = lookup(path)
    assert key is not None, path
    return key


def test_there_are_enough_keys() -> None:
    assert len(SETTABLE) >= 250


def test_no_path_is_listed_twice() -> None:
    paths = Counter(path for key in KEYS for path in (key.path, *key.aliases))
    assert [path for path, count in paths.items() if count > 1] == []


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_an_entry_is_consistent(key: SysctlKey) -> None:
    assert key.klass in ALL
    assert key.kind in KINDS
    assert key.doc
    assert not key.path.startswith("/")
    assert "." not in key.path
    assert key.arity == 1 or key.kind in ("ints", "uints", "ulongs")
    if any(bound is not None for bound in (key.low, key.high, key.sane_low, key.sane_high)):
        natural_low, natural_high = NATURAL_RANGES[key.kind]
        low = natural_low if key.low is None else key.low
        high = natural_high if key.high is None else key.high
        assert natural_low <= low <= high <= natural_high
        sane_low = low if key.sane_low is None else key.sane_low
        sane_high = high if key.sane_high is None else key.sane_high
        assert low <= sane_low <= sane_high <= high


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_an_entry_is_found_by_its_path_and_aliases(key: SysctlKey) -> None:
    if "*" not in key.path:
        assert lookup(key.path) == key
    for alias in key.aliases:
        assert lookup(alias) == key
    if key.counterpart is not None:
        assert known(key.counterpart).counterpart == key.path
    if key.replacement is not None:
        assert known(key.replacement).until is None


def test_what_must_come_first_is_known() -> None:
    for later, earlier in PRECEDES.items():
        for path in (later, *earlier):
            assert known(path).klass != REFUSED


@pytest.mark.parametrize(
    ("path", "klass"),
    [
        ("kernel/threads-max", FLOOR),
        ("kernel/pid_max", FLOOR),
        ("kernel/keys/root_maxkeys", FLOOR),
        ("kernel/sem", FLOOR),
        ("vm/max_map_count", FLOOR),
        ("vm/swappiness", EXACT),
        ("vm/overcommit_memory", EXACT),
        ("fs/file-max", FLOOR),
        ("fs/nr_open", FLOOR),
        ("fs/aio-max-nr", FLOOR),
        ("fs/inotify/max_user_watches", FLOOR),
        ("fs/inotify/max_user_instances", FLOOR),
        ("fs/inotify/max_queued_events", FLOOR),
        ("user/max_user_namespaces", FLOOR),
        ("net/core/somaxconn", FLOOR),
        ("net/core/bpf_jit_limit", FLOOR),
        ("net/core/netdev_max_backlog", FLOOR),
        ("net/ipv4/tcp_max_syn_backlog", FLOOR),
        ("net/ipv4/neigh/default/gc_thresh3", FLOOR),
        ("net/ipv6/neigh/default/gc_thresh3", FLOOR),
        ("net/ipv4/ip_local_port_range", EXACT),
        ("net/ipv4/tcp_rmem", EXACT),
        ("net/netfilter/nf_conntrack_max", FLOOR),
        ("net/nf_conntrack_max", FLOOR),
        ("net/unix/max_dgram_qlen", FLOOR),
    ],
)
def test_classes_of_what_people_tune(path: str, klass: str) -> None:
    assert known(path).klass == klass


@pytest.mark.parametrize(
    "path",
    [
        "kernel/core_pattern",
        "kernel/core_uses_pid",
        "kernel/modprobe",
        "kernel/hotplug",
        "kernel/poweroff_cmd",
        "kernel/usermodehelper/bset",
        "kernel/usermodehelper/inheritable",
        "kernel/sysrq",
        "kernel/kexec_load_disabled",
        "kernel/kexec_load_limit_panic",
        "kernel/modules_disabled",
        "kernel/unprivileged_bpf_disabled",
        "kernel/unprivileged_userns_clone",
        "kernel/apparmor_restrict_unprivileged_userns",
        "kernel/yama/ptrace_scope",
        "kernel/yama/anything/below",
        "kernel/randomize_va_space",
        "kernel/perf_event_paranoid",
        "kernel/kptr_restrict",
        "kernel/dmesg_restrict",
        "kernel/seccomp/actions_logged",
        "kernel/hostname",
        "kernel/domainname",
        "kernel/ns_last_pid",
        "fs/binfmt_misc/register",
        "fs/binfmt_misc/qemu-arm",
        "fs/protected_symlinks",
        "fs/protected_hardlinks",
        "fs/protected_fifos",
        "fs/protected_regular",
        "fs/suid_dumpable",
        "dev/raid/speed_limit_max",
        "abi/vsyscall32",
        "sunrpc/tcp_slot_table_entries",
        "vm/drop_caches",
        "vm/compact_memory",
        "vm/mmap_min_addr",
        "vm/unprivileged_userfaultfd",
        "net/core/bpf_jit_enable",
        "net/core/bpf_jit_harden",
        "net/ipv4/ip_forward",
        "net/ipv4/conf/all/forwarding",
        "net/ipv4/conf/all/rp_filter",
        "net/ipv4/conf/eth0.100/rp_filter",
        "net/ipv4/conf/default/accept_redirects",
        "net/ipv4/conf/all/route_localnet",
        "net/ipv4/tcp_syncookies",
        "net/ipv4/ip_unprivileged_port_start",
        "net/ipv4/ping_group_range",
        "net/ipv6/conf/all/forwarding",
        "net/ipv6/conf/eth0/accept_ra",
        "net/ipv6/conf/all/disable_ipv6",
        "net/bridge/bridge-nf-call-iptables",
        "net/ipv4/route/flush",
    ],
)
def test_what_is_no_limit_is_refused(path: str) -> None:
    key = known(path)
    assert key.klass == REFUSED
    assert key.doc
    assert key.path == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "kernel",
        "kernel/thread-max",
        "kernel//threads-max",
        "kernel/../kernel/core_pattern",
        "./kernel/threads-max",
        "kernel/threads-max/",
        "net/ipv4/neigh/default",
        "net/ipv4/conf/all/rp_filtre",
        "vm/max_map_counts",
    ],
)
def test_unknown(path: str) -> None:
    assert lookup(path) is None


@given(st.text("abcd/.*-_", max_size=20))
def test_any_path_can_be_asked(path: str) -> None:
    key = lookup("kernel/" + path)
    assert key is None or key.doc


def test_a_key_of_any_interface_has_the_path_that_was_asked_for() -> None:
    key = known("net/ipv4/neigh/eth0.100/unres_qlen_bytes")
    assert key.path == "net/ipv4/neigh/eth0.100/unres_qlen_bytes"
    assert key.klass == FLOOR
    assert known("net/ipv6/conf/eth0/mtu").klass == EXACT


def test_an_alias_gives_the_canonical_path() -> None:
    assert known("net/nf_conntrack_max").path == "net/netfilter/nf_conntrack_max"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("kernel/thread-max", "kernel/threads-max"),
        ("kernel/threads_max", "kernel/threads-max"),
        ("kernel/pid_maxx", "kernel/pid_max"),
        ("kernel/pidmax", "kernel/pid_max"),
        ("kernel/swappiness", "vm/swappiness"),
        ("fs/inotify/max_user_watch", "fs/inotify/max_user_watches"),
        ("net/core/somaxcon", "net/core/somaxconn"),
        ("net/ipv4/neigh/eth0/unres_qlen_byte", "net/ipv4/neigh/eth0/unres_qlen_bytes"),
        ("net/ipv4/conf/all/rp_filtre", "net/ipv4/conf/all/rp_filter"),
        ("net/somaxconn", "net/core/somaxconn"),
        ("vm/overcommit_memroy", "vm/overcommit_memory"),
        ("net/ipv4/utterly_unknown", None),
        ("foo/bar", None),
    ],
)
def test_nearest_key(path: str, meant: Optional[str]) -> None:
    assert nearest_key(path) == meant


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("kernel/threads-max", "4194304"),
        ("kernel/pid_max", "301"),
        ("kernel/pid_max", "4194304"),
        ("kernel/sem", "250 32000 100 128"),
        ("kernel/shmmax", "18446744073709551615"),
        ("fs/file-max", "9223372036854775807"),
        ("fs/nr_open", "1048576"),
        ("vm/swappiness", "0"),
        ("vm/swappiness", "200"),
        ("vm/overcommit_memory", "1"),
        ("vm/lowmem_reserve_ratio", "256 256 32 0 0"),
        ("net/ipv4/tcp_rmem", "4096\t131072\t6291456"),
        ("net/ipv4/ip_local_port_range", "1024 65535"),
        ("net/ipv4/ip_local_reserved_ports", "8080,9000-9010"),
        ("net/ipv4/tcp_congestion_control", "bbr"),
        ("net/ipv4/tcp_adv_win_scale", "-2"),
        ("kernel/sched_rt_runtime_us", "-1"),
        ("net/core/default_qdisc", "fq"),
    ],
)
def test_right_values(path: str, text: str) -> None:
    assert check(known(path), text) == ()


@pytest.mark.parametrize(
    ("path", "text", "severity", "suggestion"),
    [
        ("kernel/pid_max", "300", "error", "301"),
        ("kernel/pid_max", "5000000", "error", "4194304"),
        ("kernel/threads-max", "0", "error", "1"),
        ("kernel/threads-max", "64k", "error", "65536"),
        ("kernel/threads-max", "many", "error", None),
        ("kernel/sem", "250 32000 100", "error", None),
        ("kernel/sem", "250 32000 -1 128", "error", None),
        ("vm/swappiness", "500", "error", "200"),
        ("vm/swappiness", "10 # low", "error", "10"),
        ("vm/overcommit_memory", "3", "error", "2"),
        ("fs/nr_open", "63", "error", "64"),
        ("fs/nr_open", "65536", "warning", None),
        ("kernel/shmall", "-1", "error", "0"),
        ("net/ipv4/tcp_app_win", "32", "error", "31"),
        ("net/ipv4/tcp_fin_timeout", "-1", "warning", None),
        ("net/ipv4/tcp_timestamps", "5", "warning", None),
        ("net/ipv4/ip_local_port_range", "0 65535", "error", None),
        ("net/ipv4/ip_local_port_range", "60000 10000", "error", "10000 60000"),
        ("net/ipv4/tcp_rmem", "4096 131072", "error", None),
        ("net/ipv4/tcp_rmem", "4096 8192 6144", "warning", "4096 6144 8192"),
        ("net/core/rmem_max", "10", "warning", None),
    ],
)
def test_wrong_values(path: str, text: str, severity: str, suggestion: Optional[str]) -> None:
    problems = check(known(path), text)
    assert [(each.severity, each.suggestion) for each in problems] == [(severity, suggestion)]


@given(st.sampled_from(SETTABLE), st.text("0123456789-x kM", max_size=16))
def test_any_text_can_be_checked(key: SysctlKey, text: str) -> None:
    for problem in check(key, text):
        assert problem.message
        if problem.severity == "error" and problem.suggestion is not None:
            again = check(key, problem.suggestion)
            assert all(other.message != problem.message for other in again)


@pytest.mark.parametrize(
    ("given_order", "expected"),
    [
        (["fs/file-max", "fs/nr_open"], ["fs/nr_open", "fs/file-max"]),
        (["kernel/threads-max", "kernel/pid_max"], ["kernel/pid_max", "kernel/threads-max"]),
        (
            ["net/ipv4/neigh/default/gc_thresh%d" % number for number in (1, 2, 3)],
            ["net/ipv4/neigh/default/gc_thresh%d" % number for number in (3, 2, 1)],
        ),
        (["vm/swappiness", "kernel/panic"], ["vm/swappiness", "kernel/panic"]),
        (
            ["kernel/sched_rt_runtime_us", "vm/swappiness", "kernel/sched_rt_period_us"],
            ["kernel/sched_rt_period_us", "kernel/sched_rt_runtime_us", "vm/swappiness"],
        ),
        (["vm/swappiness", "vm/swappiness"], ["vm/swappiness"]),
        ([], []),
    ],
)
def test_order(given_order: list[str], expected: list[str]) -> None:
    assert apply_order(given_order) == expected


@given(st.permutations([*PRECEDES, *(path for paths in PRECEDES.values() for path in paths)]))
def test_order_keeps_every_rule(paths: list[str]) -> None:
    ordered = apply_order(paths)
    place: Dict[str, int] = {path: index for index, path in enumerate(ordered)}
    assert sorted(ordered) == sorted(set(paths))
    for later, earlier in PRECEDES.items():
        assert all(place[path] < place[later] for path in earlier)


def test_no_cap_is_among_the_sysctls() -> None:
    assert [key.path for key in sysctl.KEYS if key.klass == CAP] == []
