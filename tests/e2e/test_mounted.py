"""The engine in a container that sees the host at /host: what it writes is the host's own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from e2e import on_guest, pod
from e2e.on_guest import PLACE, ask, codes
from e2e.playbooks import Controller
from e2e.snapshot import differences
from lab.host import Host
from lab.pytest_fleet import FleetMaker, HostMaker

SAID = {"LW114"}  # the wildcard does not reach root: information, no fault
# One sysctl at least of every namespace that has any: PIDs, network, IPC, users, and of none.
SYSCTLS = {
    "kernel.pid_max": 131072,
    "kernel.threads-max": 65536,
    "net.core.somaxconn": 8192,
    "net.ipv4.tcp_max_syn_backlog": 4096,
    "kernel.msgmax": 65536,
    "kernel.shmmni": 8192,
    "fs.mqueue.queues_max": 512,
    "user.max_user_namespaces": 12345,
    "fs.file-max": 500000,
    "vm.max_map_count": 300000,
}
SITE = "/etc/sysctl.d/zzz-site.conf"
TUNING: dict[str, Any] = {
    "sysctl": SYSCTLS,
    "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}],
    "slices": {"user.slice": {"TasksMax": 60000}},
    "units": {"ssh.service": {"TasksMax": 4000}},
}
OPTIONS = {"owner": "operator", "takeover": [SITE]}
DRIVER = [
    "env",
    f"PYTHONPATH={PLACE}",
    "PYTHONDONTWRITEBYTECODE=1",
    "python3",
    f"{PLACE}/driver.py",
]


def ready(host: Host) -> Host:
    on_guest.install(host)
    pod.install(host)
    host.put(Path(__file__).with_name("snapshot.py"), f"{PLACE}/snapshot.py")
    # of somebody else, and not for everybody's eyes
    host.write(SITE, "# site\nvm.max_map_count = 70000\n", 0o640)
    host.run(["chown", "daemon:adm", SITE])
    # systemd has raised these two; a floor that is high enough would not be written
    host.run("mkdir -p /host; cd /proc/sys; echo 32768 > kernel/pid_max; echo 9999 > fs/file-max")
    host.run("rm -f /usr/lib/sysctl.d/50-pid-max.conf")
    return host


def look(host: Host) -> dict[str, str]:
    found: dict[str, str] = json.loads(host.run(["python3", f"{PLACE}/snapshot.py"]).stdout)
    # the container's own, left by the test
    return {path: text for path, text in found.items() if "/pod.slice" not in path}


def from_pod(host: Host, do: str, **words: Any) -> dict[str, Any]:
    request = {"do": do, "tuning": TUNING, "mounted": "/host", **words}
    done = pod.run(host, DRIVER, stdin=json.dumps(request).encode())
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def seen_by_process_1(host: Host) -> dict[str, str]:
    """The values as PID 1's own namespaces have them."""
    files = [f"/proc/sys/{name.replace('.', '/')}" for name in SYSCTLS]
    enter = ["nsenter", "--target", "1", "--all", "--"]
    return dict(zip(SYSCTLS, host.run([*enter, "cat", *files]).stdout.split(), strict=True))


