"""A played agent in trouble: the real loop's telling over what the test says."""

from __future__ import annotations

import pytest

from cluster.played_relief import PlayedRelief, trial
from cluster.trouble import WITH_INCIDENT, Level, Trouble
from limitwise_operator.agent.emergency import Emergency
from limitwise_operator.kinds.watch import KUBEPODS
from unit.operator.agent.stage import Stage

WATCH = {"ceilings": [{"id": "p/full", "level": "kubepods", "usedPercent": 90}]}
VERIFY = {"id": "nr/1/verify", "do": "Verify", "forks": 4}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_trouble_verify_and_calm(stage: Stage) -> None:
    relief = PlayedRelief(lambda: stage.now)
    stage.loop.seeing.emergency = Emergency(relief, trial)
    stage.apply(watch=WATCH)
    relief.press(Trouble((Level(KUBEPODS, "", 1000, 950),), ends=WITH_INCIDENT))
    stage.turn()
    assert stage.status["pressure"]["fired"][0]["used"] == 950
    stage.want("r1", watch=WATCH, incident="nr", task=VERIFY)
    stage.turn()
    stage.turn()
    assert "pressure" not in stage.status
    assert stage.status["task"]["state"] == "Done"
