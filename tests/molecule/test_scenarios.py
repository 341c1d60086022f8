"""Every molecule scenario succeeds, as ``molecule test`` runs it from a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))
LIMIT = 1500.0  # seconds; a scenario takes a minute or two on an idle machine


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, tmp_path: Path) -> None:
    tools = Path(sys.executable).parent
    log = tmp_path / "log"
    with log.open("wb") as sink:
        status = subprocess.run(
            [str(tools / "molecule"), "test", "-s", scenario],
            cwd=ROOT,
            env={
                **os.environ,
                "PATH": f"{tools}:{os.environ['PATH']}",
                "NO_COLOR": "1",
                "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "molecule"),
            },
            stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
            timeout=LIMIT, check=False,
        ).returncode
    assert status == 0, log.read_text(errors="replace")[-8000:]
