"""The lab itself on real kernels: it makes hosts, they reboot, and nothing of them stays."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import lab
from lab import docker_image, fleet, guest_files, network, processes
from lab.addresses import namespace_of
from lab.errors import LabError
from lab.fleet import Fleet
from lab.guest import UID
from lab.host import CommandError
from lab.pytest_fleet import FleetMaker, HostMaker

pytest_plugins = ["lab.pytest_fleet"]

LAB = [sys.executable, "-m", "lab"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(lab.__file__).parents[1])}


@pytest.fixture
def own_name() -> Iterator[str]:
    """The name of a fleet that this test makes by hand."""
    name = f"pytest-{os.getpid()}-hand"
    yield name
    fleet.destroy(name)


def traces(name: str) -> dict[str, object]:
    """Everything that a fleet has on this machine."""
    folder = fleet.states() / name
    identity = network.identity(namespace_of(name))
    return {
        "namespace": network.exists(namespace_of(name)),
        "folder": folder.exists(),
        "lock": (fleet.states() / f".{name}.lock").exists(),
        "processes": processes.of_fleet(processes.everyone(), identity, folder),
        "mounts": mounts_of(name),
        "links": [line for line in Path("/proc/net/dev").read_text().split() if line == "t1:"],
    }


NOTHING = {
    "namespace": False,
    "folder": False,
    "lock": False,
    "processes": [],
    "mounts": [],
    "links": [],
}


def mounts_of(name: str) -> list[str]:
    """Processes in whose mounts the fleet is still seen: they would hold it back."""
    words = (f"/{namespace_of(name)} ", f"{fleet.states()}/{name}/")
    seen = []
    for process in processes.everyone():
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{process.pid}/mountinfo").read_text()
            if any(word in text for word in words):
                seen.append(process.command[0])
    return seen


def wait_for(condition: str, path: Path, creator: subprocess.Popen[bytes]) -> None:
    """Wait until a file of a fleet in the making is there."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert creator.poll() is None, f"create ended before {condition}"
        assert time.monotonic() < deadline, f"never {condition}"
        time.sleep(0.002)


def test_a_value_survives_a_reboot_and_nothing_survives_a_destroy(own_name: str) -> None:
    made = Fleet.create(own_name, 2)
    one, two = made.hosts
    assert made.each(lambda host: host.run(["hostname"]).stdout) == ["h1\n", "h2\n"]

    one.write("/etc/sysctl.d/70-test.conf", "kernel.pid_max = 54321\n")
    before, neighbour = one.boot_id(), two.boot_id()
    one.reboot()
    assert one.boot_id() != before
    assert two.boot_id() == neighbour
    assert one.read("/proc/sys/kernel/pid_max") == "54321\n"
    assert two.read("/proc/sys/kernel/pid_max") != "54321\n"

    assert traces(own_name)["processes"]
    made.destroy()
    assert traces(own_name) == NOTHING


def test_hosts_reach_each_other(fleet: FleetMaker) -> None:
    one, two = fleet(2).hosts
    greeting = f"exec 3<>/dev/tcp/{two.address}/22; read -r line <&3; echo $line"
    assert one.run(["bash", "-c", greeting]).stdout.startswith("SSH-2.0-")


@pytest.mark.parametrize("reached", ["known_hosts", "h1/console.log", "h3/disk.cow"])
def test_a_create_that_was_killed_is_cleaned_by_the_next(own_name: str, reached: str) -> None:
    folder = fleet.states() / own_name
    with subprocess.Popen(
        [*LAB, "create", "3", "--name", own_name], env=ENVIRONMENT, stdout=subprocess.DEVNULL
    ) as creator:
        wait_for(f"{reached} was written", folder / reached, creator)
        creator.send_signal(signal.SIGKILL)
    assert folder.exists()
    with Fleet.create(own_name, 1) as made:
        assert made.hosts[0].run(["hostname"]).stdout == "h1\n"
        assert not (folder / "h3").exists()
    assert traces(own_name) == NOTHING


