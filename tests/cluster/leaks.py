"""Leaks of tasks on a node: of processes or threads, at a rate, in a pod or in a unit.

The program (leaker.c) is static and small: a thousand of its processes fit on a node of a few
hundred MiB, and it runs in an image that holds nothing else.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import cache, commands
from lab.host import Host

from . import node_image, oci
from .api import Body
from .nodes import Cluster, pod

SOURCE = Path(__file__).with_name("leaker.c")
FLAGS = ("-Os", "-static", "-s", "-Wall", "-Wextra", "-Werror")
NAME = "localhost/leaker:1"
PLACE = "/usr/local/bin/leaker"
PROCESSES, THREADS = "processes", "threads"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Leak:
    """What is taken: so many tasks of a kind, so many a second (0: as fast as it can)."""

    kind: str = PROCESSES
    most: int = 100_000
    rate: int = 40

    @property
    def command(self) -> list[str]:
        return [PLACE, self.kind, str(self.most), str(self.rate)]


def program() -> Path:
    """The leaker from the cache, made first where it is not there (a second)."""
    name = f"leaker-{cache.key_of(SOURCE.read_text(), FLAGS)}"

    def build(into: Path) -> None:
        commands.output(["gcc", *FLAGS, "-o", str(into / "leaker"), str(SOURCE), "-pthread"])

    return cache.fetch(name, build) / "leaker"


def image() -> oci.Image:
    """An image with the leaker alone."""
    entry = tarfile.TarInfo(PLACE[1:])
    data = program().read_bytes()
    entry.size, entry.mode = len(data), 0o755
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(entry, io.BytesIO(data))
    return oci.Image(NAME, (oci.Layer.of(out.getvalue()),), (PLACE,))


def install(cluster: Cluster) -> None:
    """Bring the leaker onto all nodes: as an image, and as a program."""
    archive = oci.archive([image()])

    def bring(node: Host) -> None:
        node_image.load(node, archive)
        node.put(program(), PLACE)

    cluster.fleet.each(bring)


def in_pod(name: str, leak: Leak, node: Host) -> Body:
    """The manifest of a pod that leaks on that node."""
    return pod(name, NAME, leak.command, node)


def in_unit(node: Host, unit: str, leak: Leak) -> None:
    """Start a unit that leaks; `stop` ends it."""
    node.run(["systemd-run", "--collect", f"--unit={unit}", "-p", "TasksMax=infinity",
              *leak.command])


def stop(node: Host, unit: str) -> None:
    """End a unit, by its cgroup alone: a node without room starts no program."""
    node.run(f"echo 1 > /sys/fs/cgroup/system.slice/{unit}/cgroup.kill", check=False)
