# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tune
short_description: Make a host what its tuning says, all layers in one run
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Checks the whole tuning, plans, writes, reads every value back from the kernel, systemd
    and Docker, and keeps a journal with which the run can be taken back.
  - A layer that is named is taken as the whole truth; what an earlier run set there and the
    tuning no longer wants goes back to its original. A layer that is not named is not
    touched.
  - Nothing is written when anything in the document is wrong.
options:
  allow:
    description:
      - Keys that may be set though they are no limits, on top of those in the host's own
        C(/etc/limitwise/allow). For the agent of a mounted host, whose administrator says them.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - limitwise.host.tuning
  - limitwise.host.run
  - limitwise.host.host
  - limitwise.host.attributes
seealso:
  - module: limitwise.host.confirm
  - module: limitwise.host.rollback
  - module: limitwise.host.verify
"""

EXAMPLES = r"""
- name: Raise what bound the host
  limitwise.host.tune:
    tuning:
      policy:
        confirm: 60s
      sysctl:
        kernel.threads-max: 65536
        kernel.pid_max: 65536
      limits:
        - domain: "*"
          type: "-"
          item: nofile
          value: 65536
      slices:
        student.slice:
          TasksMax: 65536
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

from dataclasses import replace

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.limitwise.host.plugins.module_utils import task
from ansible_collections.limitwise.host.plugins.module_utils.engine import named_in
from ansible_collections.limitwise.host.plugins.module_utils.report import Report


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **task.TUNING_OPTIONS, **task.RUN_OPTIONS, **task.HOST_OPTIONS,
            "allow": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    allow = named_in("\n".join(params["allow"]))

    def work() -> Report:
        tuning = task.tuning_of(params["tuning"], params["sources"])
        options = replace(task.options_of(params, purge=True), allow=allow)
        return task.tune(module, tuning, options, task.host_of(params))

    task.finish(module, work)


if __name__ == "__main__":
    main()
