# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fs.nr_open stays at or above every nofile that limits.conf and limits.d grant."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    SetKernel,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.change import Change
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context, Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.layer import SysctlLayer
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.state import OWN
from ansible_collections.limitwise.host.plugins.module_utils.ledger import EMPTY
from ansible_collections.limitwise.host.plugins.module_utils.own_file import header
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

NR_OPEN = "fs/nr_open"
MAIN, OTHER = "etc/security/limits.conf", "etc/security/limits.d/zz-limitwise.conf"
LAYER = SysctlLayer()


def host(root: Path, now: int, files: Dict[str, str]) -> Host:
    for name, text in {**files, f"proc/sys/{NR_OPEN}": f"{now}\n"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Host.mounted(str(root))


@pytest.mark.parametrize(
    ("files", "used"),
    [
        ({}, None),
        ({MAIN: "* - nproc 1500000\n# * - nofile 1500000\n"}, None),
        ({MAIN: "* - nofile unlimited\n"}, None),
        ({MAIN: "* soft nofile 1024\nroot hard NOFILE 1500000\n"}, 1500000),
        ({MAIN: "* - nofile 1024\n", OTHER: "app - nofile 1500000\n"}, 1500000),
        ({"etc/security/limits.d/notes.txt": "* - nofile 1500000\n"}, None),
        # it does not work now, so nothing is lost
        ({MAIN: "* - nofile 2000001\n* - nofile 99999999999999999999999\n"}, None),
    ],
)
def test_present_use(tmp_path: Path, files: Dict[str, str], used: Optional[int]) -> None:
    assert LAYER.present_use(host(tmp_path, 2000000, files), "", "fs.nr_open") == used


@pytest.mark.parametrize(
    ("nofile", "before", "used"),
    [(1048577, "1048576", 1048577), (1048576, "1048576", None), (1048560, "0x100000", None)],
)
def test_what_a_rollback_must_not_go_below(
    tmp_path: Path, nofile: int, before: str, used: Optional[int]
) -> None:
    machine = host(tmp_path, 2000000, {MAIN: f"* - nofile {nofile}\n"})
    change = Change("sysctl", "", "fs.nr_open", before, "2000000")
    assert LAYER.in_use_above(machine, change) == used


def plan(root: Path, nofile: int, *items: Item) -> Plan:
    own = header("fleet") + b"fs.nr_open = 2000000\n"
    machine = host(root, 2000000, {
        MAIN: f"* - nofile {nofile}\n", OWN[1:]: own.decode(),
        "etc/rcS.d/S01procps": "", "proc/1/mounts": "/dev/sda / ext4 rw 0 0\n",
    })
    image = FileImage(own)
    ledger = EMPTY.composed((
        SetKernel("sysctl", NR_OPEN, "1048576", "2000000"), WriteFile("sysctl", OWN, None, image),
    ))
    policy = Policy(allow_lowering=("fs.nr_open",))
    return LAYER.plan(
        LAYER.observe(machine, items), items, Context(policy=policy, ledger=ledger)
    )


@pytest.mark.parametrize(("nofile", "kept"), [(1048577, True), (1048576, False)])
def test_a_key_that_is_given_up_stays_while_logins_need_it(
    tmp_path: Path, nofile: int, kept: bool
) -> None:
    made = plan(tmp_path, nofile)
    assert [(one.code, one.severity) for one in made.findings] == [("LW602", "warning")] * kept
    assert [type(act) for act in made.acts] == ([] if kept else [WriteFile, SetKernel])
    assert len(made.changes) == (not kept)


@pytest.mark.parametrize(("nofile", "codes"), [(1500001, ["LW602"]), (1500000, [])])
def test_a_lower_value_is_refused_while_logins_need_more(
    tmp_path: Path, nofile: int, codes: object
) -> None:
    made = plan(tmp_path, nofile, Item("sysctl", "", NR_OPEN, 1500000))
    assert [one.code for one in made.findings if one.severity == "error"] == codes
