"""What the API server may answer instead of doing it, as types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class ApiError(Exception):
    """A request that was not done.

    `status` is 0 when no answer came; `asked` says what was asked ("PATCH nodes"); `reason` and
    `message` are the server's own words.
    """

    asked: str
    status: int
    reason: str
    message: str
    retry_after: str | None = None

    def __str__(self) -> str:
        return f"{self.asked}: {self.status or 'no answer'} {self.reason}: {self.message}"


class ConflictError(ApiError):
    """The object is not as we saw it (409): look again and decide anew."""


class MissingError(ApiError):
    """There is no such object, or no such kind (404)."""


class DeniedError(ApiError):
    """We may not (401, 403): our rights or our token are wrong."""


class InvalidError(ApiError):
    """The server will never take this (400, 413, 422), or a JSON patch's test did not hold."""


class TooManyError(ApiError):
    """Not now (429): the server is busy, or a disruption budget forbids the eviction."""


class UnreachableError(ApiError):
    """No answer, or a server's error, as often as we asked."""


class StoppedError(Exception):
    """Nothing may be asked any more: we are not the leader or are on our way out."""


KINDS: Mapping[int, type[ApiError]] = {
    400: InvalidError,
    401: DeniedError,
    403: DeniedError,
    404: MissingError,
    409: ConflictError,
    413: InvalidError,
    422: InvalidError,
    429: TooManyError,
}


def error(asked: str, status: int, body: bytes, retry_after: str | None) -> ApiError:
    """The error that an answer of `status` with `body` (a Status object, or not) stands for."""
    reason, message = _told(body)
    kind = KINDS.get(status, UnreachableError if status >= 500 or status == 408 else InvalidError)
    return kind(asked, status, reason, message, retry_after)


def _told(body: bytes) -> tuple[str, str]:
    try:
        told: Any = json.loads(body)
    except ValueError:
        told = None
    if isinstance(told, dict) and told.get("kind") == "Status":
        causes = (told.get("details") or {}).get("causes") or ()
        details = [c["message"] for c in causes if isinstance(c, dict) and c.get("message")]
        return str(told.get("reason", "")), "; ".join([str(told.get("message", "")), *details])
    return "", body[:200].decode("utf-8", "replace")
