"""The cluster lab's command: python -m cluster binaries | up | down | kubeconfig | nodes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from lab.errors import LabError

from . import binaries


def main(argv: list[str] | None = None) -> int:
    """Parse and do; 0 for success, 2 for an error of the lab."""
    options = _parser().parse_args(argv)
    action: Callable[[argparse.Namespace], None] = options.action
    try:
        action(options)
    except LabError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 2
    return 0


def _binaries(options: argparse.Namespace) -> None:
    for name in options.modules or binaries.MODULE_OF:
        for package in binaries.MODULE_OF[name].packages:
            print(binaries.get(name) / package.program)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    text = "build the programs, all or those of the modules named; print where they are"
    build = verbs.add_parser("binaries", help=text, description=text)
    build.add_argument("modules", nargs="*", metavar="MODULE", choices=[*binaries.MODULE_OF, []])
    build.set_defaults(action=_binaries)
    return parser


if __name__ == "__main__":
    sys.exit(main())
