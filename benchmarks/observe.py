"""How long the engine looks at a node: all its ceilings, and its drift, over trees of plain files.

Held against the least that any reader must do: list the folders and read the same files.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from ansible_collections.limitwise.host.plugins.module_utils.ceilings.survey import survey
from ansible_collections.limitwise.host.plugins.module_utils.drift.watch import observe
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

from .figures import Figure, progress, tell

PODS = 500
PROCESSES = 1500
GROUPS = "sys/fs/cgroup"
LIMITED = {
    "pids.max": "4096\n", "pids.current": "12\n", "pids.events": "max 0\n",
    "memory.max": "536870912\n", "memory.high": "max\n", "memory.current": "104857600\n",
}
UNLIMITED = {
    **LIMITED, "pids.max": "max\n", "memory.max": "max\n",
}
ALWAYS = ("pids.max", "pids.events", "memory.max", "memory.high")
WITH_LIMIT = ("pids.current", "memory.current")
HOST = {
    "proc/loadavg": "0.1 0.2 0.3 2/2400 9999\n",
    "proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\n",
    "proc/1/mounts": "/dev/sda / ext4 rw 0 0\n",
    "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
    "proc/sys/kernel/threads-max": "126000\n",
    "proc/sys/kernel/pid_max": "4194304\n",
    "proc/sys/fs/file-nr": "6400\t0\t1000000\n",
    "proc/sys/fs/nr_open": "1048576\n",
    "run/systemd/system/.keep": "",
    "etc/pam.d/sshd": "session required pam_limits.so\n",
    "etc/security/limits.conf": "",
    f"{GROUPS}/cgroup.controllers": "cpu memory pids\n",
}
KEYS = 30
SYSCTLS = {f"net.ipv4.neigh.eth{number}.gc_stale_time": 60 for number in range(KEYS)}
TUNING = {
    "sysctl": SYSCTLS,
    "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}],
    "slices": {"kubepods.slice": {"TasksMax": "infinity"}, "user-.slice": {"TasksMax": 4096}},
    "units": {"containerd.service": {"LimitNOFILE": 1048576, "TasksMax": "infinity"}},
}


def run(rounds: int) -> None:
    """Both figures, medians of several rounds after one that warms up.

    Seconds of CPU: nothing here waits, and a noisy neighbour would only add his own time.
    """
    with tempfile.TemporaryDirectory(prefix="limitwise-bench-") as folder:
        root = Path(folder)
        groups = busy_node(root)
        progress(f"{groups} cgroups, {PROCESSES} processes")
        host = Host.mounted(folder)
        found = survey(host).ceilings
        if len(found) < groups // 2:
            raise RuntimeError(f"only {len(found)} ceilings were found in {groups} cgroups")
        _tell(
            f"survey_{groups}_cgroups", _timed(lambda: survey(host), rounds),
            "listing and reading the same files", _timed(lambda: _least(root), rounds),
        )
        tuning, wrong = read(TUNING)
        if wrong or observe(host, tuning):
            raise RuntimeError("the node was not made as the tuning wants it")
        _tell(
            "drift_observation", _timed(lambda: observe(host, tuning), rounds),
            "50 ms allowed", 0.05,
        )


def _tell(name: str, value: float, against: str, other: float) -> None:
    tell(Figure(name, round(value * 1000, 1), "ms of CPU", against, round(other / value, 2)))


def _timed(work: Callable[[], object], rounds: int) -> float:
    work()
    taken = []
    for _round in range(max(5, rounds)):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return median(taken)


def _least(root: Path) -> None:
    """Every file that a survey cannot do without, read and thrown away."""
    for folder, _folders, names in os.walk(root / GROUPS):
        if "pids.max" not in names:
            continue
        for name in ALWAYS:
            _slurp(f"{folder}/{name}")
        if _slurp(f"{folder}/pids.max") != b"max\n":
            for name in WITH_LIMIT:
                _slurp(f"{folder}/{name}")
    for entry in os.listdir(root / "proc"):
        if entry.isdigit() and os.path.exists(f"{root}/proc/{entry}/stat"):
            _slurp(f"{root}/proc/{entry}/stat")


def _slurp(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


# --- the node ------------------------------------------------------------------------------------


def busy_node(root: Path) -> int:
    """A busy Kubernetes node of about 2,000 cgroups; how many there are."""
    for name, text in HOST.items():
        _put(root / name, text)
    for item in SYSCTLS:
        _put(root / "proc/sys" / item.replace(".", "/"), "60\n")
    _put(root / "etc/sysctl.d/zz-limitwise.conf",
         "".join(f"{item} = 60\n" for item in SYSCTLS))
    _put(root / "etc/security/limits.d/zz-limitwise.conf", "* - nofile 65536\n")
    for unit, text in (
        ("kubepods.slice", "[Slice]\nTasksMax=infinity\n"),
        ("user-.slice", "[Slice]\nTasksMax=4096\n"),
        ("containerd.service", "[Service]\nLimitNOFILE=1048576\nTasksMax=infinity\n"),
    ):
        _put(root / f"etc/systemd/system/{unit}.d/zz-limitwise.conf", text)
    folders = list(_groups())
    for folder, files in folders:
        for name, text in files.items():
            _put(root / GROUPS / folder / name, text)
    for pid in range(1000, 1000 + PROCESSES):
        fields = f"S 1 {pid} {pid} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5"
        _put(root / f"proc/{pid}/stat", f"{pid} (app) {fields}\n")
    return len(folders)


def _groups() -> list[tuple[str, dict[str, str]]]:
    found = [("system.slice", UNLIMITED), ("user.slice", UNLIMITED), ("kubepods.slice", UNLIMITED),
             ("kubepods.slice/kubepods-burstable.slice", UNLIMITED)]
    found += [(f"system.slice/s{number}.service", LIMITED) for number in range(60)]
    found.append(("system.slice/containerd.service", UNLIMITED))
    for number in range(PODS):
        pod = f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{number:032x}.slice"
        found.append((pod, LIMITED))
        found += [
            (f"{pod}/cri-containerd-{number:032x}{each:032x}.scope", UNLIMITED if each else LIMITED)
            for each in range(3)
        ]
    return found


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