@pytest.mark.parametrize("image", ["trixie", "bookworm"])
def test_a_container_with_few_rights_tunes_the_host_and_takes_it_back(
    fresh_host: HostMaker, image: str
) -> None:
    host = ready(fresh_host(image=image))
    before = look(host)

    report = from_pod(host, "apply", options=OPTIONS)
    assert report["ok"], report
    assert seen_by_process_1(host) == {name: str(value) for name, value in SYSCTLS.items()}
    assert host.read("/sys/fs/cgroup/user.slice/pids.max") == "60000\n"
    assert host.read("/sys/fs/cgroup/system.slice/ssh.service/pids.max") == "4000\n"
    shown = host.run(["systemctl", "show", "--property=TasksMax", "ssh.service"])
    assert shown.stdout == "TasksMax=4000\n"
    assert host.login("app", "ulimit -Hn").stdout == "65536\n"
    assert host.run(["stat", "-c", "%U:%G %a", SITE]).stdout == "daemon:adm 640\n"
    assert all(one["runtime"] or one["layer"] == "limits" for one in report["changes"])

    # journal and lock are the host's: its own engine goes on where the container ended
    assert from_pod(host, "apply", options=OPTIONS)["run_id"] is None
    assert codes(ask(host, "verify", TUNING, options=OPTIONS)) <= SAID
    assert codes(from_pod(host, "verify", options=OPTIONS)) <= SAID
    assert "LW601" in codes(ask(host, "apply", TUNING))

    back = from_pod(host, "rollback", run="last")
    assert (back["ok"], back["findings"]) == (True, [])
    assert differences("after the rollback", before, look(host)) == []


def test_layers_that_are_named_and_empty_go_back_to_their_originals(
    fresh_host: HostMaker,
) -> None:
    """What an agent does when a tuning leaves its node."""
    host = ready(fresh_host())
    before = look(host)
    assert from_pod(host, "apply", options=OPTIONS)["ok"]
    assert set(from_pod(host, "owned", options=OPTIONS)["layers"]) == set(TUNING)
    nothing: dict[str, Any] = {layer: [] if layer == "limits" else {} for layer in TUNING}
    report = from_pod(host, "apply", tuning=nothing, options={"owner": "operator"})
    assert report["ok"], report
    assert from_pod(host, "owned", options=OPTIONS)["layers"] == []
    left = differences("given back", before, look(host))
    assert all(re.search(r"\.d is '40755 0:0 \[\] '", line) for line in left), left


@pytest.mark.parametrize(
    ("capabilities", "said"),
    [
        (("sys_chroot",), f"{SITE}: cannot read: Permission denied"),
        (("sys_chroot", "dac_override"), "user.max_user_namespaces is"),
    ],
)
def test_a_container_says_which_right_it_lacks_and_writes_nothing(
    fresh_host: HostMaker, capabilities: tuple[str, ...], said: str
) -> None:
    host = ready(fresh_host())
    before = look(host)
    none = pod.run(host, ["grep", "CapEff", "/proc/self/status"], capabilities=())
    assert none.stdout.split() == ["CapEff:", "0" * 16]
    assert "Read-only" in pod.run(host, ["touch", "/opt/x"], check=False).stderr
    request = {"do": "apply", "tuning": TUNING, "mounted": "/host", "options": OPTIONS}
    done = pod.run(host, DRIVER, capabilities=capabilities, stdin=json.dumps(request).encode())
    answer = json.loads(done.stdout)
    assert not answer["ok"]
    assert said in answer.get("error", "") + str(answer.get("findings", ""))
    assert differences("refused", before, look(host)) == []


def test_the_role_tunes_a_mounted_host(fleet: FleetMaker, tmp_path: Path) -> None:
    hosts = fleet(1)
    host = hosts.hosts[0]
    host.run("mkdir -p /host && mount --rbind / /host")
    controller = Controller(hosts, tmp_path)
    wanted = {"sysctl": {"vm.max_map_count": 300000}, "slices": TUNING["slices"]}
    played = controller.play(
        "tune-hosts",
        limitwise_host_root="/host",
        limitwise_owner="operator",
        limitwise_tuning=wanted,
    )
    assert played.status == 0, played.output
    assert host.read("/proc/sys/vm/max_map_count") == "300000\n"
    assert host.read("/sys/fs/cgroup/user.slice/pids.max") == "60000\n"
    assert "owner: operator" in host.read("/etc/sysctl.d/zz-limitwise.conf")
    run = played.host(host.name)["run_id"]
    # nothing waits for a confirmation: who is in a container has no login to lose
    saved = json.loads(host.read(f"/var/lib/limitwise/journal/{run}/run.json"))
    assert (saved["state"], saved["confirm"]) == ("applied", None)
