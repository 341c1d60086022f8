# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls below net/ipv4 that are limits or resource settings.

Ranges: net/ipv4 and net/core/neighbour.c of Linux 7.1, Documentation/networking/ip-sysctl.rst.
"""

from __future__ import annotations

from typing import Tuple

from .problem import ERROR, WARNING
from .sysctl_key import NEW_SOCKETS, SysctlKey, exact, floor, switch

_INT_MAX = 2**31 - 1
_SYN_TRIES = 127

_TCP_LIMITS: Tuple[SysctlKey, ...] = (
    floor("net/ipv4/tcp_max_syn_backlog", "half-open connections of a listener", sane_low=1),
    floor("net/ipv4/tcp_max_orphans", "connections without a process", sane_low=1),
    floor("net/ipv4/tcp_max_tw_buckets", "connections in TIME-WAIT", sane_low=1),
    exact(
        "net/ipv4/tcp_mem",
        "pages of TCP: no pressure, pressure, limit",
        kind="ulongs",
        arity=3,
        ascending=WARNING,
        unit="pages",
    ),
    exact(
        "net/ipv4/tcp_rmem",
        "bytes of a receive buffer: least, default, most",
        kind="ints",
        arity=3,
        ascending=WARNING,
        low=1,
        unit="bytes",
        effect=NEW_SOCKETS,
    ),
    exact(
        "net/ipv4/tcp_wmem",
        "bytes of a send buffer: least, default, most",
        kind="ints",
        arity=3,
        ascending=WARNING,
        low=1,
        unit="bytes",
        effect=NEW_SOCKETS,
    ),
    exact(
        "net/ipv4/udp_mem",
        "pages of UDP: no pressure, pressure, limit",
        kind="ulongs",
        arity=3,
        ascending=WARNING,
        unit="pages",
    ),
    exact("net/ipv4/udp_rmem_min", "bytes a UDP receive buffer keeps", low=1, unit="bytes"),
    exact("net/ipv4/udp_wmem_min", "bytes a UDP send buffer keeps", low=1, unit="bytes"),
    exact(
        "net/ipv4/ip_local_port_range",
        "first and last ephemeral port",
        kind="ints",
        arity=2,
        ascending=ERROR,
        low=1,
        high=65535,
        used_by="ephemeral_ports",
    ),
    exact(
        "net/ipv4/ip_local_reserved_ports",
        "ports never given out",
        kind="ranges",
        used_by="ephemeral_ports",
    ),
    exact("net/ipv4/ip_local_port_step_width", "stride through the ephemeral ports", kind="uint"),
    floor(
        "net/ipv4/tcp_child_ehash_entries",
        "connection buckets of new namespaces",
        kind="uint",
        low=0,
        high=16 << 20,
        since="6.1",
    ),
    exact("net/ipv4/tcp_ehash_entries", "connection buckets of this namespace", read_only=True),
    floor(
        "net/ipv4/udp_child_hash_entries",
        "UDP buckets of new namespaces",
        kind="uint",
        low=0,
        high=1 << 16,
        since="6.2",
    ),
    exact("net/ipv4/udp_hash_entries", "UDP buckets of this namespace", read_only=True),
    floor("net/ipv4/inet_peer_threshold", "bytes of the peer storage", sane_low=1),
    exact("net/ipv4/inet_peer_minttl", "seconds a peer stays under pressure", unit="seconds"),
    exact("net/ipv4/inet_peer_maxttl", "seconds a peer stays at rest", unit="seconds"),
    floor("net/ipv4/igmp_max_memberships", "multicast groups of a socket", sane_low=0),
    floor("net/ipv4/igmp_max_msf", "multicast sources of a socket", sane_low=0),
    exact("net/ipv4/igmp_qrv", "IGMP robustness", low=1),
)

_TCP_TIMES: Tuple[SysctlKey, ...] = (
    exact(
        "net/ipv4/tcp_fin_timeout",
        "seconds in FIN-WAIT-2",
        sane_low=1,
        sane_high=3600,
        unit="seconds",
    ),
    exact(
        "net/ipv4/tcp_keepalive_time",
        "seconds idle before the first probe",
        sane_low=1,
        unit="seconds",
    ),
    exact("net/ipv4/tcp_keepalive_intvl", "seconds between probes", sane_low=1, unit="seconds"),
    exact("net/ipv4/tcp_keepalive_probes", "probes before a connection is dead", low=0, high=255),
    exact("net/ipv4/tcp_syn_retries", "tries to connect", low=1, high=_SYN_TRIES),
    exact("net/ipv4/tcp_synack_retries", "answers to a half-open connection", low=0, high=255),
    exact(
        "net/ipv4/tcp_syn_linear_timeouts",
        "tries before the pauses double",
        low=0,
        high=_SYN_TRIES,
        since="6.5",
    ),
    exact("net/ipv4/tcp_retries1", "retries before the route is doubted", low=0, high=255),
    exact("net/ipv4/tcp_retries2", "retries before a connection is dropped", low=0, high=255),
    exact(
        "net/ipv4/tcp_orphan_retries", "retries of a connection without a process", low=0, high=255
    ),
    exact("net/ipv4/tcp_tw_reuse", "reuse of TIME-WAIT ports (2: loopback only)", low=0, high=2),
    exact(
        "net/ipv4/tcp_tw_reuse_delay",
        "milliseconds before such reuse",
        kind="uint",
        low=1,
        high=60000,
        unit="milliseconds",
        since="6.14",
    ),
    switch("net/ipv4/tcp_tw_recycle", "broke clients behind NAT and was removed", until="4.11"),
    exact(
        "net/ipv4/tcp_rto_min_us",
        "shortest retransmission time",
        low=1,
        unit="microseconds",
        since="6.11",
    ),
    exact(
        "net/ipv4/tcp_rto_max_ms",
        "longest retransmission time",
        low=1000,
        high=120000,
        unit="milliseconds",
        since="6.15",
    ),
    exact(
        "net/ipv4/tcp_fastopen_blackhole_timeout_sec",
        "seconds without Fast Open after a loss",
        low=0,
        unit="seconds",
    ),
    exact(
        "net/ipv4/tcp_invalid_ratelimit",
        "pause between answers to odd segments",
        unit="milliseconds",
    ),
    exact(
        "net/ipv4/tcp_min_rtt_wlen",
        "window of the smallest round trip",
        low=0,
        high=86400,
        unit="seconds",
    ),
)

_TCP_BEHAVIOUR: Tuple[SysctlKey, ...] = (
    exact(
        "net/ipv4/tcp_congestion_control",
        "congestion control of new sockets",
        kind="word",
        effect=NEW_SOCKETS,
    ),
    exact(
        "net/ipv4/tcp_allowed_congestion_control",
        "congestion controls users may choose",
        kind="words",
    ),
    exact(
        "net/ipv4/tcp_available_congestion_control",
        "congestion controls at hand",
        kind="words",
        read_only=True,
    ),
    exact(
        "net/ipv4/tcp_available_ulp", "upper layer protocols at hand", kind="text", read_only=True
    ),
    exact("net/ipv4/tcp_slow_start_after_idle", "idle connections start slowly", low=0, high=255),
    exact("net/ipv4/tcp_window_scaling", "windows above 64 KiB", low=0, high=255, sane_high=1),
    exact(
        "net/ipv4/tcp_timestamps",
        "time stamps (1: with a random offset, 2: without)",
        low=0,
        high=255,
        sane_high=2,
    ),
    exact("net/ipv4/tcp_sack", "selective acknowledgements", low=0, high=255, sane_high=1),
    exact(
        "net/ipv4/tcp_dsack", "duplicate selective acknowledgements", low=0, high=255, sane_high=1
    ),
    exact("net/ipv4/tcp_fack", "has had no effect since Linux 4.15", low=0, high=255),
    exact("net/ipv4/tcp_ecn", "explicit congestion notification (3 to 5: accurate)", low=0, high=5),
    switch("net/ipv4/tcp_ecn_fallback", "without notification where it is lost"),
    exact("net/ipv4/tcp_ecn_option", "accurate notification option", low=0, high=3),
    exact("net/ipv4/tcp_ecn_option_beacon", "accurate notification beacon", low=0, high=3),
    exact("net/ipv4/tcp_fastopen", "data in the SYN (bits: 1 client, 2 server)"),
    exact(
        "net/ipv4/tcp_mtu_probing",
        "path MTU probing (1: after a black hole, 2: always)",
        low=0,
        high=255,
        sane_high=2,
    ),
    exact("net/ipv4/tcp_base_mss", "first segment size of probing", sane_low=48),
    exact("net/ipv4/tcp_mtu_probe_floor", "least segment size of probing", low=48, high=65535),
    exact("net/ipv4/tcp_probe_interval", "seconds between probes", kind="uint", unit="seconds"),
    exact("net/ipv4/tcp_probe_threshold", "bytes at which a probe ends"),
    exact("net/ipv4/tcp_min_snd_mss", "least segment size", low=48, high=65535),
    exact("net/ipv4/tcp_no_metrics_save", "forget a path's figures", low=0, high=255, sane_high=1),
    switch("net/ipv4/tcp_no_ssthresh_metrics_save", "forget a path's threshold"),
    exact(
        "net/ipv4/tcp_moderate_rcvbuf",
        "receive buffers grow by themselves",
        low=0,
        high=255,
        sane_high=1,
    ),
    exact("net/ipv4/tcp_rcvbuf_low_rtt", "round trip below which buffers grow less", low=0),
    exact("net/ipv4/tcp_adv_win_scale", "share of a buffer that is window", low=-31, high=31),
    exact("net/ipv4/tcp_app_win", "window kept for the program", low=0, high=31),
    exact(
        "net/ipv4/tcp_notsent_lowat",
        "unsent bytes below which a socket is writable",
        kind="uint",
        unit="bytes",
    ),
    exact(
        "net/ipv4/tcp_limit_output_bytes",
        "bytes of a socket in the device queues",
        sane_low=0,
        unit="bytes",
    ),
    exact("net/ipv4/tcp_challenge_ack_limit", "challenge acknowledgements a second", sane_low=0),
    exact("net/ipv4/tcp_reordering", "first guess of reordering", low=1),
    exact("net/ipv4/tcp_max_reordering", "most reordering", low=1),
    exact("net/ipv4/tcp_recovery", "loss recovery (bits)", low=0, high=255),
    exact("net/ipv4/tcp_early_retrans", "tail loss probe", low=0, high=4),
    exact(
        "net/ipv4/tcp_thin_linear_timeouts",
        "thin streams do not back off",
        low=0,
        high=255,
        sane_high=1,
    ),
    exact("net/ipv4/tcp_frto", "spurious timeout detection", low=0, high=255),
    exact("net/ipv4/tcp_autocorking", "small writes are gathered", low=0, high=1),
    exact(
        "net/ipv4/tcp_abort_on_overflow",
        "reset when accept() is too slow",
        low=0,
        high=255,
        sane_high=1,
    ),
    exact("net/ipv4/tcp_retrans_collapse", "merge on retransmission", low=0, high=255),
    exact("net/ipv4/tcp_stdurg", "urgent pointer of RFC 793", low=0, high=255),
    exact("net/ipv4/tcp_workaround_signed_windows", "peers with signed windows", low=0, high=255),
    exact("net/ipv4/tcp_low_latency", "has had no effect since Linux 4.14"),
    exact("net/ipv4/tcp_min_tso_segs", "least segments of an offloaded packet", low=1, high=255),
    exact(
        "net/ipv4/tcp_tso_win_divisor", "share of the window one packet may take", low=0, high=255
    ),
    exact("net/ipv4/tcp_tso_rtt_log", "offload size by round trip", low=0, high=255),
    exact("net/ipv4/tcp_pacing_ss_ratio", "pacing in slow start, percent", low=0, high=1000),
    exact("net/ipv4/tcp_pacing_ca_ratio", "pacing in avoidance, percent", low=0, high=1000),
    exact(
        "net/ipv4/tcp_comp_sack_delay_ns",
        "delay of compressed acknowledgements",
        kind="ulong",
        unit="nanoseconds",
    ),
    exact(
        "net/ipv4/tcp_comp_sack_slack_ns", "slack of that delay", kind="ulong", unit="nanoseconds"
    ),
    exact("net/ipv4/tcp_comp_sack_nr", "acknowledgements that may be compressed", low=0, high=255),
    exact("net/ipv4/tcp_comp_sack_rtt_percent", "delay by round trip", low=1, high=1000),
    switch("net/ipv4/tcp_backlog_ack_defer", "acknowledge after the backlog", since="6.7"),
    switch("net/ipv4/tcp_shrink_window", "the window may shrink", since="6.6"),
    exact(
        "net/ipv4/tcp_pingpong_thresh",
        "exchanges before interactive mode",
        low=1,
        high=255,
        since="6.7",
    ),
    switch("net/ipv4/tcp_reflect_tos", "answer with the peer's class"),
    switch("net/ipv4/tcp_plb_enabled", "load balancing by congestion", since="6.2"),
    exact("net/ipv4/tcp_plb_idle_rehash_rounds", "idle rounds before a new path", low=0, high=31),
    exact("net/ipv4/tcp_plb_rehash_rounds", "congested rounds before a new path", low=0, high=31),
    exact("net/ipv4/tcp_plb_suspend_rto_sec", "pause after a timeout", low=0, high=255),
    exact("net/ipv4/tcp_plb_cong_thresh", "share that counts as congested", low=0, high=256),
    switch("net/ipv4/tcp_early_demux", "early lookup of TCP sockets", high=255),
    switch("net/ipv4/udp_early_demux", "early lookup of UDP sockets", high=255),
    switch("net/ipv4/ip_early_demux", "early lookup of sockets", high=255),
    switch("net/ipv4/tcp_thin_dupack", "removed with thin streams' fast retransmit", until="4.15"),
    exact("net/ipv4/tcp_max_ssthresh", "limited slow start", until="3.9"),
    exact("net/ipv4/tcp_dma_copybreak", "removed with network DMA", until="3.17"),
    exact("net/ipv4/tcp_abc", "byte counting", until="3.9"),
    exact("net/ipv4/tcp_frto_response", "answer to spurious timeouts", until="3.9"),
    exact("net/ipv4/tcp_cookie_size", "cookie transactions", until="3.9"),
    exact("net/ipv4/tcp_vegas_cong_avoid", "Vegas as a switch", until="2.6"),
    exact("net/ipv4/tcp_bic", "BIC as a switch", until="2.6"),
    exact("net/ipv4/tcp_westwood", "Westwood as a switch", until="2.6"),
)

_ROUTES: Tuple[SysctlKey, ...] = (
    floor("net/ipv4/route/max_size", "has had no effect on IPv4 since Linux 3.6"),
    exact("net/ipv4/route/gc_thresh", "cached routes before cleaning"),
    exact("net/ipv4/route/gc_elasticity", "length of a cached chain"),
    exact("net/ipv4/route/gc_interval", "seconds between cleanings", unit="seconds"),
    exact("net/ipv4/route/gc_timeout", "seconds before a route is old", unit="seconds"),
    exact("net/ipv4/route/gc_min_interval", "least seconds between cleanings", unit="seconds"),
    exact(
        "net/ipv4/route/gc_min_interval_ms", "least pause between cleanings", unit="milliseconds"
    ),
    exact("net/ipv4/route/mtu_expires", "seconds a path MTU is kept", unit="seconds"),
    exact("net/ipv4/route/min_pmtu", "least path MTU", low=68, unit="bytes"),
    exact("net/ipv4/route/min_adv_mss", "least announced segment size", unit="bytes"),
    exact("net/ipv4/route/error_burst", "errors before the rate limit"),
    exact("net/ipv4/route/error_cost", "cost of an error message"),
    floor("net/ipv4/ipfrag_high_thresh", "bytes of fragments waiting", kind="ulong", unit="bytes"),
    exact(
        "net/ipv4/ipfrag_low_thresh",
        "bytes of fragments after cleaning",
        kind="ulong",
        unit="bytes",
    ),
    exact("net/ipv4/ipfrag_time", "seconds a fragment waits", sane_low=1, unit="seconds"),
    exact("net/ipv4/ipfrag_max_dist", "disorder of fragments that is borne", low=0),
    exact("net/ipv4/ipfrag_secret_interval", "has had no effect since Linux 4.17"),
    exact("net/ipv4/ip_default_ttl", "hops of a packet", low=1, high=255),
    exact("net/ipv4/ip_no_pmtu_disc", "path MTU discovery off", low=0, high=255, sane_high=3),
    exact(
        "net/ipv4/fib_sync_mem",
        "bytes of routes before a wait",
        kind="uint",
        low=64 << 10,
        high=64 << 20,
        unit="bytes",
    ),
    floor("net/ipv4/xfrm4_gc_thresh", "IPsec destinations before cleaning"),
    exact("net/ipv4/icmp_ratelimit", "pause between error messages", unit="milliseconds"),
    exact("net/ipv4/icmp_ratemask", "messages under the rate limit"),
    exact("net/ipv4/icmp_msgs_per_sec", "error messages a second", low=0),
    exact("net/ipv4/icmp_msgs_burst", "error messages at once", low=0),
)

IPV4: Tuple[SysctlKey, ...] = _TCP_LIMITS + _TCP_TIMES + _TCP_BEHAVIOUR + _ROUTES
