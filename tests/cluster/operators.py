"""Operators under test: real processes of `python -m limitwise_operator operator`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import urllib3

from lab.errors import LabError

from .control_plane import ControlPlane
from .slate import wait

ROOT = Path(__file__).resolve().parents[2]
PATHS = ("collections", "operator")
SET_CLOCK = ROOT / "tests/cluster/set_clock"
# Shorter ones are lost by a machine that is busy for a moment; then the process ends, as it should.
LEASE_SECONDS = 30
READY_WITHIN = 60.0
ENDS_WITHIN = 60.0


@dataclass
class Operator:
    """One process: who it is to the API, what it is told besides, where it writes its log.

    ``clock``: a file that its wall clock goes by, see set_clock.
    """

    kubeconfig: Path
    folder: Path
    name: str = "operator"
    words: tuple[str, ...] = ()
    lease_seconds: int = LEASE_SECONDS
    port: int = 0
    clock: Path | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """What it wrote, over all its lives."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it; it does not have to be ready when this returns."""
        self.port = self.port or free_port()
        paths = [str(ROOT / path) for path in PATHS]
        environment = {"PATH": os.environ["PATH"], "KUBECONFIG": str(self.kubeconfig)}
        if self.clock is not None:
            paths.append(str(SET_CLOCK))
            environment["SET_CLOCK"] = str(self.clock)
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        argv = [
            *(sys.executable, "-m", "limitwise_operator", "operator", "--listen", "127.0.0.1"),
            *("--health-port", str(self.port), "--metrics-port", "0", "--identity", self.name),
            *("--lease-duration", str(self.lease_seconds), *self.words),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def probe(self, page: str) -> tuple[int, str]:
        """Status and text of a health page; 0 when it does not answer."""
        url = f"http://127.0.0.1:{self.port}/{page}"
        try:
            answer = urllib3.request("GET", url, timeout=5.0, retries=False)
        except urllib3.exceptions.HTTPError:
            return 0, ""
        return answer.status, answer.data.decode()

    def wait_ready(self, word: str = "", seconds: float = READY_WITHIN) -> None:
        """Return when it knows the cluster and, with `word` (leading), says so."""

        def ready() -> bool:
            if not self.alive:
                raise LabError(f"the operator ended: {self.tail()}")
            status, text = self.probe("readyz")
            return status == 200 and word in text

        try:
            wait(ready, f"{self.name} is ready {word}", seconds)
        except LabError as late:
            raise LabError(f"{late}: {self.tail()}") from None

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """Of the present life."""
        assert self.process is not None
        return self.process.pid

    def tail(self, size: int = 3000) -> str:
        """The end of its log."""
        return self.log.read_text()[-size:] if self.log.exists() else ""

    def set_clock(self, seconds: float) -> None:
        """Put its wall clock that much before or behind the true one."""
        assert self.clock is not None
        new = self.clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.clock)

    def kill(self) -> None:
        """As a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As Kubernetes would; its exit status."""
        return self._end(signal.SIGTERM)

    def send(self, number: int) -> None:
        """A signal such as SIGSTOP."""
        assert self.process is not None
        self.process.send_signal(number)

    def _end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired as late:
            self.process.kill()
            self.process.wait()
            raise LabError(f"the operator did not end: {self.tail()}") from late

    def __enter__(self) -> Operator:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.alive:
            self.kill()


def operator(
    plane: ControlPlane, folder: Path, *words: str, name: str = "operator", server: str = ""
) -> Operator:
    """An operator of a control plane as cluster-admin, at the server or a proxy before it."""
    path = folder / f"{name}.kubeconfig"
    plane.write_kubeconfig(path, plane.token(), server or plane.server)
    return Operator(path, folder, name, words)


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
