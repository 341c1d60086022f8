"""The agent's relieving thread on real kernels: seen, raised, named, capped and given back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.on_guest import PLACE, ROOT
from e2e.on_watch import put, until
from lab.host import Host
from lab.pytest_fleet import HostMaker

HERE = Path(__file__).parent
GROUPS = "/sys/fs/cgroup"
PACKAGE = "limitwise_operator"
LOG, NEW = "/run/agent.log", "/run/agent.orders"
THREADS = "/proc/sys/kernel/threads-max"
CEILINGS = [{"id": "p/host", "level": "host", "usedPercent": 90, "forSeconds": 1}]
RELIEF = {"at": 95, "most": {"threads": 2000, "pids": 4000}}


@dataclass
class Guest:
    """A host with a resident agent's thread."""

    host: Host

    def agent(self, unit: str = "agent", **told: Any) -> None:
        """Start it and wait until it watches."""
        watch = {"ceilings": CEILINGS, "relief": RELIEF}
        self.host.write("/run/agent.json", json.dumps({"watch": watch, **told}))
        before = len(self.did("ready"))
        self.host.run(
            f"systemd-run -q --unit={unit} -p TasksMax=infinity "
            f"-p StandardInput=file:/run/agent.json -E PYTHONPATH={PLACE} "
            f"python3 {PLACE}/agent_reliever.py {LOG}"
        )
        until(lambda: len(self.did("ready")) > before, "the agent watches")

    def leak(self, kind: str, most: int, unit: str) -> None:
        self.host.run([
            "systemd-run", "-q", f"--unit={unit}", "-p", "TasksMax=infinity",
            "-p", "LimitNPROC=infinity",
            "python3", f"{PLACE}/leaker.py", kind, str(most), f"/run/{unit}.log",
        ])

    def order(self, **told: Any) -> None:
        self.host.write(NEW + ".new", json.dumps(told))
        self.host.run(["mv", NEW + ".new", NEW])

    def did(self, what: str) -> list[dict[str, Any]]:
        return [line for line in self.lines(LOG) if line["did"] == what]

    def leaked(self, what: str, unit: str) -> list[dict[str, Any]]:
        return [line for line in self.lines(f"/run/{unit}.log") if line["what"] == what]

    @property
    def pressure(self) -> dict[str, Any]:
        found: dict[str, Any] = (self.did("pressure") or [{"pressure": {}}])[-1]["pressure"]
        return found

    def lines(self, path: str) -> list[dict[str, Any]]:
        done = self.host.run(["cat", path], check=False)
        whole = done.stdout[: done.stdout.rfind("\n") + 1]
        return [json.loads(line) for line in whole.splitlines()]

    def value(self, path: str) -> str:
        return self.host.read(path).strip()


@pytest.fixture
def guest(fresh_host: HostMaker) -> Callable[[], Guest]:
    def make() -> Guest:
        host = put(fresh_host(image="trixie", kernel="built", mem="512M"))
        for name in ("agent_reliever.py", "leaker.py"):
            host.put(HERE / name, f"{PLACE}/{name}")
        for part in ("__init__.py", "kinds", "agent"):
            host.put(ROOT / "operator" / PACKAGE / part, f"{PLACE}/{PACKAGE}/{part}")
        return Guest(host)

    return make


@pytest.mark.parametrize("kind", ["threads", "forks"])
def test_an_incident_of_a_host_that_cannot_fork(
    guest: Callable[[], Guest], kind: str
) -> None:
    on = guest()
    on.agent()
    before = on.value(THREADS)
    on.leak("probe", 1, "probe")
    on.host.run(["sysctl", "-q", "kernel.threads-max=300"])
    on.leak(kind, 5000, "leak")
    until(lambda: bool(on.pressure.get("capped")), "the leak is held")
    # a leak that is slow enough is held before anybody is refused
    until(lambda: on.lines("/run/probe.log")[-1]["what"] != "refused", "everybody else can fork")
    raised = next(one for one in on.did("said") if one["word"] == "raised")
    for refused in on.leaked("refused", "probe")[:1]:
        assert refused["at"] < on.leaked("again", "probe")[0]["at"]
    assert raised["more"]["what"] == "kernel.threads-max"
    until(lambda: bool(on.pressure["fired"]), "the trigger has fired")
    culprit = on.pressure["culprit"]
    assert (culprit["kind"], culprit["subject"]) == ("Group", "leak.service")
    assert culprit["capped"]
    assert on.host.run(["true"]).rc == 0

    on.order(watch={"ceilings": CEILINGS, "relief": RELIEF}, incident="nr-1")
    on.host.run(["systemctl", "stop", "leak"])
    until(lambda: not on.pressure["fired"], "it is calm")
    assert int(on.value(THREADS)) > 300
    on.order(watch={"ceilings": CEILINGS, "relief": RELIEF})
    until(lambda: on.value(THREADS) == "300", "relief is given back")
    until(lambda: not on.pressure["raised"], "that is told")
    on.host.run(["sysctl", "-q", f"kernel.threads-max={before}"])


def test_the_next_agent_goes_on_where_a_killed_one_stopped(guest: Callable[[], Guest]) -> None:
    on = guest()
    on.agent()
    on.host.run(["sysctl", "-q", "kernel.threads-max=300"])
    on.leak("threads", 5000, "leak")
    until(lambda: bool(on.pressure.get("capped")), "the leak is held")
    on.host.run(["systemctl", "kill", "-s", "KILL", "agent"])
    raised = int(on.value(THREADS))
    on.host.run(["systemctl", "stop", "leak"])
    on.host.run(["sysctl", "-q", "kernel.threads-max=300"])
    on.agent("second", incident="nr-1")
    until(lambda: int(on.value(THREADS)) == raised, "relief is held again")
    on.order()
    until(lambda: on.value(THREADS) == "300", "relief is given back")


def test_a_node_is_verified_by_its_own_measurement(guest: Callable[[], Guest]) -> None:
    on = guest()
    task = {"id": "nr/1/verify", "do": "Verify", "level": "host", "seconds": 3, "headroom": 20}
    on.agent(task=task, incident="nr-1")
    until(lambda: bool(on.did("verdict")), "it is verified")
    assert on.did("verdict")[0]["well"]
    assert "% left" in on.did("verdict")[0]["message"]
