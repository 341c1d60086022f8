# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows a table of what became of the hosts; keeps the report as JSON on the controller."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any, Dict, Optional

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.limitwise.host.plugins.plugin_utils import fleet

OPTIONS = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "dest": {"type": "path", "required": True},
    "accept_unreachable": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Runs on the controller, in this process."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(
        self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None
    ) -> Dict[str, Any]:
        """Fails when any host is not as it should be."""
        result: Dict[str, Any] = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(OPTIONS)
        hostvars = (task_vars or {})["hostvars"]
        entries = [fleet.entry(host, hostvars[host]) for host in arguments["hosts"]]
        write(arguments["dest"], fleet.report(entries))
        self._display.display("\n" + fleet.table(entries) + "\n")
        wrong = fleet.failed(entries, accept_unreachable=arguments["accept_unreachable"])
        result.update(changed=False, report=os.path.abspath(arguments["dest"]))
        if wrong:
            result.update(failed=True, msg=f"not as wanted: {', '.join(wrong)}")
        return result


def write(path: str, document: Dict[str, Any]) -> None:
    """Put the report there at once or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as stream:
            json.dump(document, stream, indent=2)
            stream.write("\n")
        os.chmod(stream.name, 0o644)
        os.replace(stream.name, path)
    except OSError as error:
        raise AnsibleActionFail(f"cannot write the report {path}: {error.strerror}") from error
