"""Every benchmark: one JSON line per figure on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import sys

from lab.errors import LabError
from project import venvs

from . import apply, lab_start, observe, planning


def main() -> int:
    """Exit status 0 when everything was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="medians are of so many rounds")
    options = parser.parse_args()
    try:
        observe.run(options.rounds)
        planning.run(options.rounds)
        lab_start.run(options.rounds)
        apply.run(venvs.make("bench"), options.rounds)
    except (LabError, venvs.VenvError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
