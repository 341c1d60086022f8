"""What tests of rollouts do and look at: nodes, NodeTunings, operators, and their statuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError

from .api import Body
from .audit import Write
from .control_plane import ControlPlane
from .operators import Operator, operator
from .slate import Slate, wait

GROUP = "/apis/limitwise.dev/v1alpha1"
TUNINGS, STATES = f"{GROUP}/nodetunings", f"{GROUP}/nodetuningstates"
NODES = "/api/v1/nodes"
EVENTS = "/apis/events.k8s.io/v1/events"
NAMESPACE = "limitwise-system"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/limitwise-operator"
# A whole rollout takes seconds; a machine that builds kernels beside it takes longer.
WITHIN = 60.0


@dataclass
class Rollouts:
    """One test's cluster with our kinds; `folder` takes the operators' logs."""

    api: Slate
    plane: ControlPlane
    folder: Path

    @contextmanager
    def operator(self, *words: str, name: str = "operator", server: str = "") -> Iterator[Operator]:
        """An operator that is ready, as cluster-admin."""
        with operator(self.plane, self.folder, *words, name=name, server=server) as made:
            made.wait_ready()
            yield made

    def nodes(self, count: int, first: int = 0) -> list[str]:
        """That many Ready nodes more."""
        names = [f"n{number}" for number in range(first, first + count)]
        for name in names:
            self.api.node(name)
        return names

    def tuning(self, name: str = "base", **spec: Any) -> Body:
        """A NodeTuning of all nodes with one sysctl and no waiting, but for what `spec` says."""
        rollout = {"soak": "0s", "maxUnavailable": 2, **spec.pop("rollout", {})}
        usual = {"nodeSelector": {"all": True}, "tuning": sysctl(4194304), "rollout": rollout}
        body = {
            "apiVersion": "limitwise.dev/v1alpha1",
            "kind": "NodeTuning",
            "metadata": {"name": name},
            "spec": {**usual, **spec},
        }
        return self.api.create(TUNINGS, body)

    def change(self, name: str = "base", **spec: Any) -> Body:
        """Merge into a NodeTuning's spec."""
        return self.api.merge(f"{TUNINGS}/{name}", {"spec": spec})

    def status(self, name: str = "base") -> Body:
        """A NodeTuning's status, empty before there is one."""
        found: Body = self.api.get(f"{TUNINGS}/{name}").get("status", {})
        return found

    def condition(self, kind: str, name: str = "base") -> Body:
        """One condition of a NodeTuning, empty before there is one."""
        conditions = self.status(name).get("conditions", ())
        return next((one for one in conditions if one["type"] == kind), {})

    def states(self) -> dict[str, Body]:
        """All NodeTuningStates by node."""
        return {one["metadata"]["name"]: one for one in self.api.get(STATES)["items"]}

    def events(self) -> list[Body]:
        """Every Event."""
        found: list[Body] = self.api.get(EVENTS)["items"]
        return found

    def wait_counts(self, name: str = "base", seconds: float = WITHIN, **counts: int) -> Body:
        """The status as soon as its counts of nodes are these."""
        self._wait(
            lambda: counts.items() <= self.status(name).get("nodes", {}).items(),
            f"{name} counts {counts}",
            name,
            seconds,
        )
        return self.status(name)

    def wait_condition(self, kind: str, reason: str, name: str = "base") -> Body:
        """A condition as soon as it has that reason."""
        self._wait(
            lambda: self.condition(kind, name).get("reason") == reason,
            f"{name} is {kind} {reason}",
            name,
            WITHIN,
        )
        return self.condition(kind, name)

    def wait_ready(self, name: str = "base") -> Body:
        """The status as soon as every node is current and the operator has seen the last change."""

        def ready() -> bool:
            found = self.api.get(f"{TUNINGS}/{name}")
            condition = self.condition("Ready", name)
            seen = condition.get("observedGeneration") == found["metadata"]["generation"]
            return bool(seen and condition["reason"] == "AllCurrent")

        self._wait(ready, f"{name} is ready", name, WITHIN)
        return self.status(name)

    def _wait(self, so: Callable[[], bool], what: str, name: str, seconds: float) -> None:
        try:
            wait(so, what, seconds)
        except LabError as late:
            logs = "\n".join(log.read_text()[-2000:] for log in self.folder.glob("*.log"))
            raise LabError(f"{late}; it is {self.status(name)}; {logs}") from late


def sysctl(value: int, key: str = "kernel.pid_max") -> Body:
    """A tuning with one key."""
    return {"sysctl": {key: value}}


def ours(writes: list[Write]) -> list[Write]:
    """The writes that are not the leader's heartbeat."""
    return [write for write in writes if write.resource != "leases"]
