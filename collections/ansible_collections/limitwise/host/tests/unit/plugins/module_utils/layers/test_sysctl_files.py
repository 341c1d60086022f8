# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file wins for which applier, and which files are read at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.files import (
    ConfFile,
    in_order,
    no_applier,
    not_read,
    procps,
    read,
    systemd_sysctl,
    with_content,
)

KEY = "kernel/pid_max"


def conf(path: str, text: str, real: Optional[str] = None) -> ConfFile:
    return ConfFile(path, real or path, FileImage(text.encode()))


def files(**texts: str) -> Tuple[ConfFile, ...]:
    """Files of /etc/sysctl.d, named by their keyword with a number in front: ``_10_x``."""
    return tuple(
        conf(f"/etc/sysctl.d/{name[1:].replace('_', '-')}.conf", text)
        for name, text in texts.items()
    )


LINKED = (
    conf("/etc/sysctl.d/99-sysctl.conf", "kernel.pid_max=1\n", "/etc/sysctl.conf"),
    conf("/etc/sysctl.d/zz-limitwise.conf", "kernel.pid_max=2\n"),
    conf("/etc/sysctl.conf", "kernel.pid_max=1\n"),
)


@pytest.mark.parametrize(
    ("given", "systemd", "system"),
    [
        ((), None, None),
        (files(_10_a="kernel.pid_max=1"), "1", "1"),
        (files(_10_a="kernel.pid_max=1", _20_b="kernel/pid_max = 2"), "2", "2"),
        (files(_20_b="kernel.pid_max=1", _10_a="kernel.pid_max=2"), "1", "1"),
        (files(_9_a="kernel.pid_max=1", _10_b="kernel.pid_max=2"), "1", "1"),
        (files(_10_a="kernel.pid_max=1\nkernel.pid_max=2"), "2", "2"),
        (files(_10_a="-kernel.pid_max=1"), "1", "1"),
        (files(_10_a="kernel.pid_max=1", _20_b="-kernel.pid_max"), None, "1"),
        (files(_10_a="-kernel.pid_max", _20_b="kernel.pid_max=1"), "1", "1"),
        (files(_10_a="kernel.pid_*=1"), "1", "1"),
        (files(_10_a="kernel.*=1", _20_b="kernel.pid_m?x=2"), "2", "2"),
        (files(_10_a="kernel.pid_max=1", _20_b="kernel.*=2"), "1", "1"),
        (files(_10_a="kernel.*=1", _20_b="-kernel.pid_max"), None, None),
        (files(_10_a="*=1"), None, None),
        (LINKED, "2", "1"),
        ((conf("/etc/sysctl.conf", "kernel.pid_max=1"),), None, "1"),
    ],
)
def test_the_last_assignment_wins(
    given: Tuple[ConfFile, ...], systemd: Optional[str], system: Optional[str]
) -> None:
    for applier, wanted in ((systemd_sysctl, systemd), (procps, system)):
        found = applier(given).of(KEY)
        assert (found.value if found is not None else None) == wanted
    assert no_applier(given).of(KEY) is None


def test_the_place_of_the_winner_is_the_plain_file() -> None:
    found = systemd_sysctl(LINKED[:1]).of(KEY)
    assert found is not None
    assert str(found.place) == "/etc/sysctl.conf:1:1"
    assert systemd_sysctl(LINKED).of("vm/swappiness") is None


def test_a_star_stays_within_one_component() -> None:
    assigned = systemd_sysctl(files(_10_a="net.ipv4.conf.*.rp_filter = 2"))
    assert assigned.of("net/ipv4/conf/v0.100/rp_filter") is not None
    assert assigned.of("net/ipv4/conf/a/b/rp_filter") is None


