"""Breaks three hosts, shows the errors, finds their causes, tunes, proves, and takes it back."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from lab import kernels
from lab.errors import LabError
from lab.fleet import Fleet, destroy
from lab.host import Host

from .broken import break_host, run_as_student, run_program, snapshot
from .story import Story

NAME = "demo"
TOP = Path(__file__).parents[2]
TUNING = Path(__file__).parent / "tuning.yml"


class Demonstration:
    """The hosts, the inventory that leads to them, and the story told of them."""

    def __init__(self, fleet: Fleet, folder: Path, story: Story) -> None:
        self.fleet = fleet
        self.story = story
        self.folder = folder
        self.inventory = folder / "hosts.ini"
        self.inventory.write_text(fleet.inventory_text())
        self.before: dict[str, str] = {}

    def each(self, what: str, work: Callable[[Host], tuple[bool, str]], *, wanted: bool) -> None:
        """Expect the same of every host."""
        for host, (ran, words) in zip(self.fleet.hosts, self.fleet.each(work), strict=True):
            self.story.expect(f"{host.name}: {what}: {words}", ran is wanted)

    def playbook(self, name: str, *options: str) -> int:
        """Run a playbook of the repository over ssh, its output shown as it comes."""
        command = ["ansible-playbook", "-i", str(self.inventory), f"playbooks/{name}", *options]
        self.story.say("$ " + " ".join(["ansible-playbook", f"playbooks/{name}", *options[:1]]))
        done = subprocess.run(
            command, cwd=TOP, env={**os.environ, "ANSIBLE_CONFIG": str(TOP / "ansible.cfg")},
            check=False,
        )
        return done.returncode

    def break_them(self) -> None:
        self.fleet.each(break_host)
        self.before = {host.name: snapshot(host) for host in self.fleet.hosts}
        self.each("a program of the host fails", run_program, wanted=False)
        self.each("a student's program fails", run_as_student, wanted=False)

    def find(self) -> None:
        status = self.playbook("lint-hosts.yml")
        self.story.expect("lint finds the mistyped lines and the lost cap", status != 0)

    def preview(self) -> None:
        report = self.folder / "check.json"
        status = self.playbook(
            "tune-hosts.yml", "--check", "-e", f"@{TUNING}", "-e", f"limitwise_report={report}"
        )
        untouched = all(snapshot(host) == self.before[host.name] for host in self.fleet.hosts)
        self.story.expect("check mode says what would change", status == 0)
        self.story.expect("and touches nothing", untouched)

    def tune(self) -> None:
        report = self.folder / "report.json"
        status = self.playbook(
            "tune-hosts.yml", "-e", f"@{TUNING}", "-e", f"limitwise_report={report}"
        )
        self.story.expect("tune-hosts.yml succeeds", status == 0)

    def prove(self) -> None:
        self.each("the program runs", run_program, wanted=True)
        self.each("the student's program runs", run_as_student, wanted=True)
        self.each("the kernel has the values", kernel_values, wanted=True)
        self.each("the slice's cgroup has them", slice_values, wanted=True)
        self.each("a new login has them", login_values, wanted=True)

    def take_back(self) -> None:
        report = self.folder / "report.json"
        status = self.playbook("rollback-hosts.yml", "-e", f"limitwise_report={report}")
        self.story.expect("rollback-hosts.yml succeeds", status == 0)
        for host in self.fleet.hosts:
            same = snapshot(host) == self.before[host.name]
            self.story.expect(f"{host.name}: every file and value is as before", same)
        self.each("so the program fails again", run_program, wanted=False)


def kernel_values(host: Host) -> tuple[bool, str]:
    words = host.run("sysctl -n kernel.threads-max kernel.pid_max vm.overcommit_memory").stdout
    values = [int(word) for word in words.split()]
    return values[0] >= 65536 and values[1] >= 65536 and values[2] == 1, " ".join(words.split())


def slice_values(host: Host) -> tuple[bool, str]:
    folder = "/sys/fs/cgroup/student.slice"
    words = host.run(f"cat {folder}/pids.max {folder}/memory.max").stdout.split()
    return words == ["4096", str(256 << 20)], " ".join(words)


def login_values(host: Host) -> tuple[bool, str]:
    words = host.run("ulimit -Hn; ulimit -Hu", user="app").stdout.split()
    return words == ["65536", "65536"], "nofile {} nproc {}".format(*words)


def main() -> int:
    """Exit status 0 when everything was as expected."""
    story = Story()
    destroy(NAME)
    try:
        with tempfile.TemporaryDirectory(prefix="limitwise-demo-") as folder:
            fleet = Fleet.create(NAME, 3, kernel=kernels.quickest())
            with fleet:
                story.say(f"Three hosts answer, kernel {fleet.hosts[0].run('uname -r').stdout}")
                demonstration = Demonstration(fleet, Path(folder), story)
                story.tell("Three hosts, broken as in real incidents", demonstration.break_them)
                story.tell("What is wrong in their files", demonstration.find)
                story.tell("What a tuning would change", demonstration.preview)
                story.tell("Tune: a canary, then the rest", demonstration.tune)
                story.tell("Proof", demonstration.prove)
                story.tell("Take it back", demonstration.take_back)
    except LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    story.summary()
    return 0 if story.met else 1


if __name__ == "__main__":
    sys.exit(main())
