# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed, or that the disk fails, at every single step: the host comes back whole."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils import engine
from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError
from ansible_collections.limitwise.host.plugins.module_utils.host.files import host_error
from ansible_collections.limitwise.host.plugins.module_utils.host.kernel import Kernel
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import LOCK, Store
from ansible_collections.limitwise.host.plugins.module_utils.rollback import rollback
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning, read

Tree = Dict[str, Tuple[int, int, int, bytes]]
Snapshot = Callable[[Path], Tree]

# The calls by which the engine changes files; kernel values are written by Kernel.write.
CALLS = ("rename", "unlink", "mkdir", "rmdir", "fsync", "fchmod")
SYSCTL = "sysctl"
DOCUMENT = {
    "sysctl": {"vm.swappiness": 7, "kernel.pid_max": 4194304, "net.ipv4.tcp_rmem": "1 2 3"},
    "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}],
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the engine runs after it but its unwinding."""


class Faults:
    """Counts the changing calls and lets one of them raise."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: List[str] = []
        self._at = 0
        self._error: BaseException = Killed()
        # what a power cut loses is not under test here, and disks are slow
        patch.setattr(os, "fsync", lambda _descriptor: None)
        for name in CALLS:
            patch.setattr(os, name, self._wrapped(name, getattr(os, name)))
        patch.setattr(Kernel, "write", self._wrapped(SYSCTL, Kernel.write))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **words: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) == self._at:
                if name == SYSCTL and isinstance(self._error, OSError):
                    raise host_error(self._error, "/proc/sys", "write")
                raise self._error
            return real(*args, **words)

        return call

    def at(self, number: int, error: BaseException) -> None:
        """Let the call of this number from now on raise; 0: none."""
        self.calls.clear()
        self._at = number
        self._error = error


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    return Faults(monkeypatch)


def tuning(**layers: Any) -> Tuning:
    made, found = read(layers or DOCUMENT)
    assert not found
    return made


def count(faults: Faults, work: Callable[[], Any]) -> int:
    """How many changing calls the work makes."""
    faults.at(0, Killed())
    work()
    return len(faults.calls)


def steps(root: Path, faults: Faults) -> int:
    """The number of changing calls of the whole run; the host is as before afterwards."""
    number = count(faults, lambda: engine.apply(Host.mounted(str(root)), tuning()))
    assert rollback(Host.mounted(str(root)), "last").ok
    forget(root)
    return number


def forget(root: Path) -> None:
    """Remove our own state, so that every step begins as the first run of a host."""
    shutil.rmtree(root / "var", ignore_errors=True)


def killed_at(root: Path, faults: Faults, step: int) -> None:
    faults.at(step, Killed())
    with pytest.raises(Killed):
        engine.apply(Host.mounted(str(root)), tuning())
    faults.at(0, Killed())


def test_a_run_killed_anywhere_rolls_back(mounted: Path, tree: Snapshot, faults: Faults) -> None:
    before = tree(mounted)
    number = steps(mounted, faults)
    assert number > 30
    assert tree(mounted) == before
    for step in range(1, number + 1):
        killed_at(mounted, faults, step)
        if Store(Host.mounted(str(mounted))).runs():
            report = rollback(Host.mounted(str(mounted)), "last")
            assert report.ok, (step, report.findings)
        # and where no journal was whole yet, nothing was changed
        assert tree(mounted) == before, f"step {step}"
        forget(mounted)


def test_a_run_killed_anywhere_goes_back_to_the_originals(
    mounted: Path, tree: Snapshot, faults: Faults
) -> None:
    before = tree(mounted)
    number = steps(mounted, faults)
    for step in range(1, number + 1):
        killed_at(mounted, faults, step)
        report = rollback(Host.mounted(str(mounted)), "original")
        assert report.findings == (), f"step {step}"
        assert tree(mounted) == before, f"step {step}"
        forget(mounted)


def test_a_run_killed_anywhere_is_completed_by_the_next(
    mounted: Path, tree: Snapshot, faults: Faults
) -> None:
    before = tree(mounted)
    number = steps(mounted, faults)
    engine.apply(Host.mounted(str(mounted)), tuning())
    wanted = tree(mounted)
    assert rollback(Host.mounted(str(mounted)), "original").ok
    forget(mounted)
    for step in range(1, number + 1):
        killed_at(mounted, faults, step)
        report = engine.apply(Host.mounted(str(mounted)), tuning())
        assert report.ok, (step, report.findings)
        assert tree(mounted) == wanted, f"step {step}"
        assert rollback(Host.mounted(str(mounted)), "original").findings == (), f"step {step}"
        assert tree(mounted) == before, f"step {step}"
        forget(mounted)


def test_a_rollback_killed_anywhere_is_completed_by_the_next(
    mounted: Path, tree: Snapshot, faults: Faults
) -> None:
    before = tree(mounted)
    host = Host.mounted(str(mounted))
    engine.apply(host, tuning())
    number = count(faults, lambda: rollback(host, "last"))
    forget(mounted)
    for step in range(1, number + 1):
        run = engine.apply(Host.mounted(str(mounted)), tuning()).run_id
        assert run is not None
        faults.at(step, Killed())
        with pytest.raises(Killed):
            rollback(Host.mounted(str(mounted)), run)
        faults.at(0, Killed())
        if Store(host).run(run).state != "rolled-back":
            assert rollback(Host.mounted(str(mounted)), run).ok, f"step {step}"
        assert tree(mounted) == before, f"step {step}"
        forget(mounted)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_failing_disk_takes_the_run_back(
    mounted: Path, tree: Snapshot, faults: Faults, code: int
) -> None:
    before = tree(mounted)
    number = steps(mounted, faults)
    reason = os.strerror(code)
    for step in range(1, number + 1):
        faults.at(step, OSError(code, reason))
        said = what_a_failing_run_says(mounted)
        faults.at(0, Killed())
        assert reason in said, f"step {step}"
        assert tree(mounted) == before, f"step {step}"
        forget(mounted)


def what_a_failing_run_says(root: Path) -> str:
    """Its one message, however early or late the disk fails."""
    try:
        report = engine.apply(Host.mounted(str(root)), tuning())
    except HostError as error:
        return str(error)
    (finding,) = report.findings
    assert finding.code == "LW608"
    assert "everything was taken back, the host is as it was" in finding.message
    return finding.message


def test_a_failed_run_needs_no_rollback_and_is_never_the_last(
    mounted: Path, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host.mounted(str(mounted))
    first = engine.apply(host, tuning(sysctl={"vm.swappiness": 9}))

    def refuse(path: str, value: str) -> None:
        raise HostError(f"the kernel refuses {value!r}")

    monkeypatch.setattr(host.kernel, "write", refuse)
    failed = engine.apply(host, tuning(sysctl={"vm.swappiness": 8}))
    assert [finding.code for finding in failed.findings] == ["LW608"]
    monkeypatch.undo()
    assert Store(host).last().id == first.run_id


def test_two_runs_at_once_are_refused_with_the_holder_named(mounted: Path) -> None:
    host = Host.mounted(str(mounted))
    Store(host).prepare()
    runs: List[Callable[[], Any]] = [
        lambda: engine.apply(Host.mounted(str(mounted)), tuning()),
        lambda: rollback(Host.mounted(str(mounted)), "original"),
    ]
    for work in runs:
        with host.lock(LOCK), pytest.raises(HostError) as refused:
            work()
        said = str(refused.value)
        assert f"another run holds this host (process {os.getpid()})" in said
        assert "wait for it to end" in said
