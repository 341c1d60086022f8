# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node made of plain files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.relief.node import (
    FILES,
    TASKS,
    put,
)


@pytest.fixture
def node(tmp_path: Path) -> Host:
    """The node; tests change its files."""
    files = dict(FILES)
    for group, (used, limit) in TASKS.items():
        files[f"{group}/pids.current"] = used + "\n"
        files[f"{group}/pids.max"] = limit + "\n"
    for path, text in files.items():
        put(tmp_path, path, text)
    os.makedirs(tmp_path / "proc/self/ns")
    os.symlink("pid:[4026531836]", tmp_path / "proc/self/ns/pid")
    return Host.mounted(str(tmp_path))
