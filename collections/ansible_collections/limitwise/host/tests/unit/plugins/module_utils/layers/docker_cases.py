# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a host with Docker, and plans on them: what the tests of the layer share."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage, Poke, WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.formats import keyed
from ansible_collections.limitwise.host.plugins.module_utils.formats.text import FormatError
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    record as docker_record,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.layer import (
    DockerDaemonLayer,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.running import Running
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.state import (
    DAEMON_JSON,
    DockerState,
)
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

LAYER = DockerDaemonLayer()
RELOAD = ("systemctl", "try-reload-or-restart", "docker.service")
RESTART = ("systemctl", "try-restart", "docker.service")
IF_NEEDED = Policy(restart="if-needed")
NOFILE = {"nofile": {"Name": "nofile", "Soft": 65536, "Hard": 65536}}
HARD = "/default-ulimits/nofile/Hard"
UP = Running("boot:1:2", 1000, shown={"/live-restore": "false"}, containers=0)


def wanted(section):
    tuning, findings = read({"docker_daemon": section})
    assert findings == ()
    return tuning.items


def state(text=None, **words):
    """A host with this daemon.json; without ``running`` no daemon runs."""
    data = text.encode() if isinstance(text, str) else text
    image = None if data is None else FileImage(data, 0o640, 3, 4)
    known = {"values": {}, "lines": {}, "broken": None}
    try:
        known["values"] = keyed.values("json_text", data or b"")
        known["lines"] = {
            key: place[0] for key, place in keyed.places("json_text", data or b"").items()
        }
    except FormatError as error:
        known["broken"] = error
    if words.get("running") is not None:
        words = {"reload": RELOAD, "restart": RESTART, **words}
    changed = None if image is None else 500
    return DockerState(image=image, **{"changed": changed, **known, **words})


def files(plan):
    return {act.path: act.after for act in plan.acts if isinstance(act, WriteFile)}


def pokes(plan):
    return [act.argv for act in plan.acts if isinstance(act, Poke)]


def codes(findings):
    return sorted(finding.code for finding in findings)


def after(before, plan, **words):
    """The state once a plan has been performed: the files written, the daemon as ``words`` say."""
    written = files(plan)
    image = written.get(DAEMON_JSON, before.image)
    record = written.get(docker_record.RECORD, before.record_image)
    fresh = state(None if image is None else image.data)
    return replace(
        before, image=image, values=fresh.values, lines=fresh.lines, record_image=record,
        record=docker_record.read(record), **words,
    )


def plan(before, section, **words):
    return LAYER.plan(before, wanted(section), Context(**words))
