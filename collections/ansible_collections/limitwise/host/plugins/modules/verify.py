# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify
short_description: Check that a host is as its tuning says
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Compares what is wanted with the values in force and with what the next boot gives.
    Changes nothing; fails when anything differs.
options:
  owner:
    description: Whose files are looked at; those of another owner are not as wanted.
    type: str
    choices: [fleet, operator]
    default: fleet
extends_documentation_fragment:
  - limitwise.host.tuning
  - limitwise.host.host
  - limitwise.host.attributes.info
seealso:
  - module: limitwise.host.tune
"""

EXAMPLES = r"""
- name: Nothing has drifted
  limitwise.host.verify:
    tuning:
      sysctl:
        kernel.pid_max: 65536
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

from ansible_collections.limitwise.host.plugins.module_utils import engine, task
from ansible_collections.limitwise.host.plugins.module_utils.report import Report


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "owner": task.RUN_OPTIONS["owner"],
            **task.TUNING_OPTIONS,
            **task.HOST_OPTIONS,
        },
        supports_check_mode=True,
    )
    params = module.params

    def work() -> Report:
        tuning = task.tuning_of(params["tuning"], params["sources"])
        options = engine.Options(params["owner"])
        return engine.verify(task.host_of(params), tuning, options)

    task.finish(module, work, changes=False)


if __name__ == "__main__":
    main()
