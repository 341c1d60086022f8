"""Run a program on this machine: argument lists only, a typed error that shows why it failed."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import LabError

TAIL_LINES = 15
KEEP_LOCKS = False  # close_fds: the only inheritable descriptors are the locks of cache.locked


def output(argv: Sequence[str], *, feed: str | None = None) -> str:
    """Standard output of a program; LabError with the end of its complaint when it fails."""
    try:
        done = subprocess.run(
            argv, input=feed, capture_output=True, text=True, close_fds=KEEP_LOCKS, check=False
        )
    except FileNotFoundError:
        raise LabError(f"{argv[0]}: no such program", "run: python -m lab doctor") from None
    if done.returncode != 0:
        raise _failure(argv, done.returncode, done.stderr or done.stdout)
    return done.stdout


def logged(
    argv: Sequence[str],
    log: Path,
    *,
    cwd: Path | None = None,
) -> None:
    """Run a long program with everything it says appended to `log`; LabError quotes its end."""
    with log.open("ab") as sink:
        sink.write(f"+ {shlex.join(argv)}\n".encode())
        sink.flush()
        try:
            code = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                close_fds=KEEP_LOCKS,
                check=False,
            ).returncode
        except FileNotFoundError:
            raise LabError(f"{argv[0]}: no such program", "run: python -m lab doctor") from None
    if code != 0:
        raise _failure(argv, code, log.read_text(errors="replace"))


def _failure(argv: Sequence[str], code: int, text: str) -> LabError:
    tail = "\n".join(f"    {line}" for line in text.splitlines()[-TAIL_LINES:])
    return LabError(f"{shlex.join(argv)} ended with {code}:\n{tail}")
