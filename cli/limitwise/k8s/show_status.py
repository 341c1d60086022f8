# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a cluster as text: what needs a person stands last, where eyes are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Iterator, List, Mapping, Sequence

from limitwise_operator.kinds.times import parse_time

from ..text import count
from . import page as pages
from .ages import age
from .page import BAD, FAINT, SOSO, Cell, Page, cell, counted, phase_style

Document = Mapping[str, Any]


def show(picture: Document, page: Page) -> str:
    """The whole screen."""
    at = parse_time(picture["at"])
    assert at is not None  # noqa: S101
    _head(picture, page)
    _policies(picture["policies"], page)
    _tunings(picture["tunings"], page)
    _remediations(picture["remediations"], at, page)
    _troubled(picture["troubled"], at, page)
    for note in picture["notes"]:
        page.line((f"note: {note}", FAINT))
    pages.needs(page, picture["needs"])
    return page.said()


def _head(picture: Document, page: Page) -> None:
    nodes = picture["nodes"]
    parts = [count(nodes["known"], "node")]
    told = (
        ("ready", "ready"), ("unschedulable", "unschedulable"),
        ("cordoned_by_us", "cordoned by us"), ("remediating", "in remediation"),
    )
    parts += [f"{nodes[name]} {words}" for name, words in told]
    parts += [f"{number} {phase} last time" for phase, number in nodes["last_remediation"].items()]
    page.line((", ".join(parts), ""), (f"  as of {picture['at']}", FAINT))


def _policies(policies: Sequence[Document], page: Page) -> None:
    if not policies:
        return
    names = ("REMEDIATIONPOLICY", "MODE", "NODES", "TROUBLED", "ACTIVE", "WAITING", "ESCALATED", "")
    page.head("Remediation")
    page.rows(names, map(_policy, policies))
    would = [(one["name"], row) for one in policies for row in one["would"]]
    if would:
        page.head("Would be remediated")
        page.rows(
            ("NODE", "POLICY", "TRIGGER", ""),
            ([cell(row["node"]), cell(name), cell(row["trigger"]), cell(row["message"])]
             for name, row in would),
        )


def _policy(one: Document) -> List[Cell]:
    nodes = one["nodes"]
    state: List[str] = []
    if one["storm"]:
        state.append(f"storm: {one['storm']}")
    if one["paused"]:
        state.append("paused: " + "; ".join(one["paused"]))
    if one["deleting"]:
        state.append("being deleted")
    if not state and one["inactive"] and one["inactive"] != one["mode"]:
        state.append(str(one["inactive"]))
    return [
        cell(one["name"]), cell(one["mode"]), cell(nodes["matched"]),
        counted(nodes["troubled"], SOSO), counted(nodes["active"], SOSO),
        counted(nodes["waiting"], SOSO), counted(nodes["escalated"], BAD),
        ("; ".join(state), BAD if one["storm"] else SOSO),
    ]


def _tunings(tunings: Sequence[Document], page: Page) -> None:
    if not tunings:
        return
    names = ("NODETUNING", "MODE", "PRIO", "NODES", "CURRENT", "FAILED", "DRIFTED", "READY", "")
    page.head("Tunings")
    page.rows(names, map(_tuning, tunings))


def _tuning(one: Document) -> List[Cell]:
    nodes = one["nodes"]
    paused = f"paused: {one['paused']}" if one["paused"] else ""
    return [
        cell(one["name"]), cell(one["mode"]), cell(one["priority"]), cell(nodes["matched"]),
        cell(nodes["current"]), counted(nodes["failed"], BAD), counted(nodes["drifted"], SOSO),
        cell(one["ready"]), ("being deleted" if one["deleting"] else paused, SOSO),
    ]


def _remediations(found: Sequence[Document], at: datetime, page: Page) -> None:
    if not found:
        return
    page.head("Remediations under way")
    page.rows(("NODE", "PHASE", "FOR", "TRIGGER", ""), (_remediation(one, at) for one in found))


def _remediation(one: Document, at: datetime) -> List[Cell]:
    told = [
        f"try {one['try']}" if one["try"] > 1 else "",
        f"culprit {one['culprit']}" if one["culprit"] else "",
        f"blocked by {one['blocking']}" if one["blocking"] else "",
        one["message"],
    ]
    return [
        cell(one["node"]), cell(one["phase"], phase_style(one["phase"])),
        cell(age(parse_time(one["since"]), at)), cell(one["trigger"]),
        ("; ".join(part for part in told if part), ""),
    ]


def _troubled(found: Sequence[Document], at: datetime, page: Page) -> None:
    if not found:
        return
    page.head("Nodes with something to tell")
    page.rows(
        ("NODE", "SIGN", "FOR", "REMEDIATION", ""),
        (row for one in found for row in _signs(one, at)),
    )


def _signs(node: Document, at: datetime) -> Iterator[List[Cell]]:
    last = node["remediation"]["phase"] if node["remediation"] else ""
    for index, one in enumerate(node["signs"]):
        first = index == 0
        yield [
            cell(node["name"]) if first else ("", ""),
            (one["word"], phase_style(one["word"])), cell(age(parse_time(one["since"]), at)),
            cell(last, phase_style(last)) if first else ("", ""), (one["message"], ""),
        ]
