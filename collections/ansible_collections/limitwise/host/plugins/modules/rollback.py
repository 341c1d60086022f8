# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback
short_description: Take back a run, or everything Limitwise ever changed
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Puts files back byte for byte and values in force as they were before the run.
  - Refused, with nothing written, when somebody else has edited a file since; what later
    runs changed or what is in use is left alone and named.
options:
  run_id:
    description:
      - A run's id, V(last) for the newest, or V(original) for the state before Limitwise came.
    type: str
    default: last
  layers:
    description: Only these layers of the run; all by default.
    type: list
    elements: str
    default: []
  force:
    description: Take back over the edits of others and below present use.
    type: bool
    default: false
extends_documentation_fragment:
  - limitwise.host.host
  - limitwise.host.attributes
seealso:
  - module: limitwise.host.tune
"""

EXAMPLES = r"""
- name: Take the last run back
  limitwise.host.rollback:

- name: Take back only the slices of one run
  limitwise.host.rollback:
    run_id: 20261122T164501.123456Z-1f2e
    layers: [slices]
"""

RETURN = r"""
ok:
  description: Whether there is no finding of severity error.
  returned: always
  type: bool
run_id:
  description: Name of the run in the host's journal; null when nothing was written.
  returned: always
  type: str
  sample: 20261122T164501.123456Z-1f2e
changes:
  description:
    - What differs from the tuning. Every value is a string or null.
    - "Keys: C(layer), C(subject), C(key), C(before), C(after), C(runtime) (read back),
      C(persistent) (what the next boot gives), C(takes_effect), C(applies_to), C(file), C(line)."
  returned: always
  type: list
  elements: dict
findings:
  description:
    - What is wrong or dangerous.
    - "Keys: C(code), C(severity), C(layer), C(file), C(line), C(column), C(message), C(found),
      C(suggestion), C(fixed_line)."
  returned: always
  type: list
  elements: dict
skipped:
  description: Layers of the tuning that this host lacks.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.limitwise.host.plugins.module_utils import task
from ansible_collections.limitwise.host.plugins.module_utils.report import Report
from ansible_collections.limitwise.host.plugins.module_utils.rollback import (
    Force,
    preview,
    rollback,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "run_id": {"type": "str", "default": "last"},
            "layers": {"type": "list", "elements": "str", "default": []},
            "force": {"type": "bool", "default": False},
            **task.HOST_OPTIONS,
        },
        supports_check_mode=True,
    )
    params = module.params

    def work() -> Report:
        force = Force(edits=params["force"], use=params["force"])
        act = preview if module.check_mode else rollback
        return act(task.host_of(params), params["run_id"], params["layers"], force)

    task.finish(module, work)


if __name__ == "__main__":
    main()
