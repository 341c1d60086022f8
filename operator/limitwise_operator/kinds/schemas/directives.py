"""The settable directives of units and slices as properties, each with a text worth reading.

What is not listed here cannot be set: Exec*, Environment*, User and their like are no properties.
"""

from __future__ import annotations

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.classes import (
    CAP,
    FLOOR,
    REFUSED,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.unit_directive import (
    Directive,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.unit_table import DIRECTIVES

from .quantities import QUANTITIES
from .shapes import Schema, mapping, record

WHAT = {
    "TasksMax": "Most tasks (processes and threads) of the unit and all below it",
    "TasksAccounting": "Whether tasks are counted",
    "MemoryMax": "Most memory; beyond it the OOM killer acts inside the unit",
    "MemoryHigh": "Memory beyond which the unit is slowed and reclaimed from; never below MemoryMax"
    " without swap, where it is a livelock",
    "MemorySwapMax": "Most swap",
    "MemoryZSwapMax": "Most compressed swap in memory",
    "StartupMemoryMax": "MemoryMax while the host starts and stops",
    "StartupMemoryHigh": "MemoryHigh while the host starts and stops",
    "StartupMemorySwapMax": "MemorySwapMax while the host starts and stops",
    "StartupMemoryZSwapMax": "MemoryZSwapMax while the host starts and stops",
    "MemoryMin": "Memory that is never reclaimed from the unit",
    "MemoryLow": "Memory that is reclaimed from the unit only when nothing else is left",
    "StartupMemoryLow": "MemoryLow while the host starts and stops",
    "DefaultMemoryMin": "MemoryMin of the units below that set none",
    "DefaultMemoryLow": "MemoryLow of the units below that set none",
    "DefaultStartupMemoryLow": "StartupMemoryLow of the units below that set none",
    "MemoryAccounting": "Whether memory is counted",
    "MemoryZSwapWriteback": "Whether compressed swap may go on to the disk",
    "CPUQuota": "Most CPU time; 100% is one CPU",
    "CPUQuotaPeriodSec": "Period over which CPUQuota is measured, 1ms to 1s",
    "CPUWeight": "Share of CPU time against the unit's siblings, 100 by default",
    "StartupCPUWeight": "CPUWeight while the host starts and stops",
    "AllowedCPUs": "CPUs the unit may run on",
    "StartupAllowedCPUs": "AllowedCPUs while the host starts and stops",
    "AllowedMemoryNodes": "NUMA nodes the unit may have memory of",
    "StartupAllowedMemoryNodes": "AllowedMemoryNodes while the host starts and stops",
    "CPUAccounting": "Whether CPU time is counted",
    "IOWeight": "Share of the disks against the unit's siblings, 100 by default",
    "StartupIOWeight": "IOWeight while the host starts and stops",
    "IODeviceWeight": "IOWeight on one device",
    "IOReadBandwidthMax": "Most bytes a second read from a device",
    "IOWriteBandwidthMax": "Most bytes a second written to a device",
    "IOReadIOPSMax": "Most reads a second from a device",
    "IOWriteIOPSMax": "Most writes a second to a device",
    "IODeviceLatencyTargetSec": "Latency below which the device is kept for the unit",
    "IOAccounting": "Whether disk use is counted",
    "IPAccounting": "Whether network traffic is counted",
    "OOMPolicy": "What becomes of the unit when one of its processes is killed for memory",
    "OOMScoreAdjust": "How willingly the kernel kills its processes for memory",
    "ManagedOOMSwap": "Whether systemd-oomd acts on the unit's use of swap",
    "ManagedOOMMemoryPressure": "Whether systemd-oomd acts on the unit's memory pressure",
    "ManagedOOMMemoryPressureLimit": "Memory pressure at which systemd-oomd acts",
    "ManagedOOMMemoryPressureDurationSec": "How long that pressure has to last, 1s at least",
    "ManagedOOMPreference": "Whether systemd-oomd spares the unit",
    "LimitNOFILE": "Open files of each process",
    "LimitNPROC": "Processes and threads of the user that the unit runs as, wherever they run",
    "LimitMEMLOCK": "Locked memory of each process",
    "LimitSTACK": "Stack of each process's main thread, default of the others",
    "LimitSIGPENDING": "Queued signals of the user",
    "LimitMSGQUEUE": "Bytes of POSIX message queues of the user",
    "LimitLOCKS": "File locks; without effect since Linux 2.4",
    "LimitRTPRIO": "Highest real-time priority",
    "LimitRTTIME": "Real-time run of a process without a wait",
    "LimitNICE": "Lowest nice level a process may take",
    "LimitCORE": "Size of a core dump",
    "LimitCPU": "CPU time of each process",
    "LimitFSIZE": "Size of a written file",
    "LimitDATA": "Data segment of each process",
    "LimitRSS": "Resident memory; without effect since Linux 2.4.30",
    "LimitAS": "Address space of each process",
}
"""What a directive limits; a test checks that this covers the catalogue's settable ones."""

_HOW = {
    FLOOR: " Only ever raised: a higher value in force stays.",
    CAP: " Holds up or down, but never below present use.",
}


def settable(section: str | None = None) -> tuple[Directive, ...]:
    """The directives that a tuning may set, of all units or of those with that section."""
    return tuple(
        each
        for each in DIRECTIVES
        if each.klass != REFUSED and (section is None or section in each.sections)
    )


def description(directive: Directive) -> str:
    """The text of one directive for ``kubectl explain``."""
    parts = [f"{WHAT[directive.name]}: {QUANTITIES[directive.kind].words}."]
    if directive.cgroup_file:
        parts.append(f" Lands in {directive.cgroup_file}.")
    if directive.rlimit:
        parts.append(f" Sets {directive.rlimit} of processes started after it (a restart).")
    parts.append(_HOW.get(directive.klass, ""))
    if directive.since:
        parts.append(f" systemd {directive.since}.")
    return "".join(parts)


def _units(what: str, names: str, section: str | None) -> Schema:
    properties = {
        each.name: QUANTITIES[each.kind].schema(description(each)) for each in settable(section)
    }
    return mapping(what, record(names, properties), most=128)


def slices() -> Schema:
    """The layer of cgroup slices."""
    return _units(
        "Limits of slices, the inner nodes of the cgroup tree, by name: user.slice, user-.slice"
        " (every user's), system.slice, kubepods.slice is the kubelet's own (use kubelet).",
        "Directives of one slice. They land in /etc/systemd/system/NAME.d/zz-limitwise.conf and,"
        " where systemd can do so, take effect at once.",
        "Slice",
    )


def units() -> Schema:
    """The layer of services and other units with processes."""
    return _units(
        "Limits of services, scopes, sockets, mounts and swaps, by name: containerd.service,"
        " kubelet.service, t3-serve@.service (every instance). Without suffix is refused.",
        "Directives of one unit. They land in /etc/systemd/system/NAME.d/zz-limitwise.conf; Limit*"
        " take effect with a restart, which spec.disruption has to allow.",
        None,
    )
