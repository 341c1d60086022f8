# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of a host: argument lists only, a clean environment, always a time limit."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import Sequence, Tuple

from ..findings import HostError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {
    "PATH": PATH,
    "LC_ALL": "C",
    "SYSTEMD_COLORS": "0",
    "SYSTEMD_PAGER": "",
    # systemctl otherwise ignores requests when it finds itself in a chroot (the mounted form)
    "SYSTEMD_IGNORE_CHROOT": "1",
}


@dataclass(frozen=True)
class Completed:
    """A command that ended: its exit status and what it printed."""

    argv: Tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The first line that says something, errors before output; for messages."""
        lines = [line.strip() for line in (self.err + "\n" + self.out).splitlines() if line.strip()]
        return lines[0] if lines else "no message"


class Commands:
    """Runs the programs of one host; ``prefix`` is what leads into it (a chroot)."""

    def __init__(self, prefix: Sequence[str] = ()) -> None:
        self.prefix = tuple(prefix)

    def run(self, argv: Sequence[str], *, timeout: float = 90.0, data: bytes = b"") -> Completed:
        """Run to the end whatever its exit status; HostError when it cannot run or hangs."""
        full = [*self.prefix, *argv]
        try:
            done = subprocess.run(  # noqa: S603 - an argument list, never a shell
                full, input=data, capture_output=True, timeout=timeout, env=ENVIRONMENT, check=False
            )
        except FileNotFoundError as error:
            raise HostError(f"cannot run {argv[0]}: it is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise HostError(f"{' '.join(argv)} did not end within {timeout:.0f} s") from error
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise HostError(f"cannot run {argv[0]}: {reason}") from error
        return Completed(
            tuple(argv),
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )

    def must(self, argv: Sequence[str], *, timeout: float = 90.0) -> Completed:
        """Run, and raise HostError with what it said unless it succeeds."""
        done = self.run(argv, timeout=timeout)
        if done.status != 0:
            raise HostError(f"{' '.join(argv)} failed with status {done.status}: {done.said}")
        return done
