# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check_tuning
short_description: Check a tuning on the controller
version_added: 0.1.0
author: Limitwise contributors (@limitwise)
description:
  - Checks the tuning that a host would get, merged as M(limitwise.host.tune) merges it,
    without a connection.
  - Fails with every error at once. Keys that are no limits are warnings here, since only
    the host itself can permit them.
options: {}
extends_documentation_fragment:
  - limitwise.host.tuning
  - limitwise.host.attributes.info
  - limitwise.host.attributes.controller
"""

EXAMPLES = r"""
- name: Check before anything is connected
  limitwise.host.check_tuning:
    tuning: "{{ limitwise_tuning }}"
"""

RETURN = r"""
findings:
  description:
    - What is wrong or dangerous in the document.
    - "Keys: C(code), C(severity), C(layer), C(file), C(line), C(column), C(message), C(found),
      C(suggestion), C(fixed_line)."
  returned: always
  type: list
  elements: dict
ok:
  description: Whether there is no finding of severity error.
  returned: always
  type: bool
"""
