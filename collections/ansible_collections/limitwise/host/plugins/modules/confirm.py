# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: confirm
short_description: Keep a run that would roll back by itself
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Ends the waiting of a run that was made with C(confirm). Called over a new connection,
    it proves that the host can still be reached and administered.
options:
  run_id:
    description: The run to keep, as M(limitwise.host.tune) returned it.
    type: str
    required: true
extends_documentation_fragment:
  - limitwise.host.attributes.keeping
seealso:
  - module: limitwise.host.tune
"""

EXAMPLES = r"""
- name: Keep the run
  limitwise.host.confirm:
    run_id: "{{ tuned.run_id }}"
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
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.report import Report


def main() -> None:
    module = AnsibleModule(
        argument_spec={"run_id": {"type": "str", "required": True}}, supports_check_mode=True
    )

    def work() -> Report:
        run_id = module.params["run_id"]
        if module.check_mode:
            return Report(run_id=run_id)
        return engine.confirm_run(Host.live(), run_id)

    task.finish(module, work)


if __name__ == "__main__":
    main()
