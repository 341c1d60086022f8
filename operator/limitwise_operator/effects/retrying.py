"""Whether and when a request is made again: a pure table of answers and pauses."""

from __future__ import annotations

from dataclasses import dataclass

# Answers after which the same request may succeed. 500 is here because an API server gives it
# while its store elects a leader; what two disruption budgets answer to an eviction is not.
AGAIN = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Patience:
    """How often and how long: `attempts` in all, pauses doubling from `first` to `longest` s."""

    attempts: int = 5
    first: float = 0.25
    longest: float = 8.0
    total: float = 30.0


def may_repeat(status: int | None, patience: Patience, attempt: int) -> bool:
    """Whether attempt number `attempt` (1 is the first) may be followed by another.

    `status` is None when the connection failed.
    """
    return attempt < patience.attempts and (status is None or status in AGAIN)


def pause(attempt: int, retry_after: str | None, patience: Patience, chance: float) -> float:
    """Seconds to wait after attempt number `attempt`.

    The server's Retry-After (whole seconds) is the least; `chance` in [0, 1) spreads clients
    over the pause's upper half, so that they do not return together.
    """
    grown = min(patience.longest, patience.first * 2.0 ** min(attempt - 1, 30))
    spread = grown * (0.5 + chance / 2)
    asked = float(retry_after) if retry_after is not None and retry_after.isdecimal() else 0.0
    return max(spread, min(asked, patience.total) * (1 + chance / 10))
