"""The real agent as a process, beside a fake host, with a token as its pod would have."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.tunings import STATES, node_tuning_state
from cluster.api import MERGE_PATCH, Body
from cluster.control_plane import ControlPlane
from cluster.slate import Slate
from project import chart
from unit.operator.agent.fake_root import FakeRoot

NAMESPACE = "limitwise-system"
ACCOUNT = "limitwise-agent"
NODE = "h1"
WITHIN = 60.0
RIGHTS = (
    "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
START = """
import sys
from pathlib import Path
from limitwise_operator.agent.main import run
from limitwise_operator.agent.options import Options
node, root, kubeconfig, runs, interval, heartbeat, port = sys.argv[1:]
sys.exit(run(Options(
    node_name=node, host_root=root, kubeconfig=kubeconfig, runs=Path(runs), port=int(port),
    interval=float(interval), heartbeat=float(heartbeat),
)))
"""


class Agent:
    """One agent of node h1; started and ended by the test."""

    def __init__(self, folder: Path, root: FakeRoot, kubeconfig: Path) -> None:
        self.folder, self.root, self.kubeconfig = folder, root, kubeconfig
        self.log = folder / "agent.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, interval: float = 1.0, heartbeat: float = 60.0, port: int = 0) -> None:
        """Start it; what it says goes to its log."""
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        words = (NODE, self.root.path, self.kubeconfig, self.folder / "runs", interval, heartbeat)
        argv = [sys.executable, "-c", START, *map(str, words), str(port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(argv, env=env, stderr=log)

    def kill(self) -> None:
        """As the kernel kills."""
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal and wait for its end."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(60)
            self.process = None

    @property
    def pid(self) -> int:
        """Of the running one."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return self.process.pid

    def said(self, message: str, **more: Any) -> list[dict[str, Any]]:
        """The lines of its log with that message and those fields."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]
        wanted = {"message": message, **more}
        return [line for line in lines if wanted.items() <= line.items()]


class States:
    """The operator's part, played by the test."""

    def __init__(self, slate: Slate) -> None:
        self.slate = slate

    def want(self, revision: str, tuning: Body, **spec: Any) -> None:
        """Write a spec whose turn has come."""
        go = {"revision": revision, "time": "2026-11-22T20:30:00Z"}
        body = node_tuning_state(NODE, revision=revision, tuning=tuning, goAhead=go, **spec)
        path = f"{STATES}/{NODE}"
        while (found := self.slate.request("GET", path)).status != 404:
            old = found.content()
            body["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
            answer = self.slate.request("PUT", path, body)
            if answer.status != 409:  # the agent may tell something in between
                answer.content()
                return
        self.slate.create(STATES, body)

    def merge(self, spec: Body) -> None:
        """Change fields of the spec."""
        self.slate.request(
            "PATCH", f"{STATES}/{NODE}", {"spec": spec}, content_type=MERGE_PATCH
        ).content()

    @property
    def status(self) -> Body:
        """The agent's half."""
        body: Body = self.slate.get(f"{STATES}/{NODE}").get("status", {})
        return body

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and reason of a condition; empty when there is none."""
        for one in self.status.get("conditions", ()):
            if one["type"] == kind:
                return (one["status"], one["reason"])
        return ("", "")

    def applied(self, revision: str) -> bool:
        """Whether that revision is in force."""
        found = self.status
        return (
            found.get("applied", {}).get("revision") == revision
            and found.get("observedRevision") == revision
            and self.condition("Applied") == ("True", "Applied")
        )


def until(condition: Callable[[], object], what: str, within: float = WITHIN) -> None:
    """Wait for it, at most so many seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)  # between two looks, until the deadline


def identity(slate: Slate) -> str:
    """The node's agent with the rights that the chart gives, and the token that its pod gets."""
    slate.namespace(NAMESPACE)
    slate.service_account(NAMESPACE, ACCOUNT)
    for body in chart.template():
        if body["kind"] in RIGHTS and body["metadata"]["name"].startswith(ACCOUNT):
            slate.apply(body)
    slate.node(NODE)
    return slate.node_token(NAMESPACE, ACCOUNT, NODE)


def kubeconfig(plane: ControlPlane, folder: Path, token: str, server: str | None = None) -> Path:
    """The kubeconfig of that agent; ``server``: a proxy before the API server."""
    return plane.write_kubeconfig(folder / "kubeconfig", token, server)
