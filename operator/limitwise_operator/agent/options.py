"""What the agent is told when it is started."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ..kinds.meta import NAMESPACE


@dataclass(frozen=True)
class Options:
    """Seconds are seconds. ``runs``: a folder on a small tmpfs, for what a run leaves behind.

    ``once``: look and act until there is nothing to do now, then end; for tests and people.
    ``port`` 0: no metrics and no health page. ``allow``: a file of keys that may be set though they
    are no limits, besides the node's own /etc/limitwise/allow. ``timeout`` is shorter than the
    10 minutes after which the operator calls a node stuck. ``pod_uid``: the agent's own pod, which
    is never the one that takes too many tasks.
    """

    node_name: str
    host_root: str = "/host"
    namespace: str = NAMESPACE
    interval: float = 30.0
    heartbeat: float = 60.0
    kubeconfig: str | None = None
    once: bool = False
    port: int = 9469
    timeout: float = 480.0
    pod_uid: str = ""
    allow: Path | None = None
    runs: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / "limitwise-agent")
