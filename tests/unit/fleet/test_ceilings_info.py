"""The module ceilings_info as Ansible runs it, over a running system of plain files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
FILES = {
    "proc/loadavg": "0 0 0 1/150 9\n",
    "proc/sys/kernel/threads-max": "160\n",
    "sys/fs/cgroup/cgroup.controllers": "pids\n",
    "sys/fs/cgroup/student.slice/pids.max": "512\n",
    "sys/fs/cgroup/student.slice/pids.current": "80\n",
    "proc/77/limits": "Max open files            1024                 4096                 files\n",
    "proc/77/fd/0": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def run(options: dict[str, Any], *words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and result of the module on this machine, with these options."""
    done = subprocess.run(
        [str(Path(sys.prefix) / "bin/ansible"), "localhost", "-m", "limitwise.host.ceilings_info",
         "-a", json.dumps(options), "-e", f"ansible_python_interpreter={sys.executable}", *words],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
             "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
    )
    result: dict[str, Any] = json.loads(done.stdout.partition("=>")[2])
    return done.returncode, result


@pytest.mark.parametrize("words", [(), ("--check",)])
def test_it_returns_the_contract_and_changes_nothing(root: Path, words: tuple[str, ...]) -> None:
    status, result = run({"root": str(root), "processes": [77]}, *words)
    assert (status, result["changed"]) == (0, False)
    assert [
        (one["resource"], one["scope"], one["subject"], one["headroom"], one["binding"])
        for one in result["ceilings"]
    ] == [
        ("threads", "host", "", 10, True),
        ("pids", "slice", "student.slice", 432, False),
        ("open_files", "process", "77", 1023, True),
    ]
    assert [one["code"] for one in result["findings"]] == ["LW701"]


def test_what_does_not_run_fails_with_a_remedy(tmp_path: Path) -> None:
    status, result = run({"root": str(tmp_path)})
    assert status != 0
    assert "no running system" in result["msg"]
    assert result["ceilings"] == []
