"""Looks at a cluster from outside all the while: how many nodes are out, how many incidents run.

It watches, so that it sees every state that the API server ever told, and judges each.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

import urllib3

from lab.errors import LabError

from .api import Api, Body
from .remediations import ENDED, POLICIES, REMEDIATIONS
from .rollouts import NODES

CORDON = "limitwise.dev/cordon"
# A watch cannot be ended from outside: it ends by itself this soon after the test.
WATCH_SECONDS = "2"
AGAIN = 0.1


@dataclass
class Onlooker:
    """A context manager. ``most_out``: nodes out of service for any reason just after the operator
    cordoned one, at most; ``most_active``: unfinished incidents, at most; ``doubled``: nodes that
    ever had two; ``cordons``: how often each node was cordoned by us; ``storms``: the reasons of
    each policy's condition Storm, in order; ``looks``: how many states were judged.
    """

    api: Api
    most_out: int = 0
    most_active: int = 0
    looks: int = 0
    doubled: set[str] = field(default_factory=set)
    cordons: Counter[str] = field(default_factory=Counter)
    storms: dict[str, list[str]] = field(default_factory=dict)
    _out: set[str] = field(default_factory=set)
    _ours: set[str] = field(default_factory=set)
    _active: dict[str, str] = field(default_factory=dict)
    _ending: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Onlooker:
        for path, see in (
            (NODES, self._node),
            (REMEDIATIONS, self._incident),
            (POLICIES, self._policy),
        ):
            ready = threading.Event()
            thread = threading.Thread(target=self._watch, args=(path, see, ready), daemon=True)
            thread.start()
            self._threads.append(thread)
            if not ready.wait(60.0):
                raise LabError(f"{path} was never listed")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(30.0)

    @property
    def ours(self) -> frozenset[str]:
        """The nodes that carry our cordon now."""
        return frozenset(self._ours)

    @property
    def active(self) -> int:
        """Unfinished incidents now."""
        return len(self._active)

    def _watch(
        self, path: str, see: Callable[[Body, bool], None], ready: threading.Event
    ) -> None:
        since, known = "", set[str]()
        while not self._ending.is_set():
            try:
                if not since:
                    listed = self.api.get(path)
                    names = {one["metadata"]["name"] for one in listed["items"]}
                    for gone in known - names:
                        see({"metadata": {"name": gone}}, True)
                    known = names
                    # What counts no more is forgotten before what counts now is counted.
                    for one in sorted(listed["items"], key=_counts):
                        see(one, False)
                    since = listed["metadata"]["resourceVersion"]
                    ready.set()
                for event in self.api.watch(
                    path, resourceVersion=since, timeoutSeconds=WATCH_SECONDS
                ):
                    if event["type"] == "ERROR":
                        since = ""
                        break
                    body = event["object"]
                    gone_now = event["type"] == "DELETED"
                    (known.discard if gone_now else known.add)(body["metadata"]["name"])
                    see(body, gone_now)
                    since = body["metadata"]["resourceVersion"]
            except (LabError, urllib3.exceptions.HTTPError):
                # The API server is restarting.
                since = ""
                self._ending.wait(AGAIN)

    def _node(self, node: Body, gone: bool) -> None:
        self.looks += 1
        name = node["metadata"]["name"]
        ours = not gone and CORDON in (node["metadata"].get("annotations") or {})
        (self._out.add if not gone and _is_out(node) else self._out.discard)(name)
        if ours and name not in self._ours:
            self.cordons[name] += 1
            self.most_out = max(self.most_out, len(self._out))
        (self._ours.add if ours else self._ours.discard)(name)

    def _incident(self, one: Body, gone: bool) -> None:
        self.looks += 1
        name = one["metadata"]["name"]
        if gone or one.get("status", {}).get("phase") in ENDED:
            self._active.pop(name, None)
            return
        node = one["spec"]["node"]
        if any(other == node and key != name for key, other in self._active.items()):
            self.doubled.add(node)
        self._active[name] = node
        self.most_active = max(self.most_active, len(self._active))

    def _policy(self, one: Body, gone: bool) -> None:
        conditions = one.get("status", {}).get("conditions", ()) if not gone else ()
        for condition in conditions:
            if condition["type"] == "Storm":
                seen = self.storms.setdefault(one["metadata"]["name"], [])
                if not seen or seen[-1] != condition["reason"]:
                    seen.append(condition["reason"])


def _counts(one: Body) -> bool:
    """Whether a Node is out of service, or an incident unfinished."""
    if "trigger" in one["spec"]:
        return one.get("status", {}).get("phase") not in ENDED
    return _is_out(one)


def _is_out(node: Body) -> bool:
    """Whether it takes no pods."""
    conditions = node.get("status", {}).get("conditions") or ()
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return bool(node["spec"].get("unschedulable")) or not ready
