"""The engine's looks at a guest: copy engine and watcher there once, then ask."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from e2e.on_guest import PLACE, install
from lab.host import Host

RUN = ["env", f"PYTHONPATH={PLACE}", "python3", f"{PLACE}/watcher.py"]


def put(host: Host) -> Host:
    """Put the engine, the driver and the watcher onto a guest."""
    install(host)
    host.put(Path(__file__).with_name("watcher.py"), f"{PLACE}/watcher.py")
    return host


def look(host: Host, do: str, **words: Any) -> dict[str, Any]:
    """The watcher's answer to one request."""
    return within(host, [], do, **words)


def within(host: Host, prefix: list[str], do: str, **words: Any) -> dict[str, Any]:
    """The same, run through another command such as systemd-run."""
    request = json.dumps({"do": do, **words}).encode()
    done = host.run([*prefix, *RUN], stdin=request, timeout=180)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def until(condition: Callable[[], bool], what: str, deadline: float = 180.0) -> None:
    """Return as soon as the condition holds."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        time.sleep(0.1)
