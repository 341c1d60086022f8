"""Agents played by the real agent's own loop and reporting, over one host that was recorded.

What differs from a DaemonSet: the nodes share one watch, a few threads and what the engine says
of one directory, and a run ends well at once without Ansible. What the loop decides, what it
writes, when, and with whose token (one for each node) is the agent's own doing.
"""

from __future__ import annotations

import json
import queue
import random
import threading
import time
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import urllib3
from kubernetes.client import Configuration

from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import Ceiling
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning
from lab.errors import LabError
from limitwise_operator.agent.emergency import Emergency
from limitwise_operator.agent.heartbeat import Heartbeat
from limitwise_operator.agent.loop import Loop
from limitwise_operator.agent.node import Node
from limitwise_operator.agent.outcome import APPLIED, Outcome
from limitwise_operator.agent.reporting import Reporting
from limitwise_operator.agent.run import Order
from limitwise_operator.agent.status import Look
from limitwise_operator.effects.cluster import Cluster
from limitwise_operator.effects.door import Body, Door, Manners
from limitwise_operator.kinds.node_tuning_state import Row

from .api import Api
from .played_relief import PlayedRelief, trial
from .trouble import Trouble

NAMESPACE = "limitwise-system"
ACCOUNT = "limitwise-agent"
STATES = "/apis/limitwise.dev/v1alpha1/nodetuningstates"
TOKENS = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}/token"
THREADS = 8
INTERVAL = 30.0
HEARTBEAT = 60.0
PAGE = "500"
# One door serves many agents here, none of which would ever be slowed by itself.
MANNERS = Manners(rate=10_000.0, burst=10_000, in_flight=1)


def token(api: Api, node: Body) -> str:
    """A token of the agents' account that is bound to a Node, as their pods' tokens name one."""
    bound = {
        "kind": "Node",
        "apiVersion": "v1",
        "name": node["metadata"]["name"],
        "uid": node["metadata"]["uid"],
    }
    spec = {"expirationSeconds": 6 * 3600, "boundObjectRef": bound}
    kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
    return str(api.create(TOKENS, {**kind, "spec": spec})["status"]["token"])


class Recording:
    """What the real agent's door to its node says of one directory: each document asked once."""

    def __init__(self, root: Path) -> None:
        self.node = Node(str(root))
        self.boot_id = self.node.boot_id
        self.ceilings = self.node.ceilings()
        self._looks: dict[str, Look] = {}
        self._lock = threading.Lock()

    def look(self, document: Mapping[str, Any]) -> Look:
        """The engine's plan for that directory."""
        text = json.dumps(document, sort_keys=True)
        with self._lock:
            if text not in self._looks:
                self._looks[text] = self.node.look(document)
            return self._looks[text]


@dataclass
class PlayedNode:
    """One node: the recording, and what was applied to it. Its use of ceilings is never still."""

    recording: Recording
    chance: random.Random
    holding: tuple[str, ...] = ()
    changed: tuple[Row, ...] = ()

    @property
    def root(self) -> str:
        """Where the recorded directory is."""
        return self.recording.node.root

    @property
    def allow(self) -> frozenset[str]:
        """No key that is no limit."""
        return self.recording.node.allow

    @property
    def boot_id(self) -> str:
        """It never boots."""
        return self.recording.boot_id

    def holds(self) -> tuple[str, ...]:
        """The layers of what was applied last."""
        return self.holding

    def unfinished(self) -> bool:
        """No run is ever killed."""
        return False

    def last_run(self) -> str:
        """None is remembered."""
        return ""

    def look(self, document: Mapping[str, Any]) -> Look:
        """The engine's own answer."""
        return self.recording.look(document)

    def drift(self, tuning: Tuning) -> tuple[Row, ...]:
        """Nobody else changes anything."""
        return ()

    def ceilings(self) -> tuple[Ceiling, ...]:
        """The recorded ones, each with up to two hundredths of its limit more or less in use."""
        return tuple(self._varied(one) for one in self.recording.ceilings)

    def originals(self) -> tuple[Row, ...]:
        """What the first plan found."""
        return self.changed

    def applied(self, document: Mapping[str, Any]) -> Look:
        """Take in a run's document; what it changed."""
        look = self.look(document)
        self.holding = tuple(sorted(name for name in document if name != "policy"))
        if not self.changed:
            self.changed = tuple(
                {**{name: str(one.get(name) or "") for name in ("layer", "subject", "key")},
                 "value": str(one.get("before"))}
                for one in look.changes
            )
        return look

    def _varied(self, one: Ceiling) -> Ceiling:
        if one.used is None or one.headroom is None:
            return one
        part = one.limit // 50
        used = max(0, min(one.limit, one.used + self.chance.randint(-part, part)))
        headroom = max(0, min(one.limit, one.headroom + one.used - used))
        return replace(one, used=used, headroom=headroom)


