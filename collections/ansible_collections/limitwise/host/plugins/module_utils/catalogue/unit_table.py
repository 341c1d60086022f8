# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit directives that are limits: what they take, where they land, and when they act.

Sources: systemd.resource-control(5), systemd.exec(5), systemd.service(5) and
src/core/load-fragment-gperf.gperf.in of systemd 257 and 262.
"""

from __future__ import annotations

from functools import partial
from typing import Tuple

from .classes import CAP, EXACT, FLOOR, REFUSED, WEIGHT
from .problem import INFINITY
from .unit_directive import ALL_WITH_PROCESSES, Directive

_RESTART = "restart"

_memory = partial(Directive, klass=CAP, controller="memory")
_protection = partial(Directive, kind="memory-or-0", klass=EXACT, controller="memory")
_io = partial(Directive, klass=CAP, controller="io", cgroup_file="io.max", multiple=True)
_rlimit = partial(Directive, sections=ALL_WITH_PROCESSES, takes_effect=_RESTART, since=0)
_accounting = partial(Directive, kind="boolean", klass=EXACT)
_old = partial(Directive, kind="text", klass=REFUSED)

_TASKS: Tuple[Directive, ...] = (
    Directive("TasksMax", "tasks", CAP, 227, "pids", "pids.max"),
    _accounting("TasksAccounting", since=227, controller="pids"),
)

_MEMORY: Tuple[Directive, ...] = (
    _memory("MemoryMax", "memory", since=231, cgroup_file="memory.max"),
    _memory("MemoryHigh", "memory", since=231, cgroup_file="memory.high"),
    _memory("MemorySwapMax", "memory-or-0", since=232, cgroup_file="memory.swap.max"),
    _memory("MemoryZSwapMax", "memory-or-0", since=253, cgroup_file="memory.zswap.max"),
    _memory("StartupMemoryMax", "memory", since=252, cgroup_file="memory.max"),
    _memory("StartupMemoryHigh", "memory", since=252, cgroup_file="memory.high"),
    _memory("StartupMemorySwapMax", "memory-or-0", since=252, cgroup_file="memory.swap.max"),
    _memory("StartupMemoryZSwapMax", "memory-or-0", since=253, cgroup_file="memory.zswap.max"),
    _protection("MemoryMin", since=240, cgroup_file="memory.min"),
    _protection("MemoryLow", since=231, cgroup_file="memory.low"),
    _protection("StartupMemoryLow", since=252, cgroup_file="memory.low"),
    _protection("DefaultMemoryMin", since=240, cgroup_file="memory.min"),
    _protection("DefaultMemoryLow", since=240, cgroup_file="memory.low"),
    _protection("DefaultStartupMemoryLow", since=252, cgroup_file="memory.low"),
    _accounting("MemoryAccounting", since=208, controller="memory"),
    _accounting(
        "MemoryZSwapWriteback", since=256, controller="memory", cgroup_file="memory.zswap.writeback"
    ),
)

_CPU: Tuple[Directive, ...] = (
    Directive("CPUQuota", "quota", CAP, 213, "cpu", "cpu.max"),
    Directive(
        "CPUQuotaPeriodSec",
        "span",
        EXACT,
        242,
        "cpu",
        "cpu.max",
        low=1000,
        high=1000000,
        range_in_words="1ms to 1s",
    ),
    Directive("CPUWeight", "cpu-weight", WEIGHT, 232, "cpu", "cpu.weight"),
    Directive("StartupCPUWeight", "cpu-weight", WEIGHT, 232, "cpu", "cpu.weight"),
    Directive("AllowedCPUs", "cpus", EXACT, 244, "cpuset", "cpuset.cpus"),
    Directive("StartupAllowedCPUs", "cpus", EXACT, 252, "cpuset", "cpuset.cpus"),
    Directive("AllowedMemoryNodes", "cpus", EXACT, 244, "cpuset", "cpuset.mems"),
    Directive("StartupAllowedMemoryNodes", "cpus", EXACT, 252, "cpuset", "cpuset.mems"),
    _accounting("CPUAccounting", since=208, controller="cpu"),
)

_IO: Tuple[Directive, ...] = (
    Directive("IOWeight", "weight", WEIGHT, 230, "io", "io.weight"),
    Directive("StartupIOWeight", "weight", WEIGHT, 230, "io", "io.weight"),
    Directive("IODeviceWeight", "device-weight", WEIGHT, 230, "io", "io.weight", multiple=True),
    _io("IOReadBandwidthMax", "bandwidth", since=230),
    _io("IOWriteBandwidthMax", "bandwidth", since=230),
    _io("IOReadIOPSMax", "bandwidth", since=230),
    _io("IOWriteIOPSMax", "bandwidth", since=230),
    Directive(
        "IODeviceLatencyTargetSec", "device-latency", EXACT, 240, "io", "io.latency", multiple=True
    ),
    _accounting("IOAccounting", since=230, controller="io"),
    _accounting("IPAccounting", since=235),
)

_OUT_OF_MEMORY: Tuple[Directive, ...] = (
    Directive(
        "OOMPolicy",
        "oom-policy",
        EXACT,
        243,
        "memory",
        "memory.oom.group",
        sections=("Service", "Scope"),
    ),
    Directive(
        "OOMScoreAdjust", "oom-score", EXACT, 0, sections=ALL_WITH_PROCESSES, takes_effect=_RESTART
    ),
    Directive("ManagedOOMSwap", "managed-oom", EXACT, 247),
    Directive("ManagedOOMMemoryPressure", "managed-oom", EXACT, 247),
    Directive("ManagedOOMMemoryPressureLimit", "share", EXACT, 247),
    Directive(
        "ManagedOOMMemoryPressureDurationSec",
        "span",
        EXACT,
        257,
        low=1000000,
        high=INFINITY - 1,
        range_in_words="1s up, but not infinite",
    ),
    Directive("ManagedOOMPreference", "managed-oom-preference", EXACT, 248),
)

_RLIMITS: Tuple[Directive, ...] = (
    _rlimit("LimitNOFILE", "rlimit-count", FLOOR, rlimit="RLIMIT_NOFILE"),
    _rlimit("LimitNPROC", "rlimit-count", FLOOR, rlimit="RLIMIT_NPROC"),
    _rlimit("LimitMEMLOCK", "rlimit-bytes", FLOOR, rlimit="RLIMIT_MEMLOCK"),
    _rlimit("LimitSTACK", "rlimit-bytes", FLOOR, rlimit="RLIMIT_STACK"),
    _rlimit("LimitSIGPENDING", "rlimit-count", FLOOR, rlimit="RLIMIT_SIGPENDING"),
    _rlimit("LimitMSGQUEUE", "rlimit-bytes", FLOOR, rlimit="RLIMIT_MSGQUEUE"),
    _rlimit("LimitLOCKS", "rlimit-count", FLOOR, rlimit="RLIMIT_LOCKS"),
    _rlimit("LimitRTPRIO", "rlimit-count", FLOOR, rlimit="RLIMIT_RTPRIO"),
    _rlimit("LimitRTTIME", "rlimit-microseconds", FLOOR, rlimit="RLIMIT_RTTIME"),
    _rlimit("LimitNICE", "rlimit-nice", FLOOR, rlimit="RLIMIT_NICE"),
    _rlimit("LimitCORE", "rlimit-bytes", CAP, rlimit="RLIMIT_CORE"),
    _rlimit("LimitCPU", "rlimit-seconds", CAP, rlimit="RLIMIT_CPU"),
    _rlimit("LimitFSIZE", "rlimit-bytes", CAP, rlimit="RLIMIT_FSIZE"),
    _rlimit("LimitDATA", "rlimit-bytes", CAP, rlimit="RLIMIT_DATA"),
    _rlimit("LimitRSS", "rlimit-bytes", CAP, rlimit="RLIMIT_RSS"),
    _rlimit("LimitAS", "rlimit-bytes", CAP, rlimit="RLIMIT_AS"),
)

_DEPRECATED: Tuple[Directive, ...] = (
    _old("MemoryLimit", since=208, replacement="MemoryMax"),
    _old("CPUShares", since=208, replacement="CPUWeight"),
    _old("StartupCPUShares", since=213, replacement="StartupCPUWeight"),
    _old("BlockIOAccounting", since=208, replacement="IOAccounting"),
    _old("BlockIOWeight", since=208, replacement="IOWeight"),
    _old("StartupBlockIOWeight", since=213, replacement="StartupIOWeight"),
    _old("BlockIODeviceWeight", since=208, replacement="IODeviceWeight"),
    _old("BlockIOReadBandwidth", since=208, replacement="IOReadBandwidthMax"),
    _old("BlockIOWriteBandwidth", since=208, replacement="IOWriteBandwidthMax"),
)

DIRECTIVES: Tuple[Directive, ...] = (
    _TASKS + _MEMORY + _CPU + _IO + _OUT_OF_MEMORY + _RLIMITS + _DEPRECATED
)
"""All that a tuning may set, and the deprecated names of such."""
