"""What the agent of an idle node takes: the real process over a busy node's files.

A real API server holds its object; its tuning is in force, so that every look compares all keys
and reads some 2,000 cgroups; a RemediationPolicy has it watch the host, kubepods and all pods, with
leave to relieve. The folder has no systemd: no command of a host could run in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.tunings import node_tuning_state
from cluster import control_plane as planes
from cluster.control_plane import ControlPlane
from cluster.played import NAMESPACE, token
from cluster.rollouts import STATES
from cluster.slate import Slate, wait

from . import observe
from .figures import Figure, progress, tell
from .processes import load, taken
from .site import install

NODE = "idle"
REVISION = "111111111111"
TUNING = {"sysctl": observe.SYSCTLS}
LEVELS = ("host", "kubepods", "pod")
WATCH = {
    "ceilings": [
        {"id": f"bench/{level}", "level": level, "usedPercent": 90, "withinSeconds": 30}
        for level in LEVELS
    ],
    "relief": {"at": 95, "most": {"pids": 4194304, "threads": 1000000, "kubepods": 1000000}},
}
SECONDS = 90.0
WITHIN = 120.0
ROOM, SHARE = 64.0, 10.0  # MiB, thousandths of a core
ROOT = Path(__file__).resolve().parents[1]


def run(rounds: int) -> None:
    """Memory and CPU over a while in which nothing happens, after its tuning came into force."""
    seconds = SECONDS if rounds > 1 else SECONDS / 3
    plane = ControlPlane(planes.states() / f"bench-agent-{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix="limitwise-bench-") as folder:
        try:
            plane.start()
            with _agent(plane, Path(folder)) as process:
                _measure(plane, process.pid, seconds)
        finally:
            plane.destroy()


def _measure(plane: ControlPlane, pid: int, seconds: float) -> None:
    before, mark = taken(pid), plane.audit.mark()
    wait(lambda: time.monotonic() - before.at > seconds, "a while is over", seconds * 2)
    after = taken(pid)
    share = after.share_since(before)
    written = [one for one in plane.audit.since(mark) if one.user.endswith(":limitwise-agent")]
    told = [one for one in written if one.resource != "leases"]
    progress(f"agent: {after.resident:.1f} MiB, {share:.2f} m (load {load():.1f})")
    tell(Figure("agent_rss", round(after.resident, 1), "MiB", f"aim {ROOM:.0f} MiB",
                round(ROOM / after.resident, 2)))
    tell(Figure("agent_idle_cpu", round(share, 2), "m", f"aim {SHARE:.0f} m",
                round(SHARE / share, 2) if share else None))
    while_idle = f"0 in {seconds:.0f} s, heartbeats apart"
    tell(Figure("agent_idle_writes", len(told), "writes", while_idle))


@contextmanager
def _agent(plane: ControlPlane, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process, when it has told that its tuning is in force."""
    api = Slate(plane)
    install(api)
    secret = token(api, api.node(NODE))
    go = {"revision": REVISION, "time": "2026-11-22T20:30:00Z"}
    wanted = {"revision": REVISION, "tuning": TUNING, "goAhead": go, "watch": WATCH}
    api.create(STATES, node_tuning_state(NODE, **wanted))
    host = folder / "host"
    observe.busy_node(host)
    shutil.rmtree(host / "run/systemd")
    (host / "etc/rcS.d").mkdir()
    (host / "etc/rcS.d/S12procps").touch()
    (host / "proc/sys/kernel/random").mkdir(parents=True)
    (host / "proc/sys/kernel/random/boot_id").write_text("11111111-1111-1111-1111-111111111111\n")
    argv = [
        *(sys.executable, "-m", "limitwise_operator", "agent", "--node-name", NODE),
        *("--host-root", str(host), "--runs", str(folder / "runs"), "--port", "0"),
        *("--namespace", NAMESPACE),
        *("--kubeconfig", str(plane.write_kubeconfig(folder / "kubeconfig", secret))),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in ("collections", "operator")),
    }
    log = folder / "agent.log"
    with log.open("wb") as said:
        process = subprocess.Popen(argv, env=environment, stdout=said, stderr=said)
    try:
        wait(lambda: _in_force(api), f"the tuning is in force: {log.read_text()[-2000:]}", WITHIN)
        yield process
    finally:
        process.terminate()
        process.wait(60.0)


def _in_force(api: Slate) -> bool:
    status = api.get(f"{STATES}/{NODE}").get("status", {})
    return bool(status.get("applied", {}).get("revision") == REVISION)
