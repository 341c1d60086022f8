"""What people write in a NodeTuning: amounts, durations, selectors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from limitwise_operator.decide.quantity import QuantityError, amount, duration
from limitwise_operator.decide.selector import matches, problems
from limitwise_operator.kinds.node_tuning import NodeSelector


@pytest.mark.parametrize(
    ("written", "total", "nodes"),
    [
        (3, 100, 3),
        ("3", 2, 3),
        (0, 100, 0),
        ("0%", 100, 0),
        ("10%", 100, 10),
        ("10%", 99, 9),
        ("10%", 5, 1),
        ("10%", 0, 1),
        ("100%", 7, 7),
    ],
)
def test_amounts(written: int | str, total: int, nodes: int) -> None:
    assert amount(written).of(total) == nodes


@pytest.mark.parametrize("written", ["", "x", "-1", -1, "101%", "1.5", "10 %", "%", "1e3", "٣"])
def test_what_is_no_amount(written: int | str) -> None:
    with pytest.raises(QuantityError):
        amount(written)


@pytest.mark.parametrize(
    ("written", "seconds"), [("0s", 0), ("30s", 30), ("10m", 600), ("4h", 14400)]
)
def test_durations(written: str, seconds: int) -> None:
    assert duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "30", "1d", "-1s", "1.5h", "1h30m", "9999999s", " 1s"])
def test_what_is_no_duration(written: str) -> None:
    with pytest.raises(QuantityError):
        duration(written)


def expression(operator: str, *values: str) -> dict[str, object]:
    return {"matchExpressions": [{"key": "pool", "operator": operator, "values": list(values)}]}


BLUE, RED, NONE = {"pool": "blue", "x": "1"}, {"pool": "red"}, {"x": "1"}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({"all": True}, (True, True, True)),
        ({}, (False, False, False)),
        ({"all": False}, (False, False, False)),
        ({"matchLabels": {"pool": "blue"}}, (True, False, False)),
        ({"matchLabels": {"pool": "blue", "x": "2"}}, (False, False, False)),
        ({"matchLabels": {"x": "1"}, **expression("Exists")}, (True, False, False)),
        (expression("In", "blue", "green"), (True, False, False)),
        (expression("NotIn", "blue"), (False, True, True)),
        (expression("Exists"), (True, True, False)),
        (expression("DoesNotExist"), (False, False, True)),
        (expression("Near"), (False, False, False)),
    ],
)
def test_selectors(selector: dict[str, object], selected: tuple[bool, ...]) -> None:
    read = NodeSelector.from_dict(selector)
    assert tuple(matches(read, labels) for labels in (BLUE, RED, NONE)) == selected


@pytest.mark.parametrize(
    ("selector", "word"),
    [
        ({}, "all: true"),
        ({"all": True, "matchLabels": {"a": "b"}}, "exclude"),
        (expression("Near"), "Near"),
        (expression("In"), "needs values"),
        (expression("Exists", "blue"), "has no values"),
    ],
)
def test_wrong_selectors(selector: dict[str, object], word: str) -> None:
    assert word in problems(NodeSelector.from_dict(selector))[0]


@pytest.mark.parametrize(
    "selector", [{"all": True}, expression("NotIn", "a"), expression("Exists")]
)
def test_right_selectors(selector: dict[str, object]) -> None:
    assert not problems(NodeSelector.from_dict(selector))
