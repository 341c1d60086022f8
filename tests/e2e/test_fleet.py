"""tune-hosts.yml on real hosts: check, canary, batches, merging, hosts that are down, rollback."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.playbooks import Controller
from lab.fleet import Fleet
from lab.host import Host
from lab.pytest_fleet import FleetMaker

TUNING = """\
limitwise_tuning:
  sysctl: {kernel.threads-max: 65536, fs.inotify.max_user_instances: 1024}
  limits: [{domain: "*", type: "-", item: nofile, value: 65536}]
  slices: {student.slice: {TasksMax: 4096}}
"""
ORIGINAL = """\
sysctl kernel.threads-max fs.inotify.max_user_instances
find /etc -type f -print0 | sort -z | xargs -0 sha256sum
"""


def controller_of(fleet: Fleet, folder: Path) -> Controller:
    controller = Controller(fleet, folder)
    controller.variables("all", TUNING)
    return controller


def threads_max(host: Host) -> int:
    return int(host.run("cat /proc/sys/kernel/threads-max").stdout)


def test_a_fleet_is_checked_tuned_kept_and_taken_back(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(3)
    controller = controller_of(hosts, tmp_path)
    before = {host.name: host.run(ORIGINAL).stdout for host in hosts.hosts}

    checked = controller.play("tune-hosts", "--check", "--diff")
    assert checked.status == 0, checked.output
    assert "+kernel.threads-max = 65536" in checked.output
    assert [len(checked.host(host.name)["changes"]) for host in hosts.hosts] == [5, 5, 5]
    assert {host.name: host.run(ORIGINAL).stdout for host in hosts.hosts} == before

    tuned = controller.play("tune-hosts", limitwise_confirm="60s")
    assert tuned.status == 0, tuned.output
    assert set(tuned.states.values()) == {"tuned"}
    for host in hosts.hosts:
        assert threads_max(host) == 65536
        assert host.run("ulimit -Hn", user="app").stdout.strip() == "65536"
        assert "limitwise-confirm" not in host.run("systemctl list-timers --all").stdout

    again = controller.play("tune-hosts", limitwise_confirm="60s")
    assert again.status == 0, again.output
    assert [again.host(host.name)["changes"] for host in hosts.hosts] == [[], [], []]
    assert "changed=0" in again.output
    assert "changed=1" not in again.output

    asked = controller.play("rollback-hosts")  # the last report is of a run that changed nothing
    assert asked.status != 0
    assert "say limitwise_run=last" in asked.output
    back = controller.play("rollback-hosts", limitwise_run="last")
    assert back.status == 0, back.output
    assert {host.name: host.run(ORIGINAL).stdout for host in hosts.hosts} == before


def test_a_wrong_document_is_refused_before_any_connection(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(1)
    controller = controller_of(hosts, tmp_path)
    wrong = "limitwise_tuning_own: {tuning: {sysctl: {kernel.pid_maxx: 1}}}"
    controller.host_variables("h1", wrong)
    hosts.hosts[0].kill()  # a connection would say so
    played = controller.play("tune-hosts")
    assert played.status != 0
    assert "kernel.pid_max" in played.output
    assert "UNREACHABLE" not in played.output
    assert played.report == {}


@pytest.mark.parametrize("down", ["h1", "h2"])
def test_a_host_that_is_down_stops_nobody(down: str, fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(3)
    controller = controller_of(hosts, tmp_path)
    hosts.host(down).kill()
    played = controller.play("tune-hosts")
    assert played.states == dict.fromkeys(("h1", "h2", "h3"), "tuned") | {down: "unreachable"}
    assert played.status != 0
    others = [host for host in hosts.hosts if host.name != down]
    assert [threads_max(host) for host in others] == [65536, 65536]
    accepted = controller.play("tune-hosts", limitwise_accept_unreachable=True)
    assert accepted.status == 0, accepted.output


def test_a_failure_takes_its_batch_back_and_stops_the_rest(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(4)
    controller = controller_of(hosts, tmp_path)
    before = {host.name: host.run(ORIGINAL).stdout for host in hosts.hosts}
    hosts.host("h3").run(
        "mount --bind /etc/sysctl.d /etc/sysctl.d; mount -o remount,ro,bind /etc/sysctl.d"
    )
    played = controller.play("tune-hosts", limitwise_serial=[1, 2, 1])
    assert played.status != 0
    assert played.states == {"h1": "tuned", "h2": "rolled-back", "h3": "failed", "h4": "not-run"}
    assert "read-only" in played.host("h3")["message"].lower()
    now = {host.name: host.run(ORIGINAL).stdout for host in hosts.hosts}
    assert {name: now[name] == before[name] for name in now} == {
        "h1": False, "h2": True, "h3": True, "h4": True,
    }
    kept = controller.play("tune-hosts", limitwise_serial=[4], limitwise_rollback_batch=False)
    assert kept.states["h2"] == "tuned"


def test_tunings_of_groups_and_hosts_are_merged(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(2)
    controller = controller_of(hosts, tmp_path)
    controller.variables(
        "fleet",
        "limitwise_tuning_dense: {priority: 10, tuning: {sysctl: {kernel.threads-max: 100000}}}\n",
    )
    controller.host_variables(
        "h2",
        "limitwise_tuning_own: {priority: 20, tuning: {sysctl: {kernel.threads-max: 120000}}}\n",
    )
    played = controller.play("tune-hosts")
    assert played.status == 0, played.output
    assert [threads_max(host) for host in hosts.hosts] == [100000, 120000]
    watches = "cat /proc/sys/fs/inotify/max_user_instances"
    assert [int(host.run(watches).stdout) for host in hosts.hosts] == [1024, 1024]


def test_a_value_is_never_run_or_templated_again(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(1)
    controller = Controller(hosts, tmp_path)
    ran = tmp_path / "ran"
    text = "{{ lookup('ansible.builtin.pipe', 'touch " + str(ran) + "') }}"
    controller.variables(
        "all",
        'limitwise_tuning:\n  limits:\n  - {domain: !unsafe "' + text
        + '", type: hard, item: nofile, value: 65536}\n',
    )
    played = controller.play("tune-hosts")
    assert not ran.exists()
    assert "lookup(" in played.output


def test_a_reboot_proves_that_the_values_last(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(2)
    controller = controller_of(hosts, tmp_path)
    boots = [host.boot_id() for host in hosts.hosts]
    played = controller.play("tune-hosts", limitwise_reboot="always")
    assert played.status == 0, played.output
    assert [played.host(host.name)["rebooted"] for host in hosts.hosts] == [True, True]
    assert all(host.boot_id() != boot for host, boot in zip(hosts.hosts, boots, strict=True))
    assert [threads_max(host) for host in hosts.hosts] == [65536, 65536]


def test_a_reboot_is_for_hosts_where_something_waits_for_it(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(2)
    controller = controller_of(hosts, tmp_path)
    waits = "limitwise_tuning_own: {tuning: {units: {ssh.service: {LimitNOFILE: 200000}}}}\n"
    controller.host_variables("h1", waits)
    boots = [host.boot_id() for host in hosts.hosts]
    looked = controller.play("tune-hosts", "--check", limitwise_reboot=True)
    assert looked.status == 0, looked.output
    assert [host.boot_id() for host in hosts.hosts] == boots
    played = controller.play("tune-hosts", limitwise_reboot=True)
    assert played.status == 0, played.output
    assert [played.host(host.name)["rebooted"] for host in hosts.hosts] == [True, False]
    limit = hosts.host("h1").run("systemctl show -P LimitNOFILESoft ssh.service").stdout
    assert limit.strip() == "200000"


def test_a_rollback_takes_back_the_runs_of_the_report_and_no_others(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(2)
    controller = controller_of(hosts, tmp_path)
    assert controller.play("tune-hosts").status == 0
    controller.host_variables(
        "h1",
        "limitwise_tuning_own: {priority: 9, tuning: {sysctl: {kernel.threads-max: 90000}}}\n",
    )
    second = controller.play("tune-hosts")
    assert second.status == 0, second.output
    back = controller.play("rollback-hosts")
    assert back.status == 0, back.output
    assert "no run in the report: h2" in back.output
    assert [threads_max(host) for host in hosts.hosts] == [65536, 65536]
