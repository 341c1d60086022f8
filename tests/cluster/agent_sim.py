"""Simulated agents: one watch of all NodeTuningStates, statuses written as rules say.

They change nothing anywhere; they tell the API what agents would. The time from a go-ahead to
its result is the rule's `takes`.

In an emergency: ``agents.press("node-1", Trouble(...))`` makes a node tight at the levels given,
``agents.calm("node-1")`` ends it, and what its status says in between follows from spec.watch,
spec.relief and spec.incident (see trouble.py). A task is answered as the node's Conduct says, once
for each id: ``Conduct(apply=(Answer(FAILED), Answer(DONE, takes=2.0)))`` fails the first Apply and
does the ones after it in two seconds; ``Answer("")`` says Running and nothing more, and the outcome
SILENT answers nothing at all. ``agents.answered["node-1"]`` has the ids that were answered, in
order. ``agents.beat("node-1")`` renews a node's Lease, ``age`` seconds ago for a silent one.

    with Agents(api, Conduct(verify=(Answer(DONE, takes=1.0),))) as agents:
        leak = Culprit(CULPRIT_POD, pod_uid, tasks=900, growth=600)
        agents.press("node-1", Trouble((Level(KUBEPODS, "", 1000, 960),), leak))
        ...  # the culprit is evicted
        agents.calm("node-1")
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType

import urllib3

from lab.errors import LabError
from limitwise_operator.agent.heartbeat import PREFIX as LEASE_PREFIX
from limitwise_operator.effects.lease import claimed
from limitwise_operator.kinds import fields
from limitwise_operator.kinds.watch import APPLY, CALM, RUNNING, Pressure, Task, TaskEnd, Watch

from .api import MERGE_PATCH, Api, Body
from .trouble import WITH_APPLY, WITH_INCIDENT, Answer, Trouble, patch, pressure

LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
HEARTBEAT = 60
OK, BAD, MISSING, INVALID = 200, 400, 404, 422
AGAIN = 0.2
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
    apply: Sequence[Answer] = (Answer(),)
    verify: Sequence[Answer] = (Answer(),)

    def answer(self, do: str, count: int) -> Answer:
        """To the task of that kind asked after `count` others; the last answer stays."""
        answers = self.apply if do == APPLY else self.verify
        return answers[min(count, len(answers) - 1)]


@dataclass
class Asked:
    """What a node's agent knows of its object, as far as emergencies are concerned."""

    uid: str = ""
    watch: Watch = field(default_factory=Watch)
    incident: str = ""
    said: Pressure = CALM
    trouble: Trouble | None = None
    since: float = 0.0
    task: str = ""
    open: Task | None = None
    count: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


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
    namespace: str = "limitwise-system"
    answered: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _asked: defaultdict[str, Asked] = field(default_factory=lambda: defaultdict(Asked))
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)
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
        if conduct.outcome != SILENT:
            self._emergency(name, uid, spec, status)
        with self._change:
            if todo == "":
                self.updating.discard(name)
                return
            if todo.startswith("apply"):
                self.updating.add(name)
                self.most = max(self.most, len(self.updating))
            if conduct.outcome != SILENT and self._told.get(name) != (uid, todo):
                self._told[name] = (uid, todo)
                self._later(conduct.takes, partial(self._report, name, todo, spec))

    def press(self, name: str, trouble: Trouble | None) -> None:
        """The node is in this trouble from now on."""
        known = self._asked[name]
        known.trouble, known.since = trouble, time.monotonic()
        moments = {0.0, *(one.lasting for one in known.watch.ceilings)} if trouble else {0.0}
        for seconds in sorted(moments):
            self._later(seconds, partial(self._press, name))
        if known.incident and trouble is not None and trouble.ends == WITH_INCIDENT:
            self._ends(name, trouble)

    def calm(self, name: str) -> None:
        """The node is in no trouble any more."""
        self.press(name, None)

    def finish(self, name: str, answer: Answer = Answer()) -> None:  # noqa: B008
        """End the task of which that node's agent has said Running and nothing more."""
        known = self._asked[name]
        if known.open is not None:
            task, known.open = known.open, None
            self._later(0.0, partial(self._finish, name, task, answer))

    def beat(self, name: str, age: float = 0.0) -> None:
        """Renew the Lease of the node's agent, as if that had been `age` seconds ago."""
        place, lease = LEASES.format(self.namespace), LEASE_PREFIX + name
        then = datetime.now(UTC) - timedelta(seconds=age)
        body = claimed(None, lease, name, 3 * HEARTBEAT, then)
        path = f"{place}/{lease}"
        if self.api.request("PATCH", path, body, content_type=MERGE_PATCH).status == MISSING:
            self.api.create(place, body)

    def _emergency(self, name: str, uid: str, spec: Body, status: Body) -> None:
        """Take in what is wanted in an emergency, and do what is new."""
        known = self._asked[name]
        if known.uid != uid:
            known.uid, known.watch, known.said, known.task = uid, Watch(), CALM, ""
        watch, incident = Watch.from_dict(fields.mapping(spec, "watch")), spec.get("incident", "")
        fresh = (watch, incident) != (known.watch, known.incident)
        began = bool(incident) and incident != known.incident
        known.watch, known.incident = watch, incident
        trouble = known.trouble
        if fresh and (trouble is not None or known.said != CALM):
            left = [one.lasting - (time.monotonic() - known.since) for one in watch.ceilings]
            for seconds in {0.0, *(each for each in left if each > 0)}:
                self._later(seconds, partial(self._press, name))
            if began and trouble is not None and trouble.ends == WITH_INCIDENT:
                self._ends(name, trouble)
        if "task" in spec and (task := Task.from_dict(spec["task"])).id != known.task:
            known.task = task.id
            said = status.get("task", {})
            if said.get("id") != task.id or said.get("state") == RUNNING:
                self._later(0.0, partial(self._begin, name, task))

    def _press(self, name: str) -> None:
        known = self._asked[name]
        with known.lock:
            lasted = time.monotonic() - known.since
            said = pressure(known.watch, known.incident, known.trouble, lasted, known.said)
            if said == known.said:
                return
            if self._write(name, {"pressure": patch(said)}):
                known.said = said
            else:
                self._later(AGAIN, partial(self._press, name))

    def _ends(self, name: str, trouble: Trouble) -> None:
        self._later(trouble.after, lambda: self._end(name, trouble))

    def _end(self, name: str, trouble: Trouble) -> None:
        """End that trouble, unless the node is in another one by now."""
        if self._asked[name].trouble is trouble:
            self.calm(name)

    def _begin(self, name: str, task: Task) -> None:
        """Say that a task is under way, and its end when that comes."""
        known = self._asked[name]
        answer = self.conducts.get(name, self.usual).answer(task.do, known.count[task.do])
        known.count[task.do] += 1
        known.open = None if answer.state else task
        end = partial(self._later, answer.takes, partial(self._finish, name, task, answer))
        under_way = TaskEnd(task.id, RUNNING, time=datetime.now(UTC))
        self._say(name, under_way, end if answer.state else lambda: None)

    def _finish(self, name: str, task: Task, answer: Answer) -> None:
        end = TaskEnd(task.id, answer.state, answer.message, datetime.now(UTC))
        self._say(name, end, partial(self._answered, name, task))

    def _answered(self, name: str, task: Task) -> None:
        self.answered[name].append(task.id)
        trouble = self._asked[name].trouble
        if task.do == APPLY and trouble is not None and trouble.ends == WITH_APPLY:
            self._ends(name, trouble)

    def _say(self, name: str, end: TaskEnd, then: Callable[[], None]) -> None:
        """Tell it, again and again while the API server does not take it; nothing of old tasks."""
        if self._asked[name].task != end.id:
            return
        if self._write(name, {"task": end.to_dict()}):
            then()
        else:
            self._later(AGAIN, partial(self._say, name, end, then))

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        with self._change:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), act))
            self._change.notify_all()

    def _watch(self) -> None:
        while not self._ending.is_set():
            try:
                listed = self.api.get(STATES)
                # A list is one moment: who has told its result comes before whose turn came since.
                for state in sorted(listed["items"], key=_pending):
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
                    _at, _number, act = heapq.heappop(self._due)
                self._reports.append(pool.submit(act))

    def _report(self, name: str, todo: str, spec: Body) -> None:
        conduct = self.conducts.get(name, self.usual)
        plans = [] if todo == "restarted" or not conduct.plans else [_plan(spec)]
        result = _result(spec, conduct, restarted=todo == "restarted")
        if all(self._write(name, plan) for plan in plans):
            self.reported[name] += 1  # before anybody can see the result
            if self._write(name, result):
                return
            self.reported[name] -= 1
        with self._change:
            self._told.pop(name, None)

    def _write(self, name: str, status: Body) -> bool:
        body = {"status": status}
        try:
            path = f"{STATES}/{name}/status"
            answer = self.api.request("PATCH", path, body, content_type=MERGE_PATCH)
        except urllib3.exceptions.HTTPError:
            return False
        self.writes += 1
        if answer.status in (BAD, INVALID):
            raise LabError(f"the API server refuses what a simulated agent says: {answer.message}")
        return answer.status in (OK, MISSING)  # an object that comes is told everything anew


def _pending(state: Body) -> bool:
    told = state.get("status", {}).get("observedRevision")
    return bool(state["spec"].get("revision") != told)


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
