# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Without descriptors and without processes: what is kept back, and the trial of forks."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import List, Set

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.relief import trial
from ansible_collections.limitwise.host.plugins.module_utils.relief.descriptors import (
    SPARE,
    Descriptors,
)


def children() -> Set[int]:
    """The processes that this one has started, ended ones included; the tests' own may be more."""
    mine = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                mine.add(int(name))
    return mine


def use_up(taken: List[int]) -> None:
    """Open files until the process may have no more."""
    with suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))


def test_files_are_read_and_written_with_no_descriptor_left(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    (tmp_path / "folder").mkdir()
    file = tmp_path / "value"
    file.write_text("10\n")
    kept = Descriptors()
    taken: List[int] = []
    taken.append(os.open(os.devnull, os.O_RDONLY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 8, before[1]))
    try:
        use_up(taken)
        for round_number in range(10, 10 + 3 * SPARE):
            assert kept.names(str(tmp_path)) == ["folder"]
            kept.write(str(file), str(round_number))
            assert kept.read(str(file)) == str(round_number)
        with pytest.raises(OSError, match="Too many open files"):
            os.open(os.devnull, os.O_RDONLY)
    finally:
        for one in taken:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    kept.close()


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    descriptors = Descriptors()
    assert descriptors.read(str(tmp_path / "none")) is None
    assert descriptors.names(str(tmp_path / "none")) == []
    with pytest.raises(FileNotFoundError):
        descriptors.write(str(tmp_path / "none"), "1")
    with pytest.raises(IsADirectoryError):
        descriptors.read(str(tmp_path))
    descriptors.close()


@pytest.mark.parametrize(("asked", "started"), [(0, 0), (1, 1), (20, 20), (-3, 0)])
def test_so_many_start_and_none_is_left(asked: int, started: int) -> None:
    before = children()
    found = trial.forks(asked)
    assert (found.started, found.ok, found.error) == (started, True, "")
    assert children() <= before


def test_a_refused_fork_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    before = children()
    real, calls = os.fork, []

    def refuse() -> int:
        calls.append(1)
        if len(calls) > 3:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return real()

    monkeypatch.setattr(os, "fork", refuse)
    found = trial.forks(5)
    assert (found.asked, found.started, found.ok) == (5, 3, False)
    assert found.error == "Resource temporarily unavailable"
    assert children() <= before


def test_a_trial_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "MOST", 4)
    assert trial.forks(100000) == trial.Trial(4, 4)


def test_children_of_others_are_not_reaped_nor_waited_for() -> None:
    other = os.fork()
    if other == 0:
        os._exit(7)
    assert trial.forks(3).ok
    assert os.WEXITSTATUS(os.waitpid(other, 0)[1]) == 7
