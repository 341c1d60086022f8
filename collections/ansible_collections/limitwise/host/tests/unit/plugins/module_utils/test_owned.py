# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layers an owner has something in: after its run, and after giving everything back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from ansible_collections.limitwise.host.plugins.module_utils import engine
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import STATE
from ansible_collections.limitwise.host.plugins.module_utils.owned import layers_of
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

TUNING: Dict[str, Any] = {
    "sysctl": {"vm.swappiness": 7},
    "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}],
    "units": {"web.service": {"TasksMax": 4000}},
    "docker_daemon": {"max-concurrent-downloads": 5},
}
ALL = ("docker_daemon", "limits", "sysctl", "units")
OPERATOR = engine.Options(owner="operator")


def apply(host: Host, document: Dict[str, Any]) -> None:
    tuning, found = read(document)
    assert found == ()
    report = engine.apply(host, tuning, OPERATOR)
    assert report.ok, report


def test_the_layers_of_an_owner(image: Path) -> None:
    (image / "usr/bin").mkdir(parents=True)
    (image / "usr/bin/dockerd").touch()
    host = Host.image(str(image))
    assert layers_of(host, "operator") == ()
    apply(host, TUNING)
    assert layers_of(host, "operator") == ALL
    assert layers_of(host, "fleet") == ()
    apply(host, {"sysctl": {}, "units": {}})
    assert layers_of(host, "operator") == ("docker_daemon", "limits")
    apply(host, {"limits": [], "docker_daemon": {}})
    assert layers_of(host, "operator") == ()


def test_a_record_that_cannot_be_read_owns_nothing(image: Path) -> None:
    (image / "usr/bin").mkdir(parents=True)
    (image / "usr/bin/dockerd").touch()
    host = Host.image(str(image))
    apply(host, {"docker_daemon": TUNING["docker_daemon"]})
    (image / STATE.lstrip("/") / "docker_daemon.json").write_text("[]")
    assert layers_of(host, "operator") == ()
    (image / STATE.lstrip("/") / "docker_daemon.json").write_text("{")
    assert layers_of(host, "operator") == ()
