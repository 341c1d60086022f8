# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of the kubelet: which file or flag wins over ours; no kubelet is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.drift.deviation import Drift
from ansible_collections.limitwise.host.plugins.module_utils.drift.watch import WATCHERS, observe
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.table import LAYERS
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

CONFIG = "var/lib/kubelet/config.yaml"
FOLDER = "etc/kubernetes/kubelet.d"
OWN = f"{FOLDER}/zz-limitwise.conf"
UNIT = "etc/systemd/system/kubelet.service"
PROCS = "sys/fs/cgroup/system.slice/kubelet.service/cgroup.procs"
HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
FLAGS = "--config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.d"
FILES: Dict[str, str] = {
    "usr/bin/kubelet": "",
    CONFIG: HEAD + "maxPods: 110\n",
    OWN: HEAD + 'podPidsLimit: 4096\nsystemReserved:\n  pid: "2k"\n',
    UNIT: f"[Service]\nExecStart=/usr/bin/kubelet {FLAGS}\n",
}
TUNING = {"kubelet": {"podPidsLimit": 4096, "systemReserved": {"pid": 2000}}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        put(tmp_path, name, text)
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def drifts(root: Path) -> Tuple[Drift, ...]:
    tuning, found = read(TUNING)
    assert not found
    return observe(Host.mounted(str(root)), tuning)


def running(root: Path, flags: str) -> None:
    put(root, PROCS, "77\n")
    put(root, "proc/77/cmdline", "\0".join(["/usr/bin/kubelet", *flags.split()]) + "\0")


def test_every_layer_that_is_built_is_watched() -> None:
    assert set(WATCHERS) == set(LAYERS)


@pytest.mark.parametrize("runs", [True, False])
def test_a_kubelet_as_it_is_wanted_has_no_drift(root: Path, runs: bool) -> None:
    if runs:
        running(root, FLAGS)
    assert drifts(root) == ()


@pytest.mark.parametrize(("file", "text", "value", "where"), [
    (f"{FOLDER}/zzz.conf", HEAD + "podPidsLimit: 64\n", "64", f"{FOLDER}/zzz.conf"),
    (OWN, HEAD + 'systemReserved:\n  pid: "2000"\n', None, None),
    (OWN, HEAD + 'podPidsLimit: 8192\nsystemReserved:\n  pid: "2000"\n', "8192", OWN),
])
def test_the_file_with_the_last_word_is_named(
    root: Path, file: str, text: str, value: Optional[str], where: Optional[str]
) -> None:
    put(root, file, text)
    (found,) = drifts(root)
    assert (found.key, found.file_value) == ("/podPidsLimit", value)
    assert found.file == (where and f"/{where}")
    assert found.writer is None


def test_a_flag_wins_over_all_files(root: Path) -> None:
    put(root, UNIT, f"[Service]\nExecStart=/usr/bin/kubelet {FLAGS} --pod-max-pids=99\n")
    (found,) = drifts(root)
    assert (found.file_value, found.file, found.writer) == ("99", f"/{UNIT}", "--pod-max-pids=99")
    # the process has older flags than the unit: it is the process that will read the files again
    running(root, FLAGS)
    assert drifts(root) == ()


def test_a_kubelet_without_known_files_is_left_alone(root: Path) -> None:
    put(root, UNIT, "[Service]\nExecStart=/usr/bin/k3s agent\n")
    assert drifts(root) == ()
    # unless its process is found elsewhere
    put(root, "proc/88/comm", "kubelet\n")
    put(root, "proc/88/cgroup", "0::/custom\n")
    put(root, "proc/88/stat", f"88 (kubelet) S {'0 ' * 18}1 0 0\n")
    put(root, "proc/88/cmdline", "\0".join(["kubelet", *FLAGS.split(), "--pod-max-pids=5", ""]))
    put(root, "proc/uptime", "100000.00 1.0\n")
    put(root, "proc/sys/kernel/random/boot_id", "b\n")
    (found,) = drifts(root)
    assert found.file_value == "5"
