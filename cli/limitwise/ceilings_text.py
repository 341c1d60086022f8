# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ceilings as people read them: a table, the fullest first, the binding ones marked."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.limitwise.host.plugins.module_utils.ceilings import advice
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import (
    HOST,
    NAMESPACE,
    Ceiling,
)

from . import text

MOST_ROWS = 25
WORTH_A_ROW = 50
HEADINGS = ("", "ceiling", "in use", "limit", "left", "full", "where it stands")


def table(ceilings: Sequence[Ceiling]) -> str:
    """The ranked ceilings: all of the host itself, of the others the fullest; the rest counted."""
    own = [one for one in ceilings if one.scope in (HOST, NAMESPACE)]
    room = max(0, MOST_ROWS - len(own))
    full = [one for one in ceilings if one not in own and (one.percent or 0) >= WORTH_A_ROW]
    others = full[:room] or [one for one in ceilings if one not in own][:room]
    shown = [one for one in ceilings if one in own or one in others]
    lines = [text.table([HEADINGS, *map(_row, shown)])]
    left = len(ceilings) - len(shown)
    if left:
        lines.append(f"{text.count(left, 'ceiling')} more with --format json\n")
    lines.append("* hit first by what it holds, so raising another one would change nothing\n")
    lines.extend(_advice(ceilings))
    return "\n".join(lines)


def _row(ceiling: Ceiling) -> tuple[str, ...]:
    percent = ceiling.percent
    return (
        "*" if ceiling.binding else "",
        advice.what(ceiling),
        advice.amount(ceiling, ceiling.used),
        advice.amount(ceiling, ceiling.limit),
        advice.amount(ceiling, ceiling.headroom),
        "-" if percent is None else f"{percent}%",
        ceiling.source,
    )


def _advice(ceilings: Sequence[Ceiling]) -> list[str]:
    """What to do about the fullest of those that are hit first, if any is on its way."""
    first = next((one for one in ceilings if one.binding), None)
    if first is None or (first.percent or 0) < WORTH_A_ROW:
        return ["Nothing is half used up.\n"]
    return [f"Fullest: {advice.what(first)}, {first.percent}% ({advice.remedy(first)}).\n"]
