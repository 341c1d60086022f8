"""The reference page of metrics and alerts, made from their tables and written to the output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import (
    HOST,
    PIDS,
    Ceiling,
)
from limitwise_operator.agent.telling import Telling
from limitwise_operator.metrics import PREFIX, TABLE

from .tree import REPOSITORY

ALERTS = Path("operator/chart/limitwise/files/rules.yaml")
HEAD = """\
# Metrics

`/metrics` of the operator (port `operator.metricsPort`, 9090) and of each agent (`agent.port`,
9469, on the node's own address), and the alerts on them. This page is made from the tables in the
code with `make docs`.
"""
OPERATOR = """\
## Operator

No node's name is a label here: figures of single nodes are the agents'.
"""
AGENT = """\
## Agent

Only the ceilings that are nearest to their limits have a series.
"""

Row = tuple[str, str, str, str]


def page() -> str:
    """The whole page as Markdown."""
    columns = ("metric", "type", "labels", "")
    alerts = ("alert", "for", "severity", "")
    parts = (
        *(HEAD, OPERATOR, _table(columns, _operators())),
        *(AGENT, _table(columns, _agents())),
        *("## Alerts\n", _table(alerts, _alerts())),
    )
    return "\n".join(parts)


def _table(columns: Row, rows: Iterator[Row]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (columns, ("---",) * 4, *rows)]
    return "\n".join([*lines, ""])


def _operators() -> Iterator[Row]:
    for name, kind, labels, text in TABLE:
        yield f"`{PREFIX}{name}`", kind.__name__.lower(), _names(labels), text


def _agents() -> Iterator[Row]:
    """What an agent shows to which everything has happened once: labels come with samples."""
    telling = Telling("node", StringIO())
    ceiling = Ceiling(PIDS, HOST, "", 2, 1, 1, "")
    telling.looked_at((ceiling,), 0, 0.0)
    telling.ran("state", "why", 0.0)
    telling.request("verb", "resource", "code", 0.0)
    telling.relieved("kernel.pid_max", 0.0)
    telling.pressed({HOST: 0})
    for family in telling.registry.collect():
        labels = [name for name in family.samples[0].labels if name != "le"]
        name = family.name + ("_total" if family.type == "counter" else "")
        yield f"`{name}`", family.type, _names(labels), family.documentation


def _alerts() -> Iterator[Row]:
    rules: Any = yaml.safe_load((REPOSITORY / ALERTS).read_text(encoding="utf-8"))
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        said = rule["annotations"]["summary"].replace("{{ $", "{").replace(" }}", "}")
        said = said.replace("{labels.", "{")
        yield f"`{rule['alert']}`", rule.get("for", "at once"), rule["labels"]["severity"], said


def _names(labels: Any) -> str:
    return ", ".join(f"`{name}`" for name in labels)


if __name__ == "__main__":
    sys.stdout.write(page())
