"""SIGKILL at every step of a run on a real kernel: the host comes back value for value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.on_guest import PLACE, install
from lab.pytest_fleet import HostMaker

HERE = Path(__file__).parent
LIMITS = [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}]
FULL = {
    "sysctl": {"kernel.threads-max": 65536, "net.core.somaxconn": 8192},
    "limits": LIMITS,
    "slices": {"user.slice": {"MemoryMax": "80%"}, "user-.slice": {"TasksMax": 5000}},
    "units": {"ssh.service": {"TasksMax": 4000, "MemoryHigh": "infinity"}},
}
DOCKER = {"docker_daemon": {"max-concurrent-downloads": 5}}


@pytest.mark.parametrize(
    ("mode", "tuning", "least"),
    [("rollback", FULL, 30), ("apply", FULL, 30), ("rollback", DOCKER, 10)],
    ids=["rolled-back", "completed", "docker-rolled-back"],
)
def test_a_run_killed_at_any_step(
    fresh_host: HostMaker, mode: str, tuning: dict[str, Any], least: int
) -> None:
    host = fresh_host()
    install(host)
    for name in ("kill_loop.py", "snapshot.py"):
        host.put(HERE / name, f"{PLACE}/e2e/{name}")
    done = host.run(
        ["env", f"PYTHONPATH={PLACE}", "python3", f"{PLACE}/e2e/kill_loop.py", mode],
        stdin=json.dumps(tuning).encode(), timeout=900,
    )
    result = json.loads(done.stdout)
    assert result["problems"] == []
    assert result["steps"] >= least
