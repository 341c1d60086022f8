# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ceilings of the whole host: threads, process ids, open files, memory and swap.

Sources: proc_loadavg(5), proc_meminfo(5), Documentation/admin-guide/sysctl/{kernel,fs}.rst.
"""

from __future__ import annotations

import re
from typing import Iterator, List, Optional

from ..host import processes
from ..host.machine import Host
from . import pid_numbers
from .ceiling import (
    FILES,
    HOST,
    MEMORY,
    NAMESPACE,
    OPEN_FILES,
    PIDS,
    SWAP,
    THREADS,
    Ceiling,
    simple,
)

SYS = "/proc/sys/"
THREADS_MAX, PID_MAX = "kernel/threads-max", "kernel/pid_max"
FILE_NR, NR_OPEN = "fs/file-nr", "fs/nr_open"
# The kernel's own value where nobody has set a limit (LONG_MAX, as files_maxfiles_init allows).
NO_FILE_LIMIT = 2**63 - 1
# The namespace that the kernel boots with: PROC_PID_INIT_INO in include/linux/proc_ns.h.
FIRST_NAMESPACE = "pid:[4026531836]"


def read_host(host: Host) -> List[Ceiling]:
    """All of them; what this host's /proc does not tell is left out."""
    return [*_threads(host), *_files(host), *_memory(host)]


def threads_in_use(host: Host) -> Optional[int]:
    """Threads of the whole host, whoever may see them."""
    match = re.search(r"\d+/(\d+)", host.proc("loadavg") or "")
    return int(match.group(1)) if match else None


def ids(host: Host) -> Iterator[int]:
    """Every id that a thread, process group or session holds; some come more than once."""
    for process in processes.processes(host):
        yield process.pid
        yield process.group
        yield process.session
        if process.threads > 1:
            yield from processes.tasks(host, process.pid)


def _threads(host: Host) -> Iterator[Ceiling]:
    used = threads_in_use(host)
    threads_max = _number(host.sysctl(THREADS_MAX))
    if threads_max is not None:
        yield simple(THREADS, HOST, "", threads_max, used, SYS + THREADS_MAX)
    pid_max = _number(host.sysctl(PID_MAX))
    if pid_max is not None:
        first = host.files.link("/proc/self/ns/pid") in (FIRST_NAMESPACE, None)
        held = set(ids(host))
        # of other namespaces' threads the host's count tells, but they hold no id of this one
        taken = pid_numbers.taken(held, used if first else None)
        yield Ceiling(
            PIDS, HOST if first else NAMESPACE, "", pid_max, len(held - {0}),
            pid_numbers.free(pid_max, taken), SYS + PID_MAX,
        )


def _files(host: Host) -> Iterator[Ceiling]:
    fields = (host.sysctl(FILE_NR) or "").split()
    if len(fields) == 3 and int(fields[2]) < NO_FILE_LIMIT:
        yield simple(FILES, HOST, "", int(fields[2]), int(fields[0]), SYS + "fs/file-max")
    nr_open = _number(host.sysctl(NR_OPEN))
    if nr_open is not None:
        yield simple(OPEN_FILES, HOST, "", nr_open, None, SYS + NR_OPEN)


def _memory(host: Host) -> Iterator[Ceiling]:
    rows = dict(re.findall(r"^(\w+): +(\d+) kB$", host.proc("meminfo") or "", re.MULTILINE))
    sizes = {name: int(amount) * 1024 for name, amount in rows.items()}
    total, available = sizes.get("MemTotal"), sizes.get("MemAvailable")
    if total is not None and available is not None:
        yield simple(MEMORY, HOST, "", total, total - available, "/proc/meminfo")
    swap = sizes.get("SwapTotal", 0)
    if swap:
        yield simple(SWAP, HOST, "", swap, swap - sizes.get("SwapFree", 0), "/proc/meminfo")


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text is not None and text.strip().isdigit() else None