TREE: Dict[str, str] = {
    "etc/sysctl.d/50-both.conf": "kernel.pid_max=1",
    "run/sysctl.d/50-both.conf": "kernel.pid_max=2",
    "run/sysctl.d/60-run.conf": "kernel.pid_max=3",
    "usr/local/lib/sysctl.d/10-local.conf": "kernel.pid_max=4",
    "usr/lib/sysctl.d/05-vendor.conf": "kernel.pid_max=5",
    "usr/lib/sysctl.d/60-run.conf": "kernel.pid_max=6",
    "etc/sysctl.d/.hidden.conf": "kernel.pid_max=7",
    "etc/sysctl.d/README": "kernel.pid_max=8",
    "etc/sysctl.d/99-old.conf.dpkg-old": "kernel.pid_max=9",
}


def host_with(root: Path, tree: Dict[str, str]) -> Host:
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Host.image(str(root))


def names(found: List[ConfFile]) -> List[str]:
    return [file.path for file in found]


def test_one_file_of_each_name_by_the_priority_of_its_directory(tmp_path: Path) -> None:
    host = host_with(tmp_path, TREE)
    (tmp_path / "lib").symlink_to("usr/lib")
    assert names(in_order(read(host))) == [
        "/usr/lib/sysctl.d/05-vendor.conf",
        "/usr/local/lib/sysctl.d/10-local.conf",
        "/etc/sysctl.d/50-both.conf",
        "/run/sysctl.d/60-run.conf",
    ]


def test_links_are_followed_inside_the_root(tmp_path: Path) -> None:
    host = host_with(tmp_path, {"etc/sysctl.conf": "kernel.pid_max=1", "etc/sysctl.d/a.conf": ""})
    os.symlink("../sysctl.conf", str(tmp_path / "etc/sysctl.d/99-sysctl.conf"))
    os.symlink("/dev/null", str(tmp_path / "etc/sysctl.d/50-masked.conf"))
    os.symlink("gone.conf", str(tmp_path / "etc/sysctl.d/60-dangling.conf"))
    (tmp_path / "etc/sysctl.d/70-folder.conf").mkdir()
    found = {file.path: (file.real, file.data) for file in read(host)}
    assert found == {
        "/etc/sysctl.d/99-sysctl.conf": ("/etc/sysctl.conf", b"kernel.pid_max=1"),
        "/etc/sysctl.d/50-masked.conf": ("/dev/null", b""),
        "/etc/sysctl.d/60-dangling.conf": ("/etc/sysctl.d/gone.conf", b""),
        "/etc/sysctl.d/a.conf": ("/etc/sysctl.d/a.conf", b""),
        "/etc/sysctl.conf": ("/etc/sysctl.conf", b"kernel.pid_max=1"),
    }


def test_a_mask_in_etc_takes_the_vendors_file_out(tmp_path: Path) -> None:
    host = host_with(tmp_path, {"usr/lib/sysctl.d/50-pid.conf": "kernel.pid_max=1"})
    (tmp_path / "etc/sysctl.d").mkdir(parents=True)
    os.symlink("/dev/null", str(tmp_path / "etc/sysctl.d/50-pid.conf"))
    assert systemd_sysctl(read(host)).of(KEY) is None


def test_content_can_be_replaced_added_and_taken_out() -> None:
    written = with_content(LINKED, "/etc/sysctl.conf", FileImage(b"kernel.pid_max=7"))
    assert [file.data for file in written] == [
        b"kernel.pid_max=7", b"kernel.pid_max=2\n", b"kernel.pid_max=7",
    ]
    removed = with_content(LINKED, "/etc/sysctl.conf", None)
    assert names(list(removed)) == ["/etc/sysctl.d/zz-limitwise.conf"]
    added = with_content((), "/etc/sysctl.d/zz.conf", FileImage(b"x"))
    assert names(in_order(added)) == ["/etc/sysctl.d/zz.conf"]


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (LINKED, 0),
        (LINKED[1:], 1),
        ((conf("/etc/sysctl.conf", "# nothing\n"),), 0),
        ((), 0),
    ],
)
def test_sysctl_conf_that_no_boot_reads_is_named(given: Tuple[ConfFile, ...], count: int) -> None:
    assert len(not_read(given, systemd_sysctl)) == count
    assert not_read(given, procps) == []
