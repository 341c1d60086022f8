# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for a ceiling: what it is called, its numbers, and how it is raised for good."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from .ceiling import (
    CGROUP,
    CONTAINER,
    FILES,
    HOST,
    INOTIFY_INSTANCES,
    INOTIFY_WATCHES,
    KUBEPODS,
    MEMORY,
    MEMORY_HIGH,
    NAMESPACE,
    OPEN_FILES,
    PIDS,
    POD,
    PROCESS,
    SLICE,
    SWAP,
    THREADS,
    UNIT,
    USER,
    Ceiling,
)

BYTES = (MEMORY, MEMORY_HIGH, SWAP)
UNITS = "KMGTP"
SHORT_ID = 12

SYSCTLS: Dict[str, str] = {
    THREADS: "kernel.threads-max", PIDS: "kernel.pid_max", FILES: "fs.file-max",
    OPEN_FILES: "fs.nr_open", INOTIFY_INSTANCES: "fs.inotify.max_user_instances",
    INOTIFY_WATCHES: "fs.inotify.max_user_watches",
}
DIRECTIVES: Dict[str, str] = {
    PIDS: "TasksMax", MEMORY: "MemoryMax", MEMORY_HIGH: "MemoryHigh",
}
ELSEWHERE: Dict[Tuple[str, str], str] = {
    (KUBEPODS, PIDS): "lower pid in the kubelet's systemReserved and kubeReserved, or raise "
                      "kernel.pid_max and restart the kubelet",
    (POD, PIDS): "raise podPidsLimit in the kubelet's configuration: new pods get it",
    (CONTAINER, PIDS): "raise the container's own PID limit (docker update --pids-limit, "
                       "pids_limit in its compose file)",
    (PROCESS, OPEN_FILES): "raise nofile: LimitNOFILE of its unit, or limits.conf for a login",
    (PROCESS, THREADS): "raise nproc: LimitNPROC of its unit, or limits.conf for a login",
    (HOST, SWAP): "add swap, or cap what fills it",
    (HOST, MEMORY): "cap the trees that use it: MemoryMax of their slices",
}


def what(ceiling: Ceiling) -> str:
    """How a person calls it: ``student.slice TasksMax``, ``kernel.pid_max``, ``pod 1a2b pids.max``.
    """
    if ceiling.scope in (HOST, NAMESPACE):
        return SYSCTLS.get(ceiling.resource, ceiling.resource)
    if ceiling.scope in (SLICE, UNIT) and ceiling.resource in DIRECTIVES:
        return f"{ceiling.subject} {DIRECTIVES[ceiling.resource]}"
    if ceiling.scope == USER:
        return f"{SYSCTLS[ceiling.resource]} of user {ceiling.subject}"
    name = {PIDS: "pids.max", MEMORY: "memory.max", MEMORY_HIGH: "memory.high"}.get(
        ceiling.resource, ceiling.resource
    )
    return f"{called(ceiling.scope, ceiling.subject)} {name}"


def called(scope: str, subject: str) -> str:
    """A subject with its scope, unless the name itself tells; container ids in their short form."""
    if scope in (SLICE, UNIT, KUBEPODS):
        return subject
    if scope == CONTAINER:
        subject = subject[:SHORT_ID]
    return f"{scope} {subject}"


def remedy(ceiling: Ceiling) -> str:
    """What raises it for good."""
    known = ELSEWHERE.get((ceiling.scope, ceiling.resource))
    if known is not None:
        return known
    if ceiling.scope in (HOST, NAMESPACE, USER):
        return f"raise {SYSCTLS[ceiling.resource]} (layer sysctl)"
    if ceiling.scope in (SLICE, UNIT):
        layer = "slices" if ceiling.scope == SLICE else "units"
        return f"raise {DIRECTIVES[ceiling.resource]} of {ceiling.subject} (layer {layer})"
    if ceiling.scope in (KUBEPODS, POD, CONTAINER):
        return "raise the memory limit in the pod's or container's own definition"
    if ceiling.scope == CGROUP:
        return f"whoever made the cgroup sets {ceiling.source}"
    return "raise it"


def amount(ceiling: Ceiling, number: Optional[int]) -> str:
    """A number of a ceiling for people: ``32768``, ``1.5G``; a dash where it is not known."""
    if number is None:
        return "-"
    return size(number) if ceiling.resource in BYTES else str(number)


def size(number: int) -> str:
    """Bytes with one letter of base 1024 and at most one decimal."""
    value, letter = float(number), ""
    for unit in UNITS:
        if value < 1024:
            break
        value, letter = value / 1024, unit
    return f"{value:.1f}".rstrip("0").rstrip(".") + letter
