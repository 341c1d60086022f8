"""What tests look at on a node: kernel values as PID 1 has them, everything as text, processes."""

from __future__ import annotations

import json
from pathlib import Path

from e2e import snapshot
from lab.host import Host

PLACE = "/opt/limitwise-test/snapshot.py"
# Interfaces of pods come and go, and their parameters with them.
OF_PODS = ("/veth", "/cni0", "/kubepods")
FIND = """
import os, sys
for name in filter(str.isdigit, os.listdir("/proc")):
    try:
        words = open(f"/proc/{name}/cmdline").read().split("\\0")
    except OSError:
        continue
    if sys.argv[1] in words and int(name) != os.getpid():
        print(name)
"""
Snapshot = dict[str, str]


def kernel(node: Host, *keys: str) -> dict[str, str]:
    """Values of sysctls in the namespaces of the host's process 1."""
    files = [f"/proc/sys/{key.replace('.', '/')}" for key in keys]
    found = node.run(["nsenter", "--target", "1", "--all", "--", "cat", *files]).stdout
    return dict(zip(keys, (" ".join(line.split()) for line in found.splitlines()), strict=True))


def everything(node: Host) -> Snapshot:
    """Every file of /etc, kernel value, limit of a cgroup and of a unit, as text."""
    node.put(Path(snapshot.__file__), PLACE)
    found: Snapshot = json.loads(node.run(["python3", PLACE]).stdout)
    return {
        name: text
        for name, text in found.items()
        if not any(word in name for word in OF_PODS) and not _holds_nothing(name, found)
    }


def _holds_nothing(name: str, found: Snapshot) -> bool:
    """An empty folder for drop-ins: it stays when its last file goes, and means nothing."""
    return name.endswith((".service.d", ".slice.d")) and not any(
        other.startswith(f"{name}/") for other in found
    )


def differences(node: Host, before: Snapshot) -> list[str]:
    """How the node differs from what it was; no lines when it does not."""
    return snapshot.differences(node.name, before, everything(node))


def processes(node: Host, word: str) -> list[int]:
    """The processes, of containers too, that have this word among their arguments."""
    found = node.run(["python3", "-c", FIND, word]).stdout
    return [int(process) for process in found.split()]


def status(node: Host, process: int) -> dict[str, str]:
    """The lines of /proc/PID/status."""
    lines = node.read(f"/proc/{process}/status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
