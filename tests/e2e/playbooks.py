"""Runs the repository's playbooks and modules over ssh against a fleet of the lab."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.fleet import Fleet

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300.0  # seconds for one playbook


@dataclass(frozen=True)
class Played:
    """A playbook that ended: its exit status, its output, and the report it wrote, if any."""

    status: int
    output: str
    report: dict[str, Any]

    def host(self, name: str) -> dict[str, Any]:
        """The report's entry of one host."""
        entries: list[dict[str, Any]] = self.report["hosts"]
        (found,) = [one for one in entries if one["host"] == name]
        return found

    @property
    def states(self) -> dict[str, str]:
        return {one["host"]: one["state"] for one in self.report["hosts"]}


class Controller:
    """A controller with an inventory of the fleet in a folder of its own."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.folder = folder
        (folder / "hosts.ini").write_text(fleet.inventory_text())
        (folder / "group_vars").mkdir()
        (folder / "host_vars").mkdir()

    def variables(self, group: str, text: str) -> None:
        """Variables of a group, as an administrator writes them."""
        (self.folder / "group_vars" / f"{group}.yml").write_text(text)

    def host_variables(self, host: str, text: str) -> None:
        (self.folder / "host_vars" / f"{host}.yml").write_text(text)

    def play(self, name: str, *options: str, **extra: Any) -> Played:
        """Run a playbook of the repository with extra variables."""
        report = self.folder / "report.json"
        if name != "rollback-hosts":  # which reads it
            report.unlink(missing_ok=True)
        extra.setdefault("limitwise_report", str(report))
        done = self._run(
            ["ansible-playbook", f"playbooks/{name}.yml", "-e", json.dumps(extra), *options]
        )
        written = json.loads(report.read_text()) if report.exists() else {}
        return Played(done.returncode, done.stdout + done.stderr, written)

    def module(self, pattern: str, name: str, arguments: dict[str, Any], *options: str) -> Played:
        """Run one module of the collection on hosts."""
        done = self._run(
            ["ansible", pattern, "-m", f"limitwise.host.{name}", "-a", json.dumps(arguments),
             *options]
        )
        return Played(done.returncode, done.stdout + done.stderr, {})

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "-i", str(self.folder / "hosts.ini")], cwd=ROOT, text=True, timeout=LIMIT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1",
                 "ANSIBLE_TIMEOUT": "30"},  # 10 s is short for a login on a busy machine
            capture_output=True, check=False,
        )
