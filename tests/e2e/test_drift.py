"""Drift on real kernels: seen without a fork, put back key by key, by the normal path."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.on_guest import ask
from e2e.on_watch import look, put, until
from lab.host import Host
from lab.pytest_fleet import HostMaker

GROUPS = "/sys/fs/cgroup"
OWN = "/etc/sysctl.d/zz-limitwise.conf"
DROPIN = "/etc/systemd/system/student.slice.d/zz-limitwise.conf"
TUNING: dict[str, Any] = {
    "sysctl": {"kernel.pid_max": 70000, "vm.swappiness": 20, "net.ipv4.ip_local_port_range":
               "20000 60000"},
    "limits": [{"domain": "@ops", "type": "-", "item": "nofile", "value": 65536}],
    "slices": {"student.slice": {"TasksMax": 500, "MemoryMax": "25%", "CPUQuota": "33.33%"}},
    "units": {"ssh.service": {"TasksMax": 900, "LimitNOFILE": 65536, "CPUWeight": 50}},
}


@pytest.fixture
def host(fresh_host: HostMaker) -> Host:
    """A host with the tuning in force and the students' slice in use."""
    made = put(fresh_host(image="trixie"))
    made.run("systemd-run -q --slice=student.slice sleep infinity")
    applied = ask(made, "apply", TUNING)
    assert applied["ok"], applied
    assert drifts(made) == []
    return made


def drifts(host: Host) -> list[dict[str, Any]]:
    """The drifts of the tuning; the look starts no process, or the watcher would have failed."""
    answer = look(host, "drift", tuning=TUNING)
    print(f"\none observation on a guest: {answer['seconds'] * 1000:.0f} ms")
    found: list[dict[str, Any]] = answer["drifts"]
    return found


def one_drift(host: Host) -> dict[str, Any]:
    (found,) = drifts(host)
    return found


def enforce(host: Host, **words: Any) -> dict[str, Any]:
    return look(host, "enforce", tuning=TUNING, **words)


def test_a_written_sysctl_is_seen_and_only_that_is_put_back(host: Host) -> None:
    host.run("sysctl -q vm.swappiness=77 kernel.pid_max=90000")
    found = one_drift(host)
    assert found == {
        "layer": "sysctl", "subject": "", "key": "vm/swappiness", "wanted": "20", "live": "77",
        "file_value": "20", "file": OWN, "writer": None,
    }
    before = host.read(OWN)
    done = enforce(host)
    assert done["ok"], done
    assert [(one["key"], one["before"], one["runtime"]) for one in done["changes"]] == [
        ("vm.swappiness", "77", "20")
    ]
    assert drifts(host) == []
    # nothing else was touched: the floor that somebody raised, our file, other layers
    assert host.read("/proc/sys/kernel/pid_max").strip() == "90000"
    assert host.read(OWN) == before
    assert host.read(f"{GROUPS}/student.slice/pids.max").strip() == "500"


def test_a_file_that_wins_at_boot_is_named_before_and_after_the_reboot(host: Host) -> None:
    rival = "/etc/sysctl.d/zzz.conf"
    host.write(rival, "vm.swappiness = 66\n")
    found = one_drift(host)
    assert (found["live"], found["file_value"], found["file"]) == ("20", "66", rival)
    host.reboot()
    until(lambda: host.read("/proc/sys/vm/swappiness").strip() == "66", "the boot took the rival")
    found = next(one for one in drifts(host) if one["key"] == "vm/swappiness")
    assert (found["live"], found["file"], found["writer"]) == ("66", rival, rival)
    # enforcing stops at the file of others and names it, unless it may be taken over
    refused = enforce(host)
    assert not refused["ok"]
    assert rival in {one["file"] for one in refused["findings"]}
    assert enforce(host, takeover=[rival])["ok"]
    assert drifts(host) == []


@pytest.mark.parametrize("runtime", [["--runtime"], []])
def test_set_property_is_seen_in_the_cgroup(host: Host, runtime: list[str]) -> None:
    """Its file (50-TasksMax.conf) sorts before ours: it holds until the next reload only."""
    host.run(["systemctl", "set-property", *runtime, "student.slice", "TasksMax=77"])
    until(lambda: host.read(f"{GROUPS}/student.slice/pids.max").strip() == "77", "77 in force")
    found = one_drift(host)
    assert (found["subject"], found["key"], found["live"]) == ("student.slice", "TasksMax", "77")
    assert (found["file_value"], found["file"]) == ("500", DROPIN)
    done = enforce(host)
    assert done["ok"], done
    assert drifts(host) == []
    assert host.read(f"{GROUPS}/student.slice/pids.max").strip() == "500"


def test_a_drop_in_that_wins_and_a_service_written_by_hand(host: Host) -> None:
    rival = "/etc/systemd/system/student.slice.d/zzz-site.conf"
    host.write(rival, "[Slice]\nMemoryMax=50M\n")
    service = f"{GROUPS}/system.slice/ssh.service"
    host.run(f"echo 800 > {service}/pids.max && echo 70 > {service}/cpu.weight")
    found = {one["key"]: one for one in drifts(host)}
    assert set(found) == {"MemoryMax", "TasksMax", "CPUWeight"}
    assert (found["MemoryMax"]["file_value"], found["MemoryMax"]["file"]) == ("50M", rival)
    assert (found["TasksMax"]["live"], found["CPUWeight"]["live"]) == ("800", "70")
    assert found["TasksMax"]["subject"] == "ssh.service"
    host.run(["rm", rival])
    assert enforce(host)["ok"]
    assert drifts(host) == []
    assert host.read(f"{service}/pids.max").strip() == "900"


def test_our_own_files_taken_away(host: Host) -> None:
    host.run(f"rm {OWN} {DROPIN} /etc/security/limits.d/zz-limitwise.conf")
    found = {(one["layer"], one["key"]): one["file_value"] for one in drifts(host)}
    # Debian's own 50-pid-max.conf gives more than the wanted floor
    assert set(found) == {
        ("sysctl", "vm/swappiness"), ("sysctl", "net/ipv4/ip_local_port_range"),
        ("limits", "soft nofile"), ("limits", "hard nofile"),
        ("slices", "TasksMax"), ("slices", "MemoryMax"), ("slices", "CPUQuota"),
    }
    assert enforce(host)["ok"]
    assert drifts(host) == []