@dataclass(frozen=True)
class PlayedRun:
    """A run that ended well as soon as it began."""

    end: Outcome

    def ended(self) -> bool:
        """At once."""
        return True

    def outcome(self) -> Outcome:
        """What the engine planned is what came about."""
        return self.end

    def stop(self) -> None:
        """There is nothing to stop."""


@dataclass
class PlayedRuns:
    """Where the runs of one node begin."""

    node: PlayedNode
    count: int = 0

    def start(self, order: Order) -> PlayedRun:
        """Begin one, and end it."""
        self.count += 1
        look = self.node.applied(order.document)
        return PlayedRun(Outcome(APPLIED, f"played-{self.count}", look.changes, look.findings))


class Silent:
    """Who is told nothing: logs and metrics of thousands of agents would measure themselves."""

    def said(self, level: str, word: str, **more: Any) -> None:
        """A line of a log."""

    def looked_at(self, ceilings: tuple[Any, ...], drift: int, seconds: float) -> None:
        """A look at the node."""

    def ran(self, state: str, why: str, seconds: float) -> None:
        """The end of a run."""


class Clock:
    """The agents' clock: this machine's, and what was skipped of it."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return time.monotonic() + self.skipped


@dataclass
class Line:
    """One thread's connection, used with the token of whichever of its agents has its turn."""

    settings: Any
    cluster: Cluster

    @classmethod
    def to(cls, api: Api) -> Line:
        """A line to the same server, with the agent's own client."""
        settings = Configuration()
        settings.host, settings.ssl_ca_cert, settings.retries = api.server, str(api.ca), False
        settings.api_key_prefix["BearerToken"] = "Bearer"
        return cls(settings, Cluster(Door(settings, MANNERS)))

    def speak_as(self, token: str) -> Cluster:
        """The verbs, for one agent."""
        self.settings.api_key["BearerToken"] = token
        return self.cluster


@dataclass
class States:
    """One agent's verbs over its thread's line."""

    line: Line
    token: str

    def get_state(self, name: str) -> Body:
        """Its object."""
        return self.line.speak_as(self.token).get_state(name)

    def replace_state_status(self, name: str, version: int | None, status: Body) -> Body:
        """Its object's status."""
        return self.line.speak_as(self.token).replace_state_status(name, version, status)

    def get_lease(self, namespace: str, name: str) -> Body:
        """Its Lease."""
        return self.line.speak_as(self.token).get_lease(namespace, name)

    def create_lease(self, namespace: str, body: Body) -> Body:
        """A new Lease."""
        return self.line.speak_as(self.token).create_lease(namespace, body)

    def replace_lease(self, namespace: str, name: str, body: Body) -> Body:
        """Its Lease anew."""
        return self.line.speak_as(self.token).replace_lease(namespace, name, body)


class Player:
    """One thread's agents; everything of one node is done by the same thread, in order."""

    def __init__(
        self, api: Api, recording: Recording, clock: Clock, answering: threading.Event
    ) -> None:
        self._recording, self._clock, self._answering = recording, clock, answering
        self._line = Line.to(api)
        self._loops: dict[str, Loop] = {}
        self._hearts: dict[str, Heartbeat] = {}
        self._reliefs: dict[str, PlayedRelief] = {}
        self.todo: queue.SimpleQueue[tuple[str, str, Body | None] | None] = queue.SimpleQueue()
        self.applied: Counter[str] = Counter()
        self.broken: list[BaseException] = []

    def add(self, name: str, secret: str) -> None:
        """One more node."""
        node = PlayedNode(self._recording, random.Random(name))
        states = States(self._line, secret)
        self._loops[name] = Loop(
            node, PlayedRuns(node), Reporting(states, name), Silent(), INTERVAL, 600.0, self._clock
        )
        self._reliefs[name] = PlayedRelief(self._clock)
        self._loops[name].seeing.emergency = Emergency(self._reliefs[name], trial)
        self._hearts[name] = Heartbeat(states, NAMESPACE, name, HEARTBEAT, lambda: True)

    def press(self, name: str, trouble: Trouble | None) -> None:
        """Its agent finds the node in this trouble, or in none."""
        self._reliefs[name].press(trouble)
        self.todo.put(("turn", name, None))

    def run(self) -> None:
        """Do what is asked for until told to end."""
        while (job := self.todo.get()) is not None:
            self._answering.wait()
            word, name, body = job
            try:
                {"see": self._see, "turn": self._turn, "beat": self._beat}[word](name, body)
            except Exception as error:  # told by whoever started the players
                self.broken.append(error)
                return

    def _see(self, name: str, body: Body | None) -> None:
        self._loops[name].see(body)
        self._turn(name, body)

    def _beat(self, name: str, _body: Body | None) -> None:
        self._hearts[name].beat()

    def _turn(self, name: str, _body: Body | None) -> None:
        loop = self._loops[name]
        before = _applied(loop)
        loop.turn()
        while loop.underway is not None:
            loop.turn()
        if loop.reporting.dirty:
            self.todo.put(("turn", name, None))
        elif _applied(loop) != before:
            self.applied[_applied(loop)] += 1


