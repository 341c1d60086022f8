"""The command's contracts: JSON on standard output alone, exit statuses, one line per error."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from limitwise import documents
from limitwise.__main__ import main

FINDING_KEYS = {
    "code", "severity", "layer", "file", "line", "column", "message", "found", "suggestion",
    "fixed_line",
}
CHANGE_KEYS = {
    "layer", "subject", "key", "before", "after", "runtime", "persistent", "takes_effect",
    "applies_to", "file", "line",
}
TUNING = "sysctl: {kernel.threads-max: 65536, kernel/pid_max: 65536}\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The files of a small Debian with systemd and PAM."""
    root = tmp_path / "image"
    for folder in ("etc/sysctl.d", "etc/security/limits.d", "usr/lib/systemd", "usr/lib/security"):
        (root / folder).mkdir(parents=True)
    (root / "usr/lib/systemd/systemd").write_text("")
    (root / "usr/lib/systemd/systemd-sysctl").write_text("")
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="13"\n')
    return root


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """The JSON on standard output; nothing else may be there, and nothing on standard error."""
    captured = capsys.readouterr()
    assert captured.err == ""
    return json.loads(captured.out)


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


CASE_1 = """\
# limits for the agents
* soft noproc 65536
* hard nofiles 65536
soft nproc 65536
"""


def test_lint_names_the_right_word_and_the_right_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "limits.conf", CASE_1)
    assert main(["lint", file, "--format", "json"]) == 1
    document = said(capsys)
    assert set(document) == {"findings", "files"}
    assert document["files"] == 1
    found = [one for one in document["findings"] if one["severity"] == "error"]
    assert all(set(one) == FINDING_KEYS for one in found)
    assert [(one["line"], one["suggestion"], one["fixed_line"]) for one in found[:2]] == [
        (2, "nproc", "* soft nproc 65536"),
        (3, "nofile", "* hard nofile 65536"),
    ]
    assert (found[2]["line"], found[2]["fixed_line"]) == (4, "* soft nproc 65536")


def test_lint_fixes_what_is_certain_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "limits.conf"
    write(file, CASE_1)
    os.chmod(file, 0o640)
    assert main(["lint", str(file), "--fix"]) == 0
    right = CASE_1.replace("noproc", "nproc").replace("nofiles", "nofile")
    assert file.read_text() == right.replace("\nsoft nproc", "\n* soft nproc")
    assert file.stat().st_mode & 0o777 == 0o640
    assert "3 lines fixed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("limits", "* soft noproc 1 # limitwise: ignore LW102\n"),
        ("limits", "# limitwise: ignore LW102\n* soft noproc 1\n"),
    ],
)
def test_a_rule_is_switched_off_where_it_stands(kind: str, text: str, tmp_path: Path) -> None:
    file = write(tmp_path / "file", text)
    assert main(["lint", "--as", kind, file]) == 0


def test_a_rule_is_switched_off_by_option(tmp_path: Path) -> None:
    file = write(tmp_path / "limits.conf", "* soft noproc 1\n")
    assert main(["lint", file]) == 1
    assert main(["lint", "--ignore", "LW102", file]) == 0


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("sysctl.conf", "kernel.pid_maxx = 1\n", "LW2"),
        ("student.slice", "[Slice]\nMemoryMax=128g\n", "LW3"),
        ("docker.service.d/x.conf", "[Service]\nTaskMax=10\n", "LW3"),
        ("daemon.json", '{"default-ulimit": {}}', "LW4"),
        ("tuning.yml", "systcl: {}\n", "LW001"),
        ("tuning.json", '{"sysctl": {"kernel.core_pattern": "|x"}}', "LW007"),
    ],
)
def test_lint_tells_the_kind_by_the_name(
    name: str, text: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    file = write(tmp_path / name, text)
    assert main(["lint", file, "--format", "json"]) == 1
    assert any(one["code"].startswith(code) for one in said(capsys)["findings"])


def test_lint_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"* soft noproc 1\n"))
    monkeypatch.setattr("sys.stdin", stream)
    assert main(["lint", "--as", "limits", "-", "--format", "json"]) == 1
    assert said(capsys)["findings"][0]["file"] == "-"


