"""Runs the engine on a guest: the request is JSON on standard input, the report JSON on its output.

Copied to the guest beside the collection; the guest needs nothing but Python. A request:
{"do": "plan|apply|verify|rollback|owned", "tuning": {...}, "options": {...}, "run": "last",
"layers": [], "mounted": "/host"} (the last: a running host whose root is mounted there).
"""

from __future__ import annotations

import json
import sys
from typing import Any, Dict

from ansible_collections.limitwise.host.plugins.module_utils import engine, rollback
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    FindingsError,
    LimitwiseError,
)
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.owned import layers_of
from ansible_collections.limitwise.host.plugins.module_utils.report import Report
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

DOING = {
    "plan": lambda host, tuning, options: engine.plan_report(engine.plan(host, tuning, options)),
    "apply": engine.apply,
    "verify": engine.verify,
}


def answer(request: Dict[str, Any]) -> Dict[str, Any]:
    """The report as the JSON contract has it; findings of a wrong tuning, or an error's text."""
    host = Host.mounted(request["mounted"]) if "mounted" in request else Host.live()
    try:
        if request["do"] == "rollback":
            force = rollback.Force(**request.get("force", {}))
            layers = request.get("layers", [])
            return rollback.rollback(host, request["run"], layers, force).as_dict()
        if request["do"] == "owned":
            return {"layers": list(layers_of(host, request["options"]["owner"]))}
        tuning, found = read(request["tuning"])
        if found:
            raise FindingsError(found)
        words = dict(request.get("options", {}))
        words["takeover"] = tuple(words.get("takeover", ()))
        return DOING[request["do"]](host, tuning, engine.Options(**words)).as_dict()
    except FindingsError as error:
        return Report(findings=tuple(error.findings)).as_dict()
    except LimitwiseError as error:
        return {"ok": False, "error": str(error)}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
