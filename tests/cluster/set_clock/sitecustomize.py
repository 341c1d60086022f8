"""A wall clock that a test sets: real time and as many seconds as the file that SET_CLOCK names.

Python imports this by its name before anything else where this folder is on PYTHONPATH.
"""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path

_FILE = Path(os.environ["SET_CLOCK"])
_true = time.time


def _now() -> float:
    return _true() + float(_FILE.read_text())


class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _Datetime:
        return cls.fromtimestamp(_now(), tz)


time.time = _now
datetime.datetime = _Datetime  # type: ignore[misc]
