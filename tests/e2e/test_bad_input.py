"""Bad input and bad places on a real host: one clear error, exit status 2, the host as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from e2e.on_guest import PLACE, ROOT, install
from lab.host import Host, Result
from lab.pytest_fleet import Standing

OWN = "/etc/sysctl.d/zz-limitwise.conf"
DAEMON = "/etc/docker/daemon.json"
GOOD = {"sysctl": {"vm.swappiness": 7}}
LIMIT = {"domain": "*", "type": "hard", "item": "nofile", "value": 65536}
COMMAND = ["env", f"PYTHONPATH={PLACE}", "python3", "-m", "limitwise"]


@pytest.fixture(scope="module")
def guest(standing_fleets: Standing) -> Iterator[Host]:
    """One host for all of these: each test proves that it left no trace."""
    fleet = standing_fleets.fleet("trixie", "built", "384M")
    host = fleet.add()
    install(host)
    host.put(ROOT / "cli/limitwise", f"{PLACE}/limitwise")
    host.run("mkdir -p /etc/docker")
    yield host
    fleet.drop(host)


def traces(host: Host) -> str:
    """Inode, times, owner and size of every file of /etc, its folders, and the values in force."""
    return host.run(
        "find /etc /usr/lib/sysctl.d -type d -printf '%p %m %u:%g\\n'"
        " -o -printf '%p %y %i %T@ %C@ %s %m %u:%g %l\\n' | sort;"
        "cat /proc/sys/vm/swappiness /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max;"
        "cat /sys/fs/cgroup/user.slice/pids.max"
    ).stdout


def limitwise(host: Host, *words: str, stdin: bytes = b"", user: str = "root") -> Result:
    argv = [*COMMAND, *words]
    if user != "root":
        argv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *argv]
    return host.run(argv, check=False, stdin=stdin)


def apply(host: Host, document: dict[str, Any], user: str = "root") -> Result:
    """The command `apply` with a tuning as its input."""
    return limitwise(host, "apply", "-", stdin=json.dumps(document).encode(), user=user)


def refused(done: Result, *words: str) -> None:
    """Exit status 2, every word said, and nothing that only a programmer could read."""
    said = done.stdout + done.stderr
    assert done.rc == 2, said
    for word in words:
        assert word in said
    assert "Traceback" not in said


@contextmanager
def arranged(host: Host, before: str, after: str) -> Iterator[None]:
    """Scripts that spoil the host and mend it; between them it must not change."""
    host.run(before)
    try:
        spoilt = traces(host)
        yield
        assert traces(host) == spoilt
    finally:
        host.run(after)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"sysctls": {}}, ["LW001", "did you mean 'sysctl'"]),
        ({"sysctl": {"kernel.thread-max": 65536}}, ["LW201", "did you mean 'kernel.threads-max'"]),
        ({"sysctl": {"vm.swappiness": "many"}}, ["LW202", "many"]),
        ({"sysctl": {"vm.swappiness": 500}}, ["LW202", "500"]),
        ({"sysctl": {"kernel.pid_max": 99999999999}}, ["LW202", "99999999999"]),
        ({"sysctl": {"vm.swappiness": True}}, ["LW003", "boolean"]),
        ({"sysctl": {"kernel.core_pattern": "|/bin/sh"}}, ["LW007", "kernel.core_pattern"]),
        ({"limits": [{**LIMIT, "item": "nofiles"}]}, ["LW102", "did you mean 'nofile'"]),
        ({"limits": [{**LIMIT, "value": -7}]}, ["error LW1", "-7"]),
        ({"limits": [{"domain": "*"}]}, ["LW003", "limits.0"]),
        ({"slices": {"user.slice": {"MemoryMax": "128g"}}}, ["error LW3", "128G"]),
        ({"slices": {"user.slice": {"TaskMax": 5}}}, ["error LW3", "did you mean 'TasksMax'"]),
        ({"units": {"ssh.service": {"ExecStart": "/bin/sh"}}}, ["LW007", "ExecStart"]),
        ({"docker_daemon": {"registry-mirror": ["x"]}}, ["error LW4", "registry-mirrors"]),
        ({"docker_daemon": {"max-concurrent-downloads": "five"}}, ["error LW4", "five"]),
        ({"policy": {"restart": "always"}}, ["LW005", "never or if-needed"]),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_a_wrong_tuning(guest: Host, document: dict[str, Any], words: list[str]) -> None:
    before = traces(guest)
    refused(apply(guest, {**GOOD, **document}), *words)
    refused(limitwise(guest, "plan", "-", stdin=json.dumps(document).encode()), *words)
    assert traces(guest) == before


def test_every_error_is_named_at_once_with_its_place(guest: Host) -> None:
    guest.write("/root/t.json", '{"sysctl": {\n  "vm.swappines": 7,\n  "kernel.pid_max": 0}}')
    done = limitwise(guest, "apply", "/root/t.json")
    refused(done, "/root/t.json:2:3: error LW201", "/root/t.json:3:")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", ["/root/t.json:1:2: is not JSON"]),
        (b"", ["is not JSON: it is empty"]),
        (b"\x00\x00", ["is not JSON"]),
        (b"\xff\xfe", ["is not JSON"]),
        (b'{"sysctl": {"a": 1, "a": 2}}', ["the key 'a' stands twice"]),
        (b"[" * 100000, ["/root/t.json"]),
        (b"[]", ["must be an object"]),
        (b" " * ((4 << 20) + 1), ["larger than 4 MiB"]),
    ],
    ids=["cut", "empty", "nul", "bytes", "twice", "deep", "list", "huge"],
)
def test_an_unreadable_document(guest: Host, content: bytes, words: list[str]) -> None:
    guest.write("/root/t.json", content)
    before = traces(guest)
    refused(limitwise(guest, "apply", "/root/t.json"), *words)
    assert traces(guest) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["apply", "/root/none.json"], "/root/none.json: cannot be read: No such file"),
        (["apply", "/root"], "/root: cannot be read: Is a directory"),
        (["rollback", "20200101T000000.000000Z-0000"], "there is no run"),
        (["rollback", "../../etc"], "there is no run"),
        (["rollback", "last"], "there is no run to roll back"),
        (["plan", "/root/t.json", "--root", "/none"], "there is no such directory"),
        (["confirm", "x"], "there is no run"),
        (["lint", "/root/none.conf", "--as", "sysctl"], "cannot be read"),
        (["frobnicate"], "invalid choice"),
        ([], "required"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use(guest: Host, words: list[str], said: str) -> None:
    guest.write("/root/t.json", json.dumps(GOOD))
    before = traces(guest)
    refused(limitwise(guest, *words), said)
    assert traces(guest) == before


@pytest.mark.parametrize("content", ["{", "[1]", "7", '{"a": 1} x', '{"a": 1, "a": 2}', "\\0"])
def test_a_daemon_json_that_is_none(guest: Host, content: str) -> None:
    with arranged(guest, f"printf '{content}' > {DAEMON}", f"rm {DAEMON}"):
        done = apply(guest, {**GOOD, "docker_daemon": {"max-concurrent-downloads": 5}})
        refused(done, DAEMON, "error LW4")


SPOILT = "/etc/security/limits.d/50-spoilt.conf"


@pytest.mark.parametrize(
    "make",
    [
        "printf '* hard nofile 5\\0\\0\\n\\0* hard' >",
        "head -c 10485760 /dev/zero | tr '\\0' x >",
        "head -c 3000000 /dev/urandom >",
        "yes '* hard noproc 5' | head -n 5000 >",
    ],
    ids=["nul", "a line of ten megabytes", "binary", "many lines"],
)
def test_a_spoilt_limits_file_breaks_nothing(guest: Host, make: str) -> None:
    with arranged(guest, f"{make} {SPOILT}", f"rm {SPOILT}"):
        found = limitwise(guest, "lint", SPOILT)
        assert found.rc == 1, found
        assert SPOILT in found.stdout
        assert found.stderr == ""
        planned = limitwise(guest, "plan", "-", stdin=json.dumps({"limits": [LIMIT]}).encode())
        assert planned.rc == 1, planned
        assert SPOILT in planned.stdout
        assert "Traceback" not in planned.stderr


TMPFS = "mount -t tmpfs -o size=8k,nr_inodes={inodes} none {folder}"
FILL = "head -c 8192 /dev/zero > {folder}/zzz-filler"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            "mount --bind /etc /etc && mount -o remount,ro,bind /etc", "umount /etc",
            ["/etc/systemd/system/user.slice.d", "Read-only file system", "mounted read-only"],
        ),
        (
            "mkdir -p /var/lib/limitwise && mount -t tmpfs -o ro none /var/lib/limitwise",
            "umount /var/lib/limitwise", ["/var/lib/limitwise", "Read-only file system"],
        ),
        (
            TMPFS.format(inodes=9, folder="/etc/sysctl.d") + " && "
            + FILL.format(folder="/etc/sysctl.d"), "umount /etc/sysctl.d",
            [OWN, "No space left on device", "free some space"],
        ),
        (
            TMPFS.format(inodes=1, folder="/etc/sysctl.d"), "umount /etc/sysctl.d",
            [OWN, "No space left on device", "free some space"],
        ),
        (
            "mkdir -p /var/lib/limitwise && "
            + TMPFS.format(inodes=20, folder="/var/lib/limitwise") + " && "
            + FILL.format(folder="/var/lib/limitwise"), "umount /var/lib/limitwise",
            ["/var/lib/limitwise", "No space left on device"],
        ),
        (f"ln -s /etc/passwd {OWN}", f"rm {OWN}", [OWN, "symbolic link to /etc/passwd"]),
        (f"ln -s /nowhere {OWN}", f"rm {OWN}", [OWN, "symbolic link to /nowhere"]),
        (f"mkdir {OWN}", f"rmdir {OWN}", [OWN, "is not a plain file"]),
        (f"mkfifo {OWN}", f"rm {OWN}", [OWN, "is not a plain file"]),
        (
            "mv /etc/sysctl.d /etc/sysctl.was && touch /etc/sysctl.d",
            "rm /etc/sysctl.d && mv /etc/sysctl.was /etc/sysctl.d", ["/etc/sysctl.d"],
        ),
    ],
    ids=["etc read-only", "state read-only", "full at write", "full at open", "state full", "link",
         "dangling link", "folder", "pipe", "file for a folder"],
)
def test_a_place_where_nothing_can_be_written(
    guest: Host, before: str, after: str, words: list[str]
) -> None:
    with arranged(guest, before, after):
        refused(apply(guest, {**GOOD, "slices": {"user.slice": {"TasksMax": 60000}}}), *words)


def test_a_linked_daemon_json_is_not_written_through(guest: Host) -> None:
    guest.write("/srv/daemon.json", "{}")
    with arranged(guest, f"ln -s /srv/daemon.json {DAEMON}", f"rm {DAEMON}"):
        done = apply(guest, {"docker_daemon": {"max-concurrent-downloads": 5}})
        refused(done, DAEMON, "symbolic link to /srv/daemon.json", "put a plain file in its place")
    assert guest.read("/srv/daemon.json") == "{}"


@pytest.mark.parametrize("command", ["apply", "plan", "rollback"])
def test_without_root_s_rights(guest: Host, command: str) -> None:
    before = traces(guest)
    words = ["rollback", "last"] if command == "rollback" else [command, "-"]
    done = limitwise(guest, *words, stdin=json.dumps(GOOD).encode(), user="app")
    if command == "plan":
        # looking is allowed where it can be done
        assert done.rc in (1, 2)
        assert "Traceback" not in done.stderr
    else:
        refused(done, "Permission denied", "run as root, or with become")
    assert traces(guest) == before
