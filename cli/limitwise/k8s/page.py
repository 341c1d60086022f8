# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for people, made with rich: columns without lines, of bounded length, nothing hostile."""

from __future__ import annotations

import os
import re
import shutil
import sys
from io import StringIO
from typing import Any, Callable, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError

from ..text import printable

NARROW, WIDE = 60, 160
MOST_ROWS = 20
LONGEST = 400  # characters of one cell
LINES = re.compile(r"[\r\n\t]+")
GOOD, BAD, SOSO, FAINT, STRONG = "green", "red", "yellow", "dim", "bold"

Cell = Tuple[str, str]
"""A text and its style."""


class Page:
    """What is shown, one part after the other."""

    def __init__(self, width: int, colour: bool) -> None:
        try:
            from rich.console import Console
            from rich.table import Table
            from rich.text import Text
        except ImportError as error:
            remedy = "pip install rich, or --format json"
            raise InputError("text needs the package rich", remedy=remedy) from error
        self._table: Callable[..., Any] = Table
        self._text: Callable[..., Any] = Text
        self._out = StringIO()
        self._console = Console(
            file=self._out, width=width, force_terminal=colour, markup=False, emoji=False,
            highlight=False, color_system="standard" if colour else None, legacy_windows=False,
        )

    def line(self, *cells: Cell) -> None:
        """One line, wrapped where it is too long."""
        text = self._text()
        for words, style in cells:
            text.append(safe(words), style=style)
        self._console.print(text, soft_wrap=False)

    def command(self, words: str) -> None:
        """A line that is copied: never wrapped, whatever its length."""
        self._console.print(self._text("    " + printable(words)), soft_wrap=True)

    def head(self, words: str) -> None:
        """A heading below a free line."""
        self._console.print()
        self.line((words, STRONG))

    def rows(
        self, names: Sequence[str], rows: Iterable[Sequence[Cell]], more: str = "--format json"
    ) -> None:
        """A table; of very many rows the first ones and how many more there are."""
        every = list(rows)
        table = self._table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(names))
        for index, name in enumerate(names):
            last = index == len(names) - 1
            table.add_column(name, overflow="fold", header_style=FAINT, ratio=1 if last else None)
        for row in every[:MOST_ROWS]:
            table.add_row(*(self._text(safe(words), style=style) for words, style in row))
        self._console.print(table)
        if len(every) > MOST_ROWS:
            self.line((f"and {len(every) - MOST_ROWS} more: {more}", FAINT))

    def said(self) -> str:
        """Everything, without blanks at the ends of lines, as the terminal can show it."""
        lines = [line.rstrip() for line in self._out.getvalue().splitlines()]
        text = "".join(line + "\n" for line in lines)
        coding = getattr(sys.stdout, "encoding", None) or "utf-8"
        return text.encode(coding, "backslashreplace").decode(coding)


def page() -> Page:
    """As wide as the terminal; 80 columns and no colour where there is none."""
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((80, 24)).columns
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Page(max(NARROW, min(WIDE, width)), colour)


def safe(words: str) -> str:
    """On one line, without what plays with a terminal, not longer than is read."""
    text = printable(LINES.sub(" ", words))
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def cell(value: object, style: str = "") -> Cell:
    """A value as a cell; nothing is ``-``."""
    return ("-" if value is None or value == "" else str(value), style)


def counted(value: object, style: str) -> Cell:
    """A number that is styled when it is not 0."""
    return (str(value), style if value else FAINT)


def phase_style(phase: Optional[str]) -> str:
    """How a phase or a sign is coloured."""
    return {
        "Succeeded": GOOD, "Escalated": BAD, "ReliefSpent": BAD, "Exhausted": BAD, "GaveBack": SOSO,
        "Cancelled": FAINT, "PIDPressure": SOSO, "AgentSilent": SOSO, "NotReady": SOSO,
        "Failed": BAD, "Refused": BAD,
    }.get(phase or "", "")


def needs(page: Page, found: List[Mapping[str, Any]]) -> None:
    """What needs a person, or that nothing does."""
    if not found:
        page.head("Nothing needs a person.")
        return
    page.head(f"Needs a person ({len(found)})")
    for one in found[:MOST_ROWS]:
        page.line((f"{one['what']} ", BAD), (one["about"], STRONG), (f": {one['message']}", ""))
        if one["do"]:
            page.command(one["do"])
    if len(found) > MOST_ROWS:
        page.line((f"and {len(found) - MOST_ROWS} more: --format json", FAINT))
