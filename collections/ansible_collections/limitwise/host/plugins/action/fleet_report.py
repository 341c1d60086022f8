# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows what became of the hosts, and keeps the whole report as JSON on the controller."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.limitwise.host.plugins.plugin_utils import fleet

Facts = Mapping[str, Mapping[str, Any]]
Reported = Tuple[List[Dict[str, Any]], str, List[str]]

OPTIONS = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "dest": {"type": "path", "required": True},
    "accept_unreachable": {"type": "bool", "default": False},
    "of": {"type": "str", "choices": ["tune", "lint"], "default": "tune"},
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
        facts = {host: hostvars[host] for host in arguments["hosts"]}
        entries, shown, wrong = REPORTS[arguments["of"]](facts, arguments["accept_unreachable"])
        write(arguments["dest"], fleet.report(entries))
        self._display.display("\n" + shown + "\n")
        result.update(changed=False, report=os.path.abspath(arguments["dest"]))
        if wrong:
            result.update(failed=True, msg=f"not as wanted: {', '.join(wrong)}")
        return result


def tuned(facts: Facts, accept_unreachable: bool) -> Reported:
    """What became of the hosts that were tuned."""
    entries = [fleet.entry(host, known) for host, known in facts.items()]
    wrong = fleet.failed(entries, accept_unreachable=accept_unreachable)
    return entries, fleet.table(entries), wrong


def linted(facts: Facts, _accept_unreachable: bool) -> Reported:
    """What was found in the hosts' files."""
    entries = [fleet.lint_entry(host, known) for host, known in facts.items()]
    return entries, fleet.lint_text(entries), fleet.lint_failed(entries)


REPORTS: Dict[str, Callable[[Facts, bool], Reported]] = {"tune": tuned, "lint": linted}


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
