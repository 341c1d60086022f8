"""How long a fleet takes until ssh answers on every host."""

from __future__ import annotations

import time
from statistics import median

from lab import kernels
from lab.fleet import Fleet, destroy

from .figures import Figure, progress, tell

NAME = "bench-start"
HOSTS = 5
WANTED = 10.0  # seconds on two idle cores


def run(rounds: int) -> None:
    """Make and remove a fleet of five, several times."""
    taken = []
    for number in range(rounds):
        destroy(NAME)
        started = time.monotonic()
        with Fleet.create(NAME, HOSTS, kernel=kernels.quickest()):
            taken.append(time.monotonic() - started)
        progress(f"round {number + 1} of {rounds}: {HOSTS} hosts in {taken[-1]:.1f} s")
    value = median(taken)
    tell(
        Figure(
            f"lab_start_{HOSTS}_hosts", round(value, 2), "s",
            f"{WANTED:g} s on two idle cores", round(WANTED / value, 2),
        )
    )
