"""Ceilings on real kernels: systemd agrees, the kernel refuses where we say, pid_max as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from e2e.on_watch import look, put, until, within
from lab.host import Host
from lab.pytest_fleet import HostMaker

SYSTEM = "/etc/systemd/system"
GROUPS = "/sys/fs/cgroup"
SHOWN = "Id,ControlGroup,EffectiveTasksMax,EffectiveMemoryMax"
# Forks of the guest's own services between the measurement and the last fork.
STRANGERS = 6
WRAP = """
import os, sys
for _number in range(int(sys.argv[1])):
    os.waitpid(os.fork() or os._exit(0), 0)
"""
FORKER = """
import os, signal
children = []
try:
    while True:
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
except BlockingIOError:
    print(len(children), flush=True)
signal.pause()
"""


@pytest.fixture
def ready(fresh_host: HostMaker) -> Callable[..., Host]:
    """A fresh host with the engine and the watcher on it."""

    def make(kernel: str = "built") -> Host:
        return put(fresh_host(image="trixie", kernel=kernel))

    return make


def shown(host: Host) -> dict[str, dict[str, str]]:
    """What systemd says of every unit with a cgroup, by cgroup.

    A socket's is gone while nothing runs in it, though systemd goes on naming it.
    """
    found = {}
    there = set(host.run(["find", GROUPS, "-type", "d"]).stdout.splitlines())
    for block in host.run(["systemctl", "show", "*", f"--property={SHOWN}"]).stdout.split("\n\n"):
        fields = dict(line.split("=", 1) for line in block.strip().splitlines())
        group = fields.get("ControlGroup", "")
        if group and GROUPS + group.rstrip("/") in there and "EffectiveTasksMax" in fields:
            found[group] = fields
    return found


def known(number: int | None) -> str:
    return "infinity" if number is None else str(number)


def test_systemd_comes_to_the_same_for_every_unit(ready: Callable[..., Host]) -> None:
    host = ready()
    host.write(f"{SYSTEM}/small.slice", "[Slice]\nTasksMax=40\nMemoryMax=100M\n")
    host.write(f"{SYSTEM}/small-inner.slice", "[Slice]\nTasksMax=50%\n")
    host.run(
        "systemctl daemon-reload && systemd-run -q --slice=small-inner.slice --unit=in "
        "-p TasksMax=300 -p MemoryMax=64M sleep infinity && "
        "systemd-run -q --slice=small.slice --unit=free -p TasksMax=infinity sleep infinity"
    )
    said = shown(host)
    assert len(said) > 15
    assert "/small.slice/small-inner.slice/in.service" in said
    ours = look(host, "effective", groups=list(said))
    theirs = {
        group: [fields["EffectiveTasksMax"], fields["EffectiveMemoryMax"]]
        for group, fields in said.items()
    }
    assert {group: [known(one) for one in pair] for group, pair in ours.items()} == theirs
    inner = ours["/small.slice/small-inner.slice/in.service"]
    assert inner == [40, 64 * 1024 * 1024]


@pytest.mark.parametrize("kernel", ["built", "packaged"])
def test_a_slice_refuses_before_its_unit_does(ready: Callable[..., Host], kernel: str) -> None:
    """By the kernel's version the refusal is counted in the slice, or in the unit that forked."""
    host = ready(kernel)
    host.write(f"{SYSTEM}/small.slice", "[Slice]\nTasksMax=40\n")
    host.write("/root/forker.py", FORKER)
    host.run(
        "systemctl daemon-reload && systemd-run -q --slice=small.slice --unit=leak "
        "-p TasksMax=300 python3 /root/forker.py"
    )
    group = "/small.slice/leak.service"
    until(
        lambda: host.read(f"{GROUPS}{group}/pids.current").strip() == "40", "the slice is full"
    )
    until(
        lambda: "max 0" not in host.run(
            f"cat {GROUPS}/small.slice/pids.events {GROUPS}{group}/pids.events | sort | tail -1"
        ).stdout,
        "a refused fork is counted",
    )
    found = look(host, "survey")
    full = of(found, "small.slice")
    assert (full["used"], full["headroom"], full["binding"]) == (40, 0, True)
    unit = of(found, "leak.service")
    assert (unit["limit"], unit["headroom"], unit["binding"]) == (300, 260, False)
    codes = {one["code"]: one for one in found["findings"]}
    assert codes["LW701"]["severity"] == "error"
    assert "leak.service allows 300" in codes["LW706"]["message"]
    release = tuple(map(int, host.run(["uname", "-r"]).stdout.split("-")[0].split(".")[:2]))
    if release >= (6, 11):
        assert codes["LW702"]["file"] == f"{GROUPS}/small.slice/pids.events.local"
        assert "LW703" not in codes
    else:
        assert codes["LW703"]["file"] == f"{GROUPS}{group}/pids.events"
        assert "small.slice TasksMax" in codes["LW703"]["message"]
        assert "LW702" not in codes


