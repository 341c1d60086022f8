"""The sysctl layer on real kernels: read back from /proc/sys, through reboots, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.on_guest import ask, change, codes, install
from e2e.on_watch import until
from lab.host import Host
from lab.pytest_fleet import HostMaker

pytest_plugins = ["lab.pytest_fleet"]

OWN = "/etc/sysctl.d/zz-limitwise.conf"
MAIN = "/etc/sysctl.conf"
SSH_TASKS = "/sys/fs/cgroup/system.slice/ssh.service/pids.max"


@pytest.fixture
def guest(fresh_host: HostMaker) -> Host:
    """A fresh Debian 13 with the engine on it."""
    host = fresh_host()
    install(host)
    return host


def live(host: Host, *paths: str) -> list[str]:
    """Values below /proc/sys with single blanks."""
    return [" ".join(host.read(f"/proc/sys/{path}").split()) for path in paths]


def traces(host: Host) -> str:
    """Inode, times and content of everything that a no-op must not touch."""
    return host.run(
        "find /etc/sysctl.d /etc/sysctl.conf -type f -printf '%p %i %T@ %C@ %s\\n' 2>&1;"
        " sysctl -a 2>&1 | grep -v -e random -e -nr -e state -e _count -e domainname -e fs.inode"
    ).stdout


def apply(host: Host, wanted: dict[str, Any], **words: Any) -> dict[str, Any]:
    return ask(host, "apply", {"sysctl": wanted}, **words)


MANY = {
    "kernel.threads-max": 65536,
    "kernel/pid_max": "131072",
    "vm.swappiness": 7,
    "vm.max_map_count": 262144,
    "net.ipv4.tcp_rmem": "4096\t131072 8388608",
    "net.ipv4.neigh.default.gc_thresh1": 2048,
    "net.ipv4.neigh.default.gc_thresh2": 4096,
    "net.ipv4.neigh.default.gc_thresh3": 8192,
    "fs.inotify.max_user_watches": "0x80000",
    "net.netfilter.nf_conntrack_max": 262144,
}
MANY_LIVE = {
    "kernel/threads-max": "65536",
    "kernel/pid_max": "4194304",  # a floor: what Debian gives is more
    "vm/swappiness": "7",
    "vm/max_map_count": "262144",
    "net/ipv4/tcp_rmem": "4096 131072 8388608",
    "net/ipv4/neigh/default/gc_thresh3": "8192",
    "fs/inotify/max_user_watches": "524288",
    "net/netfilter/nf_conntrack_max": "262144",
}


def test_values_hold_now_and_after_a_reboot_and_go_back(guest: Host) -> None:
    paths = list(MANY_LIVE)
    before = live(guest, *paths)
    assert guest.read(SSH_TASKS).strip() == str(int(before[0]) * 15 // 100)
    wanted_live = list(MANY_LIVE.values())

    report = apply(guest, MANY)
    assert report["ok"], report
    assert report["run_id"]
    assert live(guest, *paths) == wanted_live
    threads = change(report, "", "kernel.threads-max")
    assert (threads["before"], threads["after"]) == (before[0], "65536")
    assert (threads["runtime"], threads["persistent"]) == ("65536", "65536")
    assert (threads["takes_effect"], threads["file"]) == ("none", OWN)
    # systemd's 15 % reached the cgroups that were running
    assert guest.read(SSH_TASKS).strip() == str(65536 * 15 // 100)

    untouched = traces(guest)
    again = apply(guest, MANY)
    assert (again["ok"], again["changes"], again["run_id"]) == (True, [], None)
    assert traces(guest) == untouched

    guest.reboot()
    assert live(guest, *paths) == wanted_live
    assert ask(guest, "verify", {"sysctl": MANY})["findings"] == []

    back = ask(guest, "rollback", run="last")
    assert back["ok"], back
    assert guest.run(["test", "-e", OWN], check=False).rc == 1
    assert live(guest, *paths) == before
    assert guest.read(SSH_TASKS).strip() == str(int(before[0]) * 15 // 100)


def test_a_value_that_the_kernel_refuses_takes_the_run_back(guest: Host) -> None:
    before = traces(guest)
    report = apply(guest, {"vm.swappiness": 3, "kernel.sched_rt_runtime_us": 2000000000})
    assert not report["ok"]
    assert codes(report) == {"LW608"}
    assert "Invalid argument" in str(report["findings"])
    assert traces(guest) == before


def test_wrong_documents_write_nothing(guest: Host) -> None:
    before = traces(guest)
    for wanted, code in (
        ({"vm.swappiness": 3, "kernel.thread-max": 65536}, "LW201"),
        ({"vm.swappiness": 3, "vm.max_map_count": "many"}, "LW202"),
        ({"vm.swappiness": 3, "kernel.core_pattern": "|/tmp/x"}, "LW007"),
    ):
        assert codes(apply(guest, wanted)) == {code}
    assert traces(guest) == before


def test_a_read_only_proc_as_in_a_container_is_an_error(guest: Host) -> None:
    guest.run("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
    before = traces(guest)
    report = apply(guest, {"vm.swappiness": 3})
    assert codes(report) == {"LW224"}
    assert traces(guest) == before


def test_the_host_may_allow_a_key_that_is_no_limit(guest: Host) -> None:
    guest.write("/etc/limitwise/allow", "kernel.core_pattern  # our own handler\n")
    report = apply(guest, {"kernel/core_pattern": "/tmp/core.%p"})
    assert report["ok"], report
    assert live(guest, "kernel/core_pattern") == ["/tmp/core.%p"]


def test_a_module_that_is_not_loaded_waits_in_the_file(guest: Host) -> None:
    report = apply(guest, {"net.ipv4.vs.amemthresh": 2048})
    assert report["ok"], report
    assert codes(report) == {"LW222"}
    assert change(report, "", "net.ipv4.vs.amemthresh")["takes_effect"] == "reload"
    assert "net.ipv4.vs.amemthresh = 2048" in guest.read(OWN)
    assert apply(guest, {"net.ipv4.vs.amemthresh": 2048})["run_id"] is None


def test_a_key_that_this_kernel_does_not_have_is_an_error(guest: Host) -> None:
    before = traces(guest)
    report = apply(guest, {"net.ipv4.tcp_tw_recycle": 0, "vm.swappiness": 3})
    assert "LW221" in codes(report)
    assert traces(guest) == before


def test_an_interface_with_a_dot(guest: Host) -> None:
    guest.run(["ip", "link", "add", "name", "v0.100", "type", "dummy"])
    key, path = "net.ipv4.neigh.v0/100.mcast_solicit", "net/ipv4/neigh/v0.100/mcast_solicit"
    report = apply(guest, {key: 5})
    assert report["ok"], report
    assert live(guest, path) == ["5"]
    assert f"{key} = 5" in guest.read(OWN)
    # the boot's own program reads the line as we meant it
    guest.run(f"echo 3 > /proc/sys/{path}")
    guest.run(["/usr/lib/systemd/systemd-sysctl"])
    assert live(guest, path) == ["5"]


def crowd(host: Host, threads: int) -> None:
    """Fill the host with sleeping threads, in the unit ``crowd``, until it has this many."""
    program = (
        "import threading, time\nthreading.stack_size(65536)\n"
        f"for _ in range({threads}): threading.Thread(target=time.sleep, args=(600,)).start()"
    )
    host.write("/root/crowd.py", program)
    host.run(["systemd-run", "--unit=crowd", "-pTasksMax=infinity", "python3", "/root/crowd.py"])
    host.run(
        f"until [ $(cut -d/ -f2 /proc/loadavg | cut -d' ' -f1) -ge {threads} ];"
        " do systemctl is-active --quiet crowd || exit 1; sleep 0.2; done",
        timeout=240,
    )


def test_a_key_that_leaves_the_tuning_goes_back_but_never_below_use(guest: Host) -> None:
    (swappiness, threads) = live(guest, "vm/swappiness", "kernel/threads-max")
    assert apply(guest, {"vm.swappiness": 3, "kernel.threads-max": 65536})["ok"]
    report = apply(guest, {"kernel.threads-max": 65536})
    assert change(report, "", "vm.swappiness")["after"] is None
    assert live(guest, "vm/swappiness") == [swappiness]
    assert "swappiness" not in guest.read(OWN)
    # more threads than the original ceiling leaves room for
    crowd(guest, int(threads) - 200)
    refused = apply(guest, {})
    assert codes(refused) == {"LW602"}
    assert live(guest, "kernel/threads-max") == ["65536"]
    rolled = ask(guest, "rollback", run="original")
    assert "LW602" in codes(rolled)
    assert live(guest, "kernel/threads-max") == ["65536"], rolled
    guest.run(["systemctl", "stop", "crowd"])
    assert apply(guest, {})["ok"]
    assert live(guest, "kernel/threads-max") == [threads]
    assert guest.run(["test", "-e", OWN], check=False).rc == 1


def test_a_relief_above_the_floor_is_no_drift(guest: Host) -> None:
    assert apply(guest, {"kernel.threads-max": 65536})["ok"]
    guest.run("echo 80000 > /proc/sys/kernel/threads-max")
    report = apply(guest, {"kernel.threads-max": 65536})
    assert (report["ok"], report["changes"]) == (True, [])
    assert live(guest, "kernel/threads-max") == ["80000"]


def test_another_file_that_wins_is_named_and_can_be_taken_over(guest: Host) -> None:
    guest.write("/etc/sysctl.d/zzz-site.conf", "# site\nvm.swappiness = 90\nvm.dirty_ratio = 33\n")
    before = traces(guest)
    report = apply(guest, {"vm.swappiness": 3})
    assert codes(report) == {"LW225"}
    (found,) = report["findings"]
    assert (found["file"], found["line"]) == ("/etc/sysctl.d/zzz-site.conf", 2)
    assert traces(guest) == before

    taken = apply(guest, {"vm.swappiness": 3}, options={"takeover": [found["file"]]})
    assert taken["ok"], taken
    guest.reboot()
    assert live(guest, "vm/swappiness", "vm/dirty_ratio") == ["3", "33"]
    assert ask(guest, "rollback", run="last")["ok"]
    assert guest.read(found["file"]).splitlines()[1] == "vm.swappiness = 90"


def test_debian_12_with_a_value_in_sysctl_conf(fresh_host: HostMaker) -> None:
    host = fresh_host(image="bookworm")
    install(host)
    host.write(MAIN, host.read(MAIN) + "vm.swappiness = 90\n")
    line = len(host.read(MAIN).splitlines())
    report = apply(host, {"vm.swappiness": 3})
    assert report["ok"], report
    (found,) = report["findings"]
    assert (found["code"], found["severity"]) == ("LW226", "warning")
    assert (found["file"], found["line"]) == (MAIN, line)
    host.reboot()
    assert live(host, "vm/swappiness") == ["3"]
    # what the warning says is what happens
    host.run(["sysctl", "--system"])
    assert live(host, "vm/swappiness") == ["90"]
    assert codes(ask(host, "verify", {"sysctl": {"vm.swappiness": 3}})) >= {"LW603"}

    taken = apply(host, {"vm.swappiness": 3}, options={"takeover": [MAIN]})
    assert (taken["ok"], taken["findings"]) == (True, [])
    host.run(["sysctl", "--system"])
    assert live(host, "vm/swappiness") == ["3"]


def test_without_systemd_the_init_script_applies_our_file(fresh_host: HostMaker) -> None:
    host = fresh_host(image="sysvinit")
    install(host)
    host.write(MAIN, "vm.swappiness = 90\n")
    refused = apply(host, {"vm.swappiness": 3})
    assert codes(refused) == {"LW225"}
    report = apply(
        host, {"vm.swappiness": 3, "kernel.pid_max": 65536}, options={"takeover": [MAIN]}
    )
    assert report["ok"], report
    assert live(host, "vm/swappiness", "kernel/pid_max") == ["3", "65536"]
    host.reboot()
    assert live(host, "vm/swappiness", "kernel/pid_max") == ["3", "65536"]
    assert ask(host, "rollback", run="last")["ok"]
    assert host.read(MAIN) == "vm.swappiness = 90\n"


def test_without_any_applier_the_boot_script_does_it(fresh_host: HostMaker) -> None:
    host = fresh_host(image="sysvinit")
    install(host)
    host.run(["update-rc.d", "procps", "disable"])
    (before,) = live(host, "vm/swappiness")
    wanted = {"vm.swappiness": 3, "net.ipv4.tcp_rmem": "4096 131072 8388608"}
    assert codes(apply(host, wanted)) == {"LW227"}

    script = host.read("/etc/rc.local")
    tuning = {"policy": {"boot_script": "/etc/rc.local"}, "sysctl": wanted}
    report = ask(host, "apply", tuning)
    assert report["ok"], report
    assert change(report, "", "vm.swappiness")["persistent"] == "3"
    assert host.read("/etc/rc.local").count("limitwise sysctl") == 2
    assert ask(host, "apply", tuning)["run_id"] is None
    host.reboot()
    # ssh answers before the script runs
    until(lambda: live(host, "vm/swappiness", "net/ipv4/tcp_rmem")
          == ["3", "4096 131072 8388608"], "the boot script ran")
    assert ask(host, "rollback", run="last")["ok"]
    assert host.read("/etc/rc.local") == script
    assert live(host, "vm/swappiness") == [before]
