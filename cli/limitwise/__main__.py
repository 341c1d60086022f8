# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point: prints a command's outcome; every error is one line and exit status 2."""

from __future__ import annotations

import json
import os
import sys
from typing import Optional, Sequence

from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    FindingsError,
    LimitwiseError,
)
from ansible_collections.limitwise.host.plugins.module_utils.report import Report

from . import commands, text
from .arguments import parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command; the exit status."""
    arguments = parser().parse_args(argv)
    try:
        outcome = commands.run(arguments)
    except FindingsError as error:
        report = Report(findings=error.findings)
        outcome = commands.Outcome(
            report.as_dict(), text.report(report, pending=True), commands.MISUSED
        )
    except LimitwiseError as error:
        print(f"limitwise: {text.printable(str(error))}", file=sys.stderr)
        return commands.MISUSED
    try:
        if arguments.format == "json":
            print(json.dumps(outcome.document, indent=2, ensure_ascii=True))
        else:
            sys.stdout.write(outcome.text)
        sys.stdout.flush()
        sys.stderr.write(outcome.aside)
    except BrokenPipeError:
        # The reader has gone; a second error at exit would only repeat it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return outcome.status


if __name__ == "__main__":
    sys.exit(main())
