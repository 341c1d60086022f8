# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubelet
short_description: Merge limits into the configuration of the kubelet
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Writes a file of its own into the kubelet's drop-in directory, or merges into its
    configuration file; other keys, comments and the layout stay as they are.
  - Takes effect when the kubelet is restarted, which O(policy) has to allow; pods that run
    keep the limits they were started with.
options:
  values:
    description:
      - "Keys of a KubeletConfiguration: C(podPidsLimit), C(maxPods), C(systemReserved.pid),
        C(kubeReserved.pid), C(evictionHard.pid.available)."
    type: dict
    required: true
extends_documentation_fragment:
  - limitwise.host.run
  - limitwise.host.run.layer
  - limitwise.host.host
  - limitwise.host.attributes
seealso:
  - module: limitwise.host.tune
  - module: limitwise.host.rollback
"""

EXAMPLES = r"""
- name: More PIDs for every pod, and some kept for the host
  limitwise.host.kubelet:
    values:
      podPidsLimit: 16384
      systemReserved:
        pid: "2000"
      evictionHard:
        pid.available: 10%
    policy:
      restart: if-needed
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


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "values": {"type": "dict", "required": True},
            **task.LAYER_OPTIONS,
            **task.RUN_OPTIONS,
            **task.HOST_OPTIONS,
        },
        supports_check_mode=True,
    )
    task.tune_layer(module, "kubelet", module.params["values"])


if __name__ == "__main__":
    main()
