"""What `pip install .` brings tunes a real host over ssh, from a folder that knows no checkout."""

from __future__ import annotations

import json
from pathlib import Path

from lab.pytest_fleet import FleetMaker
from project.clean import install
from project.commands import run


def test_the_installed_collection_tunes_and_takes_back(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(1)
    host = hosts.hosts[0]
    before = host.run("cat /proc/sys/kernel/threads-max").stdout
    venv = install(tmp_path)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "hosts.ini").write_text(hosts.inventory_text())
    wanted = json.dumps({"limitwise_tuning": {"sysctl": {"kernel.threads-max": 65536}}})
    play = ["ansible-playbook", "-i", "hosts.ini"]
    run([*play, "limitwise.host.tune_hosts", "-e", wanted], venv=venv, cwd=folder)
    assert host.run("cat /proc/sys/kernel/threads-max").stdout == "65536\n"
    run([*play, "limitwise.host.rollback_hosts"], venv=venv, cwd=folder)
    assert host.run("cat /proc/sys/kernel/threads-max").stdout == before