def test_a_standing_fleet_is_neither_cleaned_nor_overwritten(own_name: str) -> None:
    with Fleet.create(own_name, 1) as made:
        before = made.hosts[0].boot_id()
        with pytest.raises(LabError, match="is there already"):
            Fleet.create(own_name, 1)
        assert Fleet.open(own_name).hosts[0].boot_id() == before


def test_a_create_that_fails_leaves_nothing(own_name: str) -> None:
    with pytest.raises(LabError, match="its kernel has ended"):
        Fleet.create(own_name, 2, mem="1M")
    assert traces(own_name) == NOTHING


def test_fleets_do_not_touch_each_other(fleet: FleetMaker) -> None:
    first, second = fleet(1), fleet(1)
    one, other = first.hosts[0], second.hosts[0]
    assert one.address == other.address
    one.write("/root/mine", "first")
    with pytest.raises(CommandError, match="No such file"):
        other.read("/root/mine")
    first.destroy()
    assert traces(first.name) == NOTHING
    assert other.run(["hostname"]).stdout == "h1\n"


def test_guests_run_as_nobody(shared_host: HostMaker) -> None:
    host = shared_host()
    mine = processes.of_host(processes.everyone(), host.guest.folder)
    statuses = []
    for process in mine:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            statuses.append(Path(f"/proc/{process.pid}/status").read_text())
    assert statuses
    for status in statuses:
        lines = {key: value.split() for key, _, value in map(_split, status.splitlines())}
        assert lines["Uid"] == [str(UID)] * 4
        assert lines["Gid"] == [str(UID)] * 4
        assert lines["Groups"] == []
        assert lines["CapEff"] == ["0" * 16]
        assert lines["NoNewPrivs"] == ["1"]


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def test_a_power_cut_and_back(fresh_host: HostMaker) -> None:
    host = fresh_host()
    host.run("echo kept > /root/kept && sync")
    host.kill()
    assert not host.guest.running()
    host.start()
    assert host.read("/root/kept") == "kept\n"


def test_files_and_folders_arrive_whole(shared_host: HostMaker, tmp_path: Path) -> None:
    host = shared_host()
    source = tmp_path / "tree"
    (source / "below").mkdir(parents=True)
    (source / "below" / "file").write_bytes(bytes(range(256)))
    (source / "script").write_text("#!/bin/sh\necho ran\n")
    (source / "script").chmod(0o755)
    host.put(source, "/srv/lab put/tree")
    assert host.run(["/srv/lab put/tree/script"]).stdout == "ran\n"
    copied = host.run(["stat", "-c", "%s %U %a", "/srv/lab put/tree/below/file"]).stdout
    assert copied == "256 root 644\n"
    host.write("/srv/secret", "x", 0o600)
    assert host.run(["stat", "-c", "%a", "/srv/secret"]).stdout == "600\n"


def test_arguments_are_not_read_by_a_shell(shared_host: HostMaker) -> None:
    odd = "a b'c\"$(id)\\;*"
    assert shared_host().run(["printf", "%s", odd]).stdout == odd
    failed = shared_host().run("echo out; echo err >&2; exit 7", check=False)
    assert (failed.rc, failed.stdout, failed.stderr) == (7, "out\n", "err\n")
    assert shared_host().run(["cat"], stdin=b"fed").stdout == "fed"


def test_a_login_is_one_of_pam_s(shared_host: HostMaker) -> None:
    host = shared_host()
    host.write("/etc/security/limits.d/lab.conf", "@student hard nofile 4321\n")
    limit, groups, group = host.run(
        "ulimit -Hn; id -Gn; cat /proc/self/cgroup", user="stud1"
    ).stdout.splitlines()
    assert limit == "4321"
    assert groups == "stud1 student"
    assert group.startswith("0::/user.slice/user-1002.slice/session-")
    assert host.run("sudo -n id -u", user="ops").stdout == "0\n"
    assert host.run("sudo -n id -u", user="app", check=False).rc == 1


DOCKER_UP = "while ! docker info >/dev/null 2>&1; do sleep 0.2; done"


