"""What a process of this machine takes: memory and CPU time as /proc has them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

KIB_IN_MIB = 1024
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Taken:
    """MiB resident now and at most (proc_pid_status(5)), seconds of CPU since its start."""

    resident: float
    most: float
    cpu: float
    at: float

    def share_since(self, before: Taken) -> float:
        """Thousandths of one CPU since an earlier look."""
        return (self.cpu - before.cpu) / (self.at - before.at) * 1000


def taken(pid: int) -> Taken:
    """What a process has taken by now."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(fields[11]) + int(fields[12])) / TICKS
    return Taken(_mib(status["VmRSS"]), _mib(status["VmHWM"]), cpu, time.monotonic())


def load() -> float:
    """How many processes of this machine wanted to run, over the last minute."""
    return os.getloadavg()[0]


def _mib(text: str) -> float:
    return int(text.split(maxsplit=1)[0]) / KIB_IN_MIB
