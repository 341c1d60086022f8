"""The newest state of this node's object: a watch in a thread of its own that never gives up.

The watch asks for one object by name, goes on from the last version it has seen, and lists again
when the server has forgotten that version (410). A connection on which nothing arrives, not even
a bookmark, is given up and made anew.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from ..effects.access import AccessError, Settings
from ..effects.answers import ApiError, MissingError, error
from ..effects.cluster import STATES, Found
from ..effects.door import Body
from ..effects.retrying import Patience, pause

LONGEST_LINE = 8 * 1024 * 1024
GONE = 410
SILENCE = 100.0  # a server sends a bookmark every minute or so
SERVER_TIMEOUT = 600
PATIENCE = Patience(first=0.5, longest=30.0)


class Mailbox:
    """The newest object between the watching thread and the loop; a pipe wakes the loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._object: Body | None = None
        self._fresh = False
        self.reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def put(self, body: Body | None) -> None:
        """This is the object now; None: there is none."""
        with self._lock:
            self._object, self._fresh = body, True
        self.wake()

    def take(self) -> tuple[bool, Body | None]:
        """Whether there is news since the last time, and the object."""
        with suppress(BlockingIOError):
            while os.read(self.reader, 4096):
                continue
        with self._lock:
            fresh, self._fresh = self._fresh, False
            return fresh, self._object

    def wake(self) -> None:
        """Let the loop look at once."""
        with suppress(BlockingIOError):  # full: the loop will wake anyway
            os.write(self._writer, b"x")


class States(Protocol):
    """What is asked besides the stream."""

    def find_state(self, name: str) -> Found:
        """The NodeTuningState, if there is one, and the version to watch from."""


@dataclass(frozen=True)
class Event:
    """One line of a watch."""

    type: str
    object: Body

    @property
    def version(self) -> str:
        """The version that a watch can go on from."""
        return str(self.object["metadata"]["resourceVersion"])


class ForgottenError(Exception):
    """The server cannot go on from our version: list again."""


def lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a stream that arrives in pieces; ValueError for one that has no end."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line.strip())
        if len(rest) > LONGEST_LINE:
            raise ValueError("a line of the watch is too long")


def event_of(line: bytes) -> Event:
    """The event on a line. Raises ForgottenError or ApiError for the server's own errors."""
    told: Mapping[str, Any] = json.loads(line)
    body = told["object"]
    if told["type"] == "ERROR":
        code = int(body.get("code") or 500)
        if code == GONE:
            raise ForgottenError
        raise error("WATCH " + STATES, code, json.dumps(body).encode(), None)
    return Event(str(told["type"]), body)


class Stream:
    """The watch request itself, over connections of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = ApiClient(settings)

    def events(self, name: str, version: str) -> Iterator[Event]:
        """Events of the object `name` after `version`, until the server ends the watch.

        Raises ApiError, ForgottenError, and the client's own errors for a connection that breaks.
        """
        query = {
            "watch": "1",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(int(SERVER_TIMEOUT * (0.8 + 0.4 * random.random()))),  # noqa: S311
        }
        headers = {"Accept": "application/json"}
        self._client.update_params_for_auth(headers, None, ["BearerToken"], STATES, "GET", None)
        url = f"{self._settings.host}{STATES}?{urlencode(query)}"
        response = self._client.call_api(
            "GET", url, headers, _request_timeout=(5.0, SILENCE)
        ).response
        try:
            if response.status == GONE:
                raise ForgottenError
            if response.status != 200:
                raise error("WATCH " + STATES, response.status, response.data, None)
            for line in lines(response.stream(65536)):
                yield event_of(line)
        finally:
            # Not given back to the pool: something of the watch may still be under way on it.
            response.close()


BROKEN = (HTTPError, ApiException, OSError, ValueError, KeyError, ApiError, AccessError)


@dataclass
class Watching:
    """Watches the object `name` and puts it into `mailbox`. `beat` is when it last did anything."""

    name: str
    states: States
    stream: Callable[[str, str], Iterator[Event]]
    mailbox: Mailbox
    told: Callable[[str], None] = lambda _word: None
    beat: float = field(default_factory=time.monotonic)
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """In a thread that does not hold up the end of the process."""
        threading.Thread(target=self.run, name="watch", daemon=True).start()

    def run(self) -> None:
        """Until `stopped`."""
        attempt, version = 0, ""
        while not self.stopped.is_set():
            self.beat = time.monotonic()
            try:
                if not version:
                    version = self._look()
                for event in self.stream(self.name, version):
                    attempt, version = 0, self._heard(event)
                    if self.stopped.is_set():
                        return
                # The server's own end. A server that restarts ends the watches of all nodes.
                self.stopped.wait(random.random())  # noqa: S311
            except ForgottenError:
                attempt, version = attempt + 1, ""
                self.told("forgotten")
                self._rest(attempt)
            except BROKEN as failure:
                attempt += 1
                self.told(f"{type(failure).__name__}: {failure}"[:300])
                if isinstance(failure, MissingError):
                    version = ""
                self._rest(attempt)

    def _look(self) -> str:
        """The object as it is now; gives the version to watch from."""
        found = self.states.find_state(self.name)
        self.mailbox.put(found.object)
        return found.version

    def _rest(self, attempt: int) -> None:
        chance = random.random()  # noqa: S311
        self.stopped.wait(pause(attempt, None, PATIENCE, chance))

    def _heard(self, event: Event) -> str:
        self.beat = time.monotonic()
        if event.type == "DELETED":
            self.mailbox.put(None)
        elif event.type != "BOOKMARK":
            self.mailbox.put(event.object)
        return event.version
