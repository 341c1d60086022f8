# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bounded trial: do so many tasks start now, beside each other, in the caller's own cgroup."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import List

MOST = 512


@dataclass(frozen=True)
class Trial:
    """``started`` of ``asked`` children were alive at once; ``error``: why the next did not start.
    """

    asked: int
    started: int
    error: str = ""

    @property
    def ok(self) -> bool:
        return self.started == self.asked


def forks(asked: int) -> Trial:
    """Start up to ``asked`` children (512 at most), each waiting for the last; then end them all.

    They hold one end of a pipe and run nothing: they end when the other end is closed, also by the
    death of the caller. All are reaped when this returns. An OSError is part of the answer.
    """
    asked = max(0, min(asked, MOST))
    children: List[int] = []
    error = ""
    try:
        wait, go = os.pipe()
    except OSError as failure:
        return Trial(asked, 0, failure.strerror or str(failure))
    try:
        for _each in range(asked):
            try:
                child = os.fork()
            except OSError as failure:
                error = failure.strerror or str(failure)
                break
            if child == 0:
                _wait_and_end(wait, go)
            children.append(child)
    finally:
        os.close(go)
        os.close(wait)
        for child in children:
            _reap(child)
    return Trial(asked, len(children), error)


def _wait_and_end(wait: int, go: int) -> None:
    """In the child: nothing of the caller's may run, whatever happens."""
    try:
        os.close(go)
        os.read(wait, 1)
    finally:
        os._exit(0)


def _reap(child: int) -> None:
    try:
        os.waitpid(child, 0)
    except ChildProcessError:
        # whoever waits for every child of this process has had it already
        return
