"""The one error of the lab: what went wrong and what to do about it."""

from __future__ import annotations


class LabError(Exception):
    """A lab operation failed; `remedy` is the next step for a person (may be empty)."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message if not remedy else f"{message}\n  {remedy}")
        self.message = message
        self.remedy = remedy
