"""Which processes belong to a fleet or a host, and which fleets nobody needs any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import processes
from lab.processes import Process
from lab.pytest_fleet import abandoned

LAB = Path("/state/lab")
INSIDE, OUTSIDE = 4026532000, 4026531840


def process(pid: int, *command: str, namespace: int = OUTSIDE, group: int = 0) -> Process:
    return Process(pid, group or pid, namespace, command)


KERNEL = process(10, "/state/lab/h1/linux", "uml_dir=/state/lab/h1/control", namespace=INSIDE)
STUB = process(11, "uml-userspace", namespace=INSIDE, group=10)
ORPHAN = process(12, "/state/lab/h2/linux", "uml_dir=/state/lab/h2/control")
MASTER = process(13, "ssh: /state/lab/channels/h1 [mux]")
OTHERS = [
    process(20, "/state/lab2/h1/linux", "uml_dir=/state/lab2/h1/control"),
    process(21, "ssh: /state/lab2/channels/h1 [mux]"),
    process(22, "vi", "/state/lab/fleet.json"),
    process(23, ""),
]
EVERYONE = [KERNEL, STUB, ORPHAN, MASTER, *OTHERS]


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [(INSIDE, [KERNEL, STUB, ORPHAN, MASTER]), (None, [KERNEL, ORPHAN, MASTER])],
)
def test_a_fleet_s_own_are_found_and_no_others(
    namespace: int | None, expected: list[Process]
) -> None:
    assert processes.of_fleet(EVERYONE, namespace, LAB) == expected


def test_a_host_s_own_include_its_children() -> None:
    assert processes.of_host(EVERYONE, LAB / "h1") == [KERNEL, STUB]
    assert processes.of_host(EVERYONE, LAB / "h") == []


def test_this_machine_can_be_read() -> None:
    found = {process.pid: process for process in processes.everyone()}
    assert found[os.getpid()].namespace == Path("/proc/self/ns/net").stat().st_ino
    assert found[os.getpid()].group == os.getpgrp()


def test_the_killed_are_gone_afterwards() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert processes.alive(child.pid)
        processes.end([process(child.pid, "python")])
        assert not processes.alive(child.pid)


def test_only_fleets_of_dead_sessions_are_abandoned() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
        names = [
            f"pytest-{os.getpid()}-trixie-built-384m",
            f"pytest-{child.pid}-own-1",
            "lab",
            "pytest-x",
        ]
        assert abandoned(names) == [f"pytest-{child.pid}-own-1"]
