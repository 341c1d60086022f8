# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a unit in systemd's order: directories, prefixes, hiding, dropped values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.units.files import (
    Directories,
    effective,
    rivals,
    without_own,
)

ETC = "/etc/systemd/system"
USR = "/usr/lib/systemd/system"
CONTROL = "/etc/systemd/system.control"


def host_with(root: Path, files: Dict[str, str]) -> Host:
    for path, text in files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return Host.image(str(root))


def tasks(number: int) -> str:
    return f"[Slice]\nTasksMax={number}\n"


@pytest.mark.parametrize(
    ("files", "unit", "order"),
    [
        (
            {f"{USR}/a.slice": tasks(1), f"{ETC}/a.slice": tasks(2)},
            "a.slice", [f"{ETC}/a.slice"],
        ),
        (
            {f"{ETC}/a.slice.d/99-x.conf": "", f"{CONTROL}/a.slice.d/50-TasksMax.conf": "",
             "/run/systemd/system/a.slice.d/60-y.conf": "", f"{USR}/a.slice": ""},
            "a.slice",
            [f"{USR}/a.slice", f"{CONTROL}/a.slice.d/50-TasksMax.conf",
             "/run/systemd/system/a.slice.d/60-y.conf", f"{ETC}/a.slice.d/99-x.conf"],
        ),
        (
            {f"{ETC}/user-.slice.d/zz-limitwise.conf": "",
             f"{ETC}/user-7.slice.d/zz-limitwise.conf": "",
             f"{ETC}/slice.d/zz-limitwise.conf": ""},
            "user-7.slice", [f"{ETC}/user-7.slice.d/zz-limitwise.conf"],
        ),
        (
            {f"{USR}/user-.slice.d/10-defaults.conf": "", f"{ETC}/slice.d/05-all.conf": "",
             f"{ETC}/user-7.slice.d/README": ""},
            "user-7.slice",
            [f"{ETC}/slice.d/05-all.conf", f"{USR}/user-.slice.d/10-defaults.conf"],
        ),
        (
            {f"{ETC}/t@.service": "", f"{ETC}/t@.service.d/a.conf": "",
             f"{ETC}/t@1.service.d/b.conf": ""},
            "t@1.service",
            [f"{ETC}/t@.service", f"{ETC}/t@.service.d/a.conf", f"{ETC}/t@1.service.d/b.conf"],
        ),
        ({}, "none.service", []),
    ],
)
def test_order(tmp_path: Path, files: Dict[str, str], unit: str, order: List[str]) -> None:
    chain = Directories(host_with(tmp_path, files)).chain(unit)
    assert [source.path for source in chain] == order


def test_aliases_bring_their_drop_ins(tmp_path: Path) -> None:
    host = host_with(
        tmp_path, {f"{USR}/ssh.service": "", f"{ETC}/sshd.service.d/a.conf": ""}
    )
    chain = Directories(host).chain("ssh.service", ("ssh.service", "sshd.service"))
    assert [source.path for source in chain] == [
        f"{USR}/ssh.service", f"{ETC}/sshd.service.d/a.conf",
    ]


def test_lib_that_is_a_link_is_not_read_twice(tmp_path: Path) -> None:
    host = host_with(tmp_path, {f"{USR}/a.service": ""})
    os.symlink("usr/lib", tmp_path / "lib")
    assert [source.path for source in Directories(host).chain("a.service")] == [
        f"{USR}/a.service"
    ]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["TasksMax=5"], ("5", 2)),
        (["TasksMax=5", "TasksMax=6"], ("6", 3)),
        (["TasksMax=5", "TasksMax=unlimited"], ("5", 2)),
        (["TasksMax=5", "TasksMax="], None),
        (["MemoryMax=5"], None),
        ([], None),
    ],
)
def test_what_counts(
    tmp_path: Path, texts: List[str], expected: Optional[Tuple[str, int]]
) -> None:
    host = host_with(tmp_path, {f"{ETC}/a.slice": "[Slice]\n" + "\n".join(texts) + "\n"})
    chain = Directories(host).chain("a.slice")
    found = effective(chain, "Slice", "TasksMax", lambda text: text.isdigit())
    assert (found and (found.value, found.line)) == expected


def test_ours_and_those_that_beat_it(tmp_path: Path) -> None:
    host = host_with(
        tmp_path,
        {f"{ETC}/a.slice.d/{name}.conf": "" for name in ("override", "zz-limitwise", "zzz")},
    )
    directories = Directories(host)
    chain = directories.chain("a.slice")
    assert [source.path[-8:] for source in rivals(chain)] == ["zzz.conf"]
    assert len(without_own(chain)) == 2
    assert directories.own() == ("a.slice",)


def test_units_on_disk_that_a_prefix_covers(tmp_path: Path) -> None:
    host = host_with(
        tmp_path,
        {f"{ETC}/user-7.slice.d/x.conf": "", f"{ETC}/user-8.slice": "", f"{ETC}/user.slice": ""},
    )
    assert Directories(host).covered("user-.slice") == ("user-7.slice", "user-8.slice")