@pytest.mark.parametrize(
    ("image", "kernel", "init", "start_docker"),
    [
        ("trixie", "built", "systemd", "true"),
        ("bookworm", "built", "systemd", "true"),
        ("sysvinit", "built", "init", f"service docker start && {DOCKER_UP}"),
        ("bookworm", "packaged", "systemd", "true"),
    ],
)
def test_every_image_runs_containers_on_both_kernels(
    shared_host: HostMaker, image: str, kernel: str, init: str, start_docker: str
) -> None:
    host = shared_host(image=image, kernel=kernel)
    assert host.read("/proc/1/comm") == f"{init}\n"
    host.run(["ps", "-ef"])
    host.run(["vmstat"])
    for user in ("ops", "app", "stud1", "stud2"):
        assert host.login(user, ["id", "-un"]).stdout == f"{user}\n"
    host.run(start_docker)
    host.run(["docker", "load", "--quiet", "--input", guest_files.DOCKER_IMAGE])
    inside = host.run(
        ["docker", "run", "--rm", "--pids-limit", "33", docker_image.NAME, "hostname"]
    )
    assert len(inside.stdout.strip()) == 12
    host.reboot()
    assert host.read("/proc/1/comm") == f"{init}\n"


@pytest.mark.parametrize(
    ("image", "kernel"), [("trixie", "built"), ("bookworm", "built"), ("bookworm", "packaged")]
)
def test_a_host_with_systemd_starts_without_a_failed_unit(
    shared_host: HostMaker, image: str, kernel: str
) -> None:
    host = shared_host(image=image, kernel=kernel)
    assert host.run("systemctl list-units --failed --no-legend --plain").stdout == ""
    host.run("systemctl is-system-running --wait")


def test_a_host_without_systemd_has_none(shared_host: HostMaker) -> None:
    host = shared_host(image="sysvinit")
    assert host.run("command -v systemctl", check=False).rc != 0
    assert not host.run("ls -d /run/systemd/system", check=False).stdout
    assert host.run("ls /etc/rcS.d").stdout.count("procps") == 1


@pytest.mark.parametrize(
    ("image", "kernel", "oldest", "newest", "pressure"),
    [
        ("trixie", "built", (6, 16), (99, 0), True),
        ("bookworm", "packaged", (5, 0), (6, 10), False),
    ],
)
def test_the_kernels_differ_where_they_should(
    shared_host: HostMaker,
    image: str,
    kernel: str,
    oldest: tuple[int, int],
    newest: tuple[int, int],
    pressure: bool,
) -> None:
    host = shared_host(image=image, kernel=kernel)
    major, minor = host.run(["uname", "-r"]).stdout.split(".")[:2]
    assert oldest <= (int(major), int(minor)) <= newest
    assert (host.run("cat /proc/pressure/memory", check=False).rc == 0) is pressure
    assert {"cpu", "memory", "pids"} <= set(host.read("/sys/fs/cgroup/cgroup.controllers").split())


def test_the_command_does_all_of_it(own_name: str) -> None:
    named = ["--name", own_name]
    assert _lab("create", "1", *named) == "h1 10.99.0.11\n"
    assert _lab("run", *named, "echo", "hello") == "h1: hello\n"
    assert _lab("ssh", *named, "--user", "app", "h1", "id", "-un") == "app\n"
    assert f"{own_name} h1 10.99.0.11 up (trixie, built kernel, 384M)\n" in _lab("list")
    inventory = _lab("inventory", *named)
    assert "h1 ansible_host=10.99.0.11\n" in inventory
    boot = _lab("ssh", *named, "h1", "cat", "/proc/sys/kernel/random/boot_id")
    _lab("reboot", *named, "h1")
    assert _lab("ssh", *named, "h1", "cat", "/proc/sys/kernel/random/boot_id") != boot
    _lab("kill", *named, "h1")
    assert f"{own_name} h1 10.99.0.11 down" in _lab("list")
    _lab("start", *named, "h1")
    assert _lab("doctor") == "the lab has all it needs\n"
    _lab("destroy", *named)
    assert own_name not in _lab("list")
    refused = subprocess.run(
        [*LAB, "run", *named, "id"], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"lab: there is no fleet '{own_name}'")


def _lab(*arguments: str) -> str:
    done = subprocess.run(
        [*LAB, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
