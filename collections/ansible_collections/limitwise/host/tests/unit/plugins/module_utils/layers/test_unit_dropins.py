# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The five verbs of slices and units on files below a directory: an image, and a scripted host."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence

from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage, WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.change import Change
from ansible_collections.limitwise.host.plugins.module_utils.host.commands import Completed
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import LIVE, Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.slices import (
    SlicesLayer,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.units import UnitsLayer
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

ETC = "/etc/systemd/system"


def lay(root: Path, files: Dict[str, str]) -> None:
    for path, text in files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def perform(host: Host, acts: Sequence[object]) -> None:
    for act in acts:
        assert isinstance(act, WriteFile)
        for folder in host.files.missing_parents(act.path):
            host.files.make_directory(folder)
        if act.after is None:
            host.files.remove(act.path)
        else:
            host.files.write(act.path, FileImage(act.after.data, 0o644, -1, -1))


def wanted(**settings: object) -> List[Item]:
    return [Item("slices", "user-.slice", key, value) for key, value in settings.items()]


def test_an_image_from_nothing_and_back(tmp_path: Path) -> None:
    lay(tmp_path, {
        "/usr/lib/systemd/systemd": "",
        "/usr/lib/systemd/system/user-.slice.d/10-defaults.conf": "[Slice]\nTasksMax=33%\n",
        f"{ETC}/docker.service.d/zz-limitwise.conf": "[Service]\nTasksMax=5\n",
    })
    host, layer = Host.image(str(tmp_path)), SlicesLayer()
    assert layer.lacking(host) is None
    items = wanted(TasksMax=4000, MemoryMax="50%")
    plan = layer.plan(layer.observe(host, items), items, Context())
    assert plan.findings == ()
    assert [(one.key, one.before, one.persistent) for one in plan.changes] == [
        ("TasksMax", "33%", "33%"), ("MemoryMax", None, None),
    ]
    perform(host, plan.acts)

    state = layer.observe(host, items)
    verdict = layer.verify(state, items, plan.changes)
    assert verdict.findings == ()
    assert [(one.runtime, one.persistent) for one in verdict.changes] == [
        (None, "4000"), (None, "50%"),
    ]
    assert layer.plan(state, items, Context()).acts == ()
    # the other layer's drop-in is not this layer's to purge
    emptied = layer.plan(layer.observe(host, []), [], Context())
    assert [act.path for act in emptied.acts if isinstance(act, WriteFile)] == [
        f"{ETC}/user-.slice.d/zz-limitwise.conf"
    ]


def test_a_host_without_systemd_lacks_both_layers(tmp_path: Path) -> None:
    host = Host.image(str(tmp_path))
    assert SlicesLayer().lacking(host) == UnitsLayer().lacking(host) == "no systemd"


class Talking(Host):
    """A running host below a directory, whose systemctl says what the test wants."""

    said = ""

    def must(self, argv: Sequence[str], *, timeout: float = 90.0) -> Completed:
        return Completed(tuple(argv), 0, self.said, "")


def test_present_use_is_that_of_the_fullest_unit(tmp_path: Path) -> None:
    lay(tmp_path, {
        "/sys/fs/cgroup/cgroup.controllers": "pids",
        "/sys/fs/cgroup/user.slice/user-1.slice/pids.current": "30\n",
        "/sys/fs/cgroup/user.slice/user-2.slice/pids.current": "70\n",
    })
    host = Talking(LIVE, str(tmp_path))
    host.said = "\n\n".join(
        f"Id=user-{number}.slice\nNames=user-{number}.slice\nActiveState=active\n"
        f"ControlGroup=/user.slice/user-{number}.slice\nMainPID=0"
        for number in (1, 2)
    )
    layer = SlicesLayer()
    assert layer.present_use(host, "user-.slice", "TasksMax") == 70
    assert layer.present_use(host, "user-1.slice", "TasksMax") == 30
    assert layer.present_use(host, "user-.slice", "CPUWeight") is None
    assert layer.present_use(host, "other.slice", "TasksMax") is None


def test_where_a_change_stands() -> None:
    change = Change("units", "a@.service", "LimitNOFILE", "1", "2")
    assert UnitsLayer().file_key(change) == (
        f"{ETC}/a@.service.d/zz-limitwise.conf", "Service/LimitNOFILE",
    )
