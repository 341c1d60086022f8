# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection says about check mode, diff mode, idempotence and platform.

``attributes`` is for modules that change a host, ``attributes.info`` for those that only read.
"""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragments; Ansible finds them by their attribute names."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the true verdict without changing the host.
    support: full
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), for every file.
    support: full
  idempotent:
    description: When run a second time with the same arguments, does not touch anything.
    support: full
  platform:
    description: Target operating systems and families that the module works on.
    support: full
    platforms: linux
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the true verdict without changing the host.
    support: full
    details: This module never changes the host.
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), for every file.
    support: N/A
    details: This module never changes the host.
  idempotent:
    description: When run a second time with the same arguments, does not touch anything.
    support: full
    details: This module never changes the host.
  platform:
    description: Target operating systems and families that the module works on.
    support: full
    platforms: linux
"""

    KEEPING = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the true verdict without changing the host.
    support: full
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), for every file.
    support: none
  idempotent:
    description: When run a second time with the same arguments, does not touch anything.
    support: full
  platform:
    description: Target operating systems and families that the module works on.
    support: full
    platforms: linux
"""

    CONTROLLER = r"""
options: {}
attributes:
  action:
    description: Has a part that runs on the controller, before any connection is made.
    support: full
"""
