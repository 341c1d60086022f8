# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be written before what below /proc/sys, and why."""

from __future__ import annotations

from typing import Dict, Tuple

PRECEDES: Dict[str, Tuple[str, ...]] = {
    # Descriptors: no RLIMIT_NOFILE can be set above nr_open (fs/file.c, kernel/sys.c).
    "fs/file-max": ("fs/nr_open",),
    # A PID is needed for every thread, so the count may not rise before the numbers exist.
    "kernel/threads-max": ("kernel/pid_max",),
    # The kernel refuses a real-time runtime above the period (kernel/sched/rt.c).
    "kernel/sched_rt_runtime_us": ("kernel/sched_rt_period_us",),
    # Mode 2 binds at once: what it allows must be there before (mm/util.c).
    "vm/overcommit_memory": ("vm/overcommit_ratio", "vm/overcommit_kbytes"),
    # Segments and pages before the count of segments, sizes before the queues that hold them.
    "kernel/shmmax": ("kernel/shmall",),
    "kernel/msgmax": ("kernel/msgmnb",),
    "fs/mqueue/msg_default": ("fs/mqueue/msg_max",),
    "fs/mqueue/msgsize_default": ("fs/mqueue/msgsize_max",),
    # The upper thresholds of the neighbour tables first: the lower may never be above them.
    "net/ipv4/neigh/default/gc_thresh2": ("net/ipv4/neigh/default/gc_thresh3",),
    "net/ipv4/neigh/default/gc_thresh1": ("net/ipv4/neigh/default/gc_thresh2",),
    "net/ipv6/neigh/default/gc_thresh2": ("net/ipv6/neigh/default/gc_thresh3",),
    "net/ipv6/neigh/default/gc_thresh1": ("net/ipv6/neigh/default/gc_thresh2",),
    # Buffers: the maximum before the default, both before TCP's own vectors.
    "net/core/rmem_default": ("net/core/rmem_max",),
    "net/core/wmem_default": ("net/core/wmem_max",),
    "net/ipv4/tcp_rmem": ("net/core/rmem_max", "net/core/rmem_default"),
    "net/ipv4/tcp_wmem": ("net/core/wmem_max", "net/core/wmem_default"),
    # A listener's SYN queue is bounded by its accept queue.
    "net/ipv4/tcp_max_syn_backlog": ("net/core/somaxconn",),
    # Fragments: the kernel refuses a low threshold above the high one (net/ipv4/ip_fragment.c).
    "net/ipv4/ipfrag_low_thresh": ("net/ipv4/ipfrag_high_thresh",),
    "net/ipv6/ip6frag_low_thresh": ("net/ipv6/ip6frag_high_thresh",),
    # The kernel refuses tcp_reordering above tcp_max_reordering (net/ipv4/sysctl_net_ipv4.c).
    "net/ipv4/tcp_reordering": ("net/ipv4/tcp_max_reordering",),
    # bbr asks for pacing by fq on older kernels: the discipline before the algorithm.
    "net/ipv4/tcp_congestion_control": ("net/core/default_qdisc",),
    # More entries in too few buckets are slow from the first packet on.
    "net/netfilter/nf_conntrack_max": ("net/netfilter/nf_conntrack_buckets",),
}
"""Path to the paths that must be written before it when both are in one run."""
