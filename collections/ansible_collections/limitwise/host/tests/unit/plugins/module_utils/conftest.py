# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems made of plain files, for the tests of the engine as a whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Dict, Tuple

import pytest

# Files keep their owner, so only root can write them for others; what cannot run is not collected.
collect_ignore = [] if os.geteuid() == 0 else [
    "test_engine.py", "test_engine_faults.py", "test_engine_properties.py",
    "test_kubelet_runs.py", "test_owned.py",
]

FILES = {
    "etc/sysctl.d/50-site.conf": "# site\nvm.swappiness = 60\nkernel.pid_max = 32768\n",
    "etc/security/limits.conf": "# limits\n* soft nofile 1024\n",
    "etc/pam.d/sshd": "session required pam_limits.so\n",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1001:1001::/home/app:/bin/sh\n",
    "etc/group": "root:x:0:\napp:x:1001:\n",
    "usr/lib/systemd/systemd": "",
    "etc/systemd/system/web.service": "[Service]\nExecStart=/bin/true\n",
}
KERNEL = {
    "kernel/osrelease": "6.1.0",
    "kernel/pid_max": "32768",
    "kernel/threads-max": "20000",
    "kernel/random/boot_id": "11111111-2222-3333-4444-555555555555",
    "vm/swappiness": "60",
    "fs/nr_open": "1048576",
    "net/ipv4/tcp_rmem": "4096\t131072\t6291456",
}

Tree = Dict[str, Tuple[int, int, int, bytes]]


def fill(root: Path, files: Dict[str, str]) -> Path:
    """Make these files below the root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The files of a small system with systemd."""
    return fill(tmp_path / "image", FILES)


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """The same with a tree of plain files for /proc, and an init script in systemd's place."""
    root = fill(tmp_path / "mounted", FILES)
    fill(root, {f"proc/sys/{name}": f"{value}\n" for name, value in KERNEL.items()})
    fill(root, {"proc/1/mounts": "/dev/sda / ext4 rw 0 0\n", "proc/mounts": ""})
    return fill(root, {"etc/rcS.d/S01procps": "#!/bin/sh\n"})


@pytest.fixture
def tree() -> Callable[[Path], Tree]:
    """Everything below a root but our own state: mode, owner, content."""

    def read(root: Path) -> Tree:
        found: Tree = {}
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            if not name.startswith("var"):
                status = path.lstat()
                data = path.read_bytes() if path.is_file() else b""
                found[name] = (status.st_mode, status.st_uid, status.st_gid, data)
        return found

    return read
