"""Who wrote what: the API server's audit log, read and counted."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError


@dataclass(frozen=True)
class Write:
    """One request that was not a read, with the server's answer; refused ones are here too."""

    user: str
    verb: str
    resource: str  # with its subresource: "nodes", "nodetuningstates/status"
    namespace: str
    name: str
    status: int
    time: str  # RFC 3339 with microseconds


def parse(text: str) -> list[Write]:
    """The writes in whole lines of an audit log; a line that is still being written is left."""
    *lines, _unfinished = text.split("\n")
    return [_write(json.loads(line)) for line in lines if line]


def count(writes: Iterable[Write], *fields: str) -> Counter[tuple[str, ...]]:
    """How many there are by those fields (say, "user", "verb", "resource")."""
    return Counter(tuple(str(getattr(write, field)) for field in fields) for write in writes)


class Audit:
    """The log of one control plane."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def mark(self) -> int:
        """Where the log ends now: what `since` takes."""
        return self.log.stat().st_size if self.log.exists() else 0

    def since(self, mark: int = 0) -> list[Write]:
        """The writes after a mark."""
        with self.log.open("rb") as handle:
            handle.seek(mark)
            return parse(handle.read().decode())

    def wait(
        self, mark: int, enough: Callable[[list[Write]], bool], seconds: float = 10.0
    ) -> list[Write]:
        """The writes after a mark as soon as `enough` accepts them: the log follows the answer."""
        deadline = time.monotonic() + seconds
        while not enough(found := self.since(mark)):
            if time.monotonic() > deadline:
                raise LabError(f"the audit log does not show it after {seconds:.0f} s: {found}")
            time.sleep(0.05)  # between two looks, until the deadline
        return found


def _write(event: dict[str, dict[str, str] | str]) -> Write:
    user, ref, status = event["user"], event.get("objectRef", {}), event.get("responseStatus", {})
    assert isinstance(user, dict)
    assert isinstance(ref, dict)
    assert isinstance(status, dict)
    resource = "/".join(part for part in (ref.get("resource"), ref.get("subresource")) if part)
    return Write(
        user["username"],
        str(event["verb"]),
        resource,
        ref.get("namespace", ""),
        ref.get("name", ""),
        int(status.get("code", 0)),
        str(event["requestReceivedTimestamp"]),
    )
