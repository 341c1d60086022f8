"""The status of a node's state after each thing that happened; equal when nothing is to be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .. import __version__
from ..kinds import conditions
from ..kinds.conditions import FALSE, TRUE, Condition
from ..kinds.node_tuning_state import (
    APPLIED,
    APPLYING,
    DRIFTED,
    FAILED,
    MAX_DRIFT,
    MAX_FINDINGS,
    MAX_ORIGINALS,
    REFUSED,
    RESTART_NEEDED,
    Applied,
    Row,
    ShownPlan,
    StateStatus,
    Waiting,
)
from ..kinds.times import format_time
from . import outcome

PREVIEWED = "Previewed"
STILL_NEEDED = "LW610"
KEPT = (APPLIED, PREVIEWED)
MAX_WAITING = 50
SAID = 1000
FINDING = ("code", "severity", "message")
SEVERITIES = ("error", "warning", "info")
SERVICES = {"docker_daemon": "docker.service", "kubelet": "kubelet.service"}


@dataclass(frozen=True)
class Look:
    """What a plan on this host gives: the engine's own dicts. ``message``: why there is none."""

    changes: tuple[Row, ...] = ()
    findings: tuple[Row, ...] = ()
    message: str = ""

    @property
    def refused(self) -> bool:
        """Whether it may not be applied as it is."""
        return bool(self.message) or any(one.get("severity") == "error" for one in self.findings)


def planned(status: StateStatus, revision: str, look: Look, now: datetime) -> StateStatus:
    """The plan of a new revision, which may be applied: it is shown before it is."""
    status = replace(
        status,
        plan=ShownPlan(revision, now, tuple(map(change_row, look.changes))),
        findings=finding_rows(look.findings),
    )
    return _said(status, now, Condition(APPLIED, FALSE, APPLYING, f"revision {revision}"))


def refusal(look: Look) -> outcome.Outcome:
    """A plan with errors, as the end of its revision."""
    wrong = [_sentence(one) for one in look.findings if one.get("severity") == "error"]
    message = look.message or "; ".join(wrong)
    state = outcome.FAILED if look.message else outcome.REFUSED
    return outcome.Outcome(state, None, (), look.findings, message)


def ended(
    status: StateStatus, revision: str, end: outcome.Outcome, boot_id: str, now: datetime
) -> StateStatus:
    """A revision was seen to its end, well or badly, in the boot ``boot_id``."""
    status = replace(
        status, observed_revision=revision, findings=finding_rows(end.findings), boot_id=boot_id
    )
    if not end.ok:
        reason = REFUSED if end.state == outcome.REFUSED else FAILED
        # What was in force before is still: a failed run is taken back.
        return _said(status, now, Condition(APPLIED, FALSE, reason, end.message[:SAID]))
    run_id = end.run_id or ""
    before = status.applied
    if before is None or before.revision != revision or run_id not in ("", before.run_id):
        status = replace(status, applied=Applied(revision, run_id, now.replace(microsecond=0)))
    status = replace(status, waiting=waiting(end.findings, end.changes), drift=())
    return _said(status, now, Condition(APPLIED, TRUE, "Applied", f"revision {revision}"))


def looked(status: StateStatus, look: Look, boot_id: str, now: datetime) -> StateStatus:
    """What is in force was looked at again and needed no run."""
    status = replace(
        status,
        findings=finding_rows(look.findings),
        waiting=waiting(look.findings, look.changes),
        boot_id=boot_id,
    )
    return _said(status, now)


def not_corrected(status: StateStatus, end: outcome.Outcome, now: datetime) -> StateStatus:
    """Drift could not be put back: what is applied is, the drift stays, and it is said why."""
    return _said(replace(status, findings=finding_rows(end.findings)), now)


def previewed(status: StateStatus, revision: str, look: Look, now: datetime) -> StateStatus:
    """The plan of what is only reported; the same plan keeps its time."""
    before = status.preview
    plan = ShownPlan(revision, now, tuple(map(change_row, look.changes)))
    if before is not None:
        same = replace(plan, time=before.time)
        plan = before if same.to_dict() == before.to_dict() else plan
    said = (
        Condition(PREVIEWED, FALSE, REFUSED, refusal(look).message[:SAID]) if look.refused
        else Condition(PREVIEWED, TRUE, "Planned")
    )
    return _said(replace(status, preview=plan), now, said)


