"""A NodeTuning with its words understood: amounts, durations, windows, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from ..kinds.meta import MODES, ON_DELETE, RESTARTS
from ..kinds.node_tuning import NodeTuning, Rollout
from ..kinds.state_content import SourceRef
from . import document, selector, windows
from .merge import NEW, Part
from .quantity import Amount, QuantityError, amount, duration

Given = TypeVar("Given")
Read = TypeVar("Read")
DEFAULTS = Rollout()
DEFAULT_DEADLINE = duration(DEFAULTS.progress_deadline)


@dataclass(frozen=True)
class Judged:
    """``problems``: why nothing of it is rolled out; then what is not understood has its default.

    ``text``: the document (see document.plain). ``open``: whether changes may begin now.
    """

    tuning: NodeTuning
    text: str
    canary: Amount
    max_unavailable: Amount
    failure_threshold: Amount
    soak: timedelta
    deadline: timedelta
    open: bool
    problems: tuple[str, ...] = ()

    @cached_property
    def name(self) -> str:
        return self.tuning.name

    @property
    def valid(self) -> bool:
        return not self.problems

    @cached_property
    def new_part(self) -> Part:
        """What it gives where its turn has come."""
        one = self.tuning
        source = SourceRef(one.name, one.uid, one.revision, one.priority, one.on_delete)
        return Part(NEW, source, self.text)

    @cached_property
    def enforced(self) -> bool:
        """Whether it gives nodes anything: valid or not, but neither in Report mode nor going."""
        return not self.tuning.reports_only and not self.tuning.deleting


def judge(tuning: NodeTuning, now: datetime) -> Judged:
    """The tuning as it is to be followed."""
    rollout = tuning.rollout
    text = document.plain(tuning.tuning)
    found = [*_words(tuning), *selector.problems(tuning.selector)]
    closed = windows.problems(rollout.windows, now)
    return Judged(
        tuning=tuning,
        text=text,
        canary=_read(found, "canary", amount, rollout.canary, DEFAULTS.canary),
        max_unavailable=_read(
            found, "maxUnavailable", amount, rollout.max_unavailable, DEFAULTS.max_unavailable
        ),
        failure_threshold=_read(
            found, "failureThreshold", amount, rollout.failure_threshold, DEFAULTS.failure_threshold
        ),
        soak=_read(found, "soak", duration, rollout.soak, DEFAULTS.soak),
        deadline=_read(
            found, "progressDeadline", duration, rollout.progress_deadline,
            DEFAULTS.progress_deadline,
        ),
        # What is no window holds nothing back: an invalid tuning must be able to go.
        open=bool(closed) or windows.is_open(rollout.windows, now),
        problems=(*found, *closed, *document.problems(text)),
    )  # fmt: skip


def _read(
    found: list[str], field: str, reader: Callable[[Given], Read], given: Given, default: Given
) -> Read:
    try:
        return reader(given)
    except QuantityError as error:
        found.append(f"rollout.{field}: {error}")
        return reader(default)


def _words(tuning: NodeTuning) -> list[str]:
    chosen = (
        ("mode", tuning.mode, MODES),
        ("onDelete", tuning.on_delete, ON_DELETE),
        ("disruption.restart", tuning.restart, RESTARTS),
    )
    return [
        f"{field}: {word!r} is none of {', '.join(words)}"
        for field, word, words in chosen
        if word not in words
    ]
