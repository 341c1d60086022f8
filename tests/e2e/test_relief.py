"""Relief on real kernels: a host that cannot fork is relieved by a process that is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.on_guest import PLACE
from e2e.on_watch import put, until
from lab.host import Host
from lab.pytest_fleet import HostMaker

HERE = Path(__file__).parent
GROUPS = "/sys/fs/cgroup"
SYSTEM = "/etc/systemd/system"
LOG, STOP = "/run/relief.log", "/run/relief.stop"
AT_ONCE = 1.0  # seconds from the first refused fork to the raised ceiling
MOST = {"threads": 900, "pids": 1600, "slice": 600}


@dataclass
class Guest:
    """A host with a resident reliever."""

    host: Host

    def relieve(self, **words: Any) -> None:
        """Start the reliever and wait until it watches."""
        asked = {"at": 95, "most": MOST, "cap": True, "watched": [], "after": "", **words}
        self.host.write("/run/relief.json", json.dumps(asked))
        self.host.run(
            f"rm -f {LOG} {STOP}; systemctl reset-failed; "
            "systemd-run -q --unit=limitwise-relief -p TasksMax=infinity "
            f"-p StandardInput=file:/run/relief.json -E PYTHONPATH={PLACE} "
            f"python3 {PLACE}/reliever.py {LOG} {STOP}"
        )
        until(lambda: bool(self.said("ready")), "the reliever watches")

    def leak(self, kind: str, most: int, *where: str, unit: str = "leak") -> None:
        """Start a leaker; `where`: more words for systemd-run."""
        self.host.run([
            "systemd-run", "-q", f"--unit={unit}", "-p", "TasksMax=infinity",
            "-p", "LimitNPROC=infinity", *where,
            "python3", f"{PLACE}/leaker.py", kind, str(most), f"/run/{unit}.log",
        ])

    def said(self, did: str) -> list[dict[str, Any]]:
        """What the reliever did of that kind."""
        return [line for line in self.lines(LOG) if line["did"] == did]

    def leaked(self, what: str, unit: str = "leak") -> list[dict[str, Any]]:
        return [line for line in self.lines(f"/run/{unit}.log") if line["what"] == what]

    def lines(self, path: str) -> list[dict[str, Any]]:
        """A log over a connection that is open, by a shell's own words: no fork is needed there."""
        done = self.host.run(["cat", path], check=False)
        whole = done.stdout[: done.stdout.rfind("\n") + 1]
        return [json.loads(line) for line in whole.splitlines()]

    def end(self) -> None:
        """Let the reliever give everything back."""
        self.host.run(["touch", STOP])
        until(lambda: bool(self.said("ended")), "the reliever has given back")

    def value(self, path: str) -> str:
        return self.host.read(path).strip()


@pytest.fixture
def ready(fresh_host: HostMaker) -> Callable[..., Guest]:
    def make(kernel: str = "built") -> Guest:
        host = put(fresh_host(image="trixie", kernel=kernel, mem="512M"))
        for name in ("reliever.py", "leaker.py", "relief_kills.py"):
            host.put(HERE / name, f"{PLACE}/{name}")
        return Guest(host)

    return make


@pytest.mark.parametrize(
    ("kind", "sysctl", "limit"),
    [("threads", "kernel.threads-max", 300), ("forks", "kernel.pid_max", 600)],
)
def test_a_host_that_cannot_fork_is_relieved_at_once(
    ready: Callable[..., Guest], kind: str, sysctl: str, limit: int
) -> None:
    guest = ready()
    file = "/proc/sys/" + sysctl.replace(".", "/")
    # it begins when a fork of somebody else's has failed
    guest.relieve(after="/run/probe.log")
    guest.host.run(["sysctl", "-q", f"{sysctl}={limit}"])
    guest.leak("probe", 1, unit="probe")
    guest.leak(kind, 5000)
    until(lambda: bool(guest.said("capped")), "the leak is held")
    until(lambda: bool(guest.leaked("again", "probe")), "everybody else can fork")
    refused, again = (guest.leaked(what, "probe")[0] for what in ("refused", "again"))
    raised = next(one for one in guest.said("raised") if one["what"] == sysctl)
    print(f"\nrefused -> raised {raised['at'] - refused['at']:.3f} s, "
          f"-> forks again {again['at'] - refused['at']:.3f} s")
    assert raised["at"] - refused["at"] < AT_ONCE
    assert (raised["before"], int(raised["after"]) > limit) == (str(limit), True)
    assert again["at"] - refused["at"] < AT_ONCE
    until(lambda: guest.lines("/run/probe.log")[-1]["what"] == "again", "nobody is refused")
    # the culprit is held at what it has
    assert [one["what"] for one in guest.said("culprit")] == ["/system.slice/leak.service"]
    capped = guest.said("capped")[0]
    assert guest.value(f"{GROUPS}/system.slice/leak.service/pids.max") == capped["after"]
    assert guest.host.run(["true"]).rc == 0
    assert int(guest.value(file)) > limit
    guest.host.run(["systemctl", "stop", "leak"])
    guest.end()
    assert guest.value(file) == str(limit)
    assert guest.said("finding") == []


