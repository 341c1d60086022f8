# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls of connection tracking and virtual servers: limits and how long entries live.

Ranges: net/netfilter of Linux 7.1, Documentation/networking/nf_conntrack-sysctl.rst.
"""

from __future__ import annotations

from functools import partial
from typing import Tuple

from .sysctl_key import SysctlKey, exact, floor, switch

_INT_MAX = 2**31 - 1
_PATH = "net/netfilter/nf_conntrack_"

_timeout = partial(exact, sane_low=1, unit="seconds", module="nf_conntrack")

_TABLE: Tuple[SysctlKey, ...] = (
    floor(
        _PATH + "max",
        "connections tracked",
        low=1,
        high=_INT_MAX,
        module="nf_conntrack",
        aliases=("net/nf_conntrack_max",),
        used_by="conntrack",
    ),
    floor(
        _PATH + "buckets",
        "buckets of the connection table",
        kind="uint",
        sane_low=1024,
        module="nf_conntrack",
    ),
    floor(
        _PATH + "expect_max",
        "connections expected by helpers",
        low=1,
        high=_INT_MAX,
        module="nf_conntrack",
    ),
    exact(_PATH + "count", "connections tracked now", read_only=True, module="nf_conntrack"),
    floor(
        "net/netfilter/nf_conntrack_frag6_high_thresh",
        "bytes of IPv6 fragments waiting",
        kind="ulong",
        unit="bytes",
        module="nf_defrag_ipv6",
    ),
    exact(
        "net/netfilter/nf_conntrack_frag6_low_thresh",
        "bytes of fragments after cleaning",
        kind="ulong",
        unit="bytes",
        module="nf_defrag_ipv6",
    ),
    exact(
        "net/netfilter/nf_conntrack_frag6_timeout",
        "seconds a fragment waits",
        unit="seconds",
        module="nf_defrag_ipv6",
    ),
    floor(
        "net/ipv4/ip_conntrack_max", "connections tracked", until="4.8", replacement=_PATH + "max"
    ),
    floor(
        "net/ipv4/netfilter/ip_conntrack_max",
        "connections tracked",
        until="4.8",
        replacement=_PATH + "max",
    ),
    exact(
        "net/ipv4/netfilter/ip_conntrack_tcp_timeout_established",
        "seconds at rest",
        until="4.8",
        unit="seconds",
        replacement=_PATH + "tcp_timeout_established",
    ),
    exact(
        "net/ipv4/netfilter/ip_conntrack_tcp_timeout_time_wait",
        "seconds in TIME-WAIT",
        until="4.8",
        unit="seconds",
        replacement=_PATH + "tcp_timeout_time_wait",
    ),
    exact(
        "net/ipv4/netfilter/ip_conntrack_tcp_timeout_close_wait",
        "seconds in CLOSE-WAIT",
        until="4.8",
        unit="seconds",
        replacement=_PATH + "tcp_timeout_close_wait",
    ),
    exact(
        "net/ipv4/netfilter/ip_conntrack_tcp_timeout_fin_wait",
        "seconds in FIN-WAIT",
        until="4.8",
        unit="seconds",
        replacement=_PATH + "tcp_timeout_fin_wait",
    ),
)

_TIMES: Tuple[SysctlKey, ...] = tuple(
    _timeout(_PATH + name, "seconds a connection is remembered: %s" % state)
    for name, state in (
        ("tcp_timeout_established", "TCP at rest"),
        ("tcp_timeout_syn_sent", "TCP SYN sent"),
        ("tcp_timeout_syn_recv", "TCP SYN received"),
        ("tcp_timeout_fin_wait", "TCP FIN-WAIT"),
        ("tcp_timeout_close_wait", "TCP CLOSE-WAIT"),
        ("tcp_timeout_last_ack", "TCP LAST-ACK"),
        ("tcp_timeout_time_wait", "TCP TIME-WAIT"),
        ("tcp_timeout_close", "TCP closed"),
        ("tcp_timeout_max_retrans", "TCP not acknowledged after retries"),
        ("tcp_timeout_unacknowledged", "TCP not acknowledged"),
        ("udp_timeout", "UDP one way"),
        ("udp_timeout_stream", "UDP both ways"),
        ("icmp_timeout", "ICMP"),
        ("icmpv6_timeout", "ICMPv6"),
        ("generic_timeout", "other protocols"),
        ("gre_timeout", "GRE one way"),
        ("gre_timeout_stream", "GRE both ways"),
        ("sctp_timeout_closed", "SCTP closed"),
        ("sctp_timeout_cookie_wait", "SCTP cookie awaited"),
        ("sctp_timeout_cookie_echoed", "SCTP cookie echoed"),
        ("sctp_timeout_established", "SCTP at rest"),
        ("sctp_timeout_shutdown_sent", "SCTP shutdown sent"),
        ("sctp_timeout_shutdown_recd", "SCTP shutdown received"),
        ("sctp_timeout_shutdown_ack_sent", "SCTP shutdown acknowledged"),
        ("sctp_timeout_heartbeat_sent", "SCTP heartbeat sent"),
        ("dccp_timeout_request", "DCCP request"),
        ("dccp_timeout_respond", "DCCP respond"),
        ("dccp_timeout_partopen", "DCCP half open"),
        ("dccp_timeout_open", "DCCP open"),
        ("dccp_timeout_closereq", "DCCP close asked"),
        ("dccp_timeout_closing", "DCCP closing"),
        ("dccp_timeout_timewait", "DCCP TIME-WAIT"),
    )
)

_OFFLOAD_TIMES: Tuple[SysctlKey, ...] = (
    _timeout("net/netfilter/nf_flowtable_tcp_timeout", "seconds of an offloaded TCP flow"),
    _timeout("net/netfilter/nf_flowtable_udp_timeout", "seconds of an offloaded UDP flow"),
)

_DETAIL: Tuple[SysctlKey, ...] = (
    switch(_PATH + "acct", "bytes and packets are counted", module="nf_conntrack"),
    switch(_PATH + "timestamp", "connections are stamped", module="nf_conntrack"),
    exact(_PATH + "events", "events for listeners", low=0, high=2, module="nf_conntrack"),
    switch(_PATH + "checksum", "checksums are verified", module="nf_conntrack"),
    switch(_PATH + "tcp_loose", "connections are picked up midway", module="nf_conntrack"),
    switch(_PATH + "tcp_be_liberal", "odd windows are let through", module="nf_conntrack"),
    switch(
        _PATH + "tcp_ignore_invalid_rst",
        "odd resets are ignored",
        module="nf_conntrack",
        since="5.14",
    ),
    exact(
        _PATH + "tcp_max_retrans",
        "retries before the short timeout",
        low=0,
        high=255,
        module="nf_conntrack",
    ),
    exact(
        _PATH + "log_invalid",
        "protocol whose odd packets are logged",
        low=0,
        high=255,
        module="nf_conntrack",
    ),
    switch(_PATH + "helper", "helpers are chosen by port", module="nf_conntrack", until="5.19"),
    switch(_PATH + "dccp_loose", "DCCP is picked up midway", module="nf_conntrack"),
)

_VIRTUAL_SERVERS: Tuple[SysctlKey, ...] = (
    exact("net/ipv4/vs/conn_reuse_mode", "what happens to a reused port", module="ip_vs"),
    switch(
        "net/ipv4/vs/conntrack",
        "virtual servers use connection tracking",
        high=None,
        module="ip_vs",
    ),
    switch(
        "net/ipv4/vs/expire_nodest_conn",
        "connections of a lost server end",
        high=None,
        module="ip_vs",
    ),
    switch(
        "net/ipv4/vs/expire_quiescent_template",
        "persistence of a quiet server ends",
        high=None,
        module="ip_vs",
    ),
    exact("net/ipv4/vs/amemthresh", "pages below which defence starts", module="ip_vs"),
    exact("net/ipv4/vs/am_droprate", "share dropped in defence", module="ip_vs"),
    floor(
        "net/ipv4/vs/sync_qlen_max",
        "messages waiting for synchronisation",
        kind="ulong",
        module="ip_vs",
    ),
)

NETFILTER: Tuple[SysctlKey, ...] = _TABLE + _TIMES + _OFFLOAD_TIMES + _DETAIL + _VIRTUAL_SERVERS
