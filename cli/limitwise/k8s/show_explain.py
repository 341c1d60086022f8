# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node as text: what it should have, what it has, its trouble and its remediation's log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, List, Mapping

from limitwise_operator.kinds.times import parse_time
from limitwise_operator.kinds.watch import Culprit

from . import page as pages
from . import signs
from .ages import age, span, stamp
from .page import BAD, FAINT, SOSO, STRONG, Cell, Page, cell, phase_style

Document = Mapping[str, Any]
FULL = 90  # percent


def show(told: Document, page: Page) -> str:
    """The whole screen."""
    at = parse_time(told["at"])
    assert at is not None  # noqa: S101
    _node(told, at, page)
    _wanted(told, page)
    _drift(told, at, page)
    _ceilings(told, page)
    _pressure(told, at, page)
    _policies(told, page)
    _remediation(told, at, page)
    for note in told["notes"]:
        page.line((f"note: {note}", FAINT))
    page.head("Next")
    page.line((told["next"], ""))
    pages.needs(page, told["needs"])
    return page.said()


def _node(told: Document, at: datetime, page: Page) -> None:
    node, agent = told["node"], told["agent"]
    page.line((f"Node {node['name']}", STRONG), (f"  as of {told['at']}", FAINT))
    if not node["known"]:
        page.line(("its Node object is not at hand or has gone", SOSO))
    else:
        words = ["Ready" if node["ready"] else "not Ready"]
        words += [f"{kind} {said}" for kind, said in node["conditions"].items() if kind != "Ready"]
        if node["cordoned_by"]:
            words.append(f"cordoned by {node['cordoned_by']}")
        if node["waits_for_limits"]:
            words.append("waits for its limits (start-up taint)")
        page.line((", ".join(words), "" if node["ready"] else SOSO))
    if agent["version"] or agent["last_heartbeat"]:
        beat = parse_time(agent["last_heartbeat"])
        heard = f", heard {age(beat, at)} ago" if beat else ""
        silent = ", silent" if agent["silent"] else ""
        page.line((f"agent {agent['version'] or '?'}{heard}{silent}", ""))
    for one in told["signs"]:
        when = age(parse_time(one["since"]), at)
        page.line((one["word"], phase_style(one["word"])), (f" for {when}: {one['message']}", ""))


def _wanted(told: Document, page: Page) -> None:
    applied = told["applied"]
    page.head("Tuning")
    if applied is None:
        page.line(("there is no NodeTuningState: no tuning or policy selects it", FAINT))
        return
    bare = not applied["tunings"] and not applied["revision"]
    page.line((_in_force(applied), "" if applied["current"] or bare else SOSO))
    if told["wanted"]:
        page.rows(
            ("LAYER", "LIMIT", "VALUE", "FROM"),
            ([cell(one["layer"]), cell(one["name"]), cell(one["value"]), cell(_source(one))]
             for one in told["wanted"]),
        )
    for one in told["conflicts"]:
        others = ", ".join(one["tunings"])
        page.line((f"conflict: {one['key']} is left as it was: {others}", SOSO))
    for one in applied["waiting"][: pages.MOST_ROWS]:
        page.line((f"waits for a {one['what']} {one['unit']}: {one['message']}", SOSO))
    for one in applied["findings"][: pages.MOST_ROWS]:
        page.line((f"{one.get('severity', '')} {one.get('code', '')}: {one.get('message')}", SOSO))


def _in_force(applied: Document) -> str:
    if not applied["tunings"] and not applied["revision"]:
        return "no NodeTuning is for it; it is watched only"
    if applied["current"]:
        return f"revision {applied['revision']} is in force since {applied['time']}"
    has = f"{applied['revision']} is in force" if applied["revision"] else "nothing is in force"
    why = ": ".join(part for part in (applied["state"], applied["message"]) if part)
    turn = "" if applied["turn"] else ", its turn has not come"
    return f"revision {applied['wanted_revision']} is wanted, {has}{turn}" + (
        f"; {why}" if why else ""
    )