def test_lint_without_files_reads_the_whole_image(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(image / "etc/security/limits.d/x.conf", "* soft noproc 1\n")
    write(image / "etc/sysctl.d/x.conf", "kernel.pid_max = 65536\n")
    assert main(["lint", "--root", str(image), "--format", "json"]) == 1
    document = said(capsys)
    assert document["files"] == 2
    assert document["findings"][0]["file"] == "/etc/security/limits.d/x.conf"


def test_a_plan_is_pending_until_it_is_applied(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuning = write(tmp_path / "t.yml", TUNING)
    root = ["--root", str(image), "--format", "json"]
    assert main(["plan", tuning, *root]) == 1
    planned = said(capsys)
    assert set(planned) == {"ok", "run_id", "changes", "findings", "skipped"}
    assert (planned["ok"], planned["run_id"]) == (True, None)
    assert [set(one) for one in planned["changes"]] == [CHANGE_KEYS, CHANGE_KEYS]
    assert planned["changes"][0]["after"] == "65536"
    assert main(["verify", tuning, *root]) == 1
    capsys.readouterr()
    assert main(["apply", tuning, *root]) == 0
    applied = said(capsys)
    assert applied["ok"]
    assert applied["run_id"]
    assert main(["plan", tuning, *root]) == 0
    assert said(capsys)["changes"] == []
    assert main(["verify", tuning, *root]) == 0
    capsys.readouterr()
    assert main(["history", *root]) == 0
    assert [one["id"] for one in said(capsys)["runs"]] == [applied["run_id"]]
    assert main(["rollback", "last", *root]) == 0
    assert said(capsys)["ok"]
    assert not (image / "etc/sysctl.d/zz-limitwise.conf").exists()


def test_tunings_are_merged_by_priority(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = write(tmp_path / "base.yml", TUNING)
    over = write(tmp_path / "over.json", '{"sysctl": {"kernel.pid_max": 131072}}')
    root = ["--root", str(image), "--format", "json"]
    assert main(["plan", base, "--over", f"5:{over}", *root]) == 1
    assert [one["after"] for one in said(capsys)["changes"]] == ["65536", "131072"]
    assert main(["plan", base, "--over", f"0:{over}", "--root", str(image)]) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sysctl: {kernel.pid_maxx: 1}\n", "kernel.pid_max"),
        ("systcl: {}\n", "sysctl"),
        ("sysctl: [1]\n", "a map"),
        ("sysctl: {kernel.pid_max: 1}\nsysctl: {}\n", "stands twice"),
        ("groups: {}\n", "not built yet"),
        ("sysctl: {kernel.pid_max: 99999999999}\n", "99999999999"),
        ("a: [\n", "is not YAML"),
        ("policy: {confirm: soon}\n", "60s"),
        ("sysctl: {kernel.core_pattern: '|/bin/sh'}\n", "not a limit"),
        ("sysctl: {vm/../kernel/core_pattern: '|/bin/sh'}\n", "not a limit"),
        ("x: &a [1, 2]\ny: [*a, *a]\n", "no layer"),
    ],
)
def test_a_wrong_tuning_is_refused_with_a_word_that_helps(
    text: str, words: str, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuning = write(tmp_path / "t.yml", text)
    before = sorted(image.rglob("*"))
    assert main(["apply", tuning, "--root", str(image)]) == 2
    captured = capsys.readouterr()
    assert words in captured.out + captured.err
    assert "t.yml" in captured.out + captured.err
    assert sorted(image.rglob("*")) == before


@pytest.mark.parametrize(
    "argv",
    [
        ["plan", "/nonexistent.yml"],
        ["lint", "/nonexistent/limits.conf"],
        ["lint", "/etc/hostname"],
        ["rollback", "last", "--root", "/nonexistent"],
        ["history", "--root", "/nonexistent"],
    ],
)
def test_what_cannot_be_read_is_one_line_and_status_two(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("limitwise: ")


def test_wrong_use_is_status_two() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan"])
    assert ended.value.code == 2


def test_anchors_cannot_fill_the_memory(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    tuning = write(tmp_path / "t.yml", "\n".join(lines))
    assert main(["plan", tuning, "--root", str(image)]) == 2
    assert "expand" in capsys.readouterr().err


def test_every_key_and_entry_has_its_place() -> None:
    data = b"sysctl:\n  kernel.pid_max: 1\nlimits:\n  - {domain: x}\n"
    _document, places = documents.parse(data, "t.yml")
    assert (places["sysctl", "kernel.pid_max"].line, places["limits", "0"].line) == (2, 4)
    _document, places = documents.parse(b'{"sysctl": {"a": 1}}', "t.json")
    assert (places["sysctl", "a"].line, places["sysctl", "a"].column) == (1, 13)


def test_text_is_for_people(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuning = write(tmp_path / "t.yml", TUNING)
    assert main(["plan", tuning, "--root", str(image), "--diff"]) == 1
    out = capsys.readouterr().out
    assert "kernel.threads-max" in out
    assert "+kernel.threads-max = 65536" in out
    assert out.endswith("2 changes pending.\n")


def test_help_is_worth_reading(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "exit status" in out
    assert "limitwise apply tuning.yml" in out
