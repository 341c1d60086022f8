# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls below vm/ that are limits or resource settings.

Ranges: mm/ of Linux 7.1, Documentation/admin-guide/sysctl/vm.rst.
"""

from __future__ import annotations

from typing import Tuple

from .sysctl_key import NEW_PROCESSES, SysctlKey, exact, floor, switch

_LIMITS: Tuple[SysctlKey, ...] = (
    floor(
        "vm/max_map_count",
        "memory mappings of one process",
        low=0,
        sane_low=65530,
        used_by="max_map_count",
    ),
    exact(
        "vm/overcommit_memory",
        "0 guesses, 1 always grants, 2 keeps to the commit limit",
        low=0,
        high=2,
        used_by="overcommit",
    ),
    exact(
        "vm/overcommit_ratio",
        "percent of RAM in the commit limit of mode 2",
        low=0,
        unit="percent",
        counterpart="vm/overcommit_kbytes",
    ),
    exact(
        "vm/overcommit_kbytes",
        "kilobytes of RAM in the commit limit of mode 2",
        kind="ulong",
        unit="kilobytes",
        counterpart="vm/overcommit_ratio",
    ),
    exact(
        "vm/admin_reserve_kbytes",
        "memory kept for root under overcommit",
        kind="ulong",
        unit="kilobytes",
    ),
    exact(
        "vm/user_reserve_kbytes",
        "memory kept for recovery in mode 2",
        kind="ulong",
        unit="kilobytes",
    ),
    exact(
        "vm/min_free_kbytes", "memory the kernel keeps free", low=0, sane_low=1024, unit="kilobytes"
    ),
    exact("vm/nr_hugepages", "huge pages set aside", kind="ulong"),
    exact("vm/nr_hugepages_mempolicy", "huge pages set aside by memory policy", kind="ulong"),
    floor("vm/nr_overcommit_hugepages", "huge pages beyond those set aside", kind="ulong"),
    exact("vm/lowmem_reserve_ratio", "protection of the lower zones", kind="ints", arity=0),
)

_RECLAIM: Tuple[SysctlKey, ...] = (
    exact("vm/swappiness", "swap against page cache (above 100 since Linux 5.8)", low=0, high=200),
    exact("vm/vfs_cache_pressure", "reclaim of dentries and inodes", low=0),
    exact(
        "vm/vfs_cache_pressure_denom",
        "what vfs_cache_pressure is divided by",
        low=100,
        since="6.16",
    ),
    exact("vm/watermark_scale_factor", "distance of the watermarks", low=1, high=3000),
    exact("vm/watermark_boost_factor", "boost after fragmentation", low=0),
    exact(
        "vm/page-cluster",
        "pages read from swap at once, as a power of two",
        low=0,
        high=31,
        sane_high=8,
    ),
    exact("vm/zone_reclaim_mode", "reclaim in the own node first", low=0, sane_high=7),
    exact("vm/min_slab_ratio", "slab percentage that node reclaim acts on", low=0, high=100),
    exact(
        "vm/min_unmapped_ratio", "unmapped percentage that node reclaim acts on", low=0, high=100
    ),
    exact(
        "vm/percpu_pagelist_high_fraction",
        "share of a zone in per-CPU lists (0: default)",
        low=0,
        since="5.14",
    ),
    exact(
        "vm/percpu_pagelist_fraction",
        "share of a zone in per-CPU lists",
        low=0,
        until="5.13",
        replacement="vm/percpu_pagelist_high_fraction",
    ),
    exact("vm/compaction_proactiveness", "background compaction", low=0, high=100, since="5.9"),
    switch("vm/compact_unevictable_allowed", "compaction moves locked pages"),
    exact("vm/extfrag_threshold", "fragmentation that asks for compaction", low=0, high=1000),
    switch("vm/defrag_mode", "avoid fragmentation at the cost of reclaim", since="6.15"),
    exact("vm/page_lock_unfairness", "times a page lock may be stolen", low=0, since="5.9"),
    exact("vm/stat_interval", "seconds between statistics", low=0, unit="seconds"),
    switch("vm/numa_stat", "NUMA statistics"),
    exact("vm/numa_zonelist_order", "has had no effect since Linux 4.14", kind="word"),
    exact("vm/laptop_mode", "writeback waits for the disk to wake", low=0),
    switch("vm/highmem_is_dirtyable", "high memory counts as dirtyable"),
    exact("vm/scan_unevictable_pages", "has had no effect since Linux 3.3", until="4.1"),
    switch("vm/swap_vma_readahead", "moved to /sys/kernel/mm/swap", until="4.14"),
    exact("vm/mem_profiling", "allocation profiling", kind="word", since="6.10"),
    switch("vm/hugetlb_optimize_vmemmap", "free page structures of huge pages", since="6.0"),
    switch("vm/movable_gigantic_pages", "gigantic pages from movable zones"),
    exact("vm/hugepages_treat_as_movable", "huge pages from movable zones", until="4.15"),
)

_WRITEBACK: Tuple[SysctlKey, ...] = (
    exact(
        "vm/dirty_ratio",
        "percent of memory at which writers must write",
        low=0,
        high=100,
        unit="percent",
        counterpart="vm/dirty_bytes",
    ),
    exact(
        "vm/dirty_background_ratio",
        "percent of memory at which writeback starts",
        low=0,
        high=100,
        unit="percent",
        counterpart="vm/dirty_background_bytes",
    ),
    exact(
        "vm/dirty_bytes",
        "bytes at which writers must write; replaces dirty_ratio",
        kind="ulong",
        unit="bytes",
        sane_low=8192,
        counterpart="vm/dirty_ratio",
    ),
    exact(
        "vm/dirty_background_bytes",
        "bytes at which writeback starts; replaces the ratio",
        kind="ulong",
        low=1,
        unit="bytes",
        counterpart="vm/dirty_background_ratio",
    ),
    exact(
        "vm/dirty_expire_centisecs",
        "age at which dirty data is written",
        low=0,
        unit="centiseconds",
    ),
    exact(
        "vm/dirty_writeback_centisecs",
        "pause between writebacks (0: none)",
        low=0,
        unit="centiseconds",
    ),
    exact(
        "vm/dirtytime_expire_seconds", "age at which a time stamp is written", low=0, unit="seconds"
    ),
    exact("vm/block_dump", "logging of block I/O", until="5.13"),
)

_OUT_OF_MEMORY: Tuple[SysctlKey, ...] = (
    exact("vm/panic_on_oom", "0 kills, 1 panics unless bounded, 2 always panics", low=0, high=2),
    exact("vm/oom_kill_allocating_task", "kill whoever asked", sane_low=0, sane_high=1),
    exact("vm/oom_dump_tasks", "list all tasks in the log", sane_low=0, sane_high=1),
    switch("vm/memory_failure_early_kill", "kill users of a broken page at once"),
    switch("vm/memory_failure_recovery", "go on after a broken page"),
    switch("vm/enable_soft_offline", "broken pages are put aside", since="6.11"),
    exact("vm/legacy_va_layout", "old memory layout", low=0, effect=NEW_PROCESSES),
)

VM: Tuple[SysctlKey, ...] = _LIMITS + _RECLAIM + _WRITEBACK + _OUT_OF_MEMORY
