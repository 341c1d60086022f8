# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits layer on files: what it reads of a host or image, and whole runs on a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils import own_file
from ansible_collections.limitwise.host.plugins.module_utils.acts import WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError, errors
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context, Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.facts import (
    read_facts,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.layer import (
    LimitsLayer,
    read_files,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.plan import OWN
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

LAYER = LimitsLayer()
MAIN = "/etc/security/limits.conf"
FOLDER = "/etc/security/limits.d"
BASE = {
    "/etc/os-release": "ID=debian\nVERSION_ID=13\n",
    "/etc/passwd": "root:x:0:0::/:/bin/sh\napp:x:1001:1001::/:/bin/sh\nmysql:x:105:105::/:/x\n",
    "/etc/group": "root:x:0:\napp:x:1001:\nmysql:x:105:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\n",
    "/etc/pam.d/sshd": "# pam_limits.so?\nsession required pam_limits.so\n",
    "/var/lib/dpkg/status": "Package: libpam-modules-bin\nVersion: 1.0\n\n"
    "Package: libpam-modules\nStatus: install ok installed\nVersion: 1.7.0-5\n\n",
    MAIN: "# none\n",
}
MakeRoot = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path) -> MakeRoot:
    """Makes a root folder of files by their paths, beside the usual ones; None leaves one out."""

    def make(files: Optional[Dict[str, Optional[str]]] = None) -> str:
        for path, text in {**BASE, **(files or {})}.items():
            if text is not None:
                target = tmp_path / path[1:]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text.encode("utf-8", "surrogateescape"))
        (tmp_path / FOLDER[1:]).mkdir(parents=True, exist_ok=True)
        return str(tmp_path)

    return make


def wanted(domain: str, key: str, value: str) -> Item:
    return Item("limits", domain, key, value)


def planned(host: Host, *items: Item) -> Plan:
    return LAYER.plan(LAYER.observe(host, items), items, Context())


def perform(host: Host, plan: Plan) -> None:
    for act in plan.acts:
        assert isinstance(act, WriteFile)
        if act.after is None:
            host.files.remove(act.path)
        else:
            host.files.write(act.path, act.after)


def paths(host: Host) -> List[str]:
    return [file.path for file in read_files(host)]


def test_the_order_of_files(root: MakeRoot) -> None:
    names = ["b.conf", "10-a.conf", "Z.conf", "a.txt", ".hidden.conf", "zzz.conf"]
    host = Host.image(root({f"{FOLDER}/{name}": "" for name in names}))
    assert paths(host) == [MAIN] + [
        f"{FOLDER}/{name}" for name in ("10-a.conf", "Z.conf", "b.conf", "zzz.conf")
    ]


def test_vendor_files_are_replaced_by_name(root: MakeRoot) -> None:
    vendor = "/usr/etc/security"
    host = Host.image(
        root({MAIN: None, f"{vendor}/limits.conf": "", f"{vendor}/limits.d/a.conf": "",
              f"{vendor}/limits.d/b.conf": "", f"{FOLDER}/b.conf": ""})
    )  # fmt: skip
    assert paths(host) == [
        f"{vendor}/limits.conf", f"{vendor}/limits.d/a.conf", f"{FOLDER}/b.conf"
    ]  # fmt: skip


def test_folders_and_dangling_links_are_no_files(root: MakeRoot) -> None:
    place = root()
    os.mkdir(f"{place}{FOLDER}/a.conf")
    os.symlink("nowhere", f"{place}{FOLDER}/b.conf")
    os.symlink("../limits.conf", f"{place}{FOLDER}/c.conf")
    host = Host.image(place)
    assert paths(host) == [MAIN, f"{FOLDER}/c.conf"]
    assert read_files(host)[-1].image is None


def test_our_own_file_must_be_a_plain_one(root: MakeRoot) -> None:
    place = root()
    os.symlink("../limits.conf", place + OWN)
    with pytest.raises(HostError, match="symbolic link"):
        read_files(Host.image(place))


def test_facts_of_debian(root: MakeRoot) -> None:
    facts = read_facts(Host.image(root()))
    assert facts.version == (1, 7, 0)
    assert facts.root_is_exempt
    assert facts.nr_open is None
    assert facts.in_use
    assert {user.name for user in facts.accounts.users} == {"root", "app", "mysql"}


@pytest.mark.parametrize(
    ("release", "exempt"),
    [
        ("ID=ubuntu\nID_LIKE=debian\n", True), ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", True),
        ("ID=fedora\n", False), ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', False), ("", False),
    ],
)  # fmt: skip
def test_the_root_rule_is_the_distributions(
    root: MakeRoot, release: str, exempt: bool
) -> None:
    assert read_facts(Host.image(root({"/etc/os-release": release}))).root_is_exempt == exempt


@pytest.mark.parametrize(
    ("path", "text", "version"),
    [
        ("/var/lib/dpkg/status", "Package: libpam-modules\nVersion: 1:1.5.2-6+deb12u1\n",
         (1, 5, 2)),
        ("/var/lib/dpkg/status", "Package: x\nVersion: 1\n\nPackage: libpam-modules\n\nP", None),
        ("/lib/apk/db/installed", "P:linux-pam\nT:x\nV:1.6.1-r0\n", (1, 6, 1)),
    ],
)
def test_the_version_of_linux_pam(
    root: MakeRoot, path: str, text: str, version: Optional[Tuple[int, ...]]
) -> None:
    host = Host.image(root({"/var/lib/dpkg/status": None, path: text}))
    assert read_facts(host).version == version


