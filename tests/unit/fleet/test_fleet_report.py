"""The report of a fleet: a host's entry from what its tasks left, the verdict, and the texts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.limitwise.host.plugins.plugin_utils import fleet

RUN = "20261122T173018.791435Z-c83b"


def finding(severity: str, code: str = "LW101", **more: Any) -> dict[str, Any]:
    base = {"file": None, "line": None, "message": "wrong", "fixed_line": None}
    return {**base, "severity": severity, "code": code, **more}


def result(*effects: str, findings: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "run_id": RUN,
        "changes": [{"takes_effect": effect} for effect in effects],
        "findings": list(findings),
    }


@pytest.mark.parametrize(
    ("facts", "state", "message"),
    [
        ({"limitwise_state": "tuned"}, "tuned", None),
        ({"limitwise_ping": {"ping": "pong"}}, "not-run", None),
        ({}, "not-run", None),
        ({"limitwise_ping": {"unreachable": True, "msg": "no route"}}, "unreachable", "no route"),
        ({"limitwise_ping": {"failed": True, "msg": "no sudo"}}, "unreachable", "no sudo"),
        (
            {"limitwise_ping": {"failed": True, "msg": "no json", "module_stderr": "no sudo\n"}},
            "unreachable", "no json: no sudo",
        ),
        ({"limitwise_ping": {"failed": True}}, "unreachable", "it did not answer"),
        (
            {"limitwise_state": "lost", "limitwise_ping": {"failed": True, "msg": "no sudo"}},
            "lost", "no sudo",
        ),
        ({"limitwise_state": "failed", "limitwise_failure": "read-only"}, "failed", "read-only"),
        ({"limitwise_state": "begun"}, "failed", "it dropped out in the middle"),
        ({"limitwise_state": "begun", "limitwise_failure": "why"}, "failed", "why"),
    ],
)
def test_the_state_of_a_host_and_why(
    facts: dict[str, Any], state: str, message: str | None
) -> None:
    entry = fleet.entry("h1", facts)
    assert (entry["host"], entry["state"], entry["message"]) == ("h1", state, message)


@pytest.mark.parametrize(
    ("facts", "run"),
    [
        ({"limitwise_result": result("none")}, RUN),
        ({"limitwise_result": {"run_id": None}}, None),
        ({}, None),
        ({"limitwise_result": result("none"), "limitwise_taken_back": True}, None),
        ({"limitwise_result": result(findings=(finding("error", "LW608"),))}, None),
        ({"limitwise_result": result(findings=(finding("error", "LW603"),))}, RUN),
    ],
)
def test_the_run_that_is_still_in_force(facts: dict[str, Any], run: str | None) -> None:
    assert fleet.entry("h1", facts)["in_force"] == run


@pytest.mark.parametrize(
    ("effects", "needs"),
    [
        ((), "none"), (("none", "none"), "none"), (("restart", "reload"), "restart"),
        (("restart", "reboot", "none"), "reboot"),
    ],
)
def test_what_a_host_needs_is_the_strongest(effects: tuple[str, ...], needs: str) -> None:
    assert fleet.entry("h1", {"limitwise_result": result(*effects)})["needs"] == needs


@pytest.mark.parametrize(
    ("state", "fails", "fails_when_accepted"),
    [
        ("tuned", False, False), ("unreachable", True, False), ("failed", True, True),
        ("rolled-back", True, True), ("lost", True, True), ("not-run", True, True),
    ],
)
def test_which_hosts_fail_the_playbook(
    state: str, fails: bool, fails_when_accepted: bool
) -> None:
    entries = [{"host": "h1", "state": "tuned"}, {"host": "h2", "state": state}]
    expected = {True: ["h2"], False: []}
    assert fleet.failed(entries, accept_unreachable=False) == expected[fails]
    assert fleet.failed(entries, accept_unreachable=True) == expected[fails_when_accepted]


def test_the_counts_of_the_report() -> None:
    entries = [{"host": name, "state": state} for name, state in (("a", "tuned"), ("b", "tuned"),
                                                                  ("c", "lost"))]
    report = fleet.report(entries)
    assert report == {"hosts": entries, "counts": {"tuned": 2, "lost": 1}}


def test_the_table_has_a_line_per_host_and_the_reasons_below() -> None:
    tuned = {"limitwise_state": "tuned",
             "limitwise_result": result("restart", findings=(finding("warning"),))}
    broken = {"limitwise_state": "failed", "limitwise_failure": "read-only"}
    text = fleet.table([fleet.entry("web1", tuned), fleet.entry("b", broken)])
    assert text.splitlines() == [
        "host  state   changes  needs    errors  warnings  run",
        f"web1  tuned   1        restart  0       1         {RUN}",
        "b     failed  0        none     0       0         -",
        "b: read-only",
    ]


def linted(host: str, *found: dict[str, Any]) -> dict[str, Any]:
    return fleet.lint_entry(host, {"limitwise_linted": {"files": 2, "findings": list(found)}})


def test_a_finding_is_told_once_with_its_hosts_and_the_right_line() -> None:
    wrong = finding("error", "LW102", file="/etc/x", line=2, message="no item",
                    fixed_line="* soft nproc 1")
    mute = fleet.lint_entry("c", {"limitwise_linted": {"failed": True, "msg": "no sudo"}})
    entries = [linted("a", wrong), linted("b", wrong), mute]
    assert fleet.lint_text(entries).splitlines() == [
        "/etc/x:2: error LW102: no item",
        "    should be: * soft nproc 1",
        "    on a, b",
        "4 files of 2 hosts read.",
        "Not reached: c.",
    ]


def test_lint_fails_for_errors_and_for_hosts_that_were_not_read() -> None:
    entries = [
        linted("fine"), linted("warned", finding("warning")), linted("wrong", finding("error")),
        fleet.lint_entry("mute", {}),
    ]
    assert fleet.lint_failed(entries) == ["wrong", "mute"]
