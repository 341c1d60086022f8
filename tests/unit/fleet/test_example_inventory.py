"""The example inventory: what Ansible makes of it for every host is a tuning without a mistake."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.limitwise.host.plugins.module_utils import engine, task
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning
from project.commands import run

EXAMPLE = Path(__file__).parents[3] / "inventories/example"
GROUPS = sorted(path.stem for path in (EXAMPLE / "group_vars").glob("*.yml"))
HOSTS = (
    "dense1.example.org", "dense2.example.org", "nested1.example.org", "gpu1.example.org",
    "desk1.example.org", "desk2.example.org",
)


@cache
def variables() -> dict[str, dict[str, Any]]:
    """Every host's variables, merged group by group as Ansible does it."""
    listed = run(
        ["ansible-inventory", "-i", str(EXAMPLE), "--list"], venv=Path(sys.prefix), cwd=EXAMPLE
    )
    found: dict[str, dict[str, Any]] = json.loads(listed)["_meta"]["hostvars"]
    return found


def tuning_of(known: dict[str, Any]) -> Tuning:
    """As the role collects it."""
    sources = {name: value for name, value in known.items() if name.startswith("limitwise_tuning_")}
    return task.tuning_of(known.get("limitwise_tuning", {}), sources)


def values(host: str) -> dict[str, str]:
    return {item.key: item.text for item in tuning_of(variables()[host]).items}


def test_every_host_is_looked_at() -> None:
    assert sorted(variables()) == sorted(HOSTS)


@pytest.mark.parametrize("host", HOSTS)
def test_the_tuning_of_a_host_has_no_finding(host: str) -> None:
    tuning = tuning_of(variables()[host])
    assert [str(found) for found in engine.check(tuning)] == []
    assert tuning.items


@pytest.mark.parametrize("group", GROUPS)
def test_the_tuning_of_a_group_alone_has_no_finding(group: str) -> None:
    known = yaml.safe_load((EXAMPLE / f"group_vars/{group}.yml").read_text(encoding="utf-8"))
    assert [str(found) for found in engine.check(tuning_of(known))] == []


@pytest.mark.parametrize(
    ("host", "key", "value"),
    [
        ("desk1.example.org", "kernel/threads-max", "131072"),  # the base
        ("dense1.example.org", "kernel/threads-max", "1048576"),  # over the base
        ("nested1.example.org", "kernel/threads-max", "524288"),  # the label over both
        ("nested1.example.org", "kernel/keys/maxkeys", "20000"),  # of the group above the label
        ("nested1.example.org", "/max-concurrent-downloads", "2"),
        ("dense2.example.org", "/max-concurrent-downloads", "10"),
        ("gpu1.example.org", "CPUQuota", "6400%"),
    ],
)
def test_the_higher_priority_wins(host: str, key: str, value: str) -> None:
    assert values(host)[key] == value
