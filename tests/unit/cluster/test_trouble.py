"""What a simulated agent says of a node in trouble, from its first look to the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cluster.trouble import Level, Trouble, patch, pressure
from limitwise_operator.kinds.watch import (
    CALM,
    CULPRIT_POD,
    HOST,
    KUBEPODS,
    POD,
    Culprit,
    Fired,
    Pressure,
    Raised,
    Relief,
    Watch,
    Watched,
)

THEN = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
TRIGGER = Watched("p/full", KUBEPODS, used_percent=90, lasting=5.0)
WATCH = Watch((TRIGGER,), Relief(95, ((KUBEPODS, 2000),)))
LEAK = Culprit(CULPRIT_POD, "uid", tasks=900)
TIGHT = Trouble((Level(KUBEPODS, "", 1000, 960),), LEAK)
RAISED = (Raised("/kubepods", "1000", "2000"),)
FIRED = (Fired("p/full", THEN, KUBEPODS, "", 1000, 960),)


@pytest.mark.parametrize(
    ("trouble", "incident", "lasted", "before", "fired", "raised", "spent"),
    [
        (None, "", 0.0, Pressure(FIRED, RAISED), 0, 0, False),
        (None, "nr", 0.0, Pressure(FIRED, RAISED), 0, 1, False),
        (TIGHT, "", 0.0, CALM, 0, 1, False),
        (TIGHT, "", 5.0, CALM, 1, 1, False),
        (TIGHT, "nr", 5.0, Pressure(FIRED, RAISED), 0, 1, False),
        (replace(TIGHT, relieves=False), "nr", 5.0, Pressure(FIRED), 1, 0, True),
        (replace(TIGHT, levels=(Level(KUBEPODS, "", 1000, 1990),)), "", 5.0, CALM, 1, 1, True),
        (replace(TIGHT, levels=(Level(KUBEPODS, "", 1000, 860),)), "", 9.0, CALM, 0, 0, False),
        (
            replace(TIGHT, levels=(Level(KUBEPODS, "", 1000, 860),)), "", 9.0, Pressure(FIRED),
            1, 0, False,
        ),
        (
            replace(TIGHT, levels=(Level(KUBEPODS, "", 1000, 850),)), "", 9.0, Pressure(FIRED),
            0, 0, False,
        ),
        (replace(TIGHT, levels=(Level(POD, "uid", 100, 99),)), "", 9.0, CALM, 0, 0, True),
        (replace(TIGHT, levels=(Level(HOST, "", 100, 10),)), "", 9.0, CALM, 0, 0, False),
    ],
)
def test_pressure(
    trouble: Trouble | None, incident: str, lasted: float, before: Pressure,
    fired: int, raised: int, spent: bool,
) -> None:
    said = pressure(WATCH, incident, trouble, lasted, before)
    assert (len(said.fired), len(said.raised), said.spent) == (fired, raised, spent)
    assert (said.relieved is not None) >= bool(raised and trouble)


def test_a_trigger_keeps_its_time() -> None:
    said = pressure(WATCH, "", TIGHT, 60.0, Pressure(FIRED, RAISED, relieved=THEN))
    assert (said.fired[0].since, said.relieved, said.culprit) == (THEN, THEN, LEAK)


def test_calm_is_no_field_and_what_is_not_said_any_more_is_null() -> None:
    assert patch(CALM) is None
    said = patch(Pressure(FIRED))
    assert said is not None
    assert said["culprit"] is None
    assert Pressure.from_dict({k: v for k, v in said.items() if v is not None}) == Pressure(FIRED)
