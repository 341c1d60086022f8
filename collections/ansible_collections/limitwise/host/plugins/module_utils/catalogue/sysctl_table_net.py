# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls below net/core, net/unix and other common parts of the network stack.

Ranges: net/core/sysctl_net_core.c and net/unix of Linux 7.1,
Documentation/admin-guide/sysctl/net.rst.
"""

from __future__ import annotations

from typing import Tuple

from .sysctl_key import NEW_OBJECTS, NEW_SOCKETS, SysctlKey, exact, floor, switch

_SMALLEST_SEND = 4608
_SMALLEST_RECEIVE = 2304

_CORE: Tuple[SysctlKey, ...] = (
    floor(
        "net/core/somaxconn",
        "connections waiting for accept(); existing listeners keep theirs",
        low=0,
        used_by="listen_backlog",
        effect=NEW_SOCKETS,
    ),
    floor("net/core/netdev_max_backlog", "packets waiting for one CPU", sane_low=1),
    exact("net/core/netdev_budget", "packets of one polling round", sane_low=1),
    exact(
        "net/core/netdev_budget_usecs",
        "time of one polling round",
        low=2,
        unit="microseconds",
        since="4.12",
    ),
    exact("net/core/dev_weight", "packets of one device in a round", low=1),
    exact("net/core/dev_weight_rx_bias", "multiplier of dev_weight for receiving", low=1),
    exact("net/core/dev_weight_tx_bias", "multiplier of dev_weight for sending", low=1),
    exact("net/core/gro_normal_batch", "packets merged before they go up", low=1),
    floor(
        "net/core/rmem_max",
        "bytes a receive buffer may be set to",
        sane_low=_SMALLEST_RECEIVE,
        unit="bytes",
    ),
    floor(
        "net/core/wmem_max",
        "bytes a send buffer may be set to",
        sane_low=_SMALLEST_SEND,
        unit="bytes",
    ),
    exact(
        "net/core/rmem_default",
        "bytes of a new receive buffer",
        sane_low=_SMALLEST_RECEIVE,
        unit="bytes",
        effect=NEW_SOCKETS,
    ),
    exact(
        "net/core/wmem_default",
        "bytes of a new send buffer",
        sane_low=_SMALLEST_SEND,
        unit="bytes",
        effect=NEW_SOCKETS,
    ),
    floor("net/core/optmem_max", "bytes of ancillary data of a socket", low=0, unit="bytes"),
    floor(
        "net/core/bpf_jit_limit",
        "bytes of compiled BPF programs of users",
        kind="long",
        low=1,
        unit="bytes",
        used_by="bpf_jit",
    ),
    exact(
        "net/core/default_qdisc",
        "queueing discipline of new devices",
        kind="word",
        effect=NEW_OBJECTS,
    ),
    exact("net/core/busy_poll", "busy polling in poll()", low=0, unit="microseconds"),
    exact("net/core/busy_read", "busy polling in read()", low=0, unit="microseconds"),
    exact(
        "net/core/rps_sock_flow_entries",
        "flows that are steered (0: off)",
        kind="uint",
        low=0,
        high=1 << 29,
    ),
    exact("net/core/rps_default_mask", "CPUs that new devices steer to", kind="text"),
    exact(
        "net/core/flow_limit_table_len",
        "buckets of the flow limit, a power of two",
        low=1,
        effect=NEW_OBJECTS,
    ),
    exact("net/core/flow_limit_cpu_bitmap", "CPUs with a flow limit", kind="text"),
    exact("net/core/max_skb_frags", "fragments of a packet", low=1, high=45),
    exact("net/core/message_burst", "messages before the rate limit", sane_low=0),
    exact("net/core/message_cost", "seconds of the message rate limit", unit="seconds"),
    exact("net/core/warnings", "has had no effect for long", sane_low=0),
    exact("net/core/netdev_tstamp_prequeue", "packets are stamped before they are queued"),
    exact(
        "net/core/netdev_unregister_timeout_secs",
        "seconds before a leaked device is named",
        low=1,
        high=3600,
        unit="seconds",
        since="5.13",
    ),
    exact("net/core/skb_defer_max", "packets freed later by their own CPU", low=0, since="6.0"),
    exact("net/core/mem_pcpu_rsv", "pages of socket memory a CPU keeps", low=64, since="6.10"),
    switch("net/core/high_order_alloc_disable", "only single pages for packets"),
    exact("net/core/qdisc_max_burst", "packets waiting for a queueing discipline"),
    exact(
        "net/core/txq_reselection_ms", "pause before a flow changes its queue", unit="milliseconds"
    ),
    switch("net/core/txrehash", "a stuck flow takes another path", since="5.18"),
    floor("net/core/xfrm_acq_expires", "seconds an acquired state lives", unit="seconds"),
    exact("net/core/xfrm_aevent_etime", "state event interval", kind="uint"),
    exact("net/core/xfrm_aevent_rseqth", "state event sequence step", kind="uint"),
    switch("net/core/tstamp_allow_data", "time stamps may come with data"),
    switch("net/core/bypass_prot_mem", "sockets outside the protocol's memory account"),
    exact("net/core/netdev_rss_key", "hash key of the devices", kind="text", read_only=True),
)

_UNIX: Tuple[SysctlKey, ...] = (
    floor(
        "net/unix/max_dgram_qlen",
        "datagrams waiting at a Unix socket",
        sane_low=1,
        effect=NEW_SOCKETS,
    ),
)

NET: Tuple[SysctlKey, ...] = _CORE + _UNIX
