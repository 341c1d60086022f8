# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy: what it may say, in which words, and that it is never guessed."""

from __future__ import annotations

from typing import Any, Dict, Optional

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.findings import NOWHERE
from ansible_collections.limitwise.host.plugins.module_utils.policy import (
    DEFAULT_POLICY,
    Policy,
    read_policy,
    seconds,
)


@pytest.mark.parametrize(
    ("section", "policy"),
    [
        (None, DEFAULT_POLICY),
        ({}, DEFAULT_POLICY),
        ({"restart": None, "confirm": None, "boot_script": None}, DEFAULT_POLICY),
        ({"restart": "if-needed", "reboot": "never"}, Policy(restart="if-needed")),
        ({"confirm": "2m"}, Policy(confirm=120)),
        ({"confirm": 5}, Policy(confirm=5)),
        ({"allow_lowering": ["kernel.pid_max"]}, Policy(allow_lowering=("kernel.pid_max",))),
        ({"maximum": {"kernel.pid_max": 7}}, Policy(maximum=(("kernel.pid_max", 7),))),
        ({"boot_script": "/etc/rc.local"}, Policy(boot_script="/etc/rc.local")),
    ],
)
def test_a_right_policy(section: Any, policy: Policy) -> None:
    assert read_policy(section, lambda _path: NOWHERE) == (policy, [])


@pytest.mark.parametrize(
    ("section", "code", "suggestion"),
    [
        ([], "LW003", None),
        ("never", "LW003", None),
        ({"restarts": "never"}, "LW004", "restart"),
        ({"restart": "always"}, "LW005", None),
        ({"restart": False}, "LW005", None),
        ({"confirm": "soon"}, "LW005", None),
        ({"confirm": "4s"}, "LW005", None),
        ({"confirm": "25h"}, "LW005", None),
        ({"confirm": True}, "LW005", None),
        ({"allow_lowering": "kernel.pid_max"}, "LW005", None),
        ({"allow_lowering": [1]}, "LW005", None),
        ({"maximum": ["x"]}, "LW005", None),
        ({"maximum": {"x": "1"}}, "LW005", None),
        ({"maximum": {"x": True}}, "LW005", None),
        ({"boot_script": "rc.local"}, "LW005", None),
        ({"boot_script": "/etc/../x"}, "LW005", None),
        ({"boot_script": "/etc/a\nb"}, "LW005", None),
    ],
)
def test_a_wrong_policy_is_an_error_and_the_default_holds(
    section: Any, code: str, suggestion: Optional[str]
) -> None:
    policy, (found,) = read_policy(section, lambda _path: NOWHERE)
    assert (policy, found.code, found.suggestion) == (DEFAULT_POLICY, code, suggestion)


TIMES: Dict[Any, Optional[int]] = {
    "60s": 60, "60": 60, 60: 60, "5m": 300, "5 min": 300, "1h": 3600, "0": 0,
    "": None, "s": None, "-1": None, -1: None, "1.5m": None, "1d": None, 1.5: None, None: None,
    "1234567": None,
}


@pytest.mark.parametrize("text", list(TIMES))
def test_times(text: Any) -> None:
    assert seconds(text) == TIMES[text]
