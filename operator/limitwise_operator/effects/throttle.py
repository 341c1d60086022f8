"""How fast we ask: a token bucket that many threads take from."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Throttle:
    """`rate` requests a second on average, `burst` at once; `take` waits for its turn."""

    def __init__(
        self,
        rate: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._burst = rate, float(burst)
        self._clock, self._sleep = clock, sleep
        self._tokens, self._at = self._burst, clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Wait until one more request is allowed; gives the seconds waited.

        The token is taken at once, into debt if need be, so that threads queue fairly and none
        holds the lock while it sleeps.
        """
        wait = self.reserve()
        if wait > 0:
            self._sleep(wait)
        return wait

    def reserve(self) -> float:
        """Take one token and give the seconds until it is ours."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate)

    def try_take(self) -> bool:
        """Take one token if there is one now."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
