"""The chart's alerts fire when they should, and every figure they use is one that we give."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import binaries
from limitwise_operator import metrics
from limitwise_operator.agent.telling import LABELS, Telling

CHART = Path("operator/chart/limitwise")
FIGURE = re.compile(r"\blimitwise_[a-z_]+")
SELECTOR = re.compile(r"(?:\b(limitwise_[a-z_]+)\{([^}]*)\})")


def promtool(*words: str) -> None:
    ran = subprocess.run(
        [binaries.path("promtool"), *words], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def figures() -> dict[str, set[str]]:
    """Every time series that operator and agent give, with its labels."""
    operator, agent = metrics.Metrics().registry, Telling("h1", StringIO()).registry
    found: dict[str, set[str]] = {}
    for name, kind, labels, _text in metrics.TABLE:
        full = metrics.PREFIX + name
        suffixes = ("_bucket", "_sum", "_count") if kind.__name__ == "Histogram" else ("",)
        found.update({full + suffix: set(labels) for suffix in suffixes})
    known = {sample.name for family in operator.collect() for sample in family.samples}
    assert {name for name in known if not name.endswith("_created")} <= set(found)
    for collector, names in agent._collector_to_names.items():
        labels = set(getattr(collector, "_labelnames", LABELS))
        families = [family.name for family in collector.collect()]
        found.update(dict.fromkeys([*names, *families], labels))
    return found


def expressions(repository: Path) -> Iterator[str]:
    """All PromQL of the rules and the dashboard."""
    rules = yaml.safe_load((repository / CHART / "files/rules.yaml").read_text("utf-8"))
    for group in rules["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    dashboard = json.loads((repository / CHART / "files/dashboard.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    for variable in dashboard["templating"]["list"]:
        yield variable["query"]


def test_every_figure_exists(repository: Path) -> None:
    given = figures()
    used = {name for text in expressions(repository) for name in FIGURE.findall(text)}
    assert len(used) > 15
    assert used <= set(given), used - set(given)


def test_every_label_exists(repository: Path) -> None:
    """`node` comes from the PodMonitor: an agent has no label for where it is."""
    given = figures()
    for text in expressions(repository):
        for name, matchers in SELECTOR.findall(text):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
            assert labels <= given[name] | {"node"}, text


def test_rules_are_rules(repository: Path) -> None:
    promtool("check", "rules", "--lint-fatal", str(repository / CHART / "files/rules.yaml"))


def test_alerts_fire_when_they_should(repository: Path, tmp_path: Path) -> None:
    """Without annotations, whose wording is no promise; that they parse is checked above."""
    rules = yaml.safe_load((repository / CHART / "files/rules.yaml").read_text("utf-8"))
    cases = yaml.safe_load((repository / "tests/api/alerts.yaml").read_text("utf-8"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    fired = {
        test["alertname"]
        for case in cases["tests"]
        for test in case["alert_rule_test"]
        if test.get("exp_alerts")
    }
    assert fired == alerts
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert set(rule.pop("annotations")) == {"summary", "description", "runbook_url"}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    shutil.copy(repository / "tests/api/alerts.yaml", tmp_path)
    promtool("test", "rules", str(tmp_path / "alerts.yaml"))


@pytest.mark.parametrize("key", ["uid", "title", "panels", "templating", "schemaVersion"])
def test_dashboard_is_whole(repository: Path, key: str) -> None:
    dashboard: dict[str, Any] = json.loads(
        (repository / CHART / "files/dashboard.json").read_text("utf-8")
    )
    assert dashboard[key]
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)), "panels lie over each other"
    assert max(x for x, _y in cells) < 24
