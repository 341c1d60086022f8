"""Commit-confirm on real hosts: nobody locks himself out; the host comes back by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from e2e.playbooks import Controller
from lab.errors import LabError
from lab.host import Host
from lab.pytest_fleet import FleetMaker

# With three open files a new login cannot even load its shell's libraries.
LOCKS_ROOT_OUT = """\
limitwise_tuning:
  policy: {confirm: 20s}
  sysctl: {kernel.threads-max: 65536}
  limits: [{domain: root, type: "-", item: nofile, value: 3}]
"""
HARMLESS = {"sysctl": {"kernel.threads-max": 65536}}
DEADLINE = 240.0
OUR_FILE = "/etc/security/limits.d/zz-limitwise.conf"
STATES = "grep -h '\"state\"' /var/lib/limitwise/journal/*/run.json"
REMAINS = "find /etc/systemd/system /run/systemd/transient -name '*limitwise*'"


def eventually(what: str, holds: Callable[[], bool]) -> None:
    """Wait until it holds; an assertion with its name when it does not in time."""
    deadline = time.monotonic() + DEADLINE
    while not _answered(holds):
        assert time.monotonic() < deadline, what
        time.sleep(1)


def _answered(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except LabError:
        return False


def logs_in(host: Host, user: str) -> bool:
    return host.run("true", user=user, check=False).rc == 0


def threads_max(host: Host) -> int:
    return int(host.run("cat /proc/sys/kernel/threads-max").stdout)


def is_as_before(host: Host, threads: int) -> None:
    """Everything the run made is gone, and what armed the return too."""
    eventually("the value goes back", lambda: threads_max(host) == threads)
    assert host.run(["test", "-e", OUR_FILE], check=False).rc == 1
    eventually("nothing of the timer stays", lambda: host.run(REMAINS).stdout == "")
    assert "rolled-back" in host.run(STATES).stdout


def ops_with_sudo(controller: Controller, variables: str) -> None:
    """The administrator logs in as ops and becomes root."""
    controller.variables("all", variables + "ansible_user: ops\nansible_become: true\n")
    inventory = controller.folder / "hosts.ini"
    inventory.write_text(inventory.read_text().replace("ansible_user=root\n", ""))


def test_a_tuning_that_breaks_ssh_takes_itself_back(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(1)
    host = hosts.hosts[0]
    before = threads_max(host)
    controller = Controller(hosts, tmp_path)
    controller.variables("all", LOCKS_ROOT_OUT)
    played = controller.play("tune-hosts", limitwise_rollback_batch=False)
    assert played.status != 0
    host.hang_up()
    eventually("a new login as root works", lambda: host.login("root", "true", check=False).rc == 0)
    is_as_before(host, before)


def test_a_tuning_that_breaks_sudo_takes_itself_back(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(1)
    host = hosts.hosts[0]
    before = threads_max(host)
    controller = Controller(hosts, tmp_path)
    ops_with_sudo(controller, LOCKS_ROOT_OUT)
    played = controller.play("tune-hosts", limitwise_rollback_batch=False)
    assert played.status != 0
    assert logs_in(host, "ops")
    eventually("sudo works", lambda: host.run("sudo -n true", user="ops", check=False).rc == 0)
    is_as_before(host, before)


def test_a_host_whose_sudo_breaks_takes_its_whole_batch_back(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(3)
    broken, whole, next_batch = hosts.hosts
    before = [threads_max(host) for host in hosts.hosts]
    controller = Controller(hosts, tmp_path)
    ops_with_sudo(controller, f"limitwise_tuning: {json.dumps(HARMLESS)}\n")
    # Long enough that the timer is not quicker than the playbook on a busy machine.
    controller.host_variables("h1", LOCKS_ROOT_OUT.replace("20s", "90s"))
    played = controller.play("tune-hosts", limitwise_serial=[2, 1])
    assert played.status != 0
    assert played.states == {"h1": "lost", "h2": "rolled-back", "h3": "not-run"}, played.output
    assert threads_max(whole) == before[1]
    assert threads_max(next_batch) == before[2]
    eventually("sudo works", lambda: broken.run("sudo -n true", user="ops", check=False).rc == 0)
    is_as_before(broken, before[0])


def test_a_canary_that_fails_its_first_task_is_reported_and_stops_nobody(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(2)
    controller = Controller(hosts, tmp_path)
    ops_with_sudo(controller, f"limitwise_tuning: {json.dumps(HARMLESS)}\n")
    hosts.host("h1").run("chmod 0 /usr/bin/sudo")
    played = controller.play("tune-hosts")
    assert played.status != 0
    assert played.states == {"h1": "unreachable", "h2": "tuned"}, played.output
    assert "sudo" in played.host("h1")["message"]


def test_a_login_that_breaks_is_seen_without_confirmation_too(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(2)
    controller = Controller(hosts, tmp_path)
    before = threads_max(hosts.host("h2"))
    controller.variables("all", f"limitwise_tuning: {json.dumps(HARMLESS)}\n")
    unconfirmed = LOCKS_ROOT_OUT.replace("  policy: {confirm: 20s}\n", "")
    controller.host_variables("h1", unconfirmed)
    played = controller.play("tune-hosts", limitwise_serial=[2], limitwise_confirm="")
    assert played.status != 0
    assert played.states == {"h1": "lost", "h2": "rolled-back"}, played.output
    assert threads_max(hosts.host("h2")) == before


def test_a_way_back_is_the_default(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(1)
    host = hosts.hosts[0]
    before = threads_max(host)
    controller = Controller(hosts, tmp_path)
    controller.variables("all", LOCKS_ROOT_OUT.replace("  policy: {confirm: 20s}\n", ""))
    played = controller.play("tune-hosts")
    assert played.status != 0
    assert played.states["h1"] in ("lost", "failed"), played.output  # the timer may be quicker
    host.hang_up()
    eventually("a new login as root works", lambda: host.login("root", "true", check=False).rc == 0)
    is_as_before(host, before)


def test_a_reboot_before_the_confirmation_takes_the_run_back(
    fleet: FleetMaker, tmp_path: Path
) -> None:
    hosts = fleet(1)
    host = hosts.hosts[0]
    before = threads_max(host)
    controller = Controller(hosts, tmp_path)
    played = controller.module("all", "tune", {"tuning": HARMLESS, "confirm": "1h"})
    assert played.status == 0, played.output
    assert threads_max(host) == 65536
    host.reboot()
    is_as_before(host, before)


def test_a_second_run_waits_for_the_confirmation(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(1)
    controller = Controller(hosts, tmp_path)
    first = controller.module("all", "tune", {"tuning": HARMLESS, "confirm": "1h"})
    assert first.status == 0, first.output
    second = controller.module("all", "tune", {"tuning": HARMLESS})
    assert second.status != 0
    assert "not confirmed yet" in second.output
    back = controller.module("all", "rollback", {"run_id": "last"})
    assert back.status == 0, back.output
    assert controller.module("all", "tune", {"tuning": HARMLESS}).status == 0
