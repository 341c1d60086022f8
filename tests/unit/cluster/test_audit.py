"""Writes are read from the audit log and counted by any of their fields."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cluster import audit
from cluster.audit import Audit, Write
from lab.errors import LabError


def line(user: str, verb: str, code: int = 200, **ref: str) -> str:
    event = {
        "kind": "Event",
        "stage": "ResponseComplete",
        "verb": verb,
        "user": {"username": user, "groups": ["system:authenticated"]},
        "objectRef": ref,
        "responseStatus": {"metadata": {}, "code": code},
        "requestReceivedTimestamp": "2026-11-22T20:30:00.000001Z",
    }
    return json.dumps(event) + "\n"


LOG = (
    line("operator", "patch", resource="nodetunings", name="base", subresource="status")
    + line("operator", "patch", 409, resource="nodetunings", name="base", subresource="status")
    + line("agent", "update", resource="leases", namespace="limitwise-system", name="h1")
)


def test_a_line_says_who_did_what() -> None:
    assert audit.parse(LOG)[2] == Write(
        *("agent", "update", "leases", "limitwise-system", "h1", 200),
        "2026-11-22T20:30:00.000001Z",
    )
    assert audit.parse(LOG)[1].resource == "nodetunings/status"
    assert audit.parse(LOG)[1].status == 409


def test_an_unfinished_line_is_left_for_later() -> None:
    assert len(audit.parse(LOG[:-30])) == 2
    assert audit.parse("") == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("user",), {("operator",): 2, ("agent",): 1}),
        (("verb", "status"), {("patch", "200"): 1, ("patch", "409"): 1, ("update", "200"): 1}),
        ((), {(): 3}),
    ],
)
def test_counting(fields: tuple[str, ...], expected: dict[tuple[str, ...], int]) -> None:
    assert audit.count(audit.parse(LOG), *fields) == expected


def test_only_what_came_after_a_mark(tmp_path: Path) -> None:
    log = Audit(tmp_path / "audit.log")
    assert log.mark() == 0
    log.log.write_text(LOG)
    mark = log.mark()
    assert log.since(mark) == []
    with log.log.open("a") as handle:
        handle.write(line("late", "delete", resource="nodes", name="h1"))
    assert [write.user for write in log.since(mark)] == ["late"]
    assert [write.user for write in log.wait(mark, bool)] == ["late"]
    with pytest.raises(LabError, match="does not show it"):
        log.wait(mark, lambda found: len(found) > 1, seconds=0)
