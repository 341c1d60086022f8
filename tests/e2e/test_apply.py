"""Runs over all layers on real kernels: locks, owners, edits since, present use, mounted roots."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.on_guest import PLACE, ask, codes, install
from e2e.snapshot import differences
from lab.host import Host
from lab.pytest_fleet import HostMaker

SAID = {"LW114"}  # the wildcard does not reach root: information, no fault
OWN = "/etc/sysctl.d/zz-limitwise.conf"
SITE = "/etc/sysctl.d/zzz-site.conf"
STUDENTS = "/sys/fs/cgroup/student.slice/pids.max"
FULL: dict[str, Any] = {
    "sysctl": {"vm.swappiness": 7, "kernel.threads-max": 65536},
    "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}],
    "slices": {"user.slice": {"MemoryMax": "80%", "TasksMax": 60000}},
    "units": {"ssh.service": {"TasksMax": 4000}},
}


def ready(host: Host) -> Host:
    install(host)
    host.put(Path(__file__).with_name("snapshot.py"), f"{PLACE}/snapshot.py")
    return host


def look(host: Host) -> dict[str, str]:
    """Every file of /etc, kernel value, cgroup attribute and unit property of a guest."""
    found: dict[str, str] = json.loads(host.run(["python3", f"{PLACE}/snapshot.py"]).stdout)
    return found


def wait(condition: Callable[[], bool], what: str, deadline: float = 60.0) -> None:
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("image", "kernel"), [("trixie", "built"), ("trixie", "packaged"), ("bookworm", "built")]
)
def test_a_full_tuning_comes_and_goes(fresh_host: HostMaker, image: str, kernel: str) -> None:
    host = ready(fresh_host(image=image, kernel=kernel))
    # mode, owner and attributes of a file of somebody else's are part of what comes back
    host.write(SITE, "# site\nvm.swappiness = 90\n", 0o640)
    host.run(["chown", "daemon:adm", SITE])
    host.run([
        "python3", "-c", f"import os; os.setxattr({SITE!r}, 'user.limitwise', bytes([0, 255]))"
    ])
    before = look(host)
    report = ask(host, "apply", FULL, options={"takeover": [SITE]})
    assert report["ok"], report
    assert host.read("/proc/sys/vm/swappiness") == "7\n"
    assert host.read("/proc/sys/kernel/threads-max") == "65536\n"
    assert host.read("/sys/fs/cgroup/user.slice/pids.max") == "60000\n"
    assert host.read("/sys/fs/cgroup/system.slice/ssh.service/pids.max") == "4000\n"
    assert host.login("app", "ulimit -Hn").stdout == "65536\n"
    assert all(one["runtime"] or one["layer"] == "limits" for one in report["changes"])
    assert codes(ask(host, "verify", FULL)) <= SAID
    assert ask(host, "apply", FULL)["run_id"] is None

    back = ask(host, "rollback", run="last")
    assert (back["ok"], back["findings"]) == (True, [])
    assert differences("after the rollback", before, look(host)) == []


def test_one_run_at_a_time(fresh_host: HostMaker) -> None:
    host = ready(fresh_host())
    host.run("mkdir -p /var/lib/limitwise && chmod 700 /var/lib/limitwise")
    host.run(
        "systemd-run --quiet --unit=holder flock --no-fork /var/lib/limitwise/lock sleep infinity"
    )
    wait(
        lambda: host.run("flock -n /var/lib/limitwise/lock true", check=False).rc == 1, "the lock"
    )
    for words in ({"do": "apply", "tuning": FULL}, {"do": "rollback", "run": "original"}):
        refused = ask(host, **words)
        assert not refused["ok"]
        assert "another run holds this host" in refused["error"]
        assert "wait for it to end" in refused["error"]
    host.run(["systemctl", "stop", "holder"])
    assert ask(host, "apply", {"sysctl": {"vm.swappiness": 7}})["ok"]


def test_another_owner_is_refused_until_it_is_adopted(fresh_host: HostMaker) -> None:
    host = ready(fresh_host())
    assert ask(host, "apply", FULL)["ok"]
    before = look(host)
    other = {
        "sysctl": {"vm.swappiness": 8, "kernel.threads-max": 65536},
        "limits": [{**FULL["limits"][0], "value": 70000}],
        "slices": {"user.slice": {"MemoryMax": "70%", "TasksMax": 60000}},
        "units": {"ssh.service": {"TasksMax": 5000}},
    }
    refused = ask(host, "apply", other, options={"owner": "operator"})
    owners = [one for one in refused["findings"] if one["code"] == "LW601"]
    assert {one["found"] for one in owners} == {"fleet"}
    assert len({one["file"] for one in owners}) == 4
    assert refused["run_id"] is None
    assert differences("refused", before, look(host)) == []

    adopted = ask(host, "apply", other, options={"owner": "operator", "adopt": True})
    assert adopted["ok"], adopted
    assert "(owner: operator)" in host.read(OWN)
    assert ask(host, "apply", other, options={"owner": "operator"})["run_id"] is None
    assert ask(host, "rollback", run="last")["ok"]
    assert differences("given back", before, look(host)) == []


def test_somebody_s_edit_is_named_and_only_forced_away(fresh_host: HostMaker) -> None:
    host = ready(fresh_host())
    before = look(host)
    assert ask(host, "apply", FULL)["ok"]
    host.run(f"echo 'vm.dirty_ratio = 33' >> {OWN}")
    edited = look(host)
    refused = ask(host, "rollback", run="last")
    assert codes(refused) == {"LW605"}
    (found,) = refused["findings"]
    assert found["file"] == OWN
    assert "vm/dirty_ratio" in found["message"]
    assert differences("refused", edited, look(host)) == []
    # a layer that nobody edited goes back alone
    assert ask(host, "rollback", run="last", layers=["slices"])["ok"]
    assert host.read("/sys/fs/cgroup/user.slice/pids.max") == before[
        "/sys/fs/cgroup/user.slice/pids.max"
    ]
    assert host.read("/proc/sys/vm/swappiness") == "7\n"

    forced = ask(host, "rollback", run="last", force={"edits": True})
    assert forced["ok"], forced
    left = [line for line in host.read(OWN).splitlines() if not line.startswith("#")]
    assert left == ["vm.dirty_ratio = 33"]
    host.run(["rm", OWN])
    assert differences("forced", before, look(host)) == []


def test_an_older_run_leaves_what_later_ones_hold(fresh_host: HostMaker) -> None:
    host = ready(fresh_host())
    before = look(host)
    first = ask(host, "apply", FULL)["run_id"]
    changed = {**FULL, "sysctl": {**FULL["sysctl"], "vm.swappiness": 8}}
    second = ask(host, "apply", changed)["run_id"]
    report = ask(host, "rollback", run=first)
    assert report["ok"], report
    assert codes(report) == {"LW606"}
    assert {one["found"] for one in report["findings"]} == {second}
    assert host.read("/proc/sys/vm/swappiness") == "8\n"
    assert "kernel.threads-max" not in host.read(OWN)
    assert ask(host, "rollback", run=second)["ok"]
    assert ask(host, "rollback", run=first)["findings"] == []
    assert differences("both taken back", before, look(host)) == []


def test_what_is_in_use_stays_and_the_rest_goes_back(fresh_host: HostMaker) -> None:
    host = ready(fresh_host())
    host.write("/etc/systemd/system/student.slice", "[Slice]\nTasksMax=60\n")
    host.run("systemctl daemon-reload && systemd-run -q --slice=student.slice sleep infinity")
    before = look(host)
    tuning = {**FULL, "slices": {"student.slice": {"TasksMax": 3000, "CPUWeight": 50}}}
    assert ask(host, "apply", tuning)["ok"]
    spawn = "for i in $(seq 80); do sleep infinity & done; wait"
    host.run(["systemd-run", "-q", "--unit=crowd", "--slice=student.slice", "bash", "-c", spawn])
    current = STUDENTS.replace("max", "current")
    wait(lambda: int(host.read(current)) >= 82, "80 processes")

    report = ask(host, "rollback", run="last")
    assert codes(report) == {"LW602"}
    (found,) = report["findings"]
    assert "student.slice TasksMax would go to 60, but 82 are in use now" in found["message"]
    assert host.read(STUDENTS) == "3000\n"
    left = differences("in use", before, look(host))
    assert {line.split()[2] for line in left} <= {
        "/etc/systemd/system/student.slice.d", STUDENTS, "student.slice",
        "/etc/systemd/system/student.slice.d/zz-limitwise.conf",
    }
    assert host.read("/sys/fs/cgroup/student.slice/cpu.weight") == "100\n"

    host.run(["systemctl", "stop", "crowd"])
    assert ask(host, "rollback", run="last")["findings"] == []
    assert differences("no longer in use", before, look(host)) == []


def test_a_unit_that_was_removed_since_does_not_stop_a_rollback(fresh_host: HostMaker) -> None:
    host = ready(fresh_host())
    before = look(host)
    host.write("/etc/systemd/system/gone.service", "[Service]\nExecStart=sleep infinity\n")
    host.run("systemctl daemon-reload && systemctl start gone")
    wanted = {
        **FULL, "policy": {"restart": "if-needed"},
        "units": {"gone.service": {"TasksMax": 4000, "LimitNOFILE": 65536}},
    }
    assert ask(host, "apply", wanted)["ok"]
    (run,) = host.run("ls /var/lib/limitwise/journal").stdout.split()
    assert "try-restart" in host.read(f"/var/lib/limitwise/journal/{run}/acts.json")
    host.run(
        "systemctl stop gone && rm /etc/systemd/system/gone.service && systemctl daemon-reload"
    )
    report = ask(host, "rollback", run="last")
    assert (report["ok"], report["findings"]) == (True, [])
    assert differences("taken back", before, look(host)) == []


def test_a_root_that_is_mounted_elsewhere_is_tuned_all_the_same(fresh_host: HostMaker) -> None:
    host = ready(fresh_host())
    before = look(host)
    host.run("mkdir -p /host && mount --rbind / /host")
    tuning = {
        # of the kernel, the network, IPC and user namespaces
        "sysctl": {
            "kernel.threads-max": 65536, "net.core.somaxconn": 8192, "kernel.msgmax": 65536,
            "user.max_user_namespaces": 12345, "vm.swappiness": 7,
        },
        "limits": FULL["limits"],
        "slices": FULL["slices"],
    }
    report = ask(host, "apply", tuning, mounted="/host")
    assert report["ok"], report
    seen = host.run(
        "cd /proc/1/root/proc/sys && cat kernel/threads-max net/core/somaxconn kernel/msgmax"
        " user/max_user_namespaces vm/swappiness"
    ).stdout.split()
    assert seen == ["65536", "8192", "65536", "12345", "7"]
    assert host.read("/sys/fs/cgroup/user.slice/pids.max") == "60000\n"
    # the host's own engine sees the same run
    assert codes(ask(host, "verify", tuning)) <= SAID
    assert ask(host, "rollback", run="last", mounted="/host")["ok"]
    assert differences("taken back", before, look(host)) == []
