"""Everything of a guest that a run may change, value for value; runs on the guest.

usage: snapshot.py  (prints it as JSON)
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from contextlib import suppress

# Where a tuning may write at all; the first and the last look take in all of /etc.
FOLDERS = (
    "/etc/sysctl.d", "/etc/security", "/etc/systemd/system", "/etc/docker", "/run/systemd/system",
)
KERNEL = ("/proc/sys/kernel", "/proc/sys/vm", "/proc/sys/net/core")
CGROUPS = "/sys/fs/cgroup"
ATTRIBUTES = (
    "pids.max", "memory.max", "memory.high", "memory.low", "memory.swap.max", "cpu.weight",
    "cpu.max",
)
UNITS = ("user.slice", "system.slice", "student.slice", "ssh.service", "cron.service")
PROPERTIES = "TasksMax,MemoryMax,MemoryHigh,MemorySwapMax,CPUWeight,LimitNOFILE,NeedDaemonReload"
# Not settings: these move by themselves.
MOVING = (
    "/random/", "/inode-", "/dentry-state", "file-nr", "aio-nr", "_count", "/pty/nr", "ns_last_pid",
    "nf_conntrack_buckets", "/keys/", "kernel/ostype", "fs/quota", "sched_domain", "cad_pid",
    "/domainname", "route/flush", "vm/stat_refresh", "drop_caches", "compact_memory",
    "user_reserve_kbytes", "kernel/tainted",
)

Snapshot = dict[str, str]


def everything() -> Snapshot:
    """One text for every file of /etc, kernel value, cgroup attribute and unit property."""
    found = snapshot()
    _files("/etc", found)
    _kernel("/proc/sys", found)
    return found


def snapshot() -> Snapshot:
    """The same of those places alone that tunings of these tests concern; quicker."""
    found: Snapshot = {}
    for folder in FOLDERS:
        _files(folder, found)
    for folder in KERNEL:
        _kernel(folder, found)
    _cgroups(found)
    _units(found)
    return found


def differences(when: str, one: Snapshot, other: Snapshot) -> list[str]:
    """What differs, as lines; none when both are the same. Cgroups come and go with logins."""
    return [
        f"{when}: {name} is {other.get(name)!r}, was {one.get(name)!r}"
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
        and not (name.startswith(CGROUPS) and (name in one) != (name in other))
    ]


def _files(folder: str, found: Snapshot) -> None:
    for here, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = os.path.join(here, name)
            with suppress(FileNotFoundError):  # gone since it was listed
                found[path] = _file(path)


def _file(path: str) -> str:
    status = os.lstat(path)
    content = ""
    if os.path.islink(path):
        content = os.readlink(path)
    elif os.path.isfile(path):
        with open(path, "rb") as stream:
            content = base64.b85encode(stream.read()).decode()
    names = os.listxattr(path, follow_symlinks=False)
    xattrs = [(one, os.getxattr(path, one, follow_symlinks=False)) for one in names]
    return f"{status.st_mode:o} {status.st_uid}:{status.st_gid} {xattrs} {content}"


def _readable(path: str) -> bool:
    """Whether there is anything to read: some only take what is written, some are gone again."""
    try:
        return bool(os.stat(path).st_mode & 0o444)
    except FileNotFoundError:
        return False


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


def _kernel(folder: str, found: Snapshot) -> None:
    for here, _folders, names in os.walk(folder):
        for name in names:
            path = os.path.join(here, name)
            if any(word in path for word in MOVING) or not _readable(path):
                continue
            value = _read(path)
            if value is not None:
                found[path] = value


def _cgroups(found: Snapshot) -> None:
    """Of slices and of services that last; sessions come and go."""
    for here, folders, names in os.walk(CGROUPS):
        folders[:] = [name for name in folders if name.endswith(".slice") or name in UNITS]
        for name in names:
            if name in ATTRIBUTES:
                path = os.path.join(here, name)
                found[path] = _read(path) or ""


def _units(found: Snapshot) -> None:
    shown = subprocess.run(
        ["systemctl", "show", f"--property=Id,{PROPERTIES}", *UNITS],
        capture_output=True, text=True, check=True,
    ).stdout
    for block in shown.split("\n\n"):
        lines = dict(line.split("=", 1) for line in block.strip().splitlines())
        for name, value in lines.items():
            found[f"{lines['Id']} {name}"] = value


if __name__ == "__main__":
    json.dump(everything(), sys.stdout)