def _source(one: Document) -> str:
    if not one["tuning"]:
        return ""
    return f"{one['tuning']}" + (f" ({one['priority']})" if one["priority"] is not None else "")


def _drift(told: Document, at: datetime, page: Page) -> None:
    if not told["drift"]:
        return
    page.head("Changed by somebody else")
    page.rows(
        ("LIMIT", "WANTED", "LIVE", "FOR", "WHO WINS"),
        ([cell(one["name"]), cell(one["wanted"]), cell(one["live"], SOSO),
          cell(age(parse_time(one["since"]), at)), cell(one["winner"])] for one in told["drift"]),
    )


def _ceilings(told: Document, page: Page) -> None:
    if not told["ceilings"]:
        return
    page.head("Tightest ceilings")
    page.rows(
        ("WHERE", "WHAT", "USED", "LIMIT", "ABOVE"),
        ([cell(f"{one['scope'] or ''} {one['subject'] or ''}".strip()), cell(one["resource"]),
          cell(one["used"]), cell(one["limit"]),
          cell(f"{one['mark']}%", BAD if (one["mark"] or 0) >= FULL else "")]
         for one in told["ceilings"]),
    )


def _pressure(told: Document, at: datetime, page: Page) -> None:
    pressure = told["pressure"]
    changed = [("raised", one) for one in pressure.get("raised", ())]
    changed += [("capped", one) for one in pressure.get("capped", ())]
    if not changed and not pressure.get("culprit"):
        return
    when = parse_time(pressure.get("relieved"))
    page.head(f"Relief ({age(when, at)} ago)" if when else "Relief")
    if changed:
        page.rows(
            ("", "WHAT", "BEFORE", "NOW"),
            ([cell(word), cell(one["what"]), cell(one["before"]), cell(one["after"])]
             for word, one in changed),
        )
    culprit = pressure.get("culprit")
    if culprit:
        who = signs.accused(Culprit.from_dict(culprit))
        page.line((f"culprit: {who}", SOSO))
    if pressure.get("spent"):
        page.line(("relief is spent: nothing may be raised further", BAD))


def _policies(told: Document, page: Page) -> None:
    if not told["policies"]:
        return
    page.head("Policies that watch it")
    page.rows(
        ("POLICY", "MODE", "TRIGGERS", ""),
        ([cell(one["name"]), cell(one["mode"]), cell(", ".join(one["triggers"])),
          ("paused: " + "; ".join(one["paused"]) if one["paused"] else "", SOSO)]
         for one in told["policies"]),
    )


def _remediation(told: Document, at: datetime, page: Page) -> None:
    one = told["remediation"]
    if one is None:
        return
    page.head(f"Remediation {one['name']}")
    tries = f", try {one['try']}" if one["try"] > 1 else ""
    since = age(parse_time(one["since"]), at)
    page.line(
        (one["phase"] or "not begun", phase_style(one["phase"])), (f" for {since}{tries}", ""),
        (f" by policy {one['policy']} on {one['trigger']}", ""),
    )
    if one["message"]:
        page.line((one["message"], ""))
    for fact in one["facts"]:
        page.line((f"{fact['what']}: {fact['said']}", ""))
    rows = [_log_row(line) for line in one["log"]]
    page.rows(("UTC", "PHASE", "TOOK", ""), rows[-pages.MOST_ROWS:])
    if told["past"]:
        page.head("Earlier remediations")
        page.rows(
            ("ENDED", "PHASE", "TRIGGER", ""),
            ([cell(past["ended"]), cell(past["phase"], phase_style(past["phase"])),
              cell(past["trigger"]), (past["message"], "")] for past in told["past"]),
        )


def _log_row(line: Document) -> List[Cell]:
    moment = parse_time(line["time"])
    took = span(timedelta(seconds=line["seconds"])) if line["seconds"] is not None else ""
    return [
        (stamp(moment) if moment else "", FAINT), (line["phase"], phase_style(line["phase"])),
        (took, ""), (line["text"], ""),
    ]
