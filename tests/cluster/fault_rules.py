"""Which request meets which fault: requests read as the API means them, rules that count."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

READS = frozenset({"get", "list", "watch"})
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
METHODS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
# /api/v1/... or /apis/GROUP/VERSION/..., a namespace or none, then resource, name, subresource
PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/[^/]+"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]+))?"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>.+))?"
)
# What follows a namespace's own name is no namespaced resource.
OF_NAMESPACES = re.compile(r"/api/v1/namespaces/(?P<name>[^/]+)/(?P<subresource>status|finalize)")


@dataclass(frozen=True)
class Call:
    """One request in the API's words; `resource` is empty for paths like /readyz or /apis."""

    verb: str
    path: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def is_write(self) -> bool:
        return self.verb in WRITES


def read(method: str, path: str, query: Mapping[str, str]) -> Call:
    """The call that a method, a path and a query mean."""
    special = OF_NAMESPACES.fullmatch(path)
    if special:
        verb = _verb(method, named=True, query=query)
        return Call(verb, path, resource="namespaces", **special.groupdict())
    match = PATH.fullmatch(path)
    parts = {name: value or "" for name, value in match.groupdict().items()} if match else {}
    named = match is None or bool(parts["name"])
    return Call(_verb(method, named=named, query=query), path, **parts)


def _verb(method: str, *, named: bool, query: Mapping[str, str]) -> str:
    if method in {"GET", "HEAD"}:
        if query.get("watch") in {"true", "1"}:
            return "watch"
        return "get" if named else "list"
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    return METHODS.get(method, method.lower())


@dataclass(frozen=True)
class Refuse:
    """Answer in the server's place: 409, 429 (with Retry-After, in seconds), 500, 503."""

    status: int
    retry_after: int | None = None


@dataclass(frozen=True)
class Delay:
    """Pass the request on after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """Pass on so many events of a watch, then half of the next, and break the connection."""

    after_events: int = 0


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Lose:
    """Break the connection before the server has the request; `then` is called first."""

    then: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Swallow:
    """Let the server do it, call `then`, and break the connection instead of answering."""

    then: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Around:
    """Call `before` and `after` around a request that passes unharmed."""

    before: Callable[[], None] = _nothing
    after: Callable[[], None] = _nothing


Act = Refuse | Delay | Cut | Lose | Swallow | Around


@dataclass
class Rule:
    """An act for the `nth` (from 1) call that matches, and for `times` calls from there on.

    `verb` is an API verb, `write` for any of WRITES, or `*`; `path` a regular expression that is
    searched for in the path; `times` None means for ever.
    """

    act: Act
    verb: str = "*"
    path: str = ""
    nth: int = 1
    times: int | None = 1
    seen: int = field(default=0, init=False)

    def due(self, call: Call) -> bool:
        """Count the call if it matches; True when the act is to be done on it."""
        if not self._matches(call):
            return False
        self.seen += 1
        past = self.seen - self.nth
        return past >= 0 and (self.times is None or past < self.times)

    def _matches(self, call: Call) -> bool:
        verbs = {"*", call.verb, *(("write",) if call.is_write else ())}
        return self.verb in verbs and re.search(self.path, call.path) is not None


class Rules:
    """The rules of one proxy; every rule counts every call, the first that is due acts."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> Rule:
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def act(self, call: Call) -> Act | None:
        """What to do with this call; None lets it pass."""
        with self._lock:
            due = [rule.act for rule in self._rules if rule.due(call)]
        return due[0] if due else None
