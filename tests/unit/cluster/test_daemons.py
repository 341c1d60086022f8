"""Which processes belong to a control plane, and which control planes nobody needs any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import components, daemons
from cluster.components import ETCD, WHOLE, Ports, Site
from cluster.pytest_cluster import abandoned
from lab.errors import LabError
from lab.processes import Process

FOLDER = Path("/state/one")
SITE = Site(FOLDER, "127.0.0.1", Ports(1, 2, 3, 4, 5))


def process(pid: int, *command: str) -> Process:
    return Process(pid, pid, 4026531840, command)


COMPONENTS = [
    process(number, f"/cache/{name}", *components.arguments(name, SITE))
    for number, name in enumerate(WHOLE)
]
INSIDE = process(10, "ip", "netns", "exec", "fleet-x", "/cache/etcd", f"--data-dir={FOLDER}/etcd")
OTHERS = [
    process(20, "/cache/etcd", "--data-dir=/state/one-more/etcd"),
    process(21, "vi", f"{FOLDER}/audit.log"),
    process(22, "grep", "-r", f"={FOLDER}/"),
    process(23, ""),
]


def test_a_control_plane_s_own_are_found_and_no_others() -> None:
    assert daemons.of_folder([*COMPONENTS, INSIDE, *OTHERS], FOLDER) == [*COMPONENTS, INSIDE]


def test_one_program_is_found_also_before_its_name_stands_first() -> None:
    found = daemons.of_folder([*COMPONENTS, INSIDE, *OTHERS], FOLDER, ETCD)
    assert found == [COMPONENTS[0], INSIDE]


def test_a_session_that_runs_keeps_its_control_plane() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, mine = f"pytest-{ended.pid}", f"pytest-{os.getpid()}"
    assert abandoned([dead, mine, "lab", "pytest-x", f"{dead}-more"]) == [dead]


def test_a_program_is_started_found_and_stopped(tmp_path: Path) -> None:
    script = tmp_path / "patient"
    # Once it is up it forks no more: a child would show the script's own command line until exec.
    script.write_text('#!/bin/sh\nmkfifo "$0.pipe"\necho up "$1"\nread -r _ <"$0.pipe"\n')
    script.chmod(0o755)
    pid = daemons.start("patient", [str(script), f"--state={tmp_path}/x"], tmp_path)
    daemons.wait("patient", tmp_path, pid, lambda: "up" in daemons.tail(tmp_path, "patient"))
    assert [found.pid for found in daemons.running(tmp_path)] == [pid]
    assert [found.pid for found in daemons.running(tmp_path, "patient")] == [pid]
    assert not daemons.running(tmp_path, "other")
    daemons.stop(tmp_path)
    assert not daemons.alive(pid)
    assert not daemons.running(tmp_path)


@pytest.mark.parametrize(
    ("program", "message"), [("echo no; exit 3", "ended at its start"), ("exec sleep 60", "is not")]
)
def test_one_that_does_not_come_up_is_an_error_with_its_log(
    tmp_path: Path, program: str, message: str
) -> None:
    pid = daemons.start("bad", ["sh", "-c", program, f"--state={tmp_path}/x"], tmp_path)
    with pytest.raises(LabError, match=f"bad {message}"):
        daemons.wait("bad", tmp_path, pid, lambda: False, seconds=0.5)
    daemons.kill(tmp_path)
