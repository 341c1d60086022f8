# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a daemon that does not answer is waited for: never for ever, whatever the clocks say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    running as docker_running,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.flags import Start

NOW = 1_700_000_000.0


class Clock:
    """A clock that only sleeping moves; it stands in for the module ``time``."""

    def __init__(self) -> None:
        self.slept = 0.0

    def time(self) -> float:
        return NOW + self.slept

    def monotonic(self) -> float:
        return 5.0 + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        assert self.slept < 100, "it would never end"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(docker_running, "time", clock)
    return clock


def write(root: Path, path: str, text: str, age: float = 0) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, (NOW - age, NOW - age))


@pytest.mark.parametrize(
    ("age", "flags", "socket", "seconds"),
    [
        (3, [], True, 27),
        (60, [], True, 0),
        (-3600, [], True, 30),  # the wall clock was set back
        (3, [], False, 5),  # "hosts" of daemon.json may name other addresses
        (3, ["--host=tcp://127.0.0.1:2375"], True, 0),
        (3, ["-H", "fd://", "-H", "tcp://127.0.0.1:2375"], True, 27),
    ],
)
def test_a_daemon_that_does_not_answer(
    tmp_path: Path, clock: Clock, age: float, flags: Sequence[str], socket: bool, seconds: float
) -> None:
    write(tmp_path, "var/run/docker.pid", "77", age)
    write(tmp_path, "proc/77/comm", "dockerd\n")
    write(tmp_path, "proc/77/cmdline", "\0".join(["/usr/sbin/dockerd", *flags]) + "\0")
    if socket:
        write(tmp_path, "var/run/docker.sock", "")
    found = docker_running.observe(Host.mounted(str(tmp_path)), Start(), lambda _shown: True)
    assert found is not None
    assert found.shown == {}
    assert clock.slept == pytest.approx(seconds, abs=0.2)


@pytest.mark.parametrize(("age", "seconds"), [(3, 27), (60, 0), (-3600, 30)])
def test_a_start_that_never_ends(tmp_path: Path, clock: Clock, age: float, seconds: float) -> None:
    write(tmp_path, "var/run/docker-ssd.pid", "78", age)
    write(tmp_path, "proc/78/comm", "sh\n")
    host = Host.mounted(str(tmp_path))
    assert docker_running.observe(host, Start(), lambda _shown: True) is None
    assert clock.slept == pytest.approx(seconds, abs=0.2)
