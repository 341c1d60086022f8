# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a fleet: one entry per host from what its tasks left, and a table for people."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

BEGUN, TUNED, FAILED, ROLLED_BACK, LOST, UNREACHABLE, NOT_RUN, LINTED = (
    "begun", "tuned", "failed", "rolled-back", "lost", "unreachable", "not-run", "linted"
)
RUN_FAILED = "LW608"  # the engine took the run back at once
EFFECTS = ("none", "reload", "restart", "reboot")
COLUMNS = ("host", "state", "changes", "needs", "errors", "warnings", "run")


def entry(host: str, facts: Mapping[str, Any]) -> Dict[str, Any]:
    """What became of one host; ``facts`` are its variables after the plays."""
    result = facts.get("limitwise_result") or {}
    state = _state(facts)
    changes = result.get("changes") or []
    effects = [change["takes_effect"] for change in changes]
    findings = result.get("findings") or []
    taken_back = bool(facts.get("limitwise_taken_back", False))
    undone = taken_back or any(finding["code"] == RUN_FAILED for finding in findings)
    return {
        "host": host,
        "state": state,
        "taken_back": taken_back,
        "rebooted": bool((facts.get("limitwise_rebooted") or {}).get("rebooted", False)),
        "run_id": result.get("run_id"),
        "in_force": None if undone else result.get("run_id"),
        "changes": changes,
        "needs": max(effects, key=EFFECTS.index, default="none"),
        "findings": findings,
        "skipped": result.get("skipped") or [],
        "message": _message(facts, state),
    }


def _state(facts: Mapping[str, Any]) -> str:
    """A host that began and never ended was dropped by Ansible: something failed there."""
    state = facts.get("limitwise_state")
    if state is None:
        return UNREACHABLE if _mute(facts) else NOT_RUN
    return FAILED if state == BEGUN else str(state)


def _mute(facts: Mapping[str, Any]) -> bool:
    """Whether the last ping came to nothing: no connection, or one that is of no use."""
    ping = facts.get("limitwise_ping") or {}
    return bool(ping.get("unreachable") or ping.get("failed"))


def _message(facts: Mapping[str, Any], state: str) -> Optional[str]:
    """Why a host is not tuned: what failed, else what its last ping said."""
    if "limitwise_failure" in facts:
        return str(facts["limitwise_failure"])
    if state in (LOST, UNREACHABLE):
        ping = facts.get("limitwise_ping") or {}
        said = [str(ping[key]).strip() for key in ("msg", "module_stderr") if ping.get(key)]
        return ": ".join(said) or "it did not answer"
    return "it dropped out in the middle" if facts.get("limitwise_state") == BEGUN else None


def report(entries: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """The report: counts by state, and the hosts' entries."""
    counts: Dict[str, int] = {}
    for one in entries:
        counts[one["state"]] = counts.get(one["state"], 0) + 1
    return {"hosts": list(entries), "counts": counts}


def failed(entries: Sequence[Mapping[str, Any]], *, accept_unreachable: bool) -> List[str]:
    """The hosts because of which the playbook fails."""
    fine = {TUNED, UNREACHABLE} if accept_unreachable else {TUNED}
    return [one["host"] for one in entries if one["state"] not in fine]


def table(entries: Sequence[Mapping[str, Any]]) -> str:
    """A line per host."""
    rows = [COLUMNS]
    for one in entries:
        severities = [finding["severity"] for finding in one["findings"]]
        rows.append((
            one["host"], one["state"], str(len(one["changes"])), one["needs"],
            str(severities.count("error")), str(severities.count("warning")), one["run_id"] or "-",
        ))
    widths = [max(len(row[index]) for row in rows) for index in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]
    messages = [f"{one['host']}: {one['message']}" for one in entries if one["message"]]
    return "\n".join([*(line.rstrip() for line in lines), *messages])


def lint_entry(host: str, facts: Mapping[str, Any]) -> Dict[str, Any]:
    """What was found in the files of one host."""
    linted = facts.get("limitwise_linted") or {}
    reached = "findings" in linted
    return {
        "host": host,
        "state": LINTED if reached else UNREACHABLE,
        "files": linted.get("files", 0),
        "findings": linted.get("findings") or [],
    }


def lint_failed(entries: Sequence[Mapping[str, Any]]) -> List[str]:
    """The hosts with an error, and those that were not read."""
    wrong = []
    for one in entries:
        bad = any(finding["severity"] == "error" for finding in one["findings"])
        if bad or one["state"] != LINTED:
            wrong.append(one["host"])
    return wrong


def lint_text(entries: Sequence[Mapping[str, Any]]) -> str:
    """Every finding once, with the hosts that have it and the right line where it is known."""
    hosts: Dict[Tuple[str, ...], List[str]] = {}
    for one in entries:
        for finding in one["findings"]:
            place = ":".join(str(finding[key]) for key in ("file", "line") if finding[key])
            head = f"{place}: {finding['severity']} {finding['code']}: {finding['message']}"
            fix = finding["fixed_line"]
            lines: Tuple[str, ...] = (head,) if fix is None else (head, f"    should be: {fix}")
            hosts.setdefault(lines, []).append(one["host"])
    told = []
    for lines, names in hosts.items():
        told += [*lines, f"    on {', '.join(names)}"]
    files = sum(one["files"] for one in entries)
    unread = [one["host"] for one in entries if one["state"] != LINTED]
    told.append(f"{files} files of {len(entries) - len(unread)} hosts read.")
    if unread:
        told.append(f"Not reached: {', '.join(unread)}.")
    return "\n".join(told)