def without_preview(status: StateStatus, now: datetime) -> StateStatus:
    """Nothing is only reported any more."""
    return _said(replace(status, preview=None), now)


def observed(
    status: StateStatus, drift: Iterable[Row], originals: Iterable[Row], now: datetime
) -> StateStatus:
    """What was seen of the node: drift keeps the time at which it was first seen."""
    known = {_drift_key(row): row for row in status.drift}
    rows = []
    for row in list(drift)[:MAX_DRIFT]:
        old = known.get(_drift_key(row))
        since = old.get("since") if old is not None else None
        rows.append({**row, "since": since or row.get("since") or format_time(now)})
    status = replace(
        status, drift=tuple(rows), originals=tuple(list(originals)[:MAX_ORIGINALS])
    )
    return _said(status, now)


def began(status: StateStatus, now: datetime) -> StateStatus:
    """The object is this agent's now. The boot is told by whoever has verified it."""
    return _said(replace(status, agent_version=__version__), now)


# --- rows ----------------------------------------------------------------------------------------


def change_row(change: Mapping[str, Any]) -> Row:
    """A change as the status shows it."""
    return _texts(
        change, ("layer", "subject", "key", "before", "after"),
        takesEffect=change.get("takes_effect"),
    )


def finding_rows(findings: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
    """The worst first, each once, as many as are shown."""
    rows = [_texts({**one, "message": _sentence(one)}, FINDING) for one in findings]
    unique = list({tuple(row.items()): row for row in rows}.values())
    unique.sort(key=lambda row: SEVERITIES.index(str(row.get("severity", "info"))))
    return tuple(unique[:MAX_FINDINGS])


def _sentence(finding: Mapping[str, Any]) -> str:
    """What a finding says, with the file and line that it says it of."""
    message = str(finding.get("message"))
    place = ":".join(str(finding[name]) for name in ("file", "line") if finding.get(name))
    return message if not place or place in message else f"{place}: {message}"


def waiting(
    findings: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]
) -> tuple[Waiting, ...]:
    """What takes effect only at a restart or reboot, once for each unit."""
    found: dict[tuple[str, str], Waiting] = {}
    for one in findings:
        what = str(one.get("found") or "").split(" ")[0]
        if one.get("code") == STILL_NEEDED and what in ("restart", "reboot"):
            message = str(one.get("message"))
            unit = SERVICES.get(str(one.get("layer")), message.split(" ", maxsplit=1)[0])
            found.setdefault((what, unit), Waiting(what, unit, message[:SAID]))
    for one in changes:
        what = str(one.get("takes_effect"))
        if what in ("restart", "reboot"):
            name = f"{one.get('subject') or ''} {one.get('key')}".strip()
            unit = SERVICES.get(str(one.get("layer")), str(one.get("subject") or ""))
            message = f"{name} takes effect at the next {what}"
            found.setdefault((what, unit), Waiting(what, unit, message))
    return tuple(found.values())[:MAX_WAITING]


def _texts(source: Mapping[str, Any], names: Sequence[str], **more: Any) -> Row:
    whole = {**{name: source.get(name) for name in names}, **more}
    return {name: str(value)[:SAID] for name, value in whole.items() if value is not None}


def _drift_key(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("layer", "subject", "key", "wanted"))


# --- conditions ----------------------------------------------------------------------------------


def _said(status: StateStatus, now: datetime, new: Condition | None = None) -> StateStatus:
    """The status with its conditions: the new one, and those that follow from its lists."""
    names = sorted({_name(row) for row in status.drift})
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    drifted = (
        Condition(DRIFTED, TRUE, "Drifted", shown) if names
        else Condition(DRIFTED, FALSE, "AsWanted")
    )
    messages = "; ".join(one.message for one in status.waiting)[:SAID]
    restart = (
        Condition(RESTART_NEEDED, TRUE, status.waiting[0].what.capitalize(), messages)
        if status.waiting else Condition(RESTART_NEEDED, FALSE, "NothingWaits")
    )
    kept = [new if new and new.type == kind else status.condition(kind) for kind in KEPT]
    if status.preview is None:
        kept.pop()
    wanted = [one for one in (kept[0], drifted, restart, *kept[1:]) if one is not None]
    return replace(status, conditions=conditions.carried(status.conditions, wanted, now))


def _name(row: Row) -> str:
    return f"{row.get('subject') or ''} {row.get('key')}".strip()
