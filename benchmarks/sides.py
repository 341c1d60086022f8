"""The plays that are compared, and the fleet they run on, brought back before each first apply."""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab import processes
from lab.errors import LabError
from lab.fleet import Fleet
from lab.host import Host

HERE = Path(__file__).parent
ROOT = HERE.parent
WANTED = HERE / "plays" / "wanted.yml"
TICKS = os.sysconf("SC_CLK_TCK")
CONFIGURATION = f"""\
[defaults]
collections_path = {ROOT / "collections"}
forks = 25
[ssh_connection]
pipelining = true
"""
# What either side writes; Docker goes back to its defaults with an empty file.
CLEAN = """\
set -e
rm -rf /var/lib/limitwise /etc/sysctl.d/*limitwise* /etc/sysctl.d/90-bench.conf
rm -f /etc/security/limits.d/*limitwise* /etc/security/limits.d/90-bench.conf
rm -rf /etc/systemd/system/student.slice.d /etc/systemd/system/researcher.slice.d
rm -rf /etc/systemd/system/docker.slice.d
echo '{}' > /etc/docker/daemon.json
systemctl daemon-reload
systemctl reload docker
sync
"""


@dataclass(frozen=True)
class Cost:
    """What one play took: seconds by the clock, CPU seconds here and of one target's guest."""

    seconds: float
    controller_cpu: float
    target_cpu: float


class Sides:
    """A fleet with Docker running, and plays that are run on it with the same controller."""

    def __init__(self, fleet: Fleet, folder: Path, venv: Path) -> None:
        self.fleet = fleet
        self.folder = folder
        self.venv = venv
        (folder / "hosts.ini").write_text(fleet.inventory_text())
        (folder / "ansible.cfg").write_text(CONFIGURATION)
        names = yaml.safe_load(WANTED.read_text())["sysctl"]
        self.files = ["/proc/sys/" + name.replace(".", "/") for name in names]
        fleet.each(_start_docker)
        self.originals = fleet.each(self._values)

    def play(self, name: str) -> Cost:
        """Run a play on all hosts; LabError when it fails."""
        before, own = self._target_cpu(), _children_cpu()
        started = time.monotonic()
        done = subprocess.run(
            [
                str(self.venv / "bin" / "ansible-playbook"), str(HERE / "plays" / f"{name}.yml"),
                "-i", str(self.folder / "hosts.ini"), "-e", f"@{WANTED}",
            ],
            env={
                **os.environ,
                "PATH": f"{self.venv / 'bin'}:{os.environ['PATH']}",
                "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
                "ANSIBLE_NOCOLOR": "1",
            },
            cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )
        seconds = time.monotonic() - started
        if done.returncode != 0:
            raise LabError(f"{name}.yml ended with {done.returncode}:\n{done.stdout[-3000:]}")
        cpu = (self._target_cpu() - before) / len(self.fleet.hosts)
        own = _children_cpu() - own
        self._expect(name, done.stdout)
        return Cost(seconds, own, cpu)

    def clean(self) -> None:
        """Every host as it was before any play."""
        for host, values in zip(self.fleet.hosts, self.originals, strict=True):
            writes = "".join(
                f"printf %s {shlex.quote(value)} > {file}\n"
                for file, value in zip(self.files, values, strict=True)
            )
            host.run(CLEAN + writes, timeout=120)

    def _values(self, host: Host) -> list[str]:
        return host.run(["cat", *self.files]).stdout.splitlines()

    def _expect(self, name: str, output: str) -> None:
        """Both sides must really reach what is wanted, or the race is not one."""
        if name in ("empty", "ping"):
            return
        wanted = [str(value) for value in yaml.safe_load(WANTED.read_text())["sysctl"].values()]
        for host in self.fleet.hosts:
            if self._values(host) != wanted:
                raise LabError(f"{name}.yml left {host.name} otherwise than wanted:\n{output}")

    def _target_cpu(self) -> float:
        """CPU seconds of all guests so far, as this machine accounts for them."""
        everyone = list(processes.everyone())
        return sum(
            _cpu(process.pid)
            for host in self.fleet.hosts
            for process in processes.of_host(everyone, host.guest.folder)
        )


def _start_docker(host: Host) -> None:
    ready = "until docker info > /dev/null 2>&1; do sleep 0.2; done"
    host.run("mkdir -p /etc/docker && echo '{}' > /etc/docker/daemon.json")
    host.run(["systemctl", "start", "docker"], timeout=180)
    host.run(["timeout", "120", "sh", "-c", ready], timeout=180)


def _children_cpu() -> float:
    """CPU seconds of the programs that ran to their end here, with all that they started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu(pid: int) -> float:
    """User and system time of a process and of its children that have ended, proc_pid_stat(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS
