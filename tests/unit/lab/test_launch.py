"""Starting a guest: the tap of one that was killed is waited for, other faults are not."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace

import pytest

from lab import launch


def tun(monkeypatch: pytest.MonkeyPatch, *faults: int) -> list[str]:
    """A tun device whose first answers are these errors; gives what was done with it."""
    done: list[str] = []
    left = list(faults)

    def ioctl(_handle: int, _request: int, _wanted: bytes) -> int:
        done.append("asked")
        if left:
            fault = left.pop(0)
            raise OSError(fault, os.strerror(fault))
        return 0

    # The module's own os, not everybody's.
    system = SimpleNamespace(
        O_RDWR=os.O_RDWR, O_NONBLOCK=os.O_NONBLOCK, open=lambda *_words: 1000,
        close=lambda _handle: None, dup2=lambda *_words, inheritable: done.append("given"),
    )
    monkeypatch.setattr(launch, "os", system)
    monkeypatch.setattr(launch, "fcntl", SimpleNamespace(ioctl=ioctl))
    return done


def test_a_tap_that_is_still_held_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done = tun(monkeypatch, errno.EBUSY, errno.EBUSY)
    launch.open_tap("tap1")
    assert done == ["asked", "asked", "asked", "given"]


@pytest.mark.parametrize(("fault", "within"), [(errno.EPERM, 15.0), (errno.EBUSY, -1.0)])
def test_other_faults_and_a_tap_that_stays_held_are_told(
    fault: int, within: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "FREE_WITHIN", within)
    done = tun(monkeypatch, fault)
    with pytest.raises(OSError, match=os.strerror(fault)):
        launch.open_tap("tap1")
    assert done == ["asked"]
