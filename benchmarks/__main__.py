"""Every benchmark: one JSON line per figure on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Mapping

from lab.errors import LabError
from project import venvs

from . import agent, apply, cluster, lab_start, observe, relief, remediation, remediation_nodes

# Each takes how many rounds medians are of; those of the cluster are one long course each.
BENCHMARKS: Mapping[str, Callable[[int], None]] = {
    "observe": observe.run,
    "lab-start": lab_start.run,
    "apply": lambda rounds: apply.run(venvs.make("bench"), rounds),
    "agent": agent.run,
    "relief": relief.run,
    "remediation-nodes": lambda _rounds: remediation_nodes.run(),
    "cluster-1000": lambda _rounds: cluster.run(1000),
    "cluster-5000": lambda _rounds: cluster.run(5000),
    "remediation-1000": remediation.run_1000,
    "remediation-5000": remediation.run_5000,
}


def main() -> int:
    """Exit status 0 when everything that was asked for was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="medians are of so many rounds")
    parser.add_argument(
        "--only", action="append", choices=BENCHMARKS, help="this one alone; may be repeated"
    )
    options = parser.parse_args()
    # What a benchmark has started is ended by its own cleaning up, also when it is told to end.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    try:
        for name in options.only or BENCHMARKS:
            BENCHMARKS[name](options.rounds)
    except (LabError, venvs.VenvError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