def _applied(loop: Loop) -> str:
    found = loop.reporting.status.applied
    return found.revision if found is not None else ""


@dataclass
class PlayedAgents:
    """The agents of all nodes whose tokens are given. A context manager.

    While `answering` is cleared they only listen.
    """

    api: Api
    root: Path
    tokens: Mapping[str, str]
    clock: Clock = field(default_factory=Clock)
    answering: threading.Event = field(default_factory=threading.Event)
    _ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        recording = Recording(self.root)
        self.answering.set()
        self._players = [
            Player(self.api, recording, self.clock, self.answering) for _ in range(THREADS)
        ]
        for name, secret in self.tokens.items():
            self._player(name).add(name, secret)
        runs = [player.run for player in self._players]
        self._threads = [threading.Thread(target=each, daemon=True) for each in runs]
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PlayedAgents:
        for thread in (*self._threads, self._watcher):
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self.answering.set()
        for player in self._players:
            player.todo.put(None)
        for thread in self._threads:
            thread.join(60.0)
        if kind is None:
            self.check()

    def check(self) -> None:
        """LabError when one of the threads has broken."""
        for player in self._players:
            if player.broken:
                raise LabError(f"a played agent broke: {player.broken[0]!r}") from player.broken[0]

    @property
    def applied(self) -> Counter[str]:
        """How many nodes have come to each revision."""
        return sum((player.applied for player in self._players), Counter[str]())

    @property
    def waiting(self) -> int:
        """Turns that are still to be taken."""
        return sum(player.todo.qsize() for player in self._players)

    def press(self, name: str, trouble: Trouble | None) -> None:
        """The node is in this trouble from now on, or in none; told at once (see played_relief)."""
        self._player(name).press(name, trouble)

    def beat(self) -> None:
        """One heartbeat of every agent."""
        self._all("beat")

    def pass_time(self, seconds: float) -> None:
        """Let the agents' clock, not this machine's, go on, and every agent look at its node."""
        self.clock.skipped += seconds
        self._all("turn")

    def _all(self, word: str) -> None:
        for name in self.tokens:
            self._player(name).todo.put((word, name, None))

    def _player(self, name: str) -> Player:
        return self._players[zlib.crc32(name.encode()) % THREADS]

    def _watch(self) -> None:
        since = ""
        while not self._ending.is_set():
            try:
                since = since or self._list()
                for event in self.api.watch(STATES, resourceVersion=since):
                    if self._ending.is_set():
                        return
                    since = self._heard(event)
            except (LabError, urllib3.exceptions.HTTPError):
                # A quiet watch is cut by our own client and goes on; a server may be restarting.
                self._ending.wait(0.2)

    def _heard(self, event: Body) -> str:
        """The version to go on from; none when the server has forgotten ours."""
        if event["type"] == "ERROR":
            return ""
        self._tell(event["object"], gone=event["type"] == "DELETED")
        return str(event["object"]["metadata"]["resourceVersion"])

    def _list(self) -> str:
        query = {"limit": PAGE}
        while True:
            page = self.api.get(STATES, **query)
            for state in page["items"]:
                self._tell(state, gone=False)
            after = page["metadata"].get("continue")
            if not after:
                return str(page["metadata"]["resourceVersion"])
            query = {"limit": PAGE, "continue": after}

    def _tell(self, body: Body, gone: bool) -> None:
        name = body["metadata"]["name"]
        if name in self.tokens:
            self._player(name).todo.put(("see", name, None if gone else body))
