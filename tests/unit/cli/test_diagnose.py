"""``limitwise diagnose``: the contract's JSON, the table, exit statuses; no fork."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest

from limitwise.__main__ import main

CEILING_KEYS = {
    "resource", "scope", "subject", "limit", "used", "headroom", "source", "binding",
}
GROUPS = "sys/fs/cgroup"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A running system of plain files; starting a process fails the test."""

    def refuse(*_args: object, **_words: object) -> NoReturn:
        raise AssertionError("a process was started")

    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    put(tmp_path, "proc/loadavg", "0 0 0 1/150 9\n")
    put(tmp_path, "proc/sys/kernel/threads-max", "192730\n")
    put(tmp_path, "proc/sys/kernel/pid_max", "32768\n")
    put(tmp_path, "proc/sys/fs/nr_open", "1048576\n")
    put(tmp_path, f"{GROUPS}/cgroup.controllers", "pids\n")
    students(tmp_path, 480)
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def students(root: Path, used: int) -> None:
    put(root, f"{GROUPS}/student.slice/pids.max", "512\n")
    put(root, f"{GROUPS}/student.slice/pids.current", f"{used}\n")


def asked(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    status = main(["diagnose", "--root", str(root), "--format", "json"])
    captured = capsys.readouterr()
    assert captured.err == ""
    return status, json.loads(captured.out)


def test_json_is_the_contract_and_the_fullest_comes_first(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, document = asked(root, capsys)
    assert status == 0
    assert set(document) == {"ceilings", "findings"}
    assert all(set(one) == CEILING_KEYS for one in document["ceilings"])
    assert document["ceilings"][0] == {
        "resource": "pids", "scope": "slice", "subject": "student.slice", "limit": 512,
        "used": 480, "headroom": 32, "source": "/sys/fs/cgroup/student.slice/pids.max",
        "binding": True,
    }
    assert document["ceilings"][-1]["headroom"] is None
    assert [one["code"] for one in document["findings"]] == ["LW701"]


@pytest.mark.parametrize(("used", "status", "severity"), [
    (300, 0, []), (420, 0, ["warning"]), (500, 1, ["error"]), (512, 1, ["error"]),
])
def test_only_what_is_nearly_full_fails(
    root: Path, capsys: pytest.CaptureFixture[str], used: int, status: int, severity: list[str]
) -> None:
    students(root, used)
    said, document = asked(root, capsys)
    assert said == status
    assert [one["severity"] for one in document["findings"]] == severity


def test_the_table_marks_what_binds_and_says_what_to_do(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", "--root", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[1:6]
    assert [line[0] for line in table] == [" ", "*", "*", " ", " "]
    assert table[1].split()[1:] == [
        "student.slice", "TasksMax", "480", "512", "32", "93%",
        "/sys/fs/cgroup/student.slice/pids.max",
    ]
    assert table[4].split() == ["fs.nr_open", "-", "1048576", "-", "-", "/proc/sys/fs/nr_open"]
    assert lines[-1] == (
        "Fullest: student.slice TasksMax, 93% (raise TasksMax of student.slice (layer slices))."
    )


def test_a_long_list_is_cut_and_says_so(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(60):
        put(root, f"{GROUPS}/system.slice/a{number}.service/pids.max", "100\n")
        put(root, f"{GROUPS}/system.slice/a{number}.service/pids.current", f"{number + 20}\n")
    assert main(["diagnose", "--root", str(root)]) == 0
    said = capsys.readouterr().out
    assert "39 ceilings more with --format json" in said
    assert "a59.service" in said
    assert "a0.service" not in said


@pytest.mark.parametrize("root_of", ["", "/nowhere"])
def test_what_does_not_run_has_no_ceilings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], root_of: str
) -> None:
    assert main(["diagnose", "--root", f"{tmp_path}{root_of}"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