def test_whether_anything_runs_pam_limits(root: MakeRoot) -> None:
    assert not read_facts(
        Host.image(root({"/etc/pam.d/sshd": "#session required pam_limits.so\n"}))
    ).in_use


def test_a_host_without_pam_lacks_the_layer(tmp_path: Path) -> None:
    reason = LAYER.lacking(Host.image(str(tmp_path)))
    assert reason is not None
    assert "Linux-PAM" in reason


def test_the_layer_is_not_lacking_with_pam(root: MakeRoot) -> None:
    assert LAYER.lacking(Host.image(root())) is None


def test_a_run_on_an_image(root: MakeRoot) -> None:
    host = Host.image(root({MAIN: "* hard nofile 4096\n* - noproc 5\n"}))
    items = [wanted("*", "hard nofile", "65536"), wanted("app", "soft nproc", "9000")]
    plan = planned(host, *items)
    assert errors(plan.findings) == []
    assert [(one.code, one.place.line) for one in plan.findings if one.place.file == MAIN] == [
        ("LW102", 2)
    ]
    perform(host, plan)
    verdict = LAYER.verify(LAYER.observe(host, items), items, plan.changes)
    assert verdict.findings == ()
    assert [(one.before, one.persistent) for one in verdict.changes] == [
        ("4096", "65536"), (None, "9000")
    ]  # fmt: skip
    assert all(one.file == OWN and one.line for one in verdict.changes)
    assert planned(host, *items).acts == ()
    perform(host, planned(host))
    assert not host.files.exists(OWN)


def test_binary_and_huge_files_are_findings(root: MakeRoot) -> None:
    host = Host.image(
        root({f"{FOLDER}/a.conf": "\0\udcff\n" * 9, f"{FOLDER}/b.conf": "x" * 3_000_000})
    )
    plan = planned(host, wanted("app", "hard nproc", "5"))
    assert [(one.code, one.severity) for one in plan.findings] == [
        ("LW123", "warning"), ("LW101", "warning")
    ]  # fmt: skip
    assert len(plan.acts) == 1


def process(pid: int, uid: int, threads: int) -> Dict[str, str]:
    return {f"/proc/{pid}/status": f"Name:\tx\nUid:\t{uid}\t{uid}\t0\t0\nThreads:\t{threads}\n"}


@pytest.mark.parametrize(
    ("domain", "used"),
    [("app", 70), ("*", 70), ("1000:", 70), ("mysql", 900), ("root", None), ("nobody", None),
     ("@app", 70)],
)  # fmt: skip
def test_present_use_counts_threads_of_those_who_log_in(
    root: MakeRoot, domain: str, used: Optional[int]
) -> None:
    files = {**process(1, 0, 2000), **process(20, 1001, 50), **process(21, 1001, 20),
             **process(30, 105, 900), "/proc/self/status": "Uid:\t1001\nThreads:\t5\n"}  # fmt: skip
    place = root(files)
    host = Host.mounted(place)
    assert LAYER.present_use(host, domain, "hard nproc") == used
    assert LAYER.present_use(host, domain, "hard nofile") is None
    assert LAYER.present_use(Host.image(place), domain, "hard nproc") is None


def test_nothing_is_written_below_present_use(root: MakeRoot) -> None:
    host = Host.mounted(root({**process(20, 1001, 500)}))
    plan = planned(host, wanted("app", "hard nproc", "510"))
    (stop,) = errors(plan.findings)
    assert stop.code == "LW602"
    assert "500" in stop.message
    assert errors(planned(host, wanted("app", "hard nproc", "600")).findings) == []
    assert errors(planned(Host.image(host.files.root), wanted("app", "hard nproc", "5")).findings
                  ) == []  # fmt: skip


def test_nr_open_is_read_from_a_running_host(root: MakeRoot) -> None:
    place = root({"/proc/sys/fs/nr_open": "524288\n", MAIN: "* - nofile 600000\n"})
    host = Host.mounted(place)
    assert read_facts(host).nr_open == 524288
    plan = planned(host, wanted("app", "hard as", "5"))
    assert [(one.code, one.severity) for one in plan.findings] == [("LW107", "warning")]


@pytest.mark.parametrize(
    ("domain", "name", "key"),
    [
        ("@student", "soft nproc", "@student soft nproc"),
        ("*", "hard nofile", "* hard nofile"),
        ("app", "hard maxlogins", "app - maxlogins"),
    ],
)
def test_a_change_stands_in_our_file_under_this_key(
    root: MakeRoot, domain: str, name: str, key: str
) -> None:
    made = planned(Host.image(root()), wanted(domain, name, "5"))
    (act,), (change,) = made.acts, made.changes
    assert LAYER.file_key(change) == (OWN, key)
    assert isinstance(act, WriteFile)
    assert list(own_file.values(act.after, "limits_conf")) == [key]
