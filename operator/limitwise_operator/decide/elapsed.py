"""Whether a span has passed since a moment that was written down: clocks may have been put back."""

from __future__ import annotations

from datetime import datetime, timedelta

# By how much the clocks of two replicas, or of a node and ours, may differ in earnest.
AHEAD = timedelta(minutes=1)


def passed(since: datetime, span: timedelta, now: datetime) -> bool:
    """True when ``span`` is over at ``now``.

    A moment that lies further ahead than clocks differ was written before a clock was put back.
    How much of the span is over nobody can say then: it counts as over, because until the clock
    has caught up a node could be kept out of service for any time.
    """
    return now >= since + span or since > now + AHEAD
