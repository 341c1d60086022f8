"""The long tests: boots in a row, kills at every step on every kernel, properties at length."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.on_guest import PLACE, install
from e2e.test_kill import DOCKER, FULL, HERE
from lab.fleet import Fleet
from lab.pytest_fleet import HostMaker

ROUNDS = 25
UNIT_TESTS = "collections/ansible_collections/limitwise/host/tests/unit"


def test_fleets_come_and_go() -> None:
    for number in range(ROUNDS):
        with Fleet.create(f"soak-{os.getpid()}", 3) as fleet:
            ended = fleet.each(lambda host: host.run("true"))
            assert [done.rc for done in ended] == [0, 0, 0], number


@pytest.mark.parametrize(
    ("image", "kernel"), [("trixie", "built"), ("bookworm", "built"), ("bookworm", "packaged")]
)
@pytest.mark.parametrize("mode", ["rollback", "apply"])
def test_a_run_over_all_layers_killed_at_any_step(
    fresh_host: HostMaker, image: str, kernel: str, mode: str
) -> None:
    host = fresh_host(image=image, kernel=kernel, mem="512M")
    install(host)
    for name in ("kill_loop.py", "snapshot.py"):
        host.put(HERE / name, f"{PLACE}/e2e/{name}")
    done = host.run(
        ["env", f"PYTHONPATH={PLACE}", "python3", f"{PLACE}/e2e/kill_loop.py", mode],
        stdin=json.dumps({**FULL, **DOCKER}).encode(), timeout=3600,
    )
    assert json.loads(done.stdout)["problems"] == []


def test_properties_with_many_examples(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", UNIT_TESTS],
        cwd=repository, env={**os.environ, "LIMITWISE_HYPOTHESIS": "soak"}, check=False,
        capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
