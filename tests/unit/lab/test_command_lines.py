"""What guests and ssh are started with, and what Ansible is told."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path

import pytest

from lab.addresses import Seat
from lab.guest import UID, Guest
from lab.kernels import Kernel
from lab.ssh import Road

FOLDER = Path("/state/demo/h2")
BUILT = Kernel("built", Path("/cache/k/linux"), ("seccomp=on",))
PACKAGED = Kernel("packaged", Path("/cache/p/linux"), (), Path("/cache/p/modules.ext4"))
ROAD = Road("lw-demo", Path("/state/demo"), Path("/cache/i/id"))


def guest(kernel: Kernel, seed: Path | None = None) -> Guest:
    return Guest(Seat(2), "lw-demo", FOLDER, kernel, Path("/cache/i/disk.ext4"), "384M", seed)


@pytest.mark.parametrize(
    "word",
    [
        "seccomp=on",
        "mem=384M",
        "uml_dir=/state/demo/h2/control",
        "ubd0=/state/demo/h2/disk.cow,/state/demo/h2/golden.ext4",
        "root=/dev/ubda",
        "vec0:transport=fd,fd=9,vec=0,mac=02:fe:00:00:00:02",
        "systemd.hostname=h2",
        "lab.host=h2",
        "lab.ip=10.99.0.12/24",
        "lab.gw=10.99.0.1",
    ],
)
def test_the_kernel_is_told(word: str) -> None:
    assert word in guest(BUILT).kernel_arguments()


def test_modules_come_as_a_read_only_disk() -> None:
    with_modules = guest(PACKAGED).kernel_arguments()
    assert "ubd1r=/state/demo/h2/modules.disk" in with_modules
    assert "lab.modules=ubdb" in with_modules
    assert not [word for word in guest(BUILT).kernel_arguments() if "modules" in word]


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (BUILT, ["ubd1r=/state/demo/h2/seed.disk", "lab.seed=ubdb"]),
        (PACKAGED, ["ubd2r=/state/demo/h2/seed.disk", "lab.seed=ubdc"]),
    ],
)
def test_what_the_owner_gives_comes_as_a_disk_too(kernel: Kernel, words: list[str]) -> None:
    seeded = guest(kernel, Path("/state/demo/seed.tar"))
    assert set(words) <= set(seeded.kernel_arguments())
    pairs = seeded.command()[seeded.command().index(str(UID)) + 1].split(",")
    assert pairs[-1] == "/state/demo/seed.tar=/state/demo/h2/seed.disk"


def test_a_guest_reaches_what_lies_in_the_cache_and_is_nobody() -> None:
    command = guest(PACKAGED).command()
    at = command.index("lw-demo")
    assert command[at : at + 5] == [
        "lw-demo",
        "t2",
        str(UID),
        (
            "/cache/p/linux=/state/demo/h2/linux,"
            "/cache/i/disk.ext4=/state/demo/h2/golden.ext4,"
            "/cache/p/modules.ext4=/state/demo/h2/modules.disk"
        ),
        "/state/demo/h2/linux",
    ]
    assert UID != 0


def test_ssh_knows_its_host_before_it_connects() -> None:
    options = ROAD.options()
    assert "StrictHostKeyChecking=yes" in options
    assert "UserKnownHostsFile=/state/demo/known_hosts" in options
    text = ROAD.known_hosts("ssh-ed25519 AAAA lab-host\n", [Seat(1), Seat(2)])
    assert text == "10.99.0.11 ssh-ed25519 AAAA\n10.99.0.12 ssh-ed25519 AAAA\n"


def test_a_login_never_rides_on_the_lasting_connection() -> None:
    login, channel = ROAD.login(Seat(1), "stud1"), ROAD.channel(Seat(1))
    assert login[-1] == "stud1@10.99.0.11"
    assert "ControlPath=none" in login
    assert channel[-1] == "root@10.99.0.11"
    assert "ControlPath=/state/demo/channels/h1" in channel


def test_the_inventory_is_one_that_ansible_reads() -> None:
    text = ROAD.inventory([Seat(1), Seat(2)])
    parser = configparser.ConfigParser(
        allow_no_value=True, delimiters=("=",), interpolation=None, comment_prefixes=("#",)
    )
    parser.read_string(text)
    assert [line.split()[0] for line in parser["fleet"]] == ["h1", "h2"]
    variables = dict(parser["fleet:vars"])
    assert variables["ansible_user"] == "root"
    assert variables["ansible_python_interpreter"] == "/usr/bin/python3"
    assert variables["ansible_control_path_dir"] == "/state/demo/ansible"
    assert shlex.split(variables["ansible_ssh_common_args"] or "") == ROAD.options()
