"""The one way to ask the API server anything: bounded in time, in rate and in repeats.

Around the official client's configuration, authentication, TLS and connections; bodies are plain
dicts. Blocks its thread, so never called on an event loop.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from .. import __version__
from .access import Settings
from .answers import ApiError, TooManyError, UnreachableError, error
from .retrying import Patience, may_repeat, pause
from .throttle import Throttle

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
# Names and versions only: what a census of thousands of objects needs.
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Body = dict[str, Any]


class Watcher(Protocol):
    """Who counts requests (metrics)."""

    def request(self, verb: str, resource: str, code: str, seconds: float) -> None:
        """One request was answered with `code`, or `error`, after `seconds`."""

    def throttled(self, seconds: float) -> None:
        """A request waited `seconds` for its turn."""


class Unwatched:
    """Counts nothing."""

    def request(self, verb: str, resource: str, code: str, seconds: float) -> None:
        """Nothing."""

    def throttled(self, seconds: float) -> None:
        """Nothing."""


def _always() -> None:
    """Any request may be made."""


@dataclass(frozen=True)
class Manners:
    """How we ask: seconds to connect and to wait for an answer, requests a second, repeats."""

    connect: float = 5.0
    answer: float = 20.0
    rate: float = 200.0
    burst: int = 400
    in_flight: int = 8
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class Request:
    """One request: `resource` names it in metrics and errors."""

    verb: str
    resource: str
    path: str
    body: Body | list[Body] | None = None
    query: Mapping[str, str] | None = None
    content: str = JSON
    accept: str = JSON

    @property
    def asked(self) -> str:
        """How errors name it."""
        return f"{self.verb} {self.path}"


class Door:
    """Asks, repeats what may succeed later, raises the answers that are refusals.

    `allowed` is called before every single attempt and raises StoppedError
    when nothing may be asked.
    """

    def __init__(
        self,
        settings: Settings,
        manners: Manners = Manners(),
        watcher: Watcher | None = None,
        allowed: Callable[[], None] = _always,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        settings.connection_pool_maxsize = manners.in_flight
        self._client: Any = ApiClient(settings)
        self._settings = settings
        self.manners = manners
        self._throttle = Throttle(manners.rate, manners.burst, sleep=sleep)
        self._watcher: Watcher = watcher or Unwatched()
        self._allowed = allowed
        self._sleep = sleep

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def ask(self, request: Request) -> Body:
        """The answer's object.

        Raises the ApiError that the last answer stands for, or StoppedError.
        """
        began, attempt = time.monotonic(), 0
        while True:
            attempt += 1
            self._watcher.throttled(self._throttle.take())
            self._allowed()
            try:
                return self._attempt(request)
            except ApiError as refusal:
                patience = self.manners.patience
                if not may_repeat(refusal.status or None, patience, attempt) or _final(
                    request, refusal
                ):
                    raise
                wait = pause(attempt, refusal.retry_after, patience, random.random())  # noqa: S311
                if time.monotonic() - began + wait > patience.total:
                    raise
                self._sleep(wait)

    def _attempt(self, request: Request) -> Body:
        began, code = time.monotonic(), "error"
        try:
            status, retry_after, data = self._exchange(request)
            code = str(status)
        except (HTTPError, ApiException, OSError) as failure:
            message = f"{type(failure).__name__}: {failure}"
            raise UnreachableError(request.asked, 0, "NoAnswer", message) from failure
        finally:
            self._watcher.request(request.verb, request.resource, code, time.monotonic() - began)
        if not 200 <= status <= 299:
            raise error(request.asked, status, data, retry_after)
        try:
            return cast(Body, json.loads(data))
        except ValueError as failure:
            raise UnreachableError(request.asked, 0, "NoAnswer", f"no JSON: {failure}") from failure

    def _exchange(self, request: Request) -> tuple[int, str | None, bytes]:
        headers = {
            "Accept": request.accept,
            "User-Agent": f"limitwise/{__version__}",
        }
        if request.body is not None:
            headers["Content-Type"] = request.content
        self._client.update_params_for_auth(
            headers, None, ["BearerToken"], request.path, request.verb, None
        )
        url = self._settings.host + request.path
        if request.query:
            url += "?" + urlencode(request.query)
        response = self._client.call_api(
            request.verb,
            url,
            headers,
            request.body,
            _request_timeout=(self.manners.connect, self.manners.answer),
        )
        data = response.read()
        return int(response.status), response.headers.get("Retry-After"), data or b""


def _final(request: Request, refusal: ApiError) -> bool:
    """Whether an eviction's refusal is an answer, not a server's trouble.

    A budget that forbids it (429) is asked again by the next look at the node, and a pod under
    two budgets (500) never gets another answer.
    """
    if request.resource != "pods/eviction":
        return False
    return isinstance(refusal, TooManyError) or "PodDisruptionBudget" in refusal.message
