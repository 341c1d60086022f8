"""A loop of the agent on a stage: node, runs and API are played, the clock is the test's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    HostError,
)
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning
from limitwise_operator.agent.loop import Loop
from limitwise_operator.agent.marks import Ceiling
from limitwise_operator.agent.outcome import APPLIED, NEVER_RAN, Outcome
from limitwise_operator.agent.reporting import Reporting
from limitwise_operator.agent.run import Order
from limitwise_operator.agent.status import Look
from limitwise_operator.effects.answers import ConflictError, MissingError
from limitwise_operator.kinds.node_tuning_state import Row

PIDS = {"sysctl": {"kernel.pid_max": 4194304}}
CHANGE = {
    "layer": "sysctl", "subject": "", "key": "kernel.pid_max", "before": "1", "after": "2",
    "takes_effect": "none",
}
DRIFT = {"layer": "sysctl", "subject": "", "key": "kernel.pid_max", "wanted": "2", "live": "1"}
STILL = {
    "code": "LW610", "severity": "warning", "layer": "units", "found": "restart",
    "message": "ssh.service LimitNOFILE takes effect at the next restart",
}


@dataclass
class PlayedNode:
    """A node as the test says it is."""

    root: str = "/played"
    allow: frozenset[str] = frozenset()
    boot_id: str = "boot-1"
    held: tuple[str, ...] = ()
    looks: list[Look] = field(default_factory=list)
    default: Look = field(default_factory=Look)
    drifts: tuple[Row, ...] = ()
    full: tuple[Ceiling, ...] = ()
    trouble: HostError | None = None
    killed: bool = False
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def holds(self) -> tuple[str, ...]:
        return self.held

    def unfinished(self) -> bool:
        return self.killed

    def last_run(self) -> str:
        return "last"

    def look(self, document: Mapping[str, Any]) -> Look:
        self.asked.append(document)
        if self.trouble is not None:
            raise self.trouble
        return self.looks.pop(0) if self.looks else self.default

    def drift(self, tuning: Tuning) -> tuple[Row, ...]:
        return self.drifts

    def ceilings(self) -> tuple[Ceiling, ...]:
        if self.trouble is not None:
            raise self.trouble
        return self.full

    def originals(self) -> tuple[Row, ...]:
        return ()


@dataclass
class PlayedRuns:
    """Runs that end when the test says how."""

    end: Outcome | None = None
    orders: list[Order] = field(default_factory=list)
    trouble: Exception | None = None

    def start(self, order: Order) -> PlayedRuns:
        self.orders.append(order)
        if self.trouble is not None:
            raise self.trouble
        return self

    def ended(self) -> bool:
        return self.end is not None

    def outcome(self) -> Outcome:
        found, self.end = self.end, None
        assert found is not None
        return found

    def stop(self) -> None:
        self.end = Outcome(NEVER_RAN)


class PlayedApi:
    """One object; counts its versions and can be told to refuse."""

    def __init__(self) -> None:
        self.body: dict[str, Any] | None = None
        self.version = 0
        self.refusals: list[Exception] = []
        self.writes: list[dict[str, Any]] = []

    def spec(self, revision: str, tuning: Any = None, **more: Any) -> dict[str, Any]:
        """The operator writes; gives what a watch would."""
        self.version += 1
        go = {"revision": revision, "time": "2026-11-22T20:30:00Z"}
        self.body = {
            "metadata": {"name": "h1", "uid": "u", "resourceVersion": str(self.version)},
            "spec": {
                "revision": revision, "tuning": PIDS if tuning is None else tuning,
                "goAhead": go, **more,
            },
            "status": (self.body or {}).get("status", {}),
        }
        return self.body

    def get_state(self, name: str) -> dict[str, Any]:
        assert self.body is not None
        return self.body

    def replace_state_status(
        self, name: str, version: int | None, status: dict[str, Any]
    ) -> dict[str, Any]:
        if self.refusals:
            raise self.refusals.pop(0)
        if self.body is None:
            raise MissingError("PATCH", 404, "NotFound", "")
        if version != self.version:
            raise ConflictError("PATCH", 409, "Conflict", "")
        self.version += 1
        metadata = {**self.body["metadata"], "resourceVersion": str(self.version)}
        self.body = {**self.body, "metadata": metadata, "status": status}
        self.writes.append(status)
        return self.body


class Silent:
    """Nobody is told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def said(self, level: str, word: str, **more: Any) -> None:
        self.words.append(word)

    def looked_at(self, ceilings: tuple[Ceiling, ...], drift: int, seconds: float) -> None:
        return

    def ran(self, state: str, why: str, seconds: float) -> None:
        return


class Stage:
    """A loop with everything it asks played, and a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.node, self.runs, self.api = PlayedNode(), PlayedRuns(), PlayedApi()
        self.told = Silent()
        self.loop = self.made()

    def made(self) -> Loop:
        return Loop(
            self.node, self.runs, Reporting(self.api, "h1"), self.told, 30.0, 600.0,
            lambda: self.now,
        )

    def restart_agent(self) -> None:
        """A new process: it knows what the API and the node know."""
        self.loop = self.made()
        self.loop.see(self.api.body)

    def turn(self, seconds: float = 0.0) -> float:
        self.now += seconds
        return self.loop.turn()

    def want(self, revision: str, tuning: Any = None, **more: Any) -> None:
        self.loop.see(self.api.spec(revision, tuning, **more))

    def apply(self, revision: str = "r1", **more: Any) -> None:
        """Through plan and run to a good end."""
        self.node.looks = [Look((CHANGE,))]
        self.want(revision, **more)
        self.turn()
        self.runs.end = Outcome(APPLIED, "run-" + revision, (CHANGE,))
        self.turn()

    @property
    def status(self) -> dict[str, Any]:
        assert self.api.body is not None
        found: dict[str, Any] = self.api.body["status"]
        return found

    def condition(self, kind: str) -> tuple[str, str]:
        found = {one["type"]: (one["status"], one["reason"]) for one in self.status["conditions"]}
        return found[kind]
