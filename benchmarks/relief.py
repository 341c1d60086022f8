"""How soon a host that cannot fork is relieved, on a guest of the lab; against the bare minimum.

Each round: a leaker takes all tasks of a guest, and goes on trying. A resident process looks four
times a second, once with the engine (all levels, the plan, the record on disk), once with two reads
and a write, the least that anybody must do. Both begin when a fork of somebody else's has failed.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from lab import kernels
from lab.errors import LabError
from lab.fleet import Fleet, destroy
from lab.host import Host

from .figures import Figure, progress, tell

NAME = "bench-relief"
ROOT = Path(__file__).resolve().parents[1]
PLACE = "/opt/limitwise-bench"
ENGINE = "ansible_collections/limitwise/host/plugins/module_utils"
LIMIT, MOST, MORE = 300, 900, 400
ALLOWED = 1.0  # seconds from the first refused fork to the raised ceiling
DEADLINE = 60.0
PAUSE = 0.2
ASKED = {
    "at": 95, "most": {"threads": MOST}, "cap": False, "watched": [], "after": "/run/probe.log",
}
NUMBERS = itertools.count(1)  # a unit's name is free again only some time after its end
BARE = f"""
import json, os, re, sys, time
log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(log, b'{{"at": 0, "did": "ready", "what": ""}}\\n')
while True:
    time.sleep(0.25)
    try:
        if "refused" not in open("/run/probe.log").read():
            continue
    except FileNotFoundError:
        continue
    used = int(re.search(r"/(\\d+)", open("/proc/loadavg").read()).group(1))
    limit = int(open("/proc/sys/kernel/threads-max").read())
    if used * 100 >= limit * 95 and limit < {MOST}:
        with open("/proc/sys/kernel/threads-max", "w") as stream:
            stream.write("{MOST}")
        line = json.dumps({{"at": time.monotonic(), "did": "raised", "what": "kernel.threads-max"}})
        os.write(log, line.encode() + b"\\n")
"""


def run(rounds: int) -> None:
    """Medians of several rounds for both, and the engine's worst."""
    destroy(NAME)
    with Fleet.create(NAME, 1, kernel=kernels.quickest()) as fleet:
        host = fleet.hosts[0]
        _put(host)
        ours, bare, again = [], [], []
        for number in range(max(5, rounds)):
            relieved, free = _round(host, "reliever.py")
            ours.append(relieved)
            again.append(free)
            bare.append(_round(host, "bare.py")[0])
            progress(f"round {number + 1}: {ours[-1]:.3f} s, bare {bare[-1]:.3f} s")
    least = median(bare)
    against = "two reads and a write, as often"
    _tell("relief_refused_to_raised", median(ours), against, least)
    _tell("relief_refused_to_raised_worst", max(ours), f"{ALLOWED:g} s allowed", ALLOWED)
    _tell("relief_refused_to_forks_again", median(again), against, least)


def _tell(name: str, value: float, against: str, other: float) -> None:
    tell(Figure(name, round(value * 1000), "ms", against, round(other / max(value, 0.001), 2)))


def _put(host: Host) -> None:
    host.put(ROOT / "collections" / ENGINE, f"{PLACE}/{ENGINE}")
    for name in ("reliever.py", "leaker.py"):
        host.put(ROOT / "tests" / "e2e" / name, f"{PLACE}/{name}")
    host.write(f"{PLACE}/bare.py", BARE)
    host.write("/run/asked.json", json.dumps(ASKED))


def _round(host: Host, program: str) -> tuple[float, float]:
    """Seconds from the first refused fork of a bystander to the raise, and to its next fork."""
    # without its book: the next one would go on with the relief of this one, which was killed
    host.run(f"rm -rf /run/*.log /var/lib/limitwise; sysctl -q kernel.threads-max={LIMIT}")
    try:
        _start(host, program, "/run/relief.log", "/run/stop")
        _until(lambda: _line(host, "relief", "ready"), "the reliever is there")
        _start(host, "leaker.py", "probe", "1", "/run/probe.log")
        _start(host, "leaker.py", "threads", str(MORE), "/run/leak.log")
        again = _until(lambda: _line(host, "probe", "again"), "forks work again")
        refused, raised = _line(host, "probe", "refused"), _line(host, "relief", "raised")
    finally:
        # a shell's own words, for there may be no room for another process
        host.run(
            "for file in /sys/fs/cgroup/system.slice/bench-*/cgroup.kill; do echo 1 > $file; done; "
            "sysctl -q kernel.threads-max=9000", check=False,
        )
    if refused is None or raised is None:
        raise LabError("the log of a round has holes")
    return raised["at"] - refused["at"], again["at"] - refused["at"]


def _start(host: Host, program: str, *words: str) -> None:
    host.run([
        "systemd-run", "-q", f"--unit=bench-{next(NUMBERS)}", "-p", "TasksMax=infinity",
        "-p", "LimitNPROC=infinity", "-p", "StandardInput=file:/run/asked.json",
        "-E", f"PYTHONPATH={PLACE}", "python3", f"{PLACE}/{program}", *words,
    ])


def _line(host: Host, log: str, word: str) -> dict[str, Any] | None:
    """The first line of a log with this word; None while there is none."""
    text = host.run(["cat", f"/run/{log}.log"], check=False).stdout
    whole = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return next((one for one in whole if word in (one.get("did"), one.get("what"))), None)


def _until(look: Callable[[], dict[str, Any] | None], what: str) -> dict[str, Any]:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(PAUSE)
    raise LabError(f"not within {DEADLINE:g} s: {what}")
