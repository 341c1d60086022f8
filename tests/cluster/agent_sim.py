"""Simulated agents: one watch of all NodeTuningStates, statuses written as rules say.

They change nothing anywhere; they tell the API what agents would. The time from a go-ahead to
its result is the rule's `takes`.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType

import urllib3

from lab.errors import LabError

from .api import MERGE_PATCH, Api, Body

STATES = "/apis/limitwise.dev/v1alpha1/nodetuningstates"
SUCCEED, FAIL, REFUSE, SILENT = "succeed", "fail", "refuse", "silent"
AT_ONCE = 8
# A watch cannot be ended from outside: it ends by itself this soon after the test.
WATCH_SECONDS = 2
ENDED = {FAIL: ("False", "Failed"), REFUSE: ("False", "Refused"), SUCCEED: ("True", "Applied")}


@dataclass(frozen=True)
class Conduct:
    """How a node's agent behaves: `outcome`, after `takes` seconds, telling its plan first.

    `restart`: a result that needs a restart, until the operator grants one.
    """

    outcome: str = SUCCEED
    takes: float = 0.0
    restart: bool = False
    plans: bool = True


@dataclass
class Agents:
    """The agents of all nodes of one API server. A context manager.

    `conducts` by node name, `usual` for the rest; change them while it runs. `reported` has how
    often each node's agent told a result; `updating` and `most` how many nodes were between
    their go-ahead and its result, now and at most.
    """

    api: Api
    usual: Conduct = field(default_factory=Conduct)
    conducts: dict[str, Conduct] = field(default_factory=dict)
    reported: Counter[str] = field(default_factory=Counter)
    updating: set[str] = field(default_factory=set)
    most: int = 0
    writes: int = 0
    watch_seconds: int = WATCH_SECONDS
    _due: list[tuple[float, str, str, Body]] = field(default_factory=list)
    _told: dict[str, tuple[str, str]] = field(default_factory=dict)
    _reports: list[Future[None]] = field(default_factory=list)
    _change: threading.Condition = field(default_factory=threading.Condition)
    _ending: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Agents:
        for target in (self._watch, self._work):
            thread = threading.Thread(target=target, name=f"agents{target.__name__}")
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        with self._change:
            self._change.notify_all()
        for thread in self._threads:
            thread.join(30.0)
        if kind is None:
            for report in self._reports:
                report.result(30.0)

    def see(self, state: Body) -> None:
        """What the agent of that state's node makes of it."""
        name, spec, status = state["metadata"]["name"], state["spec"], state.get("status", {})
        uid = state["metadata"]["uid"]
        conduct = self.conducts.get(name, self.usual)
        todo = _todo(spec, status, conduct)
        with self._change:
            if todo == "":
                self.updating.discard(name)
                return
            if todo.startswith("apply"):
                self.updating.add(name)
                self.most = max(self.most, len(self.updating))
            if conduct.outcome != SILENT and self._told.get(name) != (uid, todo):
                self._told[name] = (uid, todo)
                heapq.heappush(self._due, (time.monotonic() + conduct.takes, name, todo, spec))
                self._change.notify_all()

    def _watch(self) -> None:
        while not self._ending.is_set():
            try:
                listed = self.api.get(STATES)
                for state in listed["items"]:
                    self.see(state)
                since = listed["metadata"]["resourceVersion"]
                seconds = str(self.watch_seconds)
                for event in self.api.watch(STATES, resourceVersion=since, timeoutSeconds=seconds):
                    if event["type"] in {"ADDED", "MODIFIED"}:
                        self.see(event["object"])
            except (LabError, urllib3.exceptions.HTTPError):
                # The API server is down or restarting: agents ask again.
                self._ending.wait(0.2)

    def _work(self) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while not self._ending.is_set():
                with self._change:
                    now = time.monotonic()
                    if not self._due or self._due[0][0] > now:
                        wait = self._due[0][0] - now if self._due else 1.0
                        self._change.wait(wait)
                        continue
                    _at, name, todo, spec = heapq.heappop(self._due)
                self._reports.append(pool.submit(self._report, name, todo, spec))

    def _report(self, name: str, todo: str, spec: Body) -> None:
        conduct = self.conducts.get(name, self.usual)
        statuses = [] if todo == "restarted" or not conduct.plans else [_plan(spec)]
        statuses.append(_result(spec, conduct, restarted=todo == "restarted"))
        for status in statuses:
            if not self._write(name, status):
                with self._change:
                    self._told.pop(name, None)
                return
        self.reported[name] += 1

    def _write(self, name: str, status: Body) -> bool:
        body = {"status": status}
        try:
            path = f"{STATES}/{name}/status"
            answer = self.api.request("PATCH", path, body, content_type=MERGE_PATCH)
        except urllib3.exceptions.HTTPError:
            return False
        self.writes += 1
        return answer.status == 200


def _todo(spec: Body, status: Body, conduct: Conduct) -> str:
    revision = spec.get("revision", "")
    if spec.get("goAhead", {}).get("revision") != revision:
        return ""
    if status.get("observedRevision") != revision:
        return f"apply {revision}"
    granted = spec.get("restart", {}).get("phase") == "Granted"
    return "restarted" if conduct.restart and granted and status.get("waiting") else ""


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(kind: str, status: str, reason: str, message: str = "") -> Body:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": _now(),
    }


def _plan(spec: Body) -> Body:
    sysctl = spec.get("tuning", {}).get("sysctl", {})
    changes = [
        {
            "layer": "sysctl",
            "subject": "",
            "key": key,
            "before": "1",
            "after": str(value),
            "takesEffect": "none",
        }
        for key, value in sorted(sysctl.items())[:100]
    ]
    return {"plan": {"revision": spec["revision"], "time": _now(), "changes": changes, "more": 0}}


def _result(spec: Body, conduct: Conduct, *, restarted: bool) -> Body:
    status, reason = ENDED[conduct.outcome]
    message = "" if status == "True" else f"the simulated agent was told to {conduct.outcome}"
    waits = conduct.restart and not restarted
    unit = {"what": "restart", "unit": "containerd.service", "message": "to take effect"}
    made: Body = {
        "observedRevision": spec["revision"],
        "waiting": [unit] if waits else [],
        "conditions": [
            _condition("Applied", status, reason, message),
            _condition("Drifted", "False", "InSync"),
        ],
    }
    if status == "True":
        run = f"sim-{spec['revision']}"
        made["applied"] = {"revision": spec["revision"], "runId": run, "time": _now()}
    return made
