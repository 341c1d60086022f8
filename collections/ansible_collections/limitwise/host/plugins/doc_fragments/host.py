# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that name the machine: shared by every module."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment."""

    DOCUMENTATION = r"""
options:
  root:
    description: Directory that holds the host's files; V(/) is the machine itself.
    type: path
    default: /
  form:
    description:
      - What O(root) is. V(image) means files only, with nothing running;
        V(mounted) means a live machine whose root is mounted there.
      - By default V(live) for V(/) and V(image) for any other directory.
    type: str
    choices: [live, image, mounted]
"""
