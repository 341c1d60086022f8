# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of the layer kubelet on an image: applied, left alone, given back, rolled back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from ansible_collections.limitwise.host.plugins.module_utils import engine, rollback
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.report import Report
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

CONFIG = "var/lib/kubelet/config.yaml"
TEXT = "# of kubeadm\nkind: KubeletConfiguration\nmaxPods: 110\n"
DROP_IN = "etc/kubernetes/kubelet.d/zz-limitwise.conf"
WANTED = {"kubelet": {"podPidsLimit": 4096, "systemReserved.pid": 500}}


def node(image: Path, flags: str = "") -> Host:
    """The image as a node's."""
    unit = image / "etc/systemd/system/kubelet.service"
    unit.write_text(f"[Service]\nExecStart=/usr/bin/kubelet --config=/{CONFIG} {flags}\n")
    (image / CONFIG).parent.mkdir(parents=True)
    (image / CONFIG).write_text(TEXT)
    return Host.image(str(image))


def apply(host: Host, document: Dict[str, Any]) -> Report:
    tuning, found = read(document)
    assert found == ()
    report = engine.apply(host, tuning)
    assert (report.ok, report.findings) == (True, ())
    return report


def test_the_kubelet_s_own_file(image: Path) -> None:
    host = node(image)
    apply(host, WANTED)
    file = image / CONFIG
    assert file.read_text() == TEXT + 'podPidsLimit: 4096\nsystemReserved:\n  pid: "500"\n'
    assert apply(host, WANTED).run_id is None
    file.write_text(file.read_text() + "podsPerCore: 7\n")  # of somebody else
    apply(host, {"kubelet": {}})
    assert file.read_text() == TEXT + "podsPerCore: 7\n"
    assert rollback.rollback(host, "last").ok
    assert "podPidsLimit: 4096\n" in file.read_text()
    assert rollback.rollback(host, "original").ok
    assert file.read_text() == TEXT + "podsPerCore: 7\n"


def test_a_file_in_the_drop_in_directory(image: Path) -> None:
    host = node(image, "--config-dir=/etc/kubernetes/kubelet.d")
    apply(host, WANTED)
    assert (
        (image / DROP_IN)
        .read_text()
        .endswith('podPidsLimit: 4096\nsystemReserved:\n  pid: "500"\n')
    )
    apply(host, {"kubelet": {"podPidsLimit": 4096}})
    assert "systemReserved" not in (image / DROP_IN).read_text()
    assert rollback.rollback(host, "original").ok
    assert not (image / DROP_IN).parent.exists()
    assert (image / CONFIG).read_text() == TEXT
