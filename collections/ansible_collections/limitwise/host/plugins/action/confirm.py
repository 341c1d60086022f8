# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of confirm: a new connection first, so that the run proves a way in."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional

from ansible.errors import AnsibleConnectionFailure
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
        if not self._task.check_mode:
            self._reconnect()
        result.update(self._execute_module(task_vars=task_vars))
        return result

    def _reconnect(self) -> None:
        """A persistent ssh master would hide that new logins fail: it is closed."""
        deadline = time.monotonic() + PATIENCE
        while not self._reset(last=time.monotonic() > deadline):
            time.sleep(PAUSE)

    def _reset(self, *, last: bool) -> bool:
        try:
            self._connection.reset()
        except AnsibleConnectionFailure:
            if last:
                raise
            return False
        return True
