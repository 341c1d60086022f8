"""The confirm action: attempts over new connections, patience for those, none for failures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.limitwise.host.plugins.action import confirm

KEPT = {"changed": True, "run_id": "r1"}
NO_SUDO = {"failed": True, "msg": "sudo: a password is required"}
NO_ROUTE = AnsibleConnectionFailure("no route")


class Attempts(confirm.ActionModule):
    """Answers as a host would: one answer or error per attempt, the last one for ever."""

    def __init__(self, answers: list[Any], *, check_mode: bool = False) -> None:
        self.answers = answers
        self.log: list[str] = []
        self._task = SimpleNamespace(check_mode=check_mode)
        self._connection = SimpleNamespace(reset=lambda: self.log.append("reset"))

    def _execute_module(self, **_arguments: Any) -> dict[str, Any]:
        self.log.append("module")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves."""
    now = [0.0]
    slept = SimpleNamespace(
        monotonic=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds)
    )
    monkeypatch.setattr(confirm, "time", slept)
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    return now


@pytest.mark.parametrize(
    "answers",
    [
        [KEPT],
        [NO_ROUTE, KEPT],
        [NO_ROUTE, {"unreachable": True, "msg": "no route"}, NO_ROUTE, KEPT],
    ],
)
def test_attempts_go_on_until_the_host_is_reached(answers: list[Any]) -> None:
    count = len(answers)
    action = Attempts(answers)
    assert action.run() == KEPT
    assert action.log == ["reset", "module"] * count


def test_what_the_host_says_is_final() -> None:
    action = Attempts([NO_SUDO, KEPT])
    assert action.run() == NO_SUDO
    assert action.log == ["reset", "module"]


def test_patience_ends(clock: list[float]) -> None:
    with pytest.raises(AnsibleConnectionFailure, match="no route"):
        Attempts([NO_ROUTE]).run()
    assert confirm.PATIENCE < clock[0] <= confirm.PATIENCE + 2 * confirm.PAUSE


def test_an_unreachable_result_is_the_last_word_when_patience_ends() -> None:
    assert Attempts([{"unreachable": True}]).run() == {"unreachable": True}


def test_a_refused_password_is_not_tried_again() -> None:
    action = Attempts([AnsibleAuthenticationFailure("bad password"), KEPT])
    with pytest.raises(AnsibleAuthenticationFailure):
        action.run()
    assert action.log == ["reset", "module"]


def test_check_mode_leaves_the_connection_alone() -> None:
    action = Attempts([KEPT], check_mode=True)
    assert action.run() == KEPT
    assert action.log == ["module"]
