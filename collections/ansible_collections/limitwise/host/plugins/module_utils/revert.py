# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program inside a run's own zip: rolls that run back unless it has been confirmed.

usage: python3 engine.zip RUN-ID [--after SECONDS]
"""

from __future__ import annotations

import sys
import time
from typing import Optional, Sequence

from .catalogue.rules.run import FAILED
from .confirm import disarm
from .findings import LimitwiseError, LockedError
from .host.machine import Host
from .journal import APPLYING, UNCONFIRMED, Store
from .rollback import Force, rollback

PATIENCE = 900.0  # seconds to wait for a run that holds the host
PAUSE = 2.0


def main(argv: Sequence[str]) -> int:
    """Exit status: 0 when the run is taken back or was confirmed, 1 otherwise."""
    run_id = argv[0]
    if len(argv) == 3 and argv[1] == "--after":
        time.sleep(float(argv[2]))
    host = Host.live()
    deadline = time.monotonic() + PATIENCE
    status = None
    while status is None:
        status = attempt(host, run_id, patient=time.monotonic() < deadline)
    return status


def attempt(host: Host, run_id: str, *, patient: bool) -> Optional[int]:
    """One try; None when another run holds the host and there is time left to wait for it."""
    try:
        return revert(host, run_id)
    except LockedError as error:
        if patient:
            time.sleep(PAUSE)
            return None
        sys.stderr.write(f"limitwise: {error}\n")
    except LimitwiseError as error:
        sys.stderr.write(f"limitwise: {error}\n")
    return 1


def revert(host: Host, run_id: str) -> int:
    """Roll the run back if it still waits for its confirmation, and disarm it.

    A run that could not be taken back stays armed for the next boot.
    """
    if Store(host).run(run_id).state not in (UNCONFIRMED, APPLYING):
        disarm(host, run_id)
        return 0
    # An edit since then may be what locks people out; its content stays in the rollback's journal.
    report = rollback(host, run_id, force=Force(edits=True))
    for finding in report.findings:
        sys.stderr.write(f"limitwise: {finding}\n")
    if any(finding.code == FAILED.code for finding in report.findings):
        return 1
    disarm(host, run_id)
    return 0 if report.ok else 1
