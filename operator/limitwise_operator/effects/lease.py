"""One leader by Lease: what to do with the Lease as it is now, and the thread that does it.

As in client-go, clocks of machines are never compared: a Lease has run out when it has not been
*seen to change* for its duration on our own monotonic clock, and a leader's right ends a margin
before that, counted from before its last good renewal was asked for.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Protocol

from .answers import ApiError, MissingError, StoppedError

Body = dict[str, Any]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Terms:
    """Seconds: a Lease lasts `duration`, its holder gives up `renew_within` after the last good
    renewal, both ask every `retry`. Take-over is due within duration + retry."""

    duration: int = 12
    renew_within: float = 8.0
    retry: float = 2.0


class Act(Enum):
    """What to do now."""

    CREATE = "create"
    RENEW = "renew"
    TAKE = "take"
    WAIT = "wait"


@dataclass(frozen=True)
class Seen:
    """What a Lease said, and when (monotonic) it was first seen to say so."""

    holder: str
    renewed: str
    at: float


def look(lease: Body | None, seen: Seen | None, now: float) -> Seen | None:
    """What is known after looking at `lease` at `now`."""
    if lease is None:
        return None
    spec = lease.get("spec") or {}
    holder, renewed = spec.get("holderIdentity") or "", spec.get("renewTime") or ""
    if seen is not None and (seen.holder, seen.renewed) == (holder, renewed):
        return seen
    return Seen(holder, renewed, now)


def act(lease: Body | None, seen: Seen | None, me: str, now: float) -> Act:
    """What the candidate `me` does with `lease`, of which it knows `seen`."""
    if lease is None or seen is None:
        return Act.CREATE
    if seen.holder == me:
        return Act.RENEW
    duration = (lease.get("spec") or {}).get("leaseDurationSeconds") or 0
    return Act.TAKE if not seen.holder or now - seen.at >= duration else Act.WAIT


def claimed(lease: Body | None, name: str, me: str, duration: int, wall: datetime) -> Body:
    """The Lease as `me` writes it; carries the resourceVersion that was seen, if there was one."""
    stamp = wall.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    before = (lease or {}).get("spec") or {}
    kept = before.get("holderIdentity") == me
    spec = {
        "holderIdentity": me,
        "leaseDurationSeconds": duration,
        "acquireTime": before.get("acquireTime", stamp) if kept else stamp,
        "renewTime": stamp,
        "leaseTransitions": (before.get("leaseTransitions") or 0)
        + (0 if kept or lease is None else 1),
    }
    metadata = (lease or {}).get("metadata") or {"name": name}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": spec,
    }


def released(lease: Body, wall: datetime) -> Body:
    """The Lease given back: the next candidate need not wait."""
    stamp = wall.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {**lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": stamp}
    return {**lease, "spec": spec}


class Leases(Protocol):
    """The verbs of the cluster that an election needs."""

    def get_lease(self, namespace: str, name: str) -> Body:
        """One Lease; MissingError when there is none."""

    def create_lease(self, namespace: str, body: Body) -> Body:
        """A new Lease."""

    def replace_lease(self, namespace: str, name: str, body: Body) -> Body:
        """A Lease whole, on the condition of its resourceVersion."""


def _end() -> None:
    """Nothing of this process may act any more, whatever its threads are waiting for."""
    _log.critical("the lease is lost: this process ends at once, another one leads or will")
    os._exit(70)


@dataclass
class Election:
    """Takes part in the election in a thread of its own, so that a busy loop costs no renewal.

    `gained` is called once, from that thread, when this process becomes leader. A leader that
    could not renew in time ends the process through `end`: what it still had under way must not
    meet the next leader's writes.
    """

    leases: Leases
    namespace: str
    name: str
    me: str
    terms: Terms = Terms()
    gained: Callable[[], None] = lambda: None
    end: Callable[[], None] = _end
    clock: Callable[[], float] = time.monotonic
    _until: float | None = None
    _lease: Body | None = None
    _seen: Seen | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin, in threads that do not hold up the process's end."""
        for target in (self._take_part, self._guard):
            thread = threading.Thread(target=target, name=f"lease{target.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()

    @property
    def leading(self) -> bool:
        """Whether we are the leader at this moment."""
        until = self._until
        return until is not None and self.clock() < until

    @property
    def left(self) -> float:
        """Seconds for which the right to lead still holds; 0 without one."""
        until = self._until
        return 0.0 if until is None else max(0.0, until - self.clock())

    def fence(self) -> None:
        """Raise StoppedError unless we lead now: asked before every single write."""
        if not self.leading:
            raise StoppedError("not the leader")

    def stop(self) -> None:
        """Leave; a leader gives the Lease back, so that the next one need not wait."""
        self._stop.set()
        for thread in self._threads:
            thread.join(self.terms.renew_within)
        if self._until is not None and self._lease is not None:
            self._until = None
            body = released(self._lease, datetime.now(UTC))
            try:
                self.leases.replace_lease(self.namespace, self.name, body)
            except (ApiError, StoppedError) as refusal:
                _log.warning("the lease runs out instead of being given back: %s", refusal)

    def turn(self) -> None:
        """One look at the Lease and what follows from it. Raises ApiError."""
        asked = self.clock()
        try:
            self._lease = self.leases.get_lease(self.namespace, self.name)
        except MissingError:
            self._lease = None
        self._seen = look(self._lease, self._seen, asked)
        todo = act(self._lease, self._seen, self.me, asked)
        if self._until is not None and todo is not Act.RENEW:
            # Somebody else led meanwhile: what we believe and have under way is of the past.
            self.end()
            return
        if todo is Act.WAIT:
            return
        wall = datetime.now(UTC)
        body = claimed(self._lease, self.name, self.me, self.terms.duration, wall)
        if todo is Act.CREATE:
            self._lease = self.leases.create_lease(self.namespace, body)
        else:
            self._lease = self.leases.replace_lease(self.namespace, self.name, body)
        self._seen = look(self._lease, self._seen, self.clock())
        first = self._until is None
        self._until = asked + self.terms.renew_within
        if first and self.leading:
            self.gained()

    def _take_part(self) -> None:
        while not self._stop.is_set():
            try:
                self.turn()
            except (ApiError, StoppedError) as refusal:
                # A conflict means that somebody else was quicker; trouble is asked again. Whether
                # a leader has been out of reach for too long is the guard's to see.
                _log.info("no turn at the lease: %s", refusal)
            self._stop.wait(self.terms.retry * (0.8 + 0.4 * random.random()))  # noqa: S311

    def _guard(self) -> None:
        while not self._stop.wait(0.1 if self._until is None else min(0.5, self.left + 0.01)):
            if self._until is not None and not self.leading:
                self.end()
                return
