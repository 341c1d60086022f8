"""One run of Ansible at a time: its folder, its clean environment, its supervisor, its end.

Everything of a run is in one fresh folder (in a pod: on a tmpfs with a size) that goes with it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils import engine

from .document import wrapped
from .outcome import NEVER_RAN, Outcome, from_dict
from .supervise import GRACE, REQUEST, RESULT

MARK = "LIMITWISE_RUN"
PREFIX = "run-"
SUPERVISOR = "limitwise_operator.agent.supervise"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = Path(__file__).parents[2]
COLLECTIONS = Path(engine.__file__).parents[5]
# What the supervisor may take beyond the run's own time before it is killed itself.
PATIENCE = GRACE + 30.0


@dataclass(frozen=True)
class Order:
    """What to run: the engine's document for the machine whose root is at `host_root`.

    `allow`: keys that may be set though they are no limits.
    """

    document: Mapping[str, Any]
    host_root: str
    timeout: float = 600.0
    allow: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """The node's root is a mount; the pod's own must never be tuned in its place."""
        if not self.host_root.startswith("/") or os.path.realpath(self.host_root) == "/":
            raise ValueError(f"{self.host_root!r} is no mounted root of a host")


def environment(folder: Path) -> dict[str, str]:
    """All that a run's processes find in their environment: nothing of the agent's own."""
    scratch = str(folder / "tmp")
    return {
        MARK: str(folder),
        "PATH": f"{os.path.dirname(sys.executable)}:{PATH}",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys((str(PACKAGES), str(COLLECTIONS)))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "TMPDIR": scratch,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCAL_TEMP": scratch,
        "ANSIBLE_REMOTE_TEMP": scratch,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_FORKS": "1",
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
    }


def request(order: Order) -> dict[str, Any]:
    """What the supervisor is told; every text of the document is marked as no template."""
    return {
        "timeout": order.timeout,
        "host_vars": {"ansible_python_interpreter": sys.executable},
        "extravars": {
            "limitwise_tuning": wrapped(order.document),
            "limitwise_host_root": wrapped(order.host_root),
            "limitwise_agent_allow": wrapped(sorted(order.allow)),
        },
    }


@dataclass
class Running:
    """A run under way: its supervisor and its folder."""

    process: subprocess.Popen[bytes]
    folder: Path
    deadline: float = field(default=0.0)

    def ended(self) -> bool:
        """Whether its end can be read; a supervisor that hangs is killed here."""
        if self.process.poll() is not None:
            return True
        if time.monotonic() > self.deadline:
            self.process.kill()
            self.process.wait()
            return True
        return False

    def stop(self) -> None:
        """Ask for its end and wait for it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def outcome(self) -> Outcome:
        """How it ended; its folder is gone afterwards."""
        try:
            return from_dict(json.loads((self.folder / RESULT).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError) as error:
            said = _tail(self.folder / "log")
            code = self.process.returncode
            return Outcome(
                NEVER_RAN, message=f"the supervisor ended with {code} ({error!r}): {said}"
            )
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            end_marked(self.folder)


class Runs:
    """The place of the runs: a folder of the agent's own, closed to others."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.is_symlink() or place.stat().st_uid != os.geteuid():
            raise PermissionError(f"{place} is somebody else's")
        # A pod's emptyDir comes open to all.
        place.chmod(0o700)

    def clear(self) -> int:
        """End and remove what an agent before this one left; gives the number of runs."""
        left = sorted(self.place.glob(PREFIX + "*"))
        for folder in left:
            end_marked(folder)
            shutil.rmtree(folder, ignore_errors=True)
        return len(left)

    def start(self, order: Order) -> Running:
        """Begin a run. Call it from the main thread: the supervisor ends with the caller's."""
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self.place))
        for name in ("tmp", "project"):
            (folder / name).mkdir(mode=0o700)
        (folder / "ansible.cfg").touch(mode=0o600)
        text = json.dumps(request(order))
        (folder / REQUEST).write_text(text, encoding="utf-8")
        argv = [sys.executable, "-m", SUPERVISOR, str(folder), str(os.getpid())]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(  # noqa: S603 - an argument list of our own
                argv, env=environment(folder), cwd=folder, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        return Running(process, folder, time.monotonic() + order.timeout + PATIENCE)


def end_marked(folder: Path) -> int:
    """Kill the processes that carry this run's mark and have outlived its supervisor."""
    mark = f"{MARK}={folder}".encode()
    ended = 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as stream:
                if mark in stream.read().split(b"\0"):
                    os.kill(int(name), signal.SIGKILL)
                    ended += 1
        except OSError:
            continue
    return ended


def _tail(path: Path) -> str:
    try:
        return path.read_bytes()[-500:].decode("utf-8", "replace").strip()
    except OSError:
        return ""
