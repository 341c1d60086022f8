"""Which subjects are left in peace for a while, because their last writes were refused."""

from __future__ import annotations

from dataclasses import dataclass, field

# Seconds. After a conflict the event that brings the newer object comes within moments.
AGAIN_AFTER_CONFLICT = 0.5
FIRST, LONGEST = 1.0, 60.0


@dataclass
class Holds:
    """Until when (monotonic) each subject is left alone, and how often it was refused in a row."""

    until: dict[str, float] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def done(self, subject: str) -> None:
        """Its writes were made."""
        self.until.pop(subject, None)
        self.refused.pop(subject, None)

    def conflict(self, subject: str, now: float) -> None:
        """It was not as we saw it."""
        self.until[subject] = now + AGAIN_AFTER_CONFLICT

    def failed(self, subject: str, now: float) -> None:
        """It was refused or out of reach: twice as long each time."""
        times = self.refused[subject] = self.refused.get(subject, 0) + 1
        self.until[subject] = now + min(LONGEST, FIRST * 2.0 ** min(times - 1, 10))

    def free(self, subject: str, now: float) -> bool:
        """Whether its writes may be made now."""
        return self.until.get(subject, 0.0) <= now

    def next(self, now: float) -> float | None:
        """Seconds until the next subject is free again; None when none is held."""
        waiting = [until - now for until in self.until.values() if until > now]
        return min(waiting, default=None)
