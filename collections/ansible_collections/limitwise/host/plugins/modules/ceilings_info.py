# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ceilings_info
short_description: Read what limits a running host now, and which limit is hit first
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Reads every ceiling as the kernel enforces it, with its use and headroom. These are threads and
    PIDs of the host, C(pids.max) and memory of every slice, unit, pod and container, open files
    and swap.
  - Of all ceilings that hold a subject, the one that is hit first is marked as binding. A fork
    fails at the lowest of them, so raising another one changes nothing.
  - The headroom of C(kernel.pid_max) leaves out the PIDs below 300, which are not given twice.
  - Starts no process on the host besides the module itself, and changes nothing.
options:
  users:
    description: Whether to count inotify instances and watches of each user; reads every process.
    type: bool
    default: false
  processes:
    description: Process ids whose own limits of open files and threads are read too.
    type: list
    elements: int
    default: []
  root:
    description: Directory at which the running host's root, with its C(/proc) and C(/sys), is seen.
    type: path
    default: /
extends_documentation_fragment:
  - limitwise.host.attributes.info
"""

EXAMPLES = r"""
- name: What binds this host
  limitwise.host.ceilings_info:
  register: now

- name: Go on only where there is room for 2000 more threads
  ansible.builtin.assert:
    that: now.ceilings | selectattr('scope', 'eq', 'host') | selectattr('resource', 'eq', 'pids')
      | map(attribute='headroom') | first > 2000
"""

RETURN = r"""
ceilings:
  description:
    - Every finite limit, the fullest first. Memory is in bytes, everything else is counted.
    - "Keys: C(resource), C(scope), C(subject), C(limit), C(used), C(headroom), C(source),
      C(binding)."
    - C(used) and C(headroom) are null where finding them out was not asked for.
  returned: always
  type: list
  elements: dict
  sample:
    - resource: pids
      scope: slice
      subject: student.slice
      limit: 512
      used: 480
      headroom: 32
      source: /sys/fs/cgroup/student.slice/pids.max
      binding: true
findings:
  description:
    - What is nearly used up, was refused already, or is out of reach.
    - "Keys: C(code), C(severity), C(layer), C(file), C(line), C(column), C(message), C(found),
      C(suggestion), C(fixed_line)."
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import ranked
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.judge import judge
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.survey import Asked, survey
from ansible_collections.limitwise.host.plugins.module_utils.findings import LimitwiseError
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "users": {"type": "bool", "default": False},
            "processes": {"type": "list", "elements": "int", "default": []},
            "root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    params = module.params
    root = params["root"]
    try:
        host = Host.live() if root == "/" else Host.mounted(root)
        found = survey(host, Asked(params["users"], tuple(params["processes"])))
    except LimitwiseError as error:
        module.fail_json(msg=str(error), ceilings=[], findings=[])
    else:
        module.exit_json(
            changed=False,
            ceilings=[one.as_dict() for one in ranked(found.ceilings)],
            findings=[one.as_dict() for one in judge(found)],
        )


if __name__ == "__main__":
    main()
