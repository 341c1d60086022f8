# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a host's merged tuning on the controller, in this process, before any connection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Optional, Sequence, Tuple

from ansible.plugins.action import ActionBase

from ansible_collections.limitwise.host.plugins.module_utils import engine, task
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.rules.tuning import (
    NOT_A_LIMIT,
)
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    WARNING,
    Finding,
    FindingsError,
    errors,
)
from ansible_collections.limitwise.host.plugins.module_utils.report import Report


class ActionModule(ActionBase):
    """Needs no connection: what it judges is a document."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(
        self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None
    ) -> Dict[str, Any]:
        """Every finding at once; failed when any is an error."""
        result: Dict[str, Any] = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(task.TUNING_OPTIONS)
        try:
            found: Sequence[Finding] = engine.check(
                task.tuning_of(arguments["tuning"], arguments["sources"])
            )
        except FindingsError as error:
            found = error.findings
        found = left_to_the_host(found)
        result.update(Report(findings=tuple(found)).as_dict(), changed=False)
        if errors(found):
            result.update(failed=True, msg=task.worst(found))
        return result


def left_to_the_host(found: Sequence[Finding]) -> Tuple[Finding, ...]:
    """A key that is no limit may be permitted by the host's own file: only the host can tell."""
    return tuple(
        replace(one, severity=WARNING) if one.code == NOT_A_LIMIT.code else one for one in found
    )
