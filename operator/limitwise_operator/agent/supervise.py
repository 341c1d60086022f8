"""The supervisor of one run: a process of its own around ansible-runner, which leaves no orphan.

ansible-runner's own cancel is not trusted: since ansible-core 2.19 it leaves the module running.
This process adopts whatever its run starts, and ends all of it when the run is over, takes too
long, or when the agent asks or dies. Started as
`python -m limitwise_operator.agent.supervise FOLDER AGENT-PID`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from . import descendants
from .outcome import NEVER_RAN, TIMEOUT, Outcome, of_events

REQUEST = "request.json"
RESULT = "result.json"
PLAYBOOK = Path(__file__).with_name("tune_node.yml")
GRACE = 10.0
LAST_WORDS = 5  # events
LARGEST_FILE = 64 * 1024 * 1024


class Supervisor:
    """One run in `folder`; `parent` is the agent."""

    def __init__(self, folder: Path, parent: int) -> None:
        self.folder = folder
        self.parent = parent
        self.over = threading.Event()
        self.asked = threading.Event()
        self.events: list[Mapping[str, Any]] = []
        self.error = ""

    def run(self) -> int:
        """Run to the end, leave result.json, and leave no process; 0 when there was an answer."""
        signal.signal(signal.SIGTERM, self._stop)
        descendants.adopt_orphans()
        if not descendants.die_with_parent(self.parent):
            return 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        request = json.loads((self.folder / REQUEST).read_text(encoding="utf-8"))
        # Not on the main thread: ansible-runner would take this process's signal handlers.
        threading.Thread(target=self._play, args=(request,), daemon=True).start()
        self.over.wait(float(request["timeout"]))
        ended = self.over.is_set() and not self.asked.is_set()
        descendants.end_all(GRACE)
        outcome = self._outcome(ended, request)
        self._leave(outcome)
        return 0 if ended else 1

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.asked.set()
        self.over.set()

    def _play(self, request: Mapping[str, Any]) -> None:
        try:
            import ansible_runner

            ansible_runner.run(
                private_data_dir=str(self.folder),
                project_dir=str(self.folder / "project"),
                playbook=str(PLAYBOOK),
                inventory={"all": {"hosts": {"node": request["host_vars"]}}},
                extravars=request["extravars"],
                quiet=True,
                rotate_artifacts=0,
                settings={"pexpect_timeout": 1, "suppress_ansible_output": True},
                cancel_callback=self.over.is_set,
                event_handler=self._keep,
            )
        except Exception as error:
            self.error = f"ansible-runner: {type(error).__name__}: {error}"
        finally:
            self.over.set()

    def _keep(self, event: Mapping[str, Any]) -> bool:
        """Keep an event in memory; False: ansible-runner writes no file of it."""
        self.events.append(event)
        return False

    def _outcome(self, ended: bool, request: Mapping[str, Any]) -> Outcome:
        said = " ".join(str(event.get("stdout") or "") for event in self.events[-LAST_WORDS:])
        found = of_events(self.events, " ".join(said.split()))
        if found.state != NEVER_RAN or (ended and not self.error):
            return found
        if self.asked.is_set():
            return Outcome(NEVER_RAN, message="the agent was stopped")
        if not ended:
            # What ansible-runner says of its end is the killing's doing.
            return Outcome(TIMEOUT, message=f"not at its end after {request['timeout']} s: killed")
        return Outcome(NEVER_RAN, message=self.error)

    def _leave(self, outcome: Outcome) -> None:
        new = self.folder / (RESULT + ".new")
        new.write_text(json.dumps(outcome.as_dict()), encoding="utf-8")
        os.replace(new, self.folder / RESULT)


def main() -> int:
    """Supervise the run that the arguments name."""
    return Supervisor(Path(sys.argv[1]), int(sys.argv[2])).run()


if __name__ == "__main__":
    # No clean exit of threads or buffers: the thread of ansible-runner may hang for ever.
    os._exit(main())
