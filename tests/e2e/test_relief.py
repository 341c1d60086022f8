"""Relief on real kernels: a host that cannot fork is relieved by a process that is there."""

from __future__ import annotations

import itertools
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
NUMBERS = itertools.count(1)  # a unit's name is free again only some time after its end
MOST = {"threads": 900, "pids": 1600, "slice": 600}


@dataclass
class Guest:
    """A host with a resident reliever."""

    host: Host

    def relieve(self, **words: Any) -> None:
        """Start the reliever and wait until it watches."""
        asked = {"at": 95, "most": MOST, "cap": True, "watched": [], "after": "", **words}
        self.host.write("/run/relief.json", json.dumps(asked))
        self.begin()
        until(lambda: bool(self.said("ready")), "the reliever watches")

    def begin(self) -> None:
        self.host.run(
            f"systemd-run -q --unit=limitwise-{next(NUMBERS)} -p TasksMax=infinity "
            f"-p StandardInput=file:/run/relief.json -E PYTHONPATH={PLACE} "
            f"python3 {PLACE}/reliever.py {LOG} {STOP}"
        )

    def leak_in(self, group: str, kind: str, most: int) -> None:
        """Start a leaker in a cgroup that is there."""
        self.host.run(
            f"(echo $BASHPID > {group}/cgroup.procs; exec setsid python3 {PLACE}/leaker.py "
            f"{kind} {most} /run/leak.log) < /dev/null > /dev/null 2>&1 &"
        )

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


class Plain(Guest):
    """A host without systemd."""

    def begin(self) -> None:
        self.host.run(
            f"setsid env PYTHONPATH={PLACE} python3 {PLACE}/reliever.py {LOG} {STOP} "
            "< /run/relief.json > /dev/null 2>&1 &"
        )


def equipped(host: Host) -> Host:
    put(host)
    for name in ("reliever.py", "leaker.py", "relief_kills.py"):
        host.put(HERE / name, f"{PLACE}/{name}")
    return host


@pytest.fixture
def ready(fresh_host: HostMaker) -> Callable[..., Guest]:
    def make(kernel: str = "built") -> Guest:
        return Guest(equipped(fresh_host(image="trixie", kernel=kernel, mem="512M")))

    return make


def make_small_slice(host: Host) -> None:
    """A slice of 60 tasks with one process in it."""
    host.write(f"{SYSTEM}/small.slice", "[Slice]\nTasksMax=60\n")
    host.run(
        "systemctl daemon-reload && systemd-run -q --slice=small.slice --unit=still sleep infinity"
    )


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
    assert refused["at"] < min(raised["at"], again["at"])
    assert (raised["before"], int(raised["after"]) > limit) == (str(limit), True)
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


@pytest.mark.parametrize("kernel", ["built", "packaged"])
def test_a_slice_is_relieved_and_what_a_reload_undoes_is_held(
    ready: Callable[..., Guest], kernel: str
) -> None:
    guest = ready(kernel)
    file = f"{GROUPS}/small.slice/pids.max"
    make_small_slice(guest.host)
    asked: dict[str, Any] = {
        "watched": ["small.slice"], "cap": False, "most": {"slice": 400}, "after": "/run/leak.log",
    }
    guest.relieve(**asked)
    guest.leak("forks", 200, "--slice=small.slice")
    # the packaged kernel takes its time for a fork
    until(lambda: bool(guest.leaked("enough")), "the leak has what it wants", deadline=450.0)
    refused, raised = guest.leaked("refused")[0], guest.said("raised")[0]
    assert refused["at"] < min(raised["at"], guest.leaked("enough")[0]["at"])
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
    # whoever relieves is killed, and the next one goes on
    guest.host.run(["systemctl", "kill", "--signal=KILL", "limitwise-*"])
    guest.host.run(f"echo 60 > {file}")
    guest.host.run(["rm", LOG])
    guest.relieve(**asked)
    until(lambda: guest.value(file) == after, "it is held by its successor")
    # what is in use still keeps its room; the rest goes back
    guest.end()
    kept = int(guest.value(file))
    used = int(guest.value(f"{GROUPS}/small.slice/pids.current"))
    assert used < kept < int(after)


