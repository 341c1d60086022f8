# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of confirm: a new connection first, so that the run proves a way in."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional

from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

PATIENCE = 30.0  # seconds in which the new connection must come about
PAUSE = 2.0


class ActionModule(ActionBase):
    """Closes what is open to the host, then confirms over what a new login gets."""

    _supports_check_mode = True

    def run(
        self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None
    ) -> Dict[str, Any]:
        """The module's result; unreachable when nobody gets in any more."""
        result: Dict[str, Any] = super().run(tmp, task_vars)
        if self._task.check_mode:
            result.update(self._execute_module(task_vars=task_vars))
        else:
            result.update(self._confirm_anew(task_vars))
        return result

    def _confirm_anew(self, task_vars: Optional[Dict[str, Any]]) -> Dict[str, Any]:
        """Try until the host is reached or patience ends; what the host itself says is final.

        Every attempt has a connection of its own: a persistent ssh master would hide that new
        logins fail, and resetting it opens none, so that the module's is the first attempt.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._connection.reset()
                answer: Dict[str, Any] = self._execute_module(task_vars=task_vars)
            except AnsibleAuthenticationFailure:
                raise  # trying again could lock the account
            except AnsibleConnectionFailure:
                if time.monotonic() > deadline:
                    raise
            else:
                if not answer.get("unreachable") or time.monotonic() > deadline:
                    return answer
            time.sleep(PAUSE)
