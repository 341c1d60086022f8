"""What the demonstration shows, step by step; each step says what it expects and what came."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass
class Story:
    """The steps that were told, with their times, and the expectations that were not met."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    started: float = field(default_factory=time.monotonic)
    steps: list[tuple[str, float]] = field(default_factory=list)
    expected: list[tuple[str, bool]] = field(default_factory=list)

    def tell(self, title: str, act: Callable[[], None]) -> None:
        """One step under its heading."""
        self.console.rule(f"[bold]{title}", align="left")
        before = time.monotonic()
        act()
        self.steps.append((title, time.monotonic() - before))

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)

    def expect(self, what: str, met: bool) -> None:
        """A fact that must hold; shown at once and counted at the end."""
        self.expected.append((what, met))
        self.console.print(f"  {'[green]yes[/]' if met else '[red]NO [/]'} ", end="")
        self.console.print(what, markup=False)

    @property
    def met(self) -> bool:
        return all(met for _what, met in self.expected)

    def summary(self) -> None:
        """A table of the steps and one line of judgement."""
        table = Table(title="Summary")
        table.add_column("step")
        table.add_column("seconds", justify="right")
        for title, seconds in self.steps:
            table.add_row(title, f"{seconds:.1f}")
        table.add_row("everything", f"{time.monotonic() - self.started:.1f}")
        self.console.print(table)
        unmet = [what for what, met in self.expected if not met]
        count = len(self.expected)
        if unmet:
            self.console.print(f"[red]{len(unmet)} of {count} expectations were not met:[/]")
            for what in unmet:
                self.console.print(f"  {what}", markup=False)
        else:
            self.console.print(f"[green]All {count} expectations were met.[/]")
