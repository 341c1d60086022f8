# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Show and keep what became of the hosts of a playbook run
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Collects what the playbook C(limitwise.host.tune_hosts) left in the variables of each host,
    shows a table and writes the whole report as JSON on the controller.
  - Fails when any host is not as it should be.
options:
  hosts:
    description: Names of the hosts.
    type: list
    elements: str
    required: true
  dest:
    description: File on the controller.
    type: path
    required: true
  accept_unreachable:
    description: Hosts that did not answer are reported but are no failure.
    type: bool
    default: false
  of:
    description: Which playbook ran.
    type: str
    choices: [tune, lint]
    default: tune
extends_documentation_fragment:
  - limitwise.host.attributes.info
  - limitwise.host.attributes.controller
"""

EXAMPLES = r"""
- name: Report
  limitwise.host.fleet_report:
    hosts: "{{ groups['all'] }}"
    dest: limitwise-report.json
"""

RETURN = r"""
report:
  description: The file that was written.
  returned: always
  type: str
"""
