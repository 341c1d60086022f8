"""First apply and no-op: Limitwise beside loops of the modules people use, turn and turn about."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from lab import kernels
from lab.fleet import Fleet, destroy

from .figures import Figure, progress, tell
from .sides import Cost, Sides

NAME = "bench"
HOSTS = 3
MEMORY = "512M"
PEERS = "ansible.posix.sysctl and community.general.pam_limits in loops, copy"
Costs = dict[str, list[Cost]]


def run(venv: Path, rounds: int) -> None:
    """Measure on a fleet of three; the environment `venv` has the peers and our ansible-core."""
    destroy(NAME)
    with tempfile.TemporaryDirectory(prefix="limitwise-bench-") as folder:
        progress(f"{HOSTS} hosts with Docker")
        with Fleet.create(NAME, HOSTS, kernel=kernels.quickest(), mem=MEMORY) as fleet:
            sides = Sides(fleet, Path(folder), venv)
            costs: Costs = {}
            for number in range(rounds):
                _round(sides, costs, f"round {number + 1} of {rounds}")
    for figure in figures(costs):
        tell(figure)


def _round(sides: Sides, costs: Costs, which: str) -> None:
    """Both sides from the same start; who begins changes from round to round."""
    order = ["limitwise", "peers"]
    if len(costs.get("empty", [])) % 2:
        order.reverse()
    for side in order:
        sides.clean()
        # connections and caches are warm for whoever comes next
        _take(sides, costs, which, "ping", "ping")
        _take(sides, costs, which, side, f"{side} first")
        _take(sides, costs, which, side, f"{side} no-op")
    _take(sides, costs, which, "empty", "empty")


def _take(sides: Sides, costs: Costs, which: str, play: str, label: str) -> None:
    cost = sides.play(play)
    costs.setdefault(label, []).append(cost)
    cpu = f"CPU {cost.controller_cpu:.1f} s here, {cost.target_cpu:.1f} s a target"
    progress(f"{which}: {label}: {cost.seconds:.1f} s, {cpu}")


def figures(costs: Costs) -> list[Figure]:
    """What the medians say."""
    seconds = {label: median(one.seconds for one in found) for label, found in costs.items()}
    target = {label: median(one.target_cpu for one in found) for label, found in costs.items()}
    own = {label: median(one.controller_cpu for one in found) for label, found in costs.items()}
    told = []
    for when, name in (("first", "first_apply"), ("no-op", "no_op")):
        ours, theirs = f"limitwise {when}", f"peers {when}"
        told += [
            _held(name, seconds[ours], "s", PEERS, seconds[theirs]),
            _held(f"{name}_target_cpu", target[ours], "CPU s", PEERS, target[theirs]),
            _held(f"{name}_controller_cpu", own[ours], "CPU s", PEERS, own[theirs]),
        ]
    for label, words in (("empty", "a play without tasks"), ("ping", "a play that pings")):
        against = f"{words}: {seconds[label]:.2f} s"
        multiple = round(seconds["limitwise no-op"] / seconds[label], 2)
        told.append(
            Figure(f"no_op_per_{label}_play", multiple, "times", against, round(1 / multiple, 2))
        )
    return told


def _held(name: str, value: float, unit: str, against: str, theirs: float) -> Figure:
    ratio = round(theirs / value, 2) if value else None
    return Figure(name, round(value, 2), unit, f"{against}: {theirs:.2f} {unit}", ratio)