@pytest.mark.parametrize(
    ("size", "fill", "said"),
    # the book has no place; or it has, and then the disk is full
    [("16k", "true", ["LW821"]), ("128k", "dd if=/dev/zero of=/var/lib/limitwise/fill", [])],
)
def test_a_full_disk_prevents_nothing(
    ready: Callable[..., Guest], size: str, fill: str, said: list[str]
) -> None:
    guest = ready()
    make_small_slice(guest.host)
    guest.host.run(
        "mkdir -p /var/lib/limitwise && "
        f"mount -t tmpfs -o size={size} none /var/lib/limitwise"
    )
    guest.relieve(watched=["small.slice"], cap=False, most={"slice": 400})
    guest.host.run(fill, check=False)
    guest.leak("forks", 120, "--slice=small.slice")
    until(lambda: bool(guest.leaked("enough")), "the leak has what it wants")
    assert int(guest.value(f"{GROUPS}/small.slice/pids.max")) > 120
    book = guest.host.run("grep -ac small.slice /var/lib/limitwise/relief.book", check=False)
    assert (book.stdout.strip() == "1") == (not said)
    guest.host.run(["systemctl", "stop", "leak"])
    guest.end()
    assert guest.value(f"{GROUPS}/small.slice/pids.max") == "60"
    assert [one["what"] for one in guest.said("finding")] == said


def test_a_pod_where_cgroups_are_version_1(fresh_host: HostMaker) -> None:
    guest = Plain(equipped(fresh_host(image="sysvinit", mem="512M")))
    pods = f"{GROUPS}/pids/kubepods"
    pod = f"{pods}/burstable/pod12-34"
    guest.host.run(
        f"mount -t tmpfs none {GROUPS} && mkdir {GROUPS}/pids && "
        f"mount -t cgroup -o pids none {GROUPS}/pids && mkdir -p {pod} && "
        f"echo 300 > {pods}/pids.max && echo 60 > {pod}/pids.max"
    )
    guest.relieve(most={"pod": 400, "kubepods": 900}, after="/run/leak.log")
    guest.leak_in(pod, "forks", 280)
    until(lambda: bool(guest.leaked("enough")), "the leak has what it wants")
    refused = guest.leaked("refused")[0]
    raised = {one["what"]: one for one in reversed(guest.said("raised"))}
    assert raised["/kubepods/burstable/pod12-34"]["before"] == "60"
    assert refused["at"] < raised["/kubepods/burstable/pod12-34"]["at"]
    # what would have been hit next
    assert raised["/kubepods"]["before"] == "300"
    assert int(guest.value(f"{pods}/pids.max")) > 300
    until(lambda: bool(guest.said("culprit")), "somebody is named")
    named = guest.said("culprit")[0]
    assert (named["kind"], named["what"]) == ("Pod", "/kubepods/burstable/pod12-34")
    # a pod is never capped: it is evicted
    assert guest.said("capped") == []
    guest.end()
    assert int(guest.value(f"{pod}/pids.current")) < int(guest.value(f"{pod}/pids.max")) <= 400


def test_sshd_is_never_capped(ready: Callable[..., Guest]) -> None:
    guest = ready()
    unit = f"{GROUPS}/system.slice/ssh.service"
    before = guest.value(f"{unit}/pids.max")
    guest.relieve()
    guest.host.run(["sysctl", "-q", "kernel.threads-max=300"])
    guest.leak_in(unit, "threads", 400)
    until(lambda: bool(guest.leaked("enough")), "the leak has what it wants")
    assert int(guest.value(f"{unit}/pids.current")) > 400
    assert guest.value(f"{unit}/pids.max") == before
    assert guest.said("capped") == guest.said("culprit") == []
    assert guest.host.login("ops", ["true"]).rc == 0


def test_killed_at_every_write_and_taken_over(ready: Callable[..., Guest]) -> None:
    guest = ready()
    make_small_slice(guest.host)
    done = guest.host.run(
        ["env", f"PYTHONPATH={PLACE}", "python3", f"{PLACE}/relief_kills.py"], timeout=300
    )
    answer = json.loads(done.stdout)
    assert answer["problems"] == []
    assert answer["steps"] >= 15
    print(f"\nkilled at {answer['steps']} steps")
