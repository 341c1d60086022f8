# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls below kernel/ and user/ that are limits or resource settings.

Ranges: kernel/, ipc/ and security/keys/ of Linux 7.1, Documentation/admin-guide/sysctl/kernel.rst.
"""

from __future__ import annotations

from typing import Tuple

from .sysctl_key import NEW_OBJECTS, SysctlKey, exact, floor, switch

_INT_MAX = 2**31 - 1
_IPC_IDS = 32768
_IPC_IDS_EXTENDED = 1 << 24

_TASKS: Tuple[SysctlKey, ...] = (
    floor(
        "kernel/threads-max", "threads of the whole host", low=1, high=0x3FFFFFFF, used_by="threads"
    ),
    floor(
        "kernel/pid_max",
        "highest PID plus one; also bounds threads",
        low=301,
        high=4194304,
        used_by="pids",
    ),
    floor("kernel/pty/max", "pseudo terminals of the host", low=0, high=_INT_MAX, used_by="ptys"),
    exact("kernel/pty/reserve", "pseudo terminals kept for the first mount", low=0, high=_INT_MAX),
    exact("kernel/pty/nr", "pseudo terminals in use", read_only=True),
    floor("kernel/user_events_max", "user trace events", kind="uint", since="6.4"),
    exact(
        "kernel/core_pipe_limit",
        "core dump handlers at a time (0: any number)",
        low=0,
        high=_INT_MAX,
        no_limit=0,
    ),
    floor(
        "kernel/core_file_note_size_limit",
        "bytes of notes in a core dump",
        kind="uint",
        low=4 << 20,
        high=16 << 20,
        unit="bytes",
        since="6.10",
    ),
    exact("kernel/ngroups_max", "supplementary groups of a process", read_only=True),
    exact("kernel/cap_last_cap", "highest capability of this kernel", read_only=True),
)

_KEYRINGS: Tuple[SysctlKey, ...] = (
    floor(
        "kernel/keys/maxkeys",
        "keys of a user other than root; containers share it",
        low=1,
        high=_INT_MAX,
        used_by="keyring",
    ),
    floor(
        "kernel/keys/maxbytes",
        "bytes of keys of a user other than root",
        low=1,
        high=_INT_MAX,
        unit="bytes",
        used_by="keyring",
    ),
    floor("kernel/keys/root_maxkeys", "keys of root", low=1, high=_INT_MAX, used_by="keyring"),
    floor(
        "kernel/keys/root_maxbytes",
        "bytes of keys of root",
        low=1,
        high=_INT_MAX,
        unit="bytes",
        used_by="keyring",
    ),
    exact(
        "kernel/keys/gc_delay",
        "seconds before dead keys are freed",
        low=0,
        high=_INT_MAX,
        unit="seconds",
    ),
    exact(
        "kernel/keys/persistent_keyring_expiry",
        "seconds a persistent keyring lives",
        low=0,
        high=_INT_MAX,
        unit="seconds",
    ),
)

_IPC: Tuple[SysctlKey, ...] = (
    floor(
        "kernel/shmmax",
        "bytes of one System V shared memory segment",
        kind="ulong",
        unit="bytes",
        used_by="sysv_shm",
    ),
    floor(
        "kernel/shmall",
        "pages of all System V shared memory",
        kind="ulong",
        unit="pages",
        used_by="sysv_shm",
    ),
    floor(
        "kernel/shmmni",
        "System V shared memory segments",
        low=0,
        high=_IPC_IDS_EXTENDED,
        sane_high=_IPC_IDS,
        used_by="sysv_shm",
    ),
    switch("kernel/shm_rmid_forced", "segments without users are removed"),
    floor(
        "kernel/sem",
        "semaphores of a set, of all, operations of a call, sets",
        kind="ints",
        arity=4,
        low=0,
        used_by="sysv_semaphores",
    ),
    floor("kernel/msgmax", "bytes of one System V message", low=0, high=_INT_MAX, unit="bytes"),
    floor(
        "kernel/msgmnb",
        "bytes of one System V message queue",
        low=0,
        high=_INT_MAX,
        unit="bytes",
        effect=NEW_OBJECTS,
    ),
    floor(
        "kernel/msgmni",
        "System V message queues",
        low=0,
        high=_IPC_IDS_EXTENDED,
        sane_high=_IPC_IDS,
    ),
    switch("kernel/auto_msgmni", "has had no effect since Linux 3.19"),
)

_SCHEDULER: Tuple[SysctlKey, ...] = (
    exact(
        "kernel/sched_rt_period_us",
        "period of the real-time share",
        low=1,
        high=_INT_MAX,
        unit="microseconds",
    ),
    exact(
        "kernel/sched_rt_runtime_us",
        "real-time share of a period (-1: all)",
        low=-1,
        unit="microseconds",
    ),
    exact("kernel/sched_rr_timeslice_ms", "time slice of SCHED_RR", unit="milliseconds"),
    exact(
        "kernel/sched_deadline_period_max_us",
        "longest SCHED_DEADLINE period",
        kind="uint",
        low=100,
        unit="microseconds",
        since="5.10",
    ),
    exact(
        "kernel/sched_deadline_period_min_us",
        "shortest SCHED_DEADLINE period",
        kind="uint",
        unit="microseconds",
        since="5.10",
    ),
    switch("kernel/sched_autogroup_enabled", "CPU shares by session"),
    exact(
        "kernel/sched_cfs_bandwidth_slice_us",
        "piece of a CPU quota handed to one CPU",
        low=1,
        unit="microseconds",
    ),
    switch("kernel/sched_schedstats", "scheduler statistics"),
    switch("kernel/sched_energy_aware", "energy aware placement"),
    exact(
        "kernel/sched_util_clamp_min",
        "highest utilisation floor a task may ask",
        kind="uint",
        low=0,
        high=1024,
        since="5.3",
    ),
    exact(
        "kernel/sched_util_clamp_max",
        "highest utilisation ceiling a task may ask",
        kind="uint",
        low=0,
        high=1024,
        since="5.3",
    ),
    exact(
        "kernel/sched_util_clamp_min_rt_default",
        "utilisation floor of real-time tasks",
        kind="uint",
        low=0,
        high=1024,
        since="5.8",
    ),
    switch("kernel/sched_itmt_enabled", "favoured cores are preferred", until="6.13"),
    exact("kernel/sched_child_runs_first", "child before parent after fork", until="6.5"),
    exact(
        "kernel/sched_min_granularity_ns",
        "shortest turn of a task",
        kind="uint",
        unit="nanoseconds",
        until="5.12",
    ),
    exact(
        "kernel/sched_wakeup_granularity_ns",
        "lead that preempts at wake-up",
        kind="uint",
        unit="nanoseconds",
        until="5.12",
    ),
    exact(
        "kernel/sched_latency_ns",
        "period in which every task has a turn",
        kind="uint",
        unit="nanoseconds",
        until="5.12",
    ),
    exact(
        "kernel/sched_migration_cost_ns",
        "time a task counts as cache-hot",
        kind="uint",
        unit="nanoseconds",
        until="5.12",
    ),
    exact(
        "kernel/sched_nr_migrate", "tasks moved in one balancing pass", kind="uint", until="5.12"
    ),
    exact(
        "kernel/sched_tunable_scaling",
        "scaling of the other values by CPUs",
        low=0,
        high=2,
        until="5.12",
    ),
    exact("kernel/sched_time_avg_ms", "averaging period of CPU power", until="4.14"),
    exact("kernel/sched_shares_window_ns", "averaging window of shares", until="4.5"),
    exact(
        "kernel/numa_balancing",
        "page placement by use (0, 1, 2 for tiers)",
        low=0,
        high=4,
        sane_high=3,
    ),
    exact(
        "kernel/numa_balancing_promote_rate_limit_MBps",
        "promotion between memory tiers",
        low=0,
        unit="MB/s",
        since="6.1",
    ),
    exact(
        "kernel/numa_balancing_scan_delay_ms", "first scan of a new task", kind="uint", until="5.12"
    ),
    exact(
        "kernel/numa_balancing_scan_period_min_ms",
        "shortest scan period",
        kind="uint",
        until="5.12",
    ),
    exact(
        "kernel/numa_balancing_scan_period_max_ms", "longest scan period", kind="uint", until="5.12"
    ),
    exact(
        "kernel/numa_balancing_scan_size_mb",
        "megabytes of one scan",
        kind="uint",
        low=1,
        until="5.12",
    ),
    switch("kernel/timer_migration", "timers move away from idle CPUs"),
    switch("kernel/task_delayacct", "delay accounting", since="5.14"),
    switch("kernel/split_lock_mitigate", "programs with split locks are slowed", since="6.0"),
)

_PERF: Tuple[SysctlKey, ...] = (
    exact(
        "kernel/perf_cpu_time_max_percent",
        "share of CPU time sampling may take",
        low=0,
        high=100,
        unit="percent",
    ),
    exact("kernel/perf_event_max_sample_rate", "samples a second", low=1),
    floor(
        "kernel/perf_event_mlock_kb",
        "locked kilobytes of perf buffers of a user",
        sane_low=0,
        unit="kilobytes",
    ),
    floor("kernel/perf_event_max_stack", "frames of a sampled stack", low=0, high=640 * 1024),
    floor(
        "kernel/perf_event_max_contexts_per_stack",
        "context entries of a sampled stack",
        low=0,
        high=1000,
    ),
)

_FAILURES: Tuple[SysctlKey, ...] = (
    exact("kernel/panic", "seconds before a reboot after a panic (0: never)", unit="seconds"),
    exact("kernel/panic_on_oops", "an oops is a panic", sane_low=0, sane_high=1),
    switch("kernel/panic_on_warn", "a warning is a panic"),
    exact("kernel/panic_on_unrecovered_nmi", "an unknown hardware error is a panic"),
    exact("kernel/panic_on_io_nmi", "an I/O error interrupt is a panic"),
    exact("kernel/unknown_nmi_panic", "an unknown interrupt is a panic"),
    switch("kernel/panic_on_rcu_stall", "a stalled grace period is a panic"),
    exact("kernel/panic_on_stackoverflow", "a kernel stack overflow is a panic"),
    exact("kernel/oops_limit", "oopses before a panic (0: any number)", kind="uint", since="6.2"),
    exact("kernel/warn_limit", "warnings before a panic (0: any number)", kind="uint", since="6.2"),
    exact(
        "kernel/hung_task_timeout_secs",
        "seconds a task may hang unreported (0: for ever)",
        kind="ulong",
        high=(2**63 - 1) // 100,
        unit="seconds",
    ),
    exact(
        "kernel/hung_task_check_interval_secs",
        "seconds between checks",
        kind="ulong",
        high=(2**63 - 1) // 100,
        unit="seconds",
    ),
    exact("kernel/hung_task_check_count", "tasks looked at in a check", low=0),
    exact("kernel/hung_task_warnings", "reports before silence (-1: any number)", low=-1),
    exact("kernel/hung_task_panic", "a hung task is a panic", low=0),
    switch("kernel/hung_task_all_cpu_backtrace", "a hung task shows all CPUs", since="5.9"),
    exact("kernel/softlockup_panic", "a soft lockup is a panic", low=0),
    switch("kernel/hardlockup_panic", "a hard lockup is a panic"),
    switch("kernel/softlockup_all_cpu_backtrace", "a soft lockup shows all CPUs"),
    switch("kernel/hardlockup_all_cpu_backtrace", "a hard lockup shows all CPUs"),
    switch("kernel/oops_all_cpu_backtrace", "an oops shows all CPUs", since="5.9"),
    switch("kernel/watchdog", "both lockup detectors"),
    switch("kernel/nmi_watchdog", "hard lockup detector"),
    switch("kernel/soft_watchdog", "soft lockup detector"),
    exact(
        "kernel/watchdog_thresh",
        "seconds before a lockup is reported",
        low=0,
        high=60,
        unit="seconds",
    ),
    exact("kernel/watchdog_cpumask", "CPUs that are watched", kind="ranges"),
    exact("kernel/printk", "console, default, least and boot log level", kind="ints", arity=4),
    exact(
        "kernel/printk_delay", "pause after each message", low=0, high=10000, unit="milliseconds"
    ),
    exact("kernel/printk_ratelimit", "seconds of the message rate limit", unit="seconds"),
    exact("kernel/printk_ratelimit_burst", "messages before the rate limit", sane_low=0),
    exact(
        "kernel/acct", "free space that stops and starts process accounting", kind="ints", arity=3
    ),
)

_NAMESPACES: Tuple[SysctlKey, ...] = tuple(
    floor(
        "user/max_%s" % name,
        "%s of a user" % what,
        kind="ulong",
        low=0,
        high=_INT_MAX,
        since=since,
        used_by=used_by,
    )
    for name, what, since, used_by in (
        ("user_namespaces", "user namespaces", "4.9", "user_namespaces"),
        ("pid_namespaces", "PID namespaces", "4.9", "namespaces"),
        ("net_namespaces", "network namespaces", "4.9", "namespaces"),
        ("mnt_namespaces", "mount namespaces", "4.9", "namespaces"),
        ("ipc_namespaces", "IPC namespaces", "4.9", "namespaces"),
        ("uts_namespaces", "host name namespaces", "4.9", "namespaces"),
        ("cgroup_namespaces", "cgroup namespaces", "4.9", "namespaces"),
        ("time_namespaces", "time namespaces", "5.6", "namespaces"),
        ("inotify_instances", "inotify instances in a user namespace", "4.14", "inotify_instances"),
        ("inotify_watches", "inotify watches in a user namespace", "4.14", "inotify_watches"),
        ("fanotify_groups", "fanotify groups in a user namespace", "5.13", ""),
        ("fanotify_marks", "fanotify marks in a user namespace", "5.13", ""),
    )
)

KERNEL: Tuple[SysctlKey, ...] = (
    _TASKS + _KEYRINGS + _IPC + _SCHEDULER + _PERF + _FAILURES + _NAMESPACES
)
