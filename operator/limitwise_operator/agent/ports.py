"""What the loop asks of others: its node, its runs, and whoever is told what happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning

from ..kinds.node_tuning_state import Row
from .marks import Ceiling
from .outcome import Outcome
from .run import Order
from .status import Look


class Node(Protocol):
    """What the loop asks of its node: see node.Node."""

    @property
    def root(self) -> str:
        """Where it is mounted."""

    @property
    def allow(self) -> frozenset[str]:
        """Keys that may be set though they are no limits, by the agent's administrator."""

    @property
    def boot_id(self) -> str:
        """The kernel's name for this boot."""

    def holds(self) -> tuple[str, ...]:
        """The layers in which something is the operator's."""

    def unfinished(self) -> bool:
        """Whether a killed run waits to be completed."""

    def last_run(self) -> str:
        """The newest run of the operator's; empty when there is none."""

    def look(self, document: Mapping[str, Any]) -> Look:
        """What applying the document would do, or be refused for."""

    def drift(self, tuning: Tuning) -> tuple[Row, ...]:
        """What somebody else has changed since."""

    def ceilings(self) -> tuple[Ceiling, ...]:
        """Every ceiling of the node."""

    def originals(self) -> tuple[Row, ...]:
        """What each limit that is changed now was before."""


class Running(Protocol):
    """A run under way: see run.Running."""

    def ended(self) -> bool:
        """Whether its end can be read."""

    def outcome(self) -> Outcome:
        """How it ended."""

    def stop(self) -> None:
        """Ask for its end and wait for it."""


class Runs(Protocol):
    """Where runs begin: see run.Runs."""

    def start(self, order: Order) -> Running:
        """Begin a run."""


class Told(Protocol):
    """Who is told what happens: logs and metrics."""

    def said(self, level: str, word: str, **more: Any) -> None:
        """One line of the log."""

    def looked_at(self, ceilings: tuple[Ceiling, ...], drift: int, seconds: float) -> None:
        """The node was looked at, in so many seconds."""

    def ran(self, state: str, why: str, seconds: float) -> None:
        """A run has ended, begun for that reason."""