def of(found: dict[str, Any], subject: str, resource: str = "pids") -> dict[str, Any]:
    (one,) = [
        each for each in found["ceilings"]
        if (each["subject"], each["resource"]) == (subject, resource)
    ]
    return dict(one)


ALONE = ["systemd-run", "--quiet", "--wait", "--pipe", "-p", "TasksMax=infinity",
         "-p", "LimitNPROC=infinity"]


@pytest.mark.parametrize(("sysctl", "top", "orphans", "source"), [
    ("kernel.pid_max", 700, 0, "/proc/sys/kernel/pid_max"),
    # the ids of dead leaders of process groups are taken as well
    ("kernel.pid_max", 700, 40, "/proc/sys/kernel/pid_max"),
    ("kernel.threads-max", 400, 0, "/proc/sys/kernel/threads-max"),
])
def test_the_kernel_gives_as_many_forks_as_we_say_are_left(
    ready: Callable[..., Host], sysctl: str, top: int, orphans: int, source: str
) -> None:
    host = ready()
    host.run(f"sysctl -q {sysctl}={top}")
    # numbering starts over more than once: ids below 300 do not come again
    host.run(["python3", "-c", WRAP, str(top)], timeout=180)
    answer = within(host, ALONE, "exhaust", orphans=orphans)
    assert answer["first"]["source"] == source
    assert answer["first"]["limit"] == top
    assert abs(answer["forked"] - answer["first"]["headroom"]) <= STRANGERS, answer
    if sysctl == "kernel.pid_max":
        everyone_else_would_say = top - answer["first"]["used"]
        assert answer["forked"] < everyone_else_would_say - 100


def test_two_thousand_cgroups_are_all_seen(ready: Callable[..., Host]) -> None:
    host = ready()
    host.run(
        f"mkdir -p {GROUPS}/many && echo +pids +memory > {GROUPS}/many/cgroup.subtree_control && "
        f"cd {GROUPS}/many && seq -f 'g%g' 2000 | xargs mkdir && "
        "for i in $(seq 7 7 2000); do echo $((i + 10)) > g$i/pids.max; done",
        timeout=180,
    )
    found = look(host, "survey")
    limits = {
        one["group"]: one["limit"] for one in found["ceilings"]
        if one["group"].startswith("/many/")
    }
    assert limits == {f"/many/g{number}": number + 10 for number in range(7, 2001, 7)}
    print(f"\n2,000 cgroups surveyed in {found['seconds']:.2f} s on a guest")


def test_inotify_of_a_user_is_counted(ready: Callable[..., Host]) -> None:
    host = ready()
    host.write("/root/watch.py", (
        "import ctypes, signal\n"
        "libc = ctypes.CDLL(None)\n"
        "fd = libc.inotify_init()\n"
        "for name in (b'/etc', b'/usr', b'/var'):\n"
        "    assert libc.inotify_add_watch(fd, name, 2) > 0\n"
        "signal.pause()\n"
    ))
    host.run("chmod 755 /root && systemd-run -q --uid=app --unit=watch python3 /root/watch.py")
    uid = host.run(["id", "-u", "app"]).stdout.strip()

    def counted() -> bool:
        users = [one for one in look(host, "survey", users=True)["ceilings"]
                 if (one["scope"], one["subject"]) == ("user", uid)]
        return {one["resource"]: one["used"] for one in users} == {
            "inotify_instances": 1, "inotify_watches": 3,
        }

    until(counted, "one instance with three watches")
