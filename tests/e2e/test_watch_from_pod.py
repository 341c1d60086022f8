"""Ceilings and drift from a container with few rights, as the agent has them: the host's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e import pod
from e2e.on_guest import ask
from e2e.on_watch import RUN, look, put
from lab.host import Host
from lab.pytest_fleet import HostMaker

TUNING: dict[str, Any] = {
    "sysctl": {"vm.swappiness": 20, "kernel.msgmax": 65536, "net.core.somaxconn": 8192},
    "limits": [{"domain": "@ops", "type": "-", "item": "nofile", "value": 65536}],
    "slices": {"user.slice": {"TasksMax": 600}, "system.slice": {"MemoryMax": "80%"}},
    "units": {"ssh.service": {"TasksMax": 900}},
}
RIVAL = "/etc/sysctl.d/zzz.conf"


@pytest.fixture
def host(fresh_host: HostMaker) -> Host:
    made = put(fresh_host(image="trixie"))
    pod.install(made)
    made.run(["mkdir", "-p", "/host"])
    return made


def from_pod(host: Host, do: str, capabilities: tuple[str, ...], **words: Any) -> dict[str, Any]:
    request = json.dumps({"do": do, "mounted": "/host", **words}).encode()
    argv = [*RUN[:1], "PYTHONDONTWRITEBYTECODE=1", *RUN[1:]]
    done = pod.run(host, argv, capabilities=capabilities, stdin=request)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def limits(found: dict[str, Any]) -> dict[str, int]:
    """Every limit by its file, but those of what comes and goes with each ssh session."""
    return {
        one["source"]: one["limit"] for one in found["ceilings"]
        if "/pod.slice" not in one["source"] and "/session-" not in one["source"]
    }


@pytest.mark.parametrize("capabilities", [pod.CAPABILITIES, ()])
def test_a_container_sees_what_the_host_sees(host: Host, capabilities: tuple[str, ...]) -> None:
    assert ask(host, "apply", TUNING)["ok"]
    assert from_pod(host, "drift", capabilities, tuning=TUNING)["drifts"] == []
    host.write(RIVAL, "kernel.msgmax = 8192\n")
    host.run("sysctl -q vm.swappiness=77 net.core.somaxconn=100")
    host.run("echo 555 > /sys/fs/cgroup/user.slice/pids.max")

    own = look(host, "drift", tuning=TUNING)["drifts"]
    seen = from_pod(host, "drift", capabilities, tuning=TUNING)["drifts"]
    assert seen == own
    assert [(one["key"], one["live"], one["file_value"]) for one in seen] == [
        ("vm/swappiness", "77", "20"), ("kernel/msgmax", "65536", "8192"),
        ("net/core/somaxconn", "100", "8192"), ("TasksMax", "555", "600"),
    ]

    here, there = look(host, "survey"), from_pod(host, "survey", capabilities)
    assert limits(there) == limits(here)
    assert len(limits(there)) > 10
    pids = {one["source"]: one for one in there["ceilings"] if one["scope"] == "host"}
    mine = {one["source"]: one for one in here["ceilings"] if one["scope"] == "host"}
    pid_max = "/proc/sys/kernel/pid_max"
    assert abs(pids[pid_max]["headroom"] - mine[pid_max]["headroom"]) < 20
