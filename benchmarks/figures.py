"""A figure: what was measured, against what, as one JSON line on standard output."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """A median; ``ratio`` is how many times as much the thing it is held against takes."""

    name: str
    value: float
    unit: str
    against: str | None = None
    ratio: float | None = None


def tell(figure: Figure) -> None:
    """One line for programs."""
    print(json.dumps(asdict(figure)), flush=True)


def progress(text: str) -> None:
    """One line for people."""
    print(text, file=sys.stderr, flush=True)
