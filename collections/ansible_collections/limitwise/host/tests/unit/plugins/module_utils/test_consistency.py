# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consistency: limits of several layers against each other and against a host's own ceilings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.consistency import check, check_on
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item, read

GIB = 1 << 30


def items(document: Dict[str, Any]) -> Tuple[Item, ...]:
    tuning, findings = read(document)
    assert not findings
    return tuning.items


def host(folder: Path, memory: int = 32 * GIB, **sysctls: int) -> Host:
    """A host with these sysctls (``fs__nr_open``) and so much memory."""
    for name, value in sysctls.items():
        file = folder / "proc/sys" / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    (folder / "proc").mkdir(exist_ok=True)
    (folder / "proc/meminfo").write_text(f"MemTotal:       {memory // 1024} kB\nMemFree: 1 kB\n")
    return Host.mounted(str(folder))


def limit(item: str, value: Any, domain: str = "*") -> List[Dict[str, Any]]:
    return [{"domain": domain, "type": "hard", "item": item, "value": value}]


def ulimits(soft: int, hard: int) -> Dict[str, Any]:
    return {"default-ulimits": {"nofile": {"Name": "nofile", "Soft": soft, "Hard": hard}}}


@pytest.mark.parametrize(
    ("document", "codes"),
    [
        ({"limits": limit("nofile", 2000000)}, ["LW501"]),
        ({"limits": limit("nofile", 1048576)}, []),
        ({"limits": limit("nofile", "unlimited")}, []),
        ({"limits": limit("nofile", 2000000), "sysctl": {"fs.nr_open": 2000000}}, []),
        ({"limits": limit("nofile", 2000000), "sysctl": {"fs.nr_open": 1999999}}, ["LW501"]),
        ({"docker_daemon": ulimits(5, 2000000)}, ["LW502"]),
        ({"docker_daemon": ulimits(2000000, 2000000)}, ["LW502", "LW502"]),
        ({"docker_daemon": ulimits(-1, -1)}, []),
        ({"units": {"docker.service": {"LimitNOFILE": 2000000}}}, ["LW503"]),
        ({"units": {"docker.service": {"LimitNOFILE": "1024:2000000"}}}, ["LW503"]),
        ({"units": {"docker.service": {"LimitNOFILE": "infinity"}}}, []),
        ({"limits": limit("nproc", 20001)}, ["LW504"]),
        ({"limits": limit("nproc", 20000)}, []),
        ({"limits": limit("nproc", 20001), "sysctl": {"kernel.threads-max": 80000}}, []),
        ({"slices": {"user.slice": {"TasksMax": 32769}}}, ["LW505"]),
        ({"slices": {"user.slice": {"TasksMax": "infinity"}}}, []),
        ({"units": {"x.service": {"TasksMax": "80%"}}}, []),
        ({"units": {"x.service": {"TasksMax": 99999}}, "sysctl": {"kernel.pid_max": 99999}}, []),
    ],
)
def test_against_a_host(tmp_path: Path, document: Dict[str, Any], codes: List[str]) -> None:
    machine = host(
        tmp_path, fs__nr_open=1048576, **{"kernel__threads-max": 40000, "kernel__pid_max": 32768}
    )
    wanted = items(document)
    found = [finding.code for finding in (*check(wanted), *check_on(machine, wanted))]
    assert found == codes


@pytest.mark.parametrize(
    ("document", "codes"),
    [
        ({"limits": limit("nofile", 2000000)}, []),
        ({"limits": limit("nofile", 2000000), "sysctl": {"fs.nr_open": 1048576}}, ["LW501"]),
        # a tuning that contradicts itself, though some hosts would not mind
        ({"limits": limit("nofile", 1000000), "sysctl": {"fs.nr_open": 999999}}, ["LW501"]),
        ({"limits": limit("nproc", 50), "sysctl": {"kernel.threads-max": 60}}, ["LW504"]),
        ({"limits": limit("noproc", "words"), "sysctl": {"kernel.threads-max": "words"}}, []),
    ],
)
def test_without_a_host(document: Dict[str, Any], codes: List[str]) -> None:
    assert [finding.code for finding in check(items(document))] == codes


def test_nothing_is_said_twice(tmp_path: Path) -> None:
    wanted = items({"limits": limit("nofile", 2000000), "sysctl": {"fs.nr_open": 1500000}})
    assert len(check(wanted)) == 1
    assert check_on(host(tmp_path, fs__nr_open=1048576), wanted) == []


def caps(**slices: Any) -> Dict[str, Any]:
    return {
        "slices": {
            name.replace("__", "-") + ".slice": {"MemoryMax": value}
            for name, value in slices.items()
        }
    }


@pytest.mark.parametrize(
    ("document", "total"),
    [
        (caps(user="16G", docker="16G", system="16G"), "150% of RAM"),
        (caps(user="16G", docker="16G"), None),
        (caps(user="80%", docker="30%"), "110% of RAM"),
        (caps(user="80%", docker="20%"), None),
        (caps(user="80%", docker="8G"), "105% of RAM"),
        (caps(user="80%", docker="infinity"), None),
        (caps(user="100%"), None),
        # what is inside a capped tree is held by that
        (caps(user="80%", user__="50%", user__1000="50%"), None),
        (caps(user__="80%", docker="50%"), "130% of RAM"),
        (caps(a="60%", a__b="60%", c="60%"), "120% of RAM"),
        (caps(user="64G", docker="1G"), "103.125% of RAM"),
        (caps(user="lots", docker="128g"), None),
    ],
)
def test_caps_together(tmp_path: Path, document: Dict[str, Any], total: str) -> None:
    wanted = items(document)
    found = [*check(wanted), *check_on(host(tmp_path), wanted)]
    assert [(one.code, one.found) for one in found] == ([("LW506", total)] if total else [])


def test_a_cap_of_the_root_slice_holds_all() -> None:
    document = {"slices": {"-.slice": {"MemoryMax": "90%"}, "user.slice": {"MemoryMax": "80%"}}}
    assert check(items(document)) == []


def test_an_image_knows_no_ceilings(tmp_path: Path) -> None:
    wanted = items({"limits": limit("nofile", 2000000), **caps(user="16G", docker="64G")})
    assert check_on(Host.image(str(tmp_path)), wanted) == []
