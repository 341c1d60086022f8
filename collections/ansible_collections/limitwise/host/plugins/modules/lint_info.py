# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lint_info
short_description: Find mistakes in the files of a host that hold limits
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Reads limits.conf, sysctl.conf, units, drop-ins and daemon.json with their directories
    and finds what their readers would drop in silence, such as misspelt names, values
    without effect, and lines that lock people out.
  - Changes nothing and does not fail; what is found is returned.
options:
  files:
    description: Files to read; by default every such file below C(/etc) of the host.
    type: list
    elements: path
    default: []
  ignore:
    description: Codes of rules to switch off, such as V(LW102).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - limitwise.host.host
  - limitwise.host.attributes.info
"""

EXAMPLES = r"""
- name: What is wrong on this host
  limitwise.host.lint_info:
  register: linted
"""

RETURN = r"""
findings:
  description:
    - What is wrong or dangerous.
    - "Keys: C(code), C(severity), C(layer), C(file), C(line), C(column), C(message), C(found),
      C(suggestion), C(fixed_line)."
  returned: always
  type: list
  elements: dict
files:
  description: How many files were read.
  returned: always
  type: int
"""

from typing import Any, Dict, Tuple

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.limitwise.host.plugins.module_utils import lint, task
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    InputError,
    LimitwiseError,
    in_order,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "path", "default": []},
            "ignore": {"type": "list", "elements": "str", "default": []},
            **task.HOST_OPTIONS,
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        host = task.host_of(params)
        names = params["files"]
        sources = list(lint.named(host, names) if names else lint.sources_of(host))
        found = []
        for source in sources:
            found.extend(lint.lint(source, no_tuning, params["ignore"]))
    except LimitwiseError as error:
        module.fail_json(msg=str(error), findings=[], files=0)
    else:
        module.exit_json(
            changed=False, findings=[one.as_dict() for one in in_order(found)], files=len(sources)
        )


def no_tuning(_data: bytes, name: str) -> Tuple[Any, Dict[Any, Any]]:
    """A tuning document is the controller's to read: targets need no YAML."""
    raise InputError(f"{name} is a tuning document", remedy="limitwise lint on the controller")


if __name__ == "__main__":
    main()
