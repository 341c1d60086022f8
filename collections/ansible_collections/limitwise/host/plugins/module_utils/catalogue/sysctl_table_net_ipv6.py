# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls of neighbour tables and below net/ipv6 that are limits or resource settings.

Ranges: net/core/neighbour.c and net/ipv6 of Linux 7.1, Documentation/networking/ip-sysctl.rst.
"""

from __future__ import annotations

from typing import Tuple

from .sysctl_key import SysctlKey, exact, floor

_INT_MAX = 2**31 - 1


def _neighbours(family: str) -> Tuple[SysctlKey, ...]:
    """The neighbour table of one family: what the whole table has, then what every device has."""
    table = "net/%s/neigh/default/" % family
    device = "net/%s/neigh/*/" % family
    return (
        floor(
            table + "gc_thresh1",
            "neighbours that are never cleaned",
            low=0,
            high=_INT_MAX,
            used_by="neighbours",
        ),
        floor(
            table + "gc_thresh2",
            "neighbours before cleaning",
            low=0,
            high=_INT_MAX,
            used_by="neighbours",
        ),
        floor(
            table + "gc_thresh3", "neighbours at all", low=0, high=_INT_MAX, used_by="neighbours"
        ),
        exact(table + "gc_interval", "seconds between cleanings", sane_low=1, unit="seconds"),
        exact(
            device + "gc_stale_time",
            "seconds before a neighbour is stale",
            sane_low=0,
            unit="seconds",
        ),
        exact(
            device + "base_reachable_time",
            "seconds a neighbour is trusted",
            sane_low=1,
            unit="seconds",
        ),
        exact(
            device + "base_reachable_time_ms",
            "time a neighbour is trusted",
            sane_low=1,
            unit="milliseconds",
        ),
        exact(
            device + "delay_first_probe_time",
            "seconds before the first probe",
            sane_low=0,
            unit="seconds",
        ),
        exact(
            device + "interval_probe_time_ms",
            "pause between kept-up probes",
            low=1,
            unit="milliseconds",
            since="6.0",
        ),
        exact(device + "retrans_time", "pause between probes", unit="hundredths of a second"),
        exact(device + "retrans_time_ms", "pause between probes", unit="milliseconds"),
        exact(device + "mcast_solicit", "multicast probes", low=0, high=_INT_MAX),
        exact(device + "ucast_solicit", "unicast probes", low=0, high=_INT_MAX),
        exact(device + "app_solicit", "probes by a program", low=0, high=_INT_MAX),
        exact(
            device + "mcast_resolicit", "multicast probes after unicast ones", low=0, high=_INT_MAX
        ),
        floor(device + "unres_qlen", "packets waiting for an address", sane_low=0),
        floor(
            device + "unres_qlen_bytes",
            "bytes waiting for an address",
            low=0,
            high=_INT_MAX,
            unit="bytes",
        ),
        floor(device + "proxy_qlen", "proxied requests waiting", low=0, high=_INT_MAX),
        exact(device + "proxy_delay", "delay of a proxied answer"),
        exact(device + "anycast_delay", "delay of an anycast answer"),
        exact(device + "locktime", "time an entry is not replaced"),
    )


_IPV6: Tuple[SysctlKey, ...] = (
    floor("net/ipv6/route/max_size", "IPv6 destinations (no effect since Linux 6.3)", sane_low=1),
    exact("net/ipv6/route/gc_thresh", "IPv6 destinations before cleaning"),
    exact("net/ipv6/route/gc_elasticity", "how fast cleaning grows keener"),
    exact("net/ipv6/route/gc_interval", "seconds between cleanings", unit="seconds"),
    exact("net/ipv6/route/gc_timeout", "seconds before a route is old", unit="seconds"),
    exact("net/ipv6/route/gc_min_interval", "least seconds between cleanings", unit="seconds"),
    exact(
        "net/ipv6/route/gc_min_interval_ms", "least pause between cleanings", unit="milliseconds"
    ),
    exact("net/ipv6/route/mtu_expires", "seconds a path MTU is kept", unit="seconds"),
    exact("net/ipv6/route/min_adv_mss", "least announced segment size", unit="bytes"),
    floor("net/ipv6/ip6frag_high_thresh", "bytes of fragments waiting", kind="ulong", unit="bytes"),
    exact(
        "net/ipv6/ip6frag_low_thresh",
        "bytes of fragments after cleaning",
        kind="ulong",
        unit="bytes",
    ),
    exact("net/ipv6/ip6frag_time", "seconds a fragment waits", sane_low=1, unit="seconds"),
    exact("net/ipv6/ip6frag_secret_interval", "has had no effect since Linux 4.17"),
    floor("net/ipv6/xfrm6_gc_thresh", "IPsec destinations before cleaning"),
    floor("net/ipv6/mld_max_msf", "multicast sources of a socket", sane_low=0),
    exact("net/ipv6/mld_qrv", "MLD robustness", low=1),
    exact("net/ipv6/idgen_delay", "seconds between address tries", unit="seconds"),
    exact("net/ipv6/idgen_retries", "address tries"),
    floor("net/ipv6/max_dst_opts_number", "destination options of a packet"),
    floor("net/ipv6/max_dst_opts_length", "bytes of destination options"),
    floor("net/ipv6/max_hbh_opts_number", "hop-by-hop options of a packet"),
    floor("net/ipv6/max_hbh_length", "bytes of hop-by-hop options"),
    exact("net/ipv6/icmp/ratelimit", "pause between error messages", unit="milliseconds"),
    exact("net/ipv6/icmp/ratemask", "messages under the rate limit", kind="ranges"),
    floor(
        "net/ipv6/conf/*/max_addresses",
        "addresses of an interface (0: any number)",
        sane_low=0,
        no_limit=0,
    ),
    exact("net/ipv6/conf/*/hop_limit", "hops of a packet", low=1, high=255),
    exact("net/ipv6/conf/*/mtu", "bytes of a packet", sane_low=1280, unit="bytes"),
)

IPV6: Tuple[SysctlKey, ...] = _neighbours("ipv4") + _neighbours("ipv6") + _IPV6
