"""What `limitwise k8s` prints: from kubectl's files, bounded, harmless, errors in one line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from limitwise.__main__ import main
from limitwise.k8s import show_explain, show_status
from limitwise.k8s.explain import explain
from limitwise.k8s.objects import cluster_of
from limitwise.k8s.page import Page
from limitwise.k8s.picture import picture
from unit.cli.incidents import (
    CALM_STATUS,
    DRIFTED,
    GIVEN_UP,
    HEALTHY,
    IN_TROUBLE,
    NOW,
    PRESSED,
    Incident,
    node,
    policy,
    state,
    tuning,
    written,
)

Body = dict[str, Any]
SPENT = state(status=replace(CALM_STATUS, pressure=replace(PRESSED, spent=True)))


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(["k8s", *argv])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize("name", ["cluster.json", "cluster.yaml"])
@pytest.mark.parametrize(("bodies", "wanted"), [(HEALTHY, 0), (IN_TROUBLE, 1)])
def test_status_is_one_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bodies: Sequence[Body], wanted: int,
    name: str,
) -> None:  # fmt: skip
    path = written(tmp_path, bodies, name)
    status, out, err = run(capsys, "status", "--from", path)
    assert (status, err) == (wanted, "")
    assert "as of 2026-05-23T00:30:00Z" in " ".join(out.split())
    assert len(out.splitlines()) < 40
    shown = [line for line in out.splitlines() if not line.startswith("    kubectl")]
    assert max(map(len, shown)) <= 80
    assert "\x1b" not in out
    assert ("Nothing needs a person." in out) == (wanted == 0)
    status, out, err = run(capsys, "status", "--from", path, "--format", "json")
    assert status == wanted
    assert bool(json.loads(out)["needs"]) == bool(wanted)


def test_explain_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, IN_TROUBLE)
    status, out, _err = run(capsys, "explain", "h1", "--from", path)
    assert status == 1
    for said in (
        "cordoned by NodeRemediation/", "Exhausted for 40s", "kernel.pid_max 32768 -> 65536",
        "05-23 00:22:50  Draining", "kubectl describe nr", "base (5)",
    ):  # fmt: skip
        assert said in out
    assert run(capsys, "explain", "h2", "--from", path)[0] == 0


def test_several_files_and_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = written(tmp_path, HEALTHY[:2])
    two = written(tmp_path, [GIVEN_UP.body], "two.yaml")
    assert run(capsys, "status", "--from", one, two)[0] == 0
    with open(two, "rb") as stream:
        monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": stream}))
        assert run(capsys, "status", "--from", "-")[0] == 1


def test_nothing_hostile_reaches_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "x\x1b[2J\x07\u202e[red]boo[/red]\n; rm -rf ~"
    hostile = Incident(node=evil, message=evil * 90, more={"blocking": evil})
    bodies = [
        node(evil), policy(evil, pauseRequests=[evil]), tuning(evil), hostile.body,
        state(evil, replace(DRIFTED, agent_version=evil, pressure=replace(PRESSED, spent=True))),
    ]  # fmt: skip
    path = written(tmp_path, bodies)
    for words_ in (["status"], ["explain", evil]):
        _status, out, err = run(capsys, *words_, "--from", path)
        assert err == ""
        assert not set(out) & {"\x1b", "\x07", "\u202e"}
        assert "[red]boo" in "".join(out.split())


def test_colours_are_all_that_a_terminal_is_sent() -> None:
    hostile = replace(GIVEN_UP, message="\x1b]0;owned\x07 \x1b[31m", node="h1")
    cordoned = node(by=f"NodeRemediation/{hostile.name}")
    cluster = cluster_of([cordoned, SPENT, policy(), hostile.body], NOW)
    for shown in (
        show_status.show(picture(cluster), Page(80, True)),
        show_explain.show(explain(cluster, "h1"), Page(80, True)),
    ):
        assert "\x1b[31mEscalated" in shown
        assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", shown)
        assert "\x07" not in shown
        assert "\\x1b]0;owned" in shown


def test_long_lists_are_bounded_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"n{number:03}" for number in range(300)]
    bodies = [*map(node, names), *(Incident(node=name).body for name in names), policy()]
    _status, out, _err = run(capsys, "status", "--from", written(tmp_path, bodies))
    assert len(out.splitlines()) < 60
    assert "and 280 more: --format json" in out


BAD = {
    "empty": (b"", "is empty"),
    "no JSON": (b"{", "is not JSON"),
    "deep JSON": (b'{"a":' * 200_000, "is not JSON"),
    "no YAML": (b"a: [", "is not YAML"),
    "a number": (b"3", "no object of Kubernetes"),
    "no kind": (b"a: 1", "no object of Kubernetes"),
    "a list of numbers": (b'{"kind": "List", "items": [3]}', "no object of Kubernetes"),
    "no items": (b'{"kind": "List", "items": "x"}', "items are no list"),
    "nothing of ours": (b'{"kind": "Pod", "apiVersion": "v1"}', "no object of Limitwise"),
    "another NodeTuning": (b'{"kind": "NodeTuning", "apiVersion": "x/v1"}', "no object of Limit"),
    "anchors": (
        b"kind: NodeTuning\na: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 10))
                   for n in range(9)),
        "expand to too much",
    ),
    "bytes": (b"\xff\xfe\x00", "is not YAML"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "why"), BAD.values(), ids=BAD)
def test_bad_files_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("limitwise.k8s.files.VALUE_LIMIT", 100_000)
    path = tmp_path / "x"
    path.write_bytes(data)
    status, out, err = run(capsys, "status", "--from", str(path))
    assert (status, out) == (2, "")
    assert why in err
    assert len(err.splitlines()) == 1


def test_a_node_of_which_nothing_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "explain", "h9", "--from", written(tmp_path, HEALTHY))
    assert (status, out) == (2, "")
    assert "nothing is known of a node 'h9'" in err


def test_no_cluster_and_no_client(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _out, err = run(capsys, "status", "--kubeconfig", str(tmp_path / "none"))
    assert status == 2
    assert "none" in err
    monkeypatch.setitem(sys.modules, "limitwise_operator.effects.access", None)
    status, _out, err = run(capsys, "status")
    assert status == 2
    assert "pip install 'limitwise[operator]'" in err


def test_an_older_python_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("limitwise.commands.OPERATORS_PYTHON", (99, 0))
    assert run(capsys, "status")[0] == 2


def test_without_rich_there_is_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("rich", "rich.console"):
        monkeypatch.setitem(sys.modules, name, None)
    path = written(tmp_path, HEALTHY)
    assert run(capsys, "status", "--from", path)[0] == 2
    assert run(capsys, "status", "--from", path, "--format", "json")[0] == 0