def test_a_slice_is_relieved_and_what_a_reload_undoes_is_held(
    ready: Callable[..., Guest],
) -> None:
    guest = ready()
    file = f"{GROUPS}/small.slice/pids.max"
    guest.host.write(f"{SYSTEM}/small.slice", "[Slice]\nTasksMax=60\n")
    guest.host.run(
        "systemctl daemon-reload && systemd-run -q --slice=small.slice --unit=still sleep infinity"
    )
    guest.relieve(
        watched=["small.slice"], cap=False, most={"slice": 400}, after="/run/leak.log"
    )
    guest.leak("forks", 200, "--slice=small.slice")
    until(lambda: bool(guest.leaked("enough")), "the leak has what it wants")
    refused, raised = guest.leaked("refused")[0], guest.said("raised")[0]
    assert raised["at"] - refused["at"] < AT_ONCE
    assert (raised["what"], raised["before"]) == ("/small.slice", "60")
    after = guest.value(file)
    assert int(after) > 200
    # systemd writes what it knows as soon as something in the slice starts
    guest.host.run(
        "systemctl daemon-reload && systemd-run -q --slice=small.slice --unit=more sleep infinity"
    )
    until(
        lambda: any(one["what"] == "/small.slice" for one in guest.said("held")),
        "the reload is seen",
    )
    assert guest.value(file) == after
    assert guest.said("finding") == []
    # what is in use still keeps its room; the rest goes back
    guest.end()
    kept = int(guest.value(file))
    used = int(guest.value(f"{GROUPS}/small.slice/pids.current"))
    assert used < kept < int(after)


def test_sshd_is_never_capped(ready: Callable[..., Guest]) -> None:
    guest = ready()
    unit = f"{GROUPS}/system.slice/ssh.service"
    before = guest.value(f"{unit}/pids.max")
    guest.relieve()
    guest.host.run(["sysctl", "-q", "kernel.threads-max=300"])
    guest.host.run(
        f"(echo $BASHPID > {unit}/cgroup.procs; exec setsid python3 {PLACE}/leaker.py threads 400 "
        "/run/leak.log) < /dev/null > /dev/null 2>&1 &"
    )
    until(lambda: bool(guest.leaked("enough")), "the leak has what it wants")
    assert int(guest.value(f"{unit}/pids.current")) > 400
    assert guest.value(f"{unit}/pids.max") == before
    assert guest.said("capped") == guest.said("culprit") == []
    assert guest.host.login("ops", ["true"]).rc == 0


def test_killed_at_every_write_and_taken_over(ready: Callable[..., Guest]) -> None:
    guest = ready()
    guest.host.write(f"{SYSTEM}/small.slice", "[Slice]\nTasksMax=60\n")
    guest.host.run(
        "systemctl daemon-reload && systemd-run -q --slice=small.slice --unit=still sleep infinity"
    )
    done = guest.host.run(
        ["env", f"PYTHONPATH={PLACE}", "python3", f"{PLACE}/relief_kills.py"], timeout=300
    )
    answer = json.loads(done.stdout)
    assert answer["problems"] == []
    assert answer["steps"] >= 15
    print(f"\nkilled at {answer['steps']} steps")
