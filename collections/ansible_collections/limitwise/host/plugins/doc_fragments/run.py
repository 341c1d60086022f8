# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that change a host: ownership, taking over, confirming."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragments: for every changing module, and for those of a single layer."""

    DOCUMENTATION = r"""
options:
  owner:
    description: Who writes; files of another owner are refused unless O(adopt) is set.
    type: str
    choices: [fleet, operator]
    default: fleet
  adopt:
    description: Take over files that belong to another owner.
    type: bool
    default: false
  force:
    description: Go below present use, which is refused otherwise.
    type: bool
    default: false
  takeover:
    description:
      - Files of others whose lines override the wanted values and may be commented out.
      - Without this such a line is an error that names it.
    type: list
    elements: path
    default: []
  confirm:
    description:
      - Roll back by itself unless M(limitwise.host.confirm) is called within this time,
        such as V(60s).
      - By default the tuning's C(policy.confirm).
    type: str
"""

    LAYER = r"""
options:
  purge:
    description:
      - Give back keys that an earlier run set in this layer and that are not named any more.
    type: bool
    default: false
  policy:
    description: "The tuning document's C(policy), such as V({restart: if-needed})."
    type: dict
    default: {}
"""
