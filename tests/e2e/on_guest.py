"""The engine on a guest of the lab: copy it there once, then ask it for plans and runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.host import Host

ROOT = Path(__file__).resolve().parents[2]
ENGINE = Path("ansible_collections/limitwise/host/plugins/module_utils")
PLACE = "/opt/limitwise-test"
RUN = ["env", f"PYTHONPATH={PLACE}", "python3", f"{PLACE}/driver.py"]


def install(host: Host) -> None:
    """Put the engine and the driver onto a guest."""
    host.put(ROOT / "collections" / ENGINE, f"{PLACE}/{ENGINE}")
    host.put(Path(__file__).with_name("driver.py"), f"{PLACE}/driver.py")


def ask(host: Host, do: str, tuning: dict[str, Any] | None = None, **words: Any) -> dict[str, Any]:
    """The engine's answer to one request of the driver."""
    request = {"do": do, "tuning": tuning or {}, **words}
    done = host.run(RUN, stdin=json.dumps(request).encode(), timeout=120)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def codes(answer: dict[str, Any]) -> set[str]:
    """The codes of an answer's findings."""
    return {finding["code"] for finding in answer["findings"]}


def change(answer: dict[str, Any], subject: str, key: str) -> dict[str, Any]:
    """The answer's change of one key."""
    found: list[dict[str, Any]] = [
        one for one in answer["changes"] if (one["subject"], one["key"]) == (subject, key)
    ]
    assert len(found) == 1, answer
    return found[0]
