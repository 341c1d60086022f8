"""How a run ended, read from Ansible's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

APPLIED = "applied"
REFUSED = "refused"  # the document or the host forbids it; nothing was written
FAILED = "failed"  # begun, and taken back
TIMEOUT = "timeout"  # too long; killed, and completed or replaced by the next run
NEVER_RAN = "never-ran"  # no answer of the module: it did not begin, or was killed

MODULE = "limitwise.host.tune"
# A module's own "skipped" (layers that the host lacks) makes Ansible call the task skipped, and
# leave its result out: the playbook shows it once more.
SHOWN = "limitwise_result"
WELL = "runner_on_ok"
BADLY = ("runner_on_failed", "runner_on_unreachable")
SAID = 1000  # characters of a message that are kept


@dataclass(frozen=True)
class Outcome:
    """`changes` and `findings` are the module's own dicts; `message` is for people."""

    state: str
    run_id: str | None = None
    changes: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether the node is as wanted now."""
        return self.state == APPLIED

    def as_dict(self) -> dict[str, Any]:
        """For the file by which the supervisor tells the agent."""
        return {
            "state": self.state,
            "run_id": self.run_id,
            "changes": list(self.changes),
            "findings": list(self.findings),
            "message": self.message,
        }


def from_dict(told: Mapping[str, Any]) -> Outcome:
    """The outcome that :meth:`Outcome.as_dict` gave."""
    return Outcome(
        str(told["state"]),
        told["run_id"],
        tuple(told["changes"]),
        tuple(told["findings"]),
        str(told["message"]),
    )


def of_events(events: Iterable[Mapping[str, Any]], said: str = "") -> Outcome:
    """What the events of one play say; an outcome NEVER_RAN when the module gave no answer.

    ``said``: what Ansible has printed, for want of better words.
    """
    message = f"the play ended before it reached the node: {said}"
    for event in events:
        told = event.get("event_data") or {}
        result = told.get("res") or {}
        if event.get("event") == WELL and SHOWN in result:
            return of_result(result[SHOWN], True)
        if event.get("event") not in BADLY:
            continue
        if told.get("task_action") == MODULE and "findings" in result:
            return of_result(result, False)
        if result:
            message = str(result.get("msg") or message)
    return Outcome(NEVER_RAN, message=message[:SAID])


def of_result(result: Mapping[str, Any], succeeded: bool) -> Outcome:
    """What the module's own answer says; `succeeded`: it ended as modules do when all is well."""
    run_id = result.get("run_id")
    findings = tuple(result.get("findings") or ())
    changes = tuple(result.get("changes") or ())
    if succeeded:
        return Outcome(APPLIED, run_id, changes, findings)
    message = str(result.get("msg") or "")[:SAID]
    if run_id is not None:
        return Outcome(FAILED, run_id, changes, findings, message)
    wrong = any(finding.get("severity") == "error" for finding in findings)
    return Outcome(REFUSED if wrong else FAILED, None, (), findings, message)
