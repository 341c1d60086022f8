# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of cgroups as systemd, the kubelet's and the runtimes' cgroup drivers write them."""

from __future__ import annotations

from typing import Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.ceilings.group_name import name_of

ID = "0123456789abcdef" * 4
UID = "7f5a7b3c-1f1e-4c1b-9d55-0c9a3b1e2d4f"
SLICED = UID.replace("-", "_")
POD = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{SLICED}.slice"
IN_POD = f"/kubepods/burstable/pod{UID}"


@pytest.mark.parametrize(("path", "name"), [
    ("/", ("cgroup", "/")),
    ("/system.slice", ("slice", "system.slice")),
    ("/user.slice/user-1000.slice", ("slice", "user-1000.slice")),
    ("/system.slice/ssh.service", ("unit", "ssh.service")),
    ("/init.scope", ("unit", "init.scope")),
    ("/system.slice/system-getty.slice/getty@tty1.service", ("unit", "getty@tty1.service")),
    ("/system.slice/docker.service/inner", ("cgroup", "system.slice/docker.service/inner")),
    ("/user.slice/user-1000.slice/user@1000.service/app.slice",
     ("slice", "user@1000.service/app.slice")),
    ("/user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
     ("unit", "user@1000.service/app.slice/x.service")),
    # the kubelet's systemd driver
    ("/kubepods.slice", ("kubepods", "kubepods.slice")),
    ("/kubepods.slice/kubepods-burstable.slice", ("kubepods", "kubepods-burstable.slice")),
    (POD, ("pod", UID)),
    (f"/kubepods.slice/kubepods-pod{SLICED}.slice", ("pod", UID)),
    ("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podc0ffee11c0ffee.slice",
     ("pod", "c0ffee11c0ffee")),
    (f"{POD}/cri-containerd-{ID}.scope", ("container", ID)),
    (f"{POD}/crio-{ID}.scope", ("container", ID)),
    (f"{POD}/crio-conmon-{ID}.scope", ("unit", f"crio-conmon-{ID}.scope")),
    (f"{POD}/cri-containerd-{ID}.scope/init.scope",
     ("cgroup", f"{POD[1:]}/cri-containerd-{ID}.scope/init.scope")),
    # under --cgroup-root, as kind has it
    (f"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{SLICED}.slice", ("pod", UID)),
    ("/kubelet.slice/kubelet-kubepods.slice", ("kubepods", "kubelet-kubepods.slice")),
    # its cgroupfs driver
    ("/kubepods", ("kubepods", "kubepods")),
    ("/kubepods/burstable", ("kubepods", "kubepods/burstable")),
    (IN_POD, ("pod", UID)),
    (f"/kubepods/pod{UID}", ("pod", UID)),
    (f"{IN_POD}/{ID}", ("container", ID)),
    # systemd's names with cgroupfs, a known misconfiguration
    (f"/system.slice/kubepods-burstable-pod{SLICED}.slice:cri-containerd:{ID}", ("container", ID)),
    # Docker and Podman
    (f"/system.slice/docker-{ID}.scope", ("container", ID)),
    (f"/docker/{ID}", ("container", ID)),
    ("/docker", ("cgroup", "docker")),
    ("/docker.slice", ("slice", "docker.slice")),
    (f"/machine.slice/libpod-{ID}.scope", ("container", ID)),
    # near misses
    ("/pod17", ("cgroup", "pod17")),
    ("/burstable", ("cgroup", "burstable")),
    ("/system.slice/kubepods.service", ("unit", "kubepods.service")),
    (f"/system.slice/docker-{ID}.mount", ("unit", f"docker-{ID}.mount")),
])
def test_a_path_tells_what_the_cgroup_is(path: str, name: Tuple[str, str]) -> None:
    assert name_of(path) == name
